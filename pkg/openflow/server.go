package openflow

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime/debug"
	"sync"
	"time"

	"github.com/l2sces/l2sces/pkg/slice"
)

// A Server waits for switches. Its fields must not change while it serves.
type Server struct {
	Config Config

	counters counters
	begin    sync.Once
	config   Config // with defaults
	rules    *codec

	mu        sync.Mutex
	addresses map[string]int
	switches  map[slice.DPID]*Session
}

func (s *Server) prepare() {
	s.config = s.Config.withDefaults()
	if s.config.Generation == 0 {
		s.config.Generation = uint64(time.Now().UnixNano())
	}
	s.rules = newCodec(s.config)
	s.addresses = map[string]int{}
	s.switches = map[slice.DPID]*Session{}
}

// Serve takes connections from a listener, which it closes, until the context
// ends, and returns when every handler has. It may be called for several
// listeners at once.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	s.begin.Do(s.prepare)
	var running sync.WaitGroup
	defer running.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()                                           // also ends the connections when the listener fails
	stop := context.AfterFunc(ctx, func() { _ = l.Close() }) // Accept reports that it is closed
	defer stop()
	for {
		conn, err := l.Accept()
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("accept on %s: %w", l.Addr(), err)
		case err != nil: // such as too many open files: it passes
			s.config.Logger.Warn("cannot accept a switch", "err", err)
			pause(ctx, 100*time.Millisecond)
		default:
			running.Go(func() { s.take(ctx, conn) })
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// take owns a connection from accept to close. What goes wrong in it ends it
// and nothing else.
func (s *Server) take(ctx context.Context, conn net.Conn) {
	defer conn.Close() //nolint:errcheck // it is over, and the other side need not agree
	log := s.config.Logger.With("peer", conn.RemoteAddr().String())
	s.counters.accepted.Add(1)
	leave, err := s.admit(conn.RemoteAddr())
	if err != nil {
		s.counters.refused.Add(1)
		log.Warn("switch refused", "err", err)
		return
	}
	defer leave()
	defer func() {
		if r := recover(); r != nil {
			log.Error("connection panicked", "panic", r, "stack", string(debug.Stack()))
		}
	}()
	s.talk(ctx, conn, log)
}

// admit counts the connections of an address.
func (s *Server) admit(a net.Addr) (leave func(), err error) {
	host, _, err := net.SplitHostPort(a.String())
	if err != nil {
		host = a.String() // not TCP
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.addresses[host] >= s.config.PerAddress {
		return nil, slice.Errorf(slice.Exhausted, "%d connections from %s", s.addresses[host], host)
	}
	s.addresses[host]++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.addresses[host]--; s.addresses[host] == 0 {
			delete(s.addresses, host)
		}
	}, nil
}

// claim makes a session the one of its switch.
func (s *Server) claim(ss *Session) (leave func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.switches[ss.DPID()] != nil {
		return nil, slice.Errorf(slice.Conflict, "switch %s is connected already", ss.DPID())
	}
	s.switches[ss.DPID()] = ss
	s.counters.switches.Add(1)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.switches, ss.DPID())
		s.counters.switches.Add(-1)
	}, nil
}
