package openflow

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/l2sces/l2sces/pkg/openflow/ofp"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A Session is a connected switch. Its methods may be called from several
// goroutines; changes are carried out one after another.
type Session struct {
	config   Config
	counters *counters
	rules    *codec
	log      *slog.Logger
	conn     net.Conn
	dpid     atomic.Uint64

	done  <-chan struct{}
	end   func(error)  // closes the connection; the first cause counts
	cause func() error // why it was closed
	ready chan struct{}

	out     outbox
	events  mailbox
	heard   atomic.Bool // since watch last looked
	xid     atomic.Uint32
	bundles atomic.Uint32
	turn    chan struct{} // held by who carries out a change
	order   order         // of who holds the turn
	forms   forms         // the same

	running sync.WaitGroup

	inline atomic.Pointer[func(*Frame) bool]

	// The reader's.
	taken   ofp.PacketIn
	frame   Frame  // for Inline
	answers []byte // what goes out when nothing more is to be read
	scratch scratch

	mu    sync.Mutex
	calls map[uint32]*call
	batch *batch
}

func (s *Server) newSession(ctx context.Context, end context.CancelCauseFunc, conn net.Conn, log *slog.Logger) *Session {
	return &Session{
		config: s.config, counters: &s.counters, rules: s.rules, log: log, conn: conn,
		done: ctx.Done(), end: end, cause: func() error { return context.Cause(ctx) },
		ready: make(chan struct{}), out: newOutbox(),
		turn: make(chan struct{}, 1), forms: forms{}, calls: map[uint32]*call{},
	}
}

// DPID returns the identifier that the switch gave.
func (s *Session) DPID() slice.DPID { return slice.DPID(s.dpid.Load()) }

// Done is closed when the connection is lost.
func (s *Session) Done() <-chan struct{} { return s.done }

// guard turns a panic into the end of the connection in which it happened.
func (s *Session) guard(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
			s.log.Error("connection panicked", "panic", r, "stack", string(debug.Stack()))
		}
	}()
	return f()
}

// lost is the error of whoever waited when the connection ended.
func (s *Session) lost() error {
	return slice.Errorf(slice.Unavailable, "connection to switch %s is closed: %w", s.DPID(), s.cause())
}

// send queues messages that nobody answers.
func (s *Session) send(ctx context.Context, list ...ofp.Message) error {
	var b []byte
	for _, m := range list {
		var err error
		if b, err = m.Append(b, s.xid.Add(1)); err != nil {
			return err
		}
	}
	return s.post(ctx, b)
}

// Send has the switch send a frame out of a port.
func (s *Session) Send(ctx context.Context, out slice.Port, frame []byte) error {
	return s.send(ctx, &ofp.PacketOut{
		BufferID: ofp.NoBuffer, InPort: ofp.PortController, Actions: []ofp.Action{ofp.Output(uint32(out))}, Data: frame,
	})
}

// Close ends the connection. A switch that lives comes back.
func (s *Session) Close() { s.end(nil) }
