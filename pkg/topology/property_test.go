package topology_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/topology"
)

// anyGraph draws up to eight switches, joined or not, with parallel links.
func anyGraph(t *rapid.T) topology.Graph {
	n := rapid.IntRange(1, 8).Draw(t, "switches")
	g := topology.Graph{Spread: rapid.Uint32Range(0, 2).Draw(t, "spread")}
	for i := range n {
		g.Switches = append(g.Switches, slice.DPID(i+1))
	}
	port := slice.Port(0)
	for range rapid.IntRange(0, 14).Draw(t, "links") {
		l := link(rapid.SampledFrom(g.Switches).Draw(t, "a"), rapid.SampledFrom(g.Switches).Draw(t, "b"), rapid.Uint32Range(0, 3).Draw(t, "cost"))
		port += 2
		l.A.Port, l.B.Port = port, port+1
		g.Links = append(g.Links, l)
	}
	return g
}

// shuffled lists the same graph in another order.
func shuffled(g topology.Graph) topology.Graph {
	r := rand.New(rand.NewPCG(1, 2))
	g = topology.Graph{Switches: slices.Clone(g.Switches), Links: slices.Clone(g.Links), Spread: g.Spread}
	r.Shuffle(len(g.Switches), func(i, j int) { g.Switches[i], g.Switches[j] = g.Switches[j], g.Switches[i] })
	r.Shuffle(len(g.Links), func(i, j int) { g.Links[i], g.Links[j] = g.Links[j], g.Links[i] })
	return g
}

// distances finds the costs to a switch by relaxing every link until nothing
// changes (Bellman and Ford), which shares nothing with the code under test.
func distances(g topology.Graph, to slice.DPID) map[slice.DPID]uint64 {
	dist := map[slice.DPID]uint64{to: 0}
	relax := func(a, b slice.DPID, cost uint32) (changed bool) {
		d, ok := dist[a]
		d += uint64(max(cost, 1))
		if old, known := dist[b]; ok && (!known || d < old) {
			dist[b], changed = d, true
		}
		return changed
	}
	for again := true; again; {
		again = false
		for _, l := range g.Links {
			again = relax(l.A.Switch, l.B.Switch, l.Cost) || again
			again = relax(l.B.Switch, l.A.Switch, l.Cost) || again
		}
	}
	return dist
}

// A tree has one link less than switches, hangs together, reaches every member
// and holds every forced link; every end of it is a member or forced.
func TestTreeProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := anyGraph(t)
		members := rapid.SliceOfN(rapid.SampledFrom(g.Switches), 1, 5).Draw(t, "members")
		var forced []topology.Link
		for _, l := range g.Links {
			if rapid.IntRange(0, 5).Draw(t, "force "+l.Name) == 0 {
				forced = append(forced, l)
			}
		}
		tree, err := g.Tree(members, forced)
		again, errAgain := shuffled(g).Tree(members, forced)
		if diff := cmp.Diff(tree.Links(), again.Links()); diff != "" || (err == nil) != (errAgain == nil) {
			t.Fatalf("another order of the links gives another tree:\n%s", diff)
		}
		if err != nil {
			checkRefusal(t, g, members, forced, err)
			return
		}
		switches, links := tree.Switches(), tree.Links()
		if len(links) != len(switches)-1 {
			t.Fatalf("%d switches have %d links", len(switches), len(links))
		}
		needed := slices.Clone(members)
		for _, l := range forced {
			needed = append(needed, l.A.Switch, l.B.Switch)
			if !slices.Contains(links, l) {
				t.Fatalf("forced link %s is missing", l.Name)
			}
		}
		for _, s := range needed {
			if !slices.Contains(switches, s) || s != needed[0] && tree.Path(needed[0], s) == nil {
				t.Fatalf("switch %s is not reached", s)
			}
		}
		for s, h := range tree.NextHops(needed[0]) {
			if path := tree.Path(s, needed[0]); path[0] != h {
				t.Fatalf("from switch %s the first hop is %v, the path is %v", s, h, path)
			}
		}
		for _, s := range switches {
			if len(tree.Neighbours(s)) == 1 && !slices.Contains(needed, s) {
				t.Fatalf("the branch to switch %s leads to nobody", s)
			}
		}
	})
}

// checkRefusal accepts an error only where there is no tree.
func checkRefusal(t *rapid.T, g topology.Graph, members []slice.DPID, forced []topology.Link, err error) {
	switch slice.KindOf(err) {
	case slice.Invalid:
		parts := topology.Graph{Switches: g.Switches}
		for _, l := range forced {
			if _, ok := distances(parts, l.A.Switch)[l.B.Switch]; ok {
				return // its ends were joined already
			}
			parts.Links = append(parts.Links, l)
		}
		t.Fatalf("refused for a loop where there is none: %v", err)
	case slice.Unavailable:
		dist := distances(g, members[0])
		for _, s := range members {
			if _, ok := dist[s]; !ok {
				return
			}
		}
		for _, l := range forced {
			if _, ok := dist[l.A.Switch]; !ok {
				return
			}
		}
		t.Fatalf("refused as unreachable where everything hangs together: %v", err)
	default:
		t.Fatalf("unexpected kind of error: %v", err)
	}
}

// Each hop brings a frame nearer by exactly the cost of its link.
func TestNextHopsProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := anyGraph(t)
		to := rapid.SampledFrom(g.Switches).Draw(t, "to")
		next, dist := g.NextHops(to), distances(g, to)
		if diff := cmp.Diff(next, shuffled(g).NextHops(to)); diff != "" {
			t.Fatalf("another order of the links gives other hops:\n%s", diff)
		}
		if len(next) != len(dist)-1 {
			t.Fatalf("%d switches have a hop, %d have a way", len(next), len(dist)-1)
		}
		for s, h := range next {
			if dist[s] != dist[h.To]+uint64(max(h.Link.Cost, 1)) {
				t.Fatalf("from %s the hop over %s to %s is not on a cheapest path", s, h.Link.Name, h.To)
			}
		}
	})
}
