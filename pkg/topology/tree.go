package topology

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/l2sces/l2sces/pkg/slice"
)

// A Tree is a loop-free part of a graph: between two of its switches there is
// exactly one way.
type Tree struct {
	near map[slice.DPID][]Hop // of every switch of the tree
}

// Tree returns a tree that reaches all members and holds all forced links. It
// grows by joining the nearest member, again and again, so no branch leads to
// nobody. The spread of the graph chooses among parallel links alone: so
// everybody's frames for all take the same switches. Forced links that make a loop are Invalid; a tree that cannot reach a
// member, or whose forced link is not in the graph, is Unavailable.
func (g Graph) Tree(members []slice.DPID, forced []Link) (Tree, error) {
	bound, err := g.bind(forced)
	if err != nil {
		return Tree{}, err
	}
	todo := map[slice.DPID]bool{}
	m := g.known()
	for _, s := range slices.Concat(members, bound.Switches()) {
		if _, ok := m.of[s]; !ok {
			return Tree{}, slice.Errorf(slice.Unavailable, "switch %s is not in the fabric", s)
		}
		todo[s] = true
	}
	t := Tree{near: map[slice.DPID][]Hop{}}
	if len(todo) == 0 {
		return t, nil
	}
	t.take(slices.Sorted(maps.Keys(todo))[0], bound, todo)
	away := newOuter(m)
	for len(todo) > 0 {
		away.include(t)
		goal, ok := away.nearest(todo)
		if !ok {
			return Tree{}, slice.Errorf(slice.Unavailable, "no link leads from %s to %s",
				list(t.Switches()), list(slices.Sorted(maps.Keys(todo))))
		}
		for at := goal; away.dist[m.of[at]] > 0; {
			h := g.inward(m, away.dist, at)
			t.join(h.Link)
			at = h.To
		}
		t.take(goal, bound, todo)
	}
	return t, nil
}

// An outer tells how far switches are from a tree that grows.
type outer struct {
	memo *memo
	dist []uint64
	in   map[slice.DPID]bool
}

func newOuter(m *memo) *outer {
	o := &outer{memo: m, dist: make([]uint64, len(m.hops)), in: map[slice.DPID]bool{}}
	for i := range o.dist {
		o.dist[i] = far
	}
	return o
}

// include takes in what the tree has got.
func (o *outer) include(t Tree) {
	for s := range t.near {
		if o.in[s] {
			continue
		}
		o.in[s] = true
		for i, d := range o.memo.distances(s) {
			o.dist[i] = min(o.dist[i], d)
		}
	}
}

// nearest returns the one of some switches that is nearest to the tree, of
// several the one with the lowest identifier.
func (o *outer) nearest(of map[slice.DPID]bool) (slice.DPID, bool) {
	var best slice.DPID
	least := far
	for s := range of {
		if d := o.dist[o.memo.of[s]]; d < least || d == least && s < best {
			best, least = s, d
		}
	}
	return best, least != far
}

// inward returns the hop from a switch that leads nearer to a tree: that to the
// switch with the lowest identifier, and of parallel links the one that the
// spread of the graph chooses.
func (g Graph) inward(m *memo, dist []uint64, at slice.DPID) Hop {
	var best Hop
	found := false
	for _, h := range m.hops[m.of[at]] {
		if d := dist[m.of[h.To]]; d == far || d+h.Link.cost() != dist[m.of[at]] {
			continue
		}
		if !found || h.To < best.To || h.To == best.To && g.compare(h.Link, best.Link) < 0 {
			best, found = h, true
		}
	}
	return best
}

// bind makes a tree, or several, of the forced links.
func (g Graph) bind(forced []Link) (Tree, error) {
	bound := Tree{near: map[slice.DPID][]Hop{}}
	var done []Link
	for _, l := range slices.SortedFunc(slices.Values(forced), compareLinks) {
		if slices.ContainsFunc(done, l.Same) {
			continue
		}
		done = append(done, l)
		if !slices.ContainsFunc(g.Links, l.Same) {
			return Tree{}, slice.Errorf(slice.Unavailable, "link %s is not in the fabric", l.Name)
		}
		if around := bound.Path(l.A.Switch, l.B.Switch); around != nil || l.A.Switch == l.B.Switch {
			loop := []string{l.Name}
			for _, h := range around {
				loop = append(loop, h.Link.Name)
			}
			return Tree{}, slice.Errorf(slice.Invalid, "explicit paths make a loop of the links %s", strings.Join(loop, ", "))
		}
		bound.join(l)
	}
	return bound, nil
}

// take puts a switch into the tree, with all that is bound to it.
func (t Tree) take(s slice.DPID, bound Tree, todo map[slice.DPID]bool) {
	delete(todo, s)
	t.near[s] = append([]Hop{}, t.near[s]...) // a switch without links is in the tree as well
	for _, h := range bound.near[s] {
		if _, ok := t.near[h.To]; !ok || todo[h.To] {
			t.join(h.Link)
			t.take(h.To, bound, todo)
		}
	}
}

func (t Tree) join(l Link) {
	for _, s := range []slice.DPID{l.A.Switch, l.B.Switch} {
		h, _ := l.from(s)
		t.near[s] = append(t.near[s], h)
	}
}

// Switches returns the switches of the tree in ascending order.
func (t Tree) Switches() []slice.DPID { return slices.Sorted(maps.Keys(t.near)) }

// Links returns the links of the tree, by name.
func (t Tree) Links() []Link {
	var links []Link
	for s, hops := range t.near {
		for _, h := range hops {
			if h.Link.A.Switch == s {
				links = append(links, h.Link)
			}
		}
	}
	slices.SortFunc(links, func(x, y Link) int { return cmp.Or(cmp.Compare(x.Name, y.Name), compareLinks(x, y)) })
	return links
}

// Neighbours returns the ways out of a switch along the tree, by port.
func (t Tree) Neighbours(s slice.DPID) []Hop {
	return slices.SortedFunc(slices.Values(t.near[s]), func(x, y Hop) int { return cmp.Compare(x.Out, y.Out) })
}

// Path returns the hops of the one way between two switches of the tree. There
// are none if the two are one, or if one is not in the tree.
func (t Tree) Path(a, b slice.DPID) []Hop {
	return t.path(a, b, a)
}

// path looks in every direction but the one it comes from.
func (t Tree) path(a, b, from slice.DPID) []Hop {
	for _, h := range t.near[a] {
		if h.To == from {
			continue
		}
		if h.To == b {
			return []Hop{h}
		}
		if rest := t.path(h.To, b, a); rest != nil {
			return append([]Hop{h}, rest...)
		}
	}
	return nil
}

// NextHops returns the first hop along the tree to a switch, for every other
// switch of the tree.
func (t Tree) NextHops(to slice.DPID) map[slice.DPID]Hop {
	return Graph{}.search(t.near, []slice.DPID{to}, nil).back
}

// Toward returns the function that tells the next hop along the tree to a
// switch from any other of the tree.
func (t Tree) Toward(to slice.DPID) func(at slice.DPID) (Hop, bool) {
	next := t.NextHops(to)
	return func(at slice.DPID) (Hop, bool) {
		h, ok := next[at]
		return h, ok
	}
}

func list(switches []slice.DPID) string {
	names := make([]string, len(switches))
	for i, s := range switches {
		names[i] = s.String()
	}
	return strings.Join(names, ", ")
}
