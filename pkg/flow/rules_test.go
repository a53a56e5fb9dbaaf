package flow_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/flow/flowtest"
	"github.com/l2sces/l2sces/pkg/slice"
)

// mark is a flow that gives the frames of a port to a network.
func mark(p slice.Port, n slice.Network) flow.Flow {
	return flow.Flow{
		Table: classify, Priority: flow.Known, Owner: n,
		Match: []flow.Match{flow.InPort(p)}, Actions: []flow.Action{flow.Mark(n)},
	}
}

func group(id uint32, ports ...slice.Port) flow.Group {
	g := flow.Group{ID: id, Type: flow.All}
	for _, p := range ports {
		g.Buckets = append(g.Buckets, flow.Bucket{Actions: []flow.Action{flow.Output(p)}})
	}
	return g
}

func TestDiff(t *testing.T) {
	foreign := flow.Flow{Table: classify, Priority: 1, Foreign: true, Raw: "\x01"}
	stolen := mark(1, 10)
	stolen.Foreign = true // our rule, but not our cookie
	higher := mark(1, 10)
	higher.Priority = flow.Override
	owned := mark(1, 10)
	owned.Owner = 11
	learned := mark(1, 10)
	learned.Learned, learned.Idle = true, 300
	tests := map[string]struct {
		have, want flow.Rules
		change     flow.Change
	}{
		"nothing":      {},
		"no change":    {have: flow.Rules{Flows: []flow.Flow{mark(1, 10)}}, want: flow.Rules{Flows: []flow.Flow{mark(1, 10)}}},
		"other action": {have: flow.Rules{Flows: []flow.Flow{mark(1, 10)}}, want: flow.Rules{Flows: []flow.Flow{mark(1, 20)}}, change: flow.Change{PutFlows: []flow.Flow{mark(1, 20)}}},
		"other owner":  {have: flow.Rules{Flows: []flow.Flow{mark(1, 10)}}, want: flow.Rules{Flows: []flow.Flow{owned}}, change: flow.Change{PutFlows: []flow.Flow{owned}}},
		"other match": {
			have: flow.Rules{Flows: []flow.Flow{mark(1, 10), mark(3, 10)}}, want: flow.Rules{Flows: []flow.Flow{mark(1, 10), mark(4, 10)}},
			change: flow.Change{PutFlows: []flow.Flow{mark(4, 10)}, TakeFlows: []flow.Flow{mark(3, 10)}},
		},
		"other priority": {
			have: flow.Rules{Flows: []flow.Flow{mark(1, 10)}}, want: flow.Rules{Flows: []flow.Flow{higher}},
			change: flow.Change{PutFlows: []flow.Flow{higher}, TakeFlows: []flow.Flow{mark(1, 10)}},
		},
		"a learned flow stays": {have: flow.Rules{Flows: []flow.Flow{learned}}},
		"a learned flow is replaced by one that is wanted": {
			have: flow.Rules{Flows: []flow.Flow{learned}}, want: flow.Rules{Flows: []flow.Flow{mark(1, 10)}},
			change: flow.Change{PutFlows: []flow.Flow{mark(1, 10)}},
		},
		"a foreign flow goes": {have: flow.Rules{Flows: []flow.Flow{foreign}}, change: flow.Change{TakeFlows: []flow.Flow{foreign}}},
		"a foreign flow is replaced": {
			have: flow.Rules{Flows: []flow.Flow{stolen}}, want: flow.Rules{Flows: []flow.Flow{mark(1, 10)}},
			change: flow.Change{PutFlows: []flow.Flow{mark(1, 10)}},
		},
		"groups": {
			have:   flow.Rules{Groups: []flow.Group{group(1, 1), group(2, 1), group(3, 1)}},
			want:   flow.Rules{Groups: []flow.Group{group(1, 1), group(2, 1, 2), group(4, 1)}},
			change: flow.Change{PutGroups: []flow.Group{group(2, 1, 2), group(4, 1)}, TakeGroups: []flow.Group{group(3, 1)}, HeldGroups: map[uint32]bool{1: true, 2: true, 3: true}},
		},
		"meters": {
			have: flow.Rules{Meters: []flow.Meter{{ID: 1, Kbps: 5}, {ID: 2, Kbps: 5}, {ID: 3, Kbps: 5, Owner: 9}}},
			want: flow.Rules{Meters: []flow.Meter{{ID: 1, Kbps: 6}, {ID: 3, Kbps: 5}, {ID: 4, Kbps: 5}}},
			change: flow.Change{
				PutMeters: []flow.Meter{{ID: 1, Kbps: 6}, {ID: 4, Kbps: 5}}, TakeMeters: []flow.Meter{{ID: 2, Kbps: 5}},
				HeldMeters: map[uint32]bool{1: true, 2: true, 3: true},
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := flow.Diff(test.have, test.want)
			opts := cmp.Options{cmpopts.EquateEmpty(), cmp.AllowUnexported(flow.Flow{})}
			if diff := cmp.Diff(test.change, got, opts); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			want := len(test.change.PutFlows) + len(test.change.PutGroups) + len(test.change.PutMeters) +
				len(test.change.TakeFlows) + len(test.change.TakeGroups) + len(test.change.TakeMeters)
			if got.Mods() != want || got.Empty() != (want == 0) {
				t.Errorf("got %d mods, empty %t; want %d", got.Mods(), got.Empty(), want)
			}
		})
	}
}

// A switch that carries a difference out holds what is wanted, and then there
// is no difference any more.
func TestDiffProperties(t *testing.T) {
	anyRules := rapid.Custom(func(t *rapid.T) flow.Rules {
		var r flow.Rules
		for _, p := range rapid.SliceOfNDistinct(rapid.Uint32Range(1, 6), 0, 6, rapid.ID).Draw(t, "ports") {
			r.Flows = append(r.Flows, mark(slice.Port(p), slice.Network(rapid.Uint32Range(1, 3).Draw(t, "network"))))
		}
		for _, id := range rapid.SliceOfNDistinct(rapid.Uint32Range(1, 4), 0, 4, rapid.ID).Draw(t, "numbers") {
			r.Groups = append(r.Groups, group(id, slice.Port(rapid.Uint32Range(1, 3).Draw(t, "port"))))
			r.Meters = append(r.Meters, flow.Meter{ID: id, Kbps: rapid.Uint32Range(1, 3).Draw(t, "kbps")})
		}
		return r
	})
	rapid.Check(t, func(t *rapid.T) {
		have, want := anyRules.Draw(t, "have"), anyRules.Draw(t, "want")
		m := flowtest.NewMemory(1)
		for _, r := range []flow.Rules{have, want} {
			now, err := m.Rules(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := m.Apply(t.Context(), flow.Diff(now, r)); err != nil {
				t.Fatal(err)
			}
		}
		got, err := m.Rules(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if c := flow.Diff(got, want); !c.Empty() {
			t.Fatalf("still to do: %+v", c)
		}
	})
}
