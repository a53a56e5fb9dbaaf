package flowtest_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/flow/flowtest"
	"github.com/l2sces/l2sces/pkg/slice"
)

var wanted = flow.Rules{
	Flows:  []flow.Flow{rule(when(flow.InPort(1)), flow.Limit(1), flow.ToGroup(9))},
	Groups: []flow.Group{{ID: 9, Buckets: []flow.Bucket{bucket(0, flow.Output(2))}}},
	Meters: []flow.Meter{{ID: 1, Kbps: 100}},
}

func TestMemory(t *testing.T) {
	m := flowtest.NewMemory(7)
	if err := m.Apply(t.Context(), flow.Diff(flow.Rules{}, wanted)); err != nil {
		t.Fatal(err)
	}
	got, err := m.Rules(t.Context())
	if diff := cmp.Diff(wanted, got); diff != "" || err != nil {
		t.Errorf("error %v, rules (-want +got)\n%s", err, diff)
	}
	if m.DPID() != 7 || m.Mods() != 3 || m.Applied() != 1 {
		t.Errorf("got DPID %s, %d mods in %d changes", m.DPID(), m.Mods(), m.Applied())
	}
	if got := m.Switch().Ports(flowtest.Frame{Port: 1}); len(got) != 1 || got[0] != 2 {
		t.Errorf("a frame leaves by %v, want port 2", got)
	}
	if err := m.Apply(t.Context(), flow.Diff(wanted, flow.Rules{})); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(flow.Rules{}, m.Held(), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("something is left (-want +got)\n%s", diff)
	}
}

func TestMemoryRefuses(t *testing.T) {
	held := map[uint32]bool{1: true, 9: true}
	tests := map[string]struct {
		have   flow.Rules
		change flow.Change
		kind   slice.Kind
	}{
		"group is there":      {have: wanted, change: flow.Change{PutGroups: wanted.Groups}, kind: slice.Conflict},
		"group is not there":  {change: flow.Change{PutGroups: wanted.Groups, HeldGroups: held}, kind: slice.NotFound},
		"meter is there":      {have: wanted, change: flow.Change{PutMeters: wanted.Meters}, kind: slice.Conflict},
		"meter is not there":  {change: flow.Change{PutMeters: wanted.Meters, HeldMeters: held}, kind: slice.NotFound},
		"flow without group":  {change: flow.Change{PutFlows: wanted.Flows, PutMeters: wanted.Meters}, kind: slice.NotFound},
		"flow without meter":  {change: flow.Change{PutFlows: wanted.Flows, PutGroups: wanted.Groups}, kind: slice.NotFound},
		"nothing of a change": {change: flow.Change{PutMeters: wanted.Meters, PutFlows: wanted.Flows}, kind: slice.NotFound},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			m := flowtest.NewMemory(7)
			m.Set(test.have)
			if err := m.Apply(t.Context(), test.change); slice.KindOf(err) != test.kind {
				t.Errorf("got error %v, want kind %s", err, test.kind)
			}
			if diff := cmp.Diff(test.have, m.Held(), cmpopts.EquateEmpty()); diff != "" || m.Mods() != 0 {
				t.Errorf("it changed something, %d mods (-want +got)\n%s", m.Mods(), diff)
			}
		})
	}
}

func TestMemoryTakesUsersOfAGroup(t *testing.T) {
	m := flowtest.NewMemory(7)
	m.Set(wanted)
	if err := m.Apply(t.Context(), flow.Change{TakeGroups: wanted.Groups}); err != nil {
		t.Fatal(err)
	}
	if got := m.Held().Flows; len(got) != 0 {
		t.Errorf("flows of the group are left: %v", got)
	}
}

func TestMemoryFails(t *testing.T) {
	m := flowtest.NewMemory(7)
	m.Set(wanted)
	full := errors.New("table full")
	m.Fail(full, full)
	if _, err := m.Rules(t.Context()); !errors.Is(err, full) {
		t.Errorf("Rules: got %v", err)
	}
	if err := m.Apply(t.Context(), flow.Change{TakeFlows: wanted.Flows}); !errors.Is(err, full) || m.Applied() != 0 {
		t.Errorf("Apply: got %v after %d changes", err, m.Applied())
	}
	if err := m.Apply(t.Context(), flow.Change{TakeFlows: wanted.Flows}); err != nil {
		t.Errorf("Apply fails more often than told: %v", err)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.Rules(over); !errors.Is(err, context.Canceled) {
		t.Errorf("Rules with a context that is over: got %v", err)
	}
}

func TestMemoryReconnects(t *testing.T) {
	m := flowtest.NewMemory(7)
	m.Set(wanted)
	n := m.Reconnect()
	m.Close() // twice is fine
	select {
	case <-m.Done():
	default:
		t.Error("Done is open after the connection was lost")
	}
	if err := m.Apply(t.Context(), flow.Change{}); slice.KindOf(err) != slice.Unavailable {
		t.Errorf("a lost switch answers %v", err)
	}
	if got, err := n.Rules(t.Context()); err != nil || !cmp.Equal(wanted, got) {
		t.Errorf("after a reconnect: %v, %v", got, err)
	}
}

// Learned flows stay when everything else goes, and go when their network is
// to be forgotten.
func TestMemoryForgets(t *testing.T) {
	learned := func(n slice.Network) flow.Flow {
		return flow.Flow{Table: first, Priority: flow.Known, Owner: n, Learned: true, Idle: 300, Match: []flow.Match{flow.InPort(slice.Port(n))}}
	}
	m := flowtest.NewMemory(7)
	m.Set(wanted)
	if err := m.Apply(t.Context(), flow.Change{PutFlows: []flow.Flow{learned(1), learned(2)}}); err != nil {
		t.Fatal(err)
	}
	if err := m.Apply(t.Context(), flow.Diff(m.Held(), flow.Rules{})); err != nil {
		t.Fatal(err)
	}
	if got := m.Held().Flows; len(got) != 2 {
		t.Errorf("left are %v, want the two that were learned", got)
	}
	if err := m.Apply(t.Context(), flow.Change{Forget: []slice.Network{1, 9}}); err != nil {
		t.Fatal(err)
	}
	if got := m.Held().Flows; len(got) != 1 || got[0].Owner != 2 {
		t.Errorf("left are %v, want that of network 2", got)
	}
}
