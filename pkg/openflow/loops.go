package openflow

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/l2sces/l2sces/pkg/openflow/ofp"
)

// errSilent says that a switch did not answer three echo requests.
var errSilent = errors.New("switch is silent")

// read takes messages in the order in which they come.
func (s *Session) read(r io.Reader) error {
	buf := make([]byte, ofp.MaxLen)
	for {
		msg, err := readMessage(r, buf)
		if err != nil {
			return err
		}
		s.heard.Store(true)
		if err := s.dispatch(msg); err != nil {
			return err
		}
	}
}

// dispatch handles one message, whose bytes are gone after it returns.
func (s *Session) dispatch(msg []byte) error {
	h, err := ofp.ParseHeader(msg)
	if err != nil {
		return err
	}
	if h.Version != ofp.Version {
		return fmt.Errorf("%s of version %d", h.Type, h.Version)
	}
	switch h.Type {
	case ofp.TypeEchoRequest:
		return s.echo(h.Xid, msg)
	case ofp.TypeError:
		return s.failed(h.Xid, msg)
	case ofp.TypeMultipartReply:
		return s.collect(h.Xid, msg)
	case ofp.TypeBarrierReply, ofp.TypeFeaturesReply, ofp.TypeRoleReply, ofp.TypeExperimenter:
		s.answer(h.Xid, msg)
		return nil
	case ofp.TypePacketIn:
		return s.packetIn(msg)
	case ofp.TypePortStatus:
		return s.portStatus(msg)
	default: // an echo reply has done its work by being heard
		s.log.Debug("message passed over", "type", h.Type.String())
		return nil
	}
}

func (s *Session) echo(xid uint32, msg []byte) error {
	var m ofp.Echo
	if err := m.Decode(msg); err != nil {
		return err
	}
	m.Reply = true
	b, err := m.Append(nil, xid)
	if err != nil {
		return err
	}
	select {
	case s.out <- b:
		return nil
	case <-s.done:
		return s.lost()
	}
}

// write is the only one that writes. It flushes when nothing more waits.
func (s *Session) write() error {
	w := bufio.NewWriterSize(s.conn, 1<<16)
	for {
		select {
		case <-s.done:
			return nil
		case b := <-s.out:
			if err := s.put(w, b); err != nil {
				return err
			}
		}
	}
}

func (s *Session) put(w *bufio.Writer, b []byte) error {
	if err := s.conn.SetWriteDeadline(time.Now().Add(s.config.Write)); err != nil {
		return err
	}
	if _, err := w.Write(b); err != nil {
		return err
	}
	if len(s.out) > 0 {
		return nil
	}
	return w.Flush()
}

// watch asks a switch that has been silent whether it is there.
func (s *Session) watch() error {
	tick := time.NewTicker(s.config.Silence)
	defer tick.Stop()
	for asked := 0; ; {
		select {
		case <-s.done:
			return nil
		case <-tick.C:
		}
		if s.heard.Swap(false) {
			asked = 0
			continue
		}
		if asked++; asked > 3 {
			return errSilent
		}
		b, err := (&ofp.Echo{}).Append(nil, s.xid.Add(1))
		if err != nil {
			return err
		}
		select {
		case s.out <- b:
		default: // the writer is stuck, and its deadline will say so
		}
	}
}
