//go:build lab

package openflow_test

import (
	"context"
	"testing"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/openflow"
	"github.com/l2sces/l2sces/pkg/slice"
)

// Two masters of one switch at the same time: what the one with the lower
// generation still writes is refused by Open vSwitch.
func TestF15StaleMasterCannotWrite(t *testing.T) {
	d := newDummy(t)
	superseded := make(chan struct{}, 100)
	old := serve(t, openflow.Config{Tables: tables, Generation: 5, Superseded: func() { superseded <- struct{}{} }})
	d.bridge(t, "two", 0xaa, "tcp:"+old.addr)
	paused := receive(t, "the switch connects", old.sessions)
	want := flow.Rules{Flows: []flow.Flow{{
		Table: forward, Priority: flow.Known, Owner: 5,
		Match: []flow.Match{flow.InNetwork(5), flow.To(slice.Broadcast)}, Actions: []flow.Action{flow.Output(1)},
	}}}
	if err := paused.Apply(context.Background(), flow.Diff(flow.Rules{}, want)); err != nil {
		t.Fatal(err)
	}
	now := serve(t, openflow.Config{Tables: tables, Generation: 6})
	d.vsctl(t, "set-controller", "two", "tcp:"+old.addr, "tcp:"+now.addr)
	s := receive(t, "the switch connects to the new one as well", now.sessions)
	select {
	case <-paused.Done():
		t.Fatal("a second controller cut the line of the first")
	default:
	}
	err := paused.Apply(context.Background(), flow.Diff(want, flow.Rules{}))
	if err == nil {
		t.Error("the switch took a change of the old master")
	}
	receive(t, "the old one is told", superseded)
	<-paused.Done()
	receive(t, "it is refused when the switch comes again", superseded)
	if c := flow.Diff(rulesOf(t, s), want); !c.Empty() {
		t.Errorf("%d messages to do, want none: flows outlive a second controller and a stale master", c.Mods())
	}
}
