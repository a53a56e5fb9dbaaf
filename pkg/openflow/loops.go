package openflow

import (
	"context"
	"fmt"
	"time"

	"github.com/l2sces/l2sces/pkg/openflow/ofp"
)

// read takes messages in the order in which they come. What it answers by
// itself goes out when nothing more has come.
func (s *Session) read(in *inbox) error {
	for {
		h, msg, err := in.next()
		if err != nil {
			return err
		}
		if !s.heard.Load() {
			s.heard.Store(true)
		}
		if err := s.dispatch(h, msg); err != nil {
			return err
		}
		if len(s.answers) > 0 && (len(s.answers) >= chunk || !in.more()) {
			if err := s.reply(); err != nil {
				return err
			}
		}
	}
}

// reply sends what the reader has to say. It waits while the switch takes
// nothing: so much comes of what it says itself.
func (s *Session) reply() error {
	err := s.post(context.Background(), s.answers)
	if s.answers = s.answers[:0]; cap(s.answers) > 2*chunk {
		s.answers = nil
	}
	return err
}

// dispatch handles one message, whose bytes are gone after it returns.
func (s *Session) dispatch(h ofp.Header, msg []byte) error {
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
	case ofp.TypeFlowRemoved:
		return s.flowRemoved(msg)
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
	var err error
	s.answers, err = m.Append(s.answers, xid)
	return err
}

// write is the only one that writes.
func (s *Session) write() error {
	for {
		select {
		case <-s.done:
			return nil
		case <-s.out.filled:
		}
		if err := s.conn.SetWriteDeadline(time.Now().Add(s.config.Write)); err != nil {
			return err
		}
		if _, err := s.conn.Write(s.out.take()); err != nil {
			return err
		}
	}
}
