package topology

import (
	"cmp"
	"container/heap"

	"github.com/l2sces/l2sces/pkg/slice"
)

// NextHops returns the first hop of a cheapest path to a switch, for every
// other switch that has one. Followed from anywhere, the hops end at the
// switch: each one brings a frame nearer.
func (g Graph) NextHops(to slice.DPID) map[slice.DPID]Hop {
	next := map[slice.DPID]Hop{}
	toward := g.Toward(to)
	for _, s := range g.Switches {
		if h, ok := toward(s); ok {
			next[s] = h
		}
	}
	return next
}

// Path returns the hops of the cheapest path between two switches, none if
// they are one. It goes along NextHops.
func (g Graph) Path(a, b slice.DPID) ([]Hop, error) {
	next := g.Toward(b)
	var path []Hop
	for at := a; at != b; {
		h, ok := next(at)
		if !ok {
			return nil, slice.Errorf(slice.Unavailable, "no path from switch %s to switch %s", a, b)
		}
		path = append(path, h)
		at = h.To
	}
	return path, nil
}

// A found tells how a search reached the switches: back holds, for each, the
// hop that leads one step nearer to where the search began.
type found struct {
	back  map[slice.DPID]Hop
	order []slice.DPID // those that have a hop back, nearest first
	goal  slice.DPID   // the nearest switch that was looked for
	ok    bool         // there is one
}

// way returns the hops from a switch back to where the search began.
func (f found) way(from slice.DPID) []Hop {
	var way []Hop
	for h, ok := f.back[from]; ok; h, ok = f.back[h.To] {
		way = append(way, h)
	}
	return way
}

// search spreads from some switches at once, nearest first, until it meets one
// that is looked for, or over everything if none is (Dijkstra). Of two equal
// ways it takes the one over the switch with the lower identifier, then the
// one over the link that comes first, unless the spread of the graph chooses.
func (g Graph) search(hops map[slice.DPID][]Hop, from []slice.DPID, wanted func(slice.DPID) bool) found {
	f := found{back: map[slice.DPID]Hop{}}
	done := map[slice.DPID]bool{}
	var q queue
	for _, s := range from {
		q = append(q, step{at: s})
	}
	heap.Init(&q)
	for q.Len() > 0 {
		s := q.next()
		if done[s.at] {
			continue
		}
		done[s.at] = true
		if s.dist > 0 {
			f.back[s.at] = s.back
			f.order = append(f.order, s.at)
		}
		if wanted != nil && wanted(s.at) {
			f.goal, f.ok = s.at, true
			return f
		}
		for i, h := range hops[s.at] {
			if done[h.To] {
				continue
			}
			back, _ := h.Link.from(h.To)
			heap.Push(&q, step{at: h.To, dist: s.dist + h.Link.cost(), lot: g.lot(h.Link), back: back, rank: i})
		}
	}
	return f
}

// A step is a switch that a search may visit next.
type step struct {
	at   slice.DPID
	dist uint64
	lot  uint64
	back Hop
	rank int // of the link among those of the switch it comes from
}

// A queue holds steps, nearest first (container/heap).
type queue []step

func (q queue) Len() int      { return len(q) }
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }

func (q queue) Less(i, j int) bool {
	x, y := q[i], q[j]
	return cmp.Or(
		cmp.Compare(x.dist, y.dist),
		cmp.Compare(x.lot, y.lot),
		cmp.Compare(x.at, y.at),
		cmp.Compare(x.back.To, y.back.To),
		cmp.Compare(x.rank, y.rank),
	) < 0
}

// Push adds a step; package heap calls it.
func (q *queue) Push(x any) {
	if s, ok := x.(step); ok {
		*q = append(*q, s)
	}
}

// Pop takes the last step off; package heap calls it.
func (q *queue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

// next takes off the nearest step.
func (q *queue) next() step {
	s, _ := heap.Pop(q).(step) // a queue holds nothing else
	return s
}
