package openflow_test

import (
	"testing"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/openflow"
	"github.com/l2sces/l2sces/pkg/openflow/ofp"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A frame that is taken at once is answered at once and told to nobody else.
func TestInline(t *testing.T) {
	told := make(chan openflow.Event, 10)
	k := serve(t, openflow.Config{Events: func(e openflow.Event) { told <- e }})
	f, s := join(t, k, 1)
	learned := flow.Flow{Table: first, Priority: 7, Owner: 9, Learned: true, Idle: 300, Match: []flow.Match{flow.InPort(3)}}
	s.Inline(func(in *openflow.Frame) bool {
		if string(in.Data) != "mine" {
			return false
		}
		if !s.Room() || s.Teach(&learned) != nil || s.Release(in.Port, in.Data) != nil {
			t.Error("the frame cannot be answered")
		}
		return true
	})
	cookie := uint64(openflow.DefaultProduct)<<48 | 9
	var b []byte
	for _, data := range []string{"mine", "others", "mine"} {
		b, _ = (&ofp.PacketIn{Cookie: cookie, Match: ofp.Match{ofp.InPort(3)}, Data: []byte(data)}).Append(b, 0)
	}
	f.bytes(b...)
	for range 2 {
		_, m := f.take(ofp.TypeFlowMod)
		if d, ok := m.(*ofp.FlowMod); !ok || d.Cookie != cookie|0xffff<<32 || d.Idle != 300 || d.Flags != ofp.SendRemoved || d.Priority != 7 || d.Command != ofp.Add {
			t.Errorf("taught %+v", m)
		}
		_, m = f.take(ofp.TypePacketOut)
		if o, ok := m.(*ofp.PacketOut); !ok || o.InPort != 3 || len(o.Actions) != 1 || o.Actions[0].Arg != ofp.PortTable || string(o.Data) != "mine" {
			t.Errorf("released %+v", m)
		}
	}
	if e := receive(t, "the other frame", told); e.Frame == nil || string(e.Frame.Data) != "others" || e.Frame.Owner != 9 {
		t.Errorf("told %+v", e)
	}
	f.alive()
	if len(told) != 0 {
		t.Errorf("%d more were told", len(told))
	}
}

// Tell waits for nobody: what a switch does not take is refused.
func TestTellWhenFull(t *testing.T) {
	k := serve(t, openflow.Config{})
	f, s := join(t, k, 1)
	c := flow.Change{PutFlows: make([]flow.Flow, 1000)}
	for i := range c.PutFlows {
		c.PutFlows[i] = flow.Flow{Table: first, Owner: 1, Learned: true, Match: []flow.Match{flow.InPort(slice.Port(i + 1))}}
	}
	var err error
	for range 1000 { // f reads nothing meanwhile
		if err = s.Tell(c); err != nil {
			break
		}
	}
	if slice.KindOf(err) != slice.Unavailable || s.Room() {
		t.Errorf("%v, room %t", err, s.Room())
	}
	for range 100 {
		f.take(ofp.TypeFlowMod)
	}
	c.PutFlows[0].Foreign = true
	if err := s.Tell(c); slice.KindOf(err) != slice.Invalid {
		t.Errorf("a flow of others: %v", err)
	}
}
