package fabric_test

import (
	"testing"
	"testing/synctest"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/flow/flowtest"
	"github.com/l2sces/l2sces/pkg/slice"
)

func TestRulesOfOneSwitch(t *testing.T) {
	base := flow.Rules{Flows: []flow.Flow{rule(0, 1)}}
	engine(t, base, func(b bench) {
		x, y := flowtest.NewMemory(1), flowtest.NewMemory(2)
		b.e.Own(1, flow.Rules{Flows: []flow.Flow{rule(0, 7)}}) // before the switch comes
		b.serve(x)
		b.serve(y)
		want := func(m *flowtest.Memory, ports ...slice.Port) {
			b.Helper()
			synctest.Wait()
			var r flow.Rules
			for _, p := range ports {
				r.Flows = append(r.Flows, rule(0, p))
			}
			holds(b.T, m, map[slice.DPID]flow.Rules{m.DPID(): r})
		}
		want(x, 1, 7)
		want(y, 1)
		b.e.Own(1, flow.Rules{Flows: []flow.Flow{rule(0, 8)}})
		want(x, 1, 8)
		before := b.e.Stats().Mods
		b.e.Own(1, flow.Rules{Flows: []flow.Flow{rule(0, 8)}})
		want(x, 1, 8)
		if got := b.e.Stats().Mods; got != before {
			t.Errorf("%d mods for rules that are there", got-before)
		}
		b.e.Own(1, flow.Rules{})
		want(x, 1)
		want(y, 1)
	})
}
