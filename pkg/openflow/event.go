package openflow

import (
	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/openflow/ofp"
	"github.com/l2sces/l2sces/pkg/slice"
)

// An Event is something that a switch said unasked. One of Frame, Port, Gone
// and Err is set.
type Event struct {
	Session *Session
	Frame   *Frame
	Port    *PortChange
	Gone    *flow.Flow // a flow that went by itself
	Err     error      // an error that answers nothing that somebody waits for
}

// A Frame is one that a switch sent up.
type Frame struct {
	Port  slice.Port // by which it came in
	Table *flow.Table
	Owner slice.Network // of the flow that sent it up, zero if that is foreign
	// Network is what an earlier table gave the frame to, zero if none did.
	Network slice.Network
	Data    []byte
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

// packetIn hands a frame to Inline, or keeps it to be told.
func (s *Session) packetIn(msg []byte) error {
	m := &s.taken
	if err := m.Decode(msg); err != nil {
		return err
	}
	s.counters.packetIns.Add(1)
	f := &s.frame
	*f = Frame{Port: slice.Port(m.Port()), Table: s.rules.tables[m.Table], Data: m.Data}
	if owner, ours := s.rules.owner(m.Cookie); ours {
		f.Owner = owner
	}
	for i := range m.Match {
		if o := &m.Match[i]; o.Class == ofp.ClassBasic && o.Field == ofp.FieldMetadata && o.Raw == nil {
			f.Network = slice.Network(o.Value) //nolint:gosec // what does not fit is no network of ours
		}
	}
	if see := s.inline.Load(); see != nil && (*see)(f) {
		return nil
	}
	kept := *f
	kept.Data = append([]byte(nil), f.Data...)
	if s.offer(Event{Session: s, Frame: &kept}) != nil { // a flood of frames must not hold up what else the switch says
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

// flowRemoved tells of a flow that went by itself. One that was taken off by
// this house, or is not of it, is no news.
func (s *Session) flowRemoved(msg []byte) error {
	var m ofp.FlowRemoved
	if err := m.Decode(msg); err != nil {
		return err
	}
	f := s.rules.removed(&m)
	if f.Foreign || m.Reason == ofp.RemovedByDelete {
		return nil
	}
	s.queue(Event{Session: s, Gone: &f})
	return nil
}
