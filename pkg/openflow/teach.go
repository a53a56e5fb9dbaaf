package openflow

import (
	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/openflow/ofp"
	"github.com/l2sces/l2sces/pkg/slice"
)

// Inline has a function see the frames that the switch sends up before Events
// does, and say whether that is all. It is called by the goroutine that reads
// from the switch, and must not wait; the frame is gone when it returns. What
// it has the switch do, by Teach and Release, goes out together.
func (s *Session) Inline(see func(*Frame) bool) { s.inline.Store(&see) }

// Room reports whether there is room for answers: Inline should do nothing for
// a switch that does not take what it is sent.
func (s *Session) Room() bool {
	s.out.mu.Lock()
	defer s.out.mu.Unlock()
	return len(s.out.pending) < backlog/2
}

// Teach has the switch learn a flow at once, beside the changes of Apply. It
// is for Inline alone, and keeps nothing of the flow. What the switch says to
// it comes as an event.
func (s *Session) Teach(f *flow.Flow) (err error) {
	m := &s.scratch.mod
	if err := s.rules.putFlow(m, f); err != nil {
		return err
	}
	if s.answers, err = m.Append(s.answers, s.xid.Add(1)); err == nil {
		s.counters.flowMods.Add(1)
	}
	return err
}

// Release sends a frame back to the tables, as if it had just come in by the
// port. It is for Inline alone.
func (s *Session) Release(in slice.Port, frame []byte) (err error) {
	m := &s.scratch.out
	*m = ofp.PacketOut{BufferID: ofp.NoBuffer, InPort: uint32(in), Actions: append(m.Actions[:0], ofp.Output(ofp.PortTable)), Data: frame}
	s.answers, err = m.Append(s.answers, s.xid.Add(1))
	m.Data = nil
	return err
}

// Tell has the switch carry a change of flows out, message by message, beside
// the changes of Apply. It does not wait: what the switch says to it comes as
// an event. It is for what may be lost, such as flows that are learned again.
func (s *Session) Tell(c flow.Change) (err error) {
	var m ofp.FlowMod
	var b []byte
	write := func(encode func() error) {
		if err == nil {
			err = encode()
		}
		if err == nil {
			b, err = m.Append(b, s.xid.Add(1))
			s.counters.flowMods.Add(1)
		}
	}
	for i := range c.PutFlows {
		write(func() error { return s.rules.putFlow(&m, &c.PutFlows[i]) })
	}
	for i := range c.TakeFlows {
		write(func() error { return s.rules.takeFlow(&m, &c.TakeFlows[i]) })
	}
	for _, n := range c.Forget {
		write(func() error { s.rules.forget(&m, n); return nil })
	}
	if err != nil {
		return err
	}
	if s.out.offer(b, backlog) != nil {
		return slice.Errorf(slice.Unavailable, "switch %s takes nothing", s.DPID())
	}
	return nil
}
