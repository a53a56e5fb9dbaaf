package topology

import (
	"cmp"
	"container/heap"
	"slices"
	"sync"

	"github.com/l2sces/l2sces/pkg/slice"
)

// A memo holds what has been found out about a graph and does not depend on its
// spread, so that the next question about the same graph costs little.
type memo struct {
	hops [][]Hop // out of each switch, in the order of compareLinks
	of   map[slice.DPID]int

	mu      sync.Mutex
	dist    map[slice.DPID][]uint64 // to a switch, from each; far where there is no way
	detours map[slice.DPID]Detours
}

// far is the distance of what cannot be reached.
const far = ^uint64(0)

// Remembered returns the graph with a memory that all copies of it share. Who
// changes the switches or links of such a copy makes another graph, and must
// call Forgotten first.
func (g Graph) Remembered() Graph {
	g.memo = newMemo(g)
	return g
}

// Forgotten returns the graph without the memory of the one it was copied from.
func (g Graph) Forgotten() Graph {
	g.memo = nil
	return g
}

// known returns the memory of the graph, or a new one.
func (g Graph) known() *memo {
	if g.memo != nil {
		return g.memo
	}
	return newMemo(g)
}

func newMemo(g Graph) *memo {
	m := &memo{of: make(map[slice.DPID]int, len(g.Switches)), dist: map[slice.DPID][]uint64{}, detours: map[slice.DPID]Detours{}}
	for _, s := range g.Switches {
		if _, ok := m.of[s]; !ok {
			m.of[s] = len(m.of)
		}
	}
	m.hops = make([][]Hop, len(m.of))
	for _, l := range slices.SortedFunc(slices.Values(g.Links), compareLinks) {
		for _, s := range []slice.DPID{l.A.Switch, l.B.Switch} {
			h, ok := l.from(s)
			at, here := m.of[s]
			if _, there := m.of[h.To]; ok && here && there {
				m.hops[at] = append(m.hops[at], h)
			}
		}
	}
	return m
}

// distances returns the cost of the cheapest way to a switch, from each.
func (m *memo) distances(to slice.DPID) []uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	if d, ok := m.dist[to]; ok {
		return d
	}
	d := make([]uint64, len(m.hops))
	for i := range d {
		d[i] = far
	}
	m.dist[to] = d
	start, ok := m.of[to]
	if !ok {
		return d
	}
	d[start] = 0
	for q := (near{{start, 0}}); len(q) > 0; {
		p, _ := heap.Pop(&q).(place) // it holds nothing else
		if p.dist > d[p.at] {
			continue
		}
		for _, h := range m.hops[p.at] {
			next := m.of[h.To]
			if cost := p.dist + h.Link.cost(); cost < d[next] {
				d[next] = cost
				heap.Push(&q, place{next, cost})
			}
		}
	}
	return d
}

// step returns the first hop of a cheapest way from a switch, by distances. Of
// several it takes the one that the spread of the graph chooses.
func (g Graph) step(m *memo, dist []uint64, at slice.DPID) (Hop, bool) {
	here, ok := m.of[at]
	if !ok || dist[here] == 0 || dist[here] == far {
		return Hop{}, false
	}
	var best Hop
	found := false
	for _, h := range m.hops[here] { // the first of equal ones is the one to take
		if d := dist[m.of[h.To]]; d == far || d+h.Link.cost() != dist[here] {
			continue
		}
		if !found || g.before(h, best) {
			best, found = h, true
		}
	}
	return best, found
}

// before reports whether one of two equal ways is taken rather than the other.
func (g Graph) before(x, y Hop) bool {
	return cmp.Or(cmp.Compare(g.lot(x.Link), g.lot(y.Link)), cmp.Compare(x.To, y.To)) < 0
}

// Toward returns the function that tells the next hop to a switch from any
// other that has a way there. Its hops are those of NextHops.
func (g Graph) Toward(to slice.DPID) func(at slice.DPID) (Hop, bool) {
	m := g.known()
	dist := m.distances(to)
	return func(at slice.DPID) (Hop, bool) { return g.step(m, dist, at) }
}

// A place is a switch at a distance.
type place struct {
	at   int
	dist uint64
}

// near are places, nearest first (container/heap).
type near []place

func (q near) Len() int           { return len(q) }
func (q near) Less(i, j int) bool { return q[i].dist < q[j].dist }
func (q near) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }

// Push adds a place; package heap calls it.
func (q *near) Push(x any) {
	if p, ok := x.(place); ok {
		*q = append(*q, p)
	}
}

// Pop takes the last place off; package heap calls it.
func (q *near) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}
