package pipeline_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/flow/flowtest"
	"github.com/l2sces/l2sces/pkg/pipeline"
	"github.com/l2sces/l2sces/pkg/slice"
)

// While a change is under way some switches know an address and others do not.
// In a network with explicit paths no frame loops even then, because known and
// unknown addresses take the same tree. This does not hold without such paths:
// see "While rules change" in docs/pipeline.md.
func TestPartialRulesDoNotLoop(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := anyFabric(t)
		n := anyNetwork(t, g, 1)
		if n.Paths = anyPath(t, g); n.Paths == nil {
			t.Skip("a fabric of one switch")
		}
		plan, err := pipeline.Compile(n, g)
		if err != nil {
			t.Fatal(err)
		}
		net := netOf(g, plan)
		for _, s := range g.Switches {
			if rapid.Bool().Draw(t, "knows") {
				continue
			}
			sw := net.Switches[s]
			sw.Rules.Flows = slices.DeleteFunc(slices.Clone(sw.Rules.Flows), func(f flow.Flow) bool {
				return f.Table == pipeline.Forward && f.Owner == n.Number
			})
			net.Switches[s] = sw
		}
		for _, from := range n.Attachments {
			for _, to := range addressesOf(n) {
				f := flowtest.Frame{Port: from.Port, From: stranger, To: to}
				if len(from.Behind) > 0 {
					f.From = from.Behind[0]
				}
				if from.Label != 0 {
					f.Tags = []slice.VLAN{from.Label}
				}
				if net.Send(from.Switch, f).Loop {
					t.Fatalf("a frame from %+v to %s loops", from, to)
				}
			}
		}
	})
}
