package openflow

import (
	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/openflow/ofp"
	"github.com/l2sces/l2sces/pkg/slice"
)

// An Event is something that a switch said unasked. One of Frame, Port and Err
// is set.
type Event struct {
	Session *Session
	Frame   *Frame
	Port    *PortChange
	Err     error // an error that answers nothing that somebody waits for
}

// A Frame is one that a switch sent up.
type Frame struct {
	Port  slice.Port // by which it came in
	Table *flow.Table
	Owner slice.Network // of the flow that sent it up, zero if that is foreign
	Data  []byte
}

// A PortChange says what became of a port.
type PortChange struct {
	Port
	Gone bool
}

// A Port is a port of a switch.
type Port struct {
	Port slice.Port
	Name string
	MAC  slice.MAC
	Up   bool // set up and with a link
}

func portOf(p *ofp.Port) Port {
	return Port{
		Port: slice.Port(p.No), Name: p.Text(), MAC: p.Addr,
		Up: p.Config&ofp.PortConfigDown == 0 && p.State&ofp.PortStateDown == 0,
	}
}

// tell hands events to whom they concern until the connection ends. It begins
// when the switch is ready, so that nobody hears of a switch that was refused.
func (s *Session) tell() error {
	select {
	case <-s.ready:
	case <-s.done:
		return nil
	}
	for {
		select {
		case e := <-s.events:
			s.config.Events(e)
		case <-s.done:
			return nil
		}
	}
}

func (s *Session) packetIn(msg []byte) error {
	var m ofp.PacketIn
	if err := m.Decode(msg); err != nil {
		return err
	}
	s.counters.packetIns.Add(1)
	f := &Frame{Port: slice.Port(m.Port()), Table: s.rules.tables[m.Table], Data: append([]byte(nil), m.Data...)}
	if owner, ours := s.rules.owner(m.Cookie); ours {
		f.Owner = owner
	}
	select {
	case s.events <- Event{Session: s, Frame: f}:
	default: // a flood of frames must not hold up what else the switch says
		s.counters.dropped.Add(1)
	}
	return nil
}

func (s *Session) portStatus(msg []byte) error {
	var m ofp.PortStatus
	if err := m.Decode(msg); err != nil {
		return err
	}
	s.counters.portStatuses.Add(1)
	s.queue(Event{Session: s, Port: &PortChange{Port: portOf(&m.Port), Gone: m.Reason == ofp.PortDeleted}})
	return nil
}

// queue waits for room: these events must not be lost.
func (s *Session) queue(e Event) {
	select {
	case s.events <- e:
	case <-s.done:
	}
}
