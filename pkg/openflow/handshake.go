package openflow

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	"github.com/l2sces/l2sces/pkg/openflow/ofp"
	"github.com/l2sces/l2sces/pkg/slice"
)

// talk leads a connection from TLS to the end of its handler.
func (s *Server) talk(ctx context.Context, conn net.Conn, log *slog.Logger) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() }) // wakes whoever reads or writes
	defer stop()
	limit, done := context.WithTimeout(ctx, s.config.Handshake)
	defer done()
	in := newInbox(conn)
	peer, err := s.greet(limit, conn, in)
	if err != nil {
		s.counters.refused.Add(1)
		log.Warn("handshake", "err", err)
		return
	}
	ss := s.newSession(ctx, cancel, conn, log)
	defer ss.running.Wait()
	defer ss.end(nil)
	defer ss.watch()()
	for _, f := range []func() error{func() error { return ss.read(in) }, ss.write} { //nolint:contextcheck // the end of the connection is that of the context
		ss.running.Go(func() { ss.end(ss.guard(f)) })
	}
	leave, err := s.introduce(limit, ss, peer)
	if err != nil {
		s.counters.refused.Add(1)
		log.Warn("switch refused", "dpid", ss.DPID(), "err", err)
		if s.config.Refused != nil && ss.DPID() != 0 {
			s.config.Refused(ss.DPID(), err)
		}
		return
	}
	defer leave()
	close(ss.ready)
	ss.openMail()
	log.Info("switch connected", "dpid", ss.DPID())
	err = ss.guard(func() error { s.config.Handler(ctx, ss); return nil })
	ss.end(err)
	log.Info("switch disconnected", "dpid", ss.DPID(), "cause", ss.cause())
}

// greet brings TLS and the two hellos about.
func (s *Server) greet(ctx context.Context, conn net.Conn, in *inbox) (*tls.ConnectionState, error) {
	var peer *tls.ConnectionState
	if t, ok := conn.(*tls.Conn); ok {
		if err := t.HandshakeContext(ctx); err != nil {
			return nil, fmt.Errorf("tls: %w", err)
		}
		state := t.ConnectionState()
		peer = &state
	}
	deadline, _ := ctx.Deadline()
	if err := conn.SetDeadline(deadline); err != nil {
		return nil, err
	}
	if err := hello(conn, in); err != nil {
		return nil, err
	}
	return peer, conn.SetDeadline(time.Time{})
}

// hello agrees on the version (OpenFlow 1.3.5, section 6.3.1).
func hello(w io.Writer, in *inbox) error {
	ours := ofp.Hello{Version: ofp.Version, Versions: 1 << ofp.Version}
	b, err := ours.Append(nil, 0)
	if err != nil {
		return err
	}
	// In the background: the switch may wait with reading until it has written.
	sent := make(chan error, 1)
	go func() { _, err := w.Write(b); sent <- err }()
	var theirs ofp.Hello
	_, msg, err := in.next()
	if err == nil {
		err = theirs.Decode(msg)
	}
	if err := errors.Join(err, <-sent); err != nil {
		return fmt.Errorf("hello: %w", err)
	}
	if ours.Agree(&theirs) == ofp.Version {
		return nil
	}
	refusal := ofp.Error{Type: ofp.ErrorHelloFailed, Data: []byte("OpenFlow 1.3 only")}
	if b, err = refusal.Append(nil, 0); err == nil {
		_, _ = w.Write(b) // a courtesy; the connection is closed either way
	}
	return slice.Errorf(slice.Invalid, "switch offers version %d (list %#x), not 1.3", theirs.Version, theirs.Versions)
}

// introduce learns which switch it is, asks whether it may come in, and takes
// command of it.
func (s *Server) introduce(ctx context.Context, ss *Session, peer *tls.ConnectionState) (leave func(), err error) {
	var f ofp.Features
	if err := ss.ask(ctx, &ofp.Raw{Type: ofp.TypeFeaturesRequest}, &f); err != nil {
		return nil, err
	}
	ss.dpid.Store(f.DPID)
	if f.Auxiliary != 0 {
		return nil, slice.Errorf(slice.Invalid, "auxiliary connection %d of %s", f.Auxiliary, ss.DPID())
	}
	if err := s.config.Allow(ss.DPID(), peer); err != nil {
		return nil, err
	}
	if leave, err = s.claim(ss); err != nil {
		return nil, err
	}
	if err := ss.command(ctx); err != nil {
		leave()
		return nil, err
	}
	return leave, nil
}

// Reasons of messages that a switch sends unasked, as bits (section 7.3.10).
const (
	packetInReasons    = 1<<0 | 1<<1        // no match, action
	portStatusReasons  = 1<<0 | 1<<1 | 1<<2 // added, deleted, modified
	flowRemovedReasons = 1<<0 | 1<<1        // timeouts
)

// command makes this controller the master and says what it wants to hear.
func (s *Session) command(ctx context.Context) error {
	if err := s.master(ctx); err != nil {
		return err
	}
	err := s.send(ctx,
		&ofp.SwitchConfig{MissSendLen: ofp.WholeFrame},
		&ofp.Async{PacketIn: [2]uint32{packetInReasons, 0}, PortStatus: [2]uint32{portStatusReasons, portStatusReasons}, FlowRemoved: [2]uint32{flowRemovedReasons, 0}},
	)
	if err != nil {
		return err
	}
	return s.barrier(ctx)
}
