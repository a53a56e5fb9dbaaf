package topology_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/topology"
)

// From every switch there is a walk around each of its links, unless that link
// is the only way. The walk does not take the link in any direction, comes to
// no switch twice, and can be followed from port to port.
func TestDetours(t *testing.T) {
	around, none := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		g := anyGraph(t)
		to := rapid.SampledFrom(g.Switches).Draw(t, "to")
		d := g.Detours(to)
		if diff := cmp.Diff(d.Around(to, topology.Link{}), []topology.Hop(nil)); diff != "" {
			t.Fatalf("a walk from a switch to itself: %s", diff)
		}
		for _, s := range g.Switches {
			for _, l := range g.Links {
				if s == to || l.A.Switch != s && l.B.Switch != s || l.A.Switch == l.B.Switch {
					continue
				}
				rest := g
				rest.Links = slices.DeleteFunc(slices.Clone(g.Links), l.Same)
				_, possible := distances(rest, to)[s]
				way := d.Around(s, l)
				if possible != (way != nil) {
					t.Fatalf("from %s around %s: got %q, possible %v", s, l.Name, route(way), possible)
				}
				if way == nil {
					none++
					continue
				}
				around++
				checkWalk(t, d, s, to, l, way)
			}
		}
		if diff := cmp.Diff(walks(g, d), walks(g, shuffled(g).Detours(to))); diff != "" {
			t.Fatalf("another order of the links gives other detours:\n%s", diff)
		}
	})
	if around == 0 || none == 0 {
		t.Errorf("%d walks, %d without: the test is blind", around, none)
	}
}

func checkWalk(t *rapid.T, d topology.Detours, s, to slice.DPID, l topology.Link, way []topology.Hop) {
	seen := map[slice.DPID]bool{s: true}
	for i, h := range way {
		if h.Link.Same(l) {
			t.Fatalf("the walk around %s takes it: %s", l.Name, route(way))
		}
		if seen[h.To] {
			t.Fatalf("the walk comes to %s twice: %s", h.To, route(way))
		}
		seen[h.To] = true
		if i+1 < len(way) && d.Next(h.To, h.In) != way[i+1] {
			t.Fatalf("followed from port to port, %s goes on differently", route(way))
		}
	}
	if way[len(way)-1].To != to {
		t.Fatalf("the walk ends elsewhere: %s", route(way))
	}
}

func walks(g topology.Graph, d topology.Detours) map[string]string {
	all := map[string]string{}
	for _, s := range g.Switches {
		for _, l := range g.Links {
			all[s.String()+l.Name] = route(d.Around(s, l))
		}
	}
	return all
}

// In a ring the detour is the other way around it, from wherever it begins.
func TestDetoursOfARing(t *testing.T) {
	ring := graph(link(1, 2, 1), link(2, 3, 1), link(3, 4, 1), link(4, 1, 1))
	d := ring.Detours(1)
	for _, test := range []struct {
		from slice.DPID
		cut  topology.Link
		want string
	}{
		{2, link(1, 2, 1), "2-3:103>3:102 3-4:104>4:103 4-1:101>1:104"},
		{4, link(4, 1, 1), "3-4:103>3:104 2-3:102>2:103 1-2:101>1:102"},
		{3, link(2, 3, 1), "3-4:104>4:103 4-1:101>1:104"},
	} {
		if got := route(d.Around(test.from, test.cut)); got != test.want {
			t.Errorf("from %s: got %q, want %q", test.from, got, test.want)
		}
	}
}

// Networks with different numbers take different ones of equal ways, and one
// network always takes the same.
func TestSpread(t *testing.T) {
	g := graph(link(1, 2, 1), link(1, 3, 1), link(2, 4, 1), link(3, 4, 1), beside(link(3, 4, 1)))
	taken := map[string]int{}
	for n := range uint32(300) {
		g.Spread = n + 1
		way, err := g.Path(1, 4)
		if err != nil {
			t.Fatal(err)
		}
		taken[route(way)]++
	}
	if len(taken) != 3 {
		t.Fatalf("300 networks take %v, there are three ways", taken)
	}
	for way, n := range taken {
		if n < 30 {
			t.Errorf("%d of 300 networks take %s", n, way)
		}
	}
}
