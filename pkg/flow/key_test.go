package flow_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/slice"
)

var keyTables = []*flow.Table{{ID: 0, Name: "A"}, {ID: 1, Name: "B"}}

// drawRule draws one of few rules, so that many are the same.
func drawRule(t *rapid.T) flow.Flow {
	f := flow.Flow{
		Table:    rapid.SampledFrom(keyTables).Draw(t, "table"),
		Priority: rapid.SampledFrom([]flow.Priority{1, 2}).Draw(t, "priority"),
		Owner:    slice.Network(rapid.IntRange(1, 9).Draw(t, "owner")),
		Raw:      rapid.SampledFrom([]string{"", "x"}).Draw(t, "raw"),
	}
	all := []flow.Match{flow.InPort(1), flow.EthType(0x806), flow.InNetwork(1)}
	for _, m := range rapid.Permutation(all).Draw(t, "order")[:rapid.IntRange(0, 3).Draw(t, "conditions")] {
		m.Value += uint64(rapid.IntRange(0, 1).Draw(t, "value"))
		f.Match = append(f.Match, m)
	}
	return f
}

// Two flows have the same key if they are the same rule to a switch.
func TestKeyIsRule(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, y := drawRule(t), drawRule(t)
		if (x.Rule() == y.Rule()) != (x.Key() == y.Key()) {
			t.Fatalf("keys of %s and %s: %x, %x", x.Rule(), y.Rule(), x.Key(), y.Key())
		}
	})
}

// manyFlows returns flows as they are read from a switch, each value anew.
func manyFlows(n uint64) flow.Rules {
	var r flow.Rules
	for i := range n {
		r.Flows = append(r.Flows, flow.Flow{
			Table: keyTables[i%2], Priority: flow.Known, Owner: slice.Network(i % 1000),
			Match:   []flow.Match{flow.InNetwork(slice.Network(i % 1000)), flow.To(flow.MACOf(i))},
			Actions: []flow.Action{flow.SetTunnel(1), flow.Output(slice.Port(i % 64))},
		})
	}
	return r
}

// Flows are compared without a text, or anything else, being made of each.
func TestDiffMakesNothing(t *testing.T) {
	const n = 2000
	have, want := manyFlows(n), manyFlows(n)
	if made := testing.AllocsPerRun(3, func() {
		if c := flow.Diff(have, want); !c.Empty() {
			t.Errorf("%d changes", c.Mods())
		}
	}); made > n/10 {
		t.Errorf("%.0f things were made of %d flows", made, n)
	}
}

// A hundred thousand flows that are right should take much less than 0.3 s.
func BenchmarkDiff(b *testing.B) {
	have, want := manyFlows(100000), manyFlows(100000)
	for b.Loop() {
		flow.Diff(have, want)
	}
}
