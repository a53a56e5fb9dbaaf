package topology

import (
	"slices"

	"gonum.org/v1/gonum/graph"
	"gonum.org/v1/gonum/graph/iterator"
	"gonum.org/v1/gonum/graph/path"
	"gonum.org/v1/gonum/graph/simple"

	"github.com/l2sces/l2sces/pkg/slice"
)

// perWanted is how many of the cheapest paths are looked at for each one that
// is wanted: those that break a limit do not count.
const perWanted = 8

// Alternatives returns up to k paths between two switches that keep to the
// limits, the cheapest first, each different in a link. Without limits that
// depend on the whole path it misses none (Yen); with them it can.
func (g Graph) Alternatives(a, b slice.DPID, k int, l Limits) ([][]Hop, error) {
	best, err := g.Route(a, b, l)
	if err != nil || a == b || k < 2 {
		return [][]Hop{best}, err
	}
	found := [][]Hop{best}
	l.Avoid = slices.DeleteFunc(slices.Clone(l.Avoid), func(s slice.DPID) bool { return s == a }) // it is there already
	y := newYen(g, l)
	for _, nodes := range path.YenKShortestPaths(y, k*perWanted, unlimited, simple.Node(y.of[a]), simple.Node(y.of[b])) {
		way := y.hops(nodes)
		if len(found) < k && l.Met(way) && !sameLinks(way, best) {
			found = append(found, way)
		}
	}
	return found, nil
}

// Backup returns a cheapest path between the ends of another that shares no
// link with it, and no switch where that can be.
func (g Graph) Backup(way []Hop, l Limits) ([]Hop, bool) {
	if len(way) == 0 {
		return nil, false
	}
	first, _ := way[0].Link.from(way[0].To)
	apart := l
	for _, h := range way {
		apart.AvoidLinks = append(slices.Clip(apart.AvoidLinks), h.Link)
	}
	quite := apart
	for _, h := range way[:len(way)-1] {
		quite.Avoid = append(slices.Clip(quite.Avoid), h.To)
	}
	to := way[len(way)-1].To
	for _, limits := range []Limits{quite, apart} {
		if back, err := g.explore(first.To, to, limits); err == nil && back != nil {
			return back, true
		}
	}
	return nil, false
}

func sameLinks(x, y []Hop) bool {
	return slices.EqualFunc(x, y, func(p, q Hop) bool { return p.Link.Same(q.Link) })
}

// unlimited is more than any path costs.
const unlimited = 1 << 52

// yen is the graph as package gonum wants it. Every link is a node too, in the
// middle between its switches, so that parallel links are told apart.
type yen struct {
	graph.Graph // for the methods that nobody calls

	of    map[slice.DPID]int64
	next  map[int64][]graph.Node
	cost  map[[2]int64]float64
	links map[int64]Link
	at    map[int64]slice.DPID
}

func newYen(g Graph, l Limits) yen {
	y := yen{
		of: map[slice.DPID]int64{}, next: map[int64][]graph.Node{}, cost: map[[2]int64]float64{},
		links: map[int64]Link{}, at: map[int64]slice.DPID{},
	}
	for i, s := range slices.Sorted(slices.Values(g.Switches)) {
		y.of[s], y.at[int64(i)] = int64(i), s
	}
	for _, link := range slices.SortedFunc(slices.Values(g.Links), g.compare) {
		a, okA := y.of[link.A.Switch]
		b, okB := y.of[link.B.Switch]
		if !okA || !okB || a == b || !l.admits(link) || slices.Contains(l.Avoid, link.A.Switch) || slices.Contains(l.Avoid, link.B.Switch) {
			continue
		}
		middle := int64(len(y.of) + len(y.links))
		y.links[middle] = link
		y.join(a, middle, link)
		y.join(b, middle, link)
	}
	return y
}

func (y yen) join(a, b int64, l Link) {
	y.next[a] = append(y.next[a], simple.Node(b))
	y.next[b] = append(y.next[b], simple.Node(a))
	y.cost[[2]int64{a, b}], y.cost[[2]int64{b, a}] = float64(l.cost())/2, float64(l.cost())/2
}

// From returns the neighbours of a node in a fixed order.
func (y yen) From(id int64) graph.Nodes {
	return iterator.NewOrderedNodes(slices.Clone(y.next[id]))
}

// Edge returns the edge between two nodes, or nil.
func (y yen) Edge(a, b int64) graph.Edge {
	w, ok := y.Weight(a, b)
	if !ok {
		return nil
	}
	return simple.WeightedEdge{F: simple.Node(a), T: simple.Node(b), W: w}
}

// Weight returns half of the cost of the link that two nodes are a part of.
func (y yen) Weight(a, b int64) (float64, bool) {
	w, ok := y.cost[[2]int64{a, b}]
	return w, ok
}

// hops reads a path of gonum's.
func (y yen) hops(nodes []graph.Node) []Hop {
	var way []Hop
	for i := 1; i < len(nodes); i += 2 {
		h, _ := y.links[nodes[i].ID()].from(y.at[nodes[i-1].ID()])
		way = append(way, h)
	}
	return way
}
