package topology

import (
	"cmp"
	"container/heap"
	"slices"
	"time"

	"github.com/l2sces/l2sces/pkg/slice"
)

// maxTrails bounds how many beginnings of paths a search looks at. Limits on
// latency, or switches to pass, can make the number of ways to try explode.
const maxTrails = 200_000

// A trail is the beginning of a path that a search may go on with.
type trail struct {
	at      slice.DPID
	passed  int // how many of the switches to pass it has come to
	cost    uint64
	latency time.Duration
	hop     Hop    // the last one
	before  *trail // nil where the path begins
	rank    int    // in the order of finding
}

// explore finds the cheapest path within limits, or none. It goes on with the
// cheapest trail, and drops one that another has bettered: one that is at the
// same switch, has passed as much, costs no more and takes no longer.
func (g Graph) explore(a, b slice.DPID, l Limits) ([]Hop, error) {
	hops := g.hops()
	kept := map[slice.DPID][]*trail{}
	first := &trail{at: a}
	first.pass(l)
	open := trails{first}
	for found := 1; len(open) > 0; {
		t := open.next()
		if t.at == b {
			return t.hops(), nil
		}
		if slices.ContainsFunc(kept[t.at], func(o *trail) bool { return o.betters(t, l) }) {
			continue
		}
		kept[t.at] = append(kept[t.at], t)
		for _, h := range hops[t.at] {
			next := t.take(h, found)
			if !l.admits(h.Link) || slices.Contains(l.Avoid, h.To) || t.visits(h.To) || !next.pass(l) ||
				l.MaxLatency != 0 && next.latency > l.MaxLatency || h.To == b && next.passed < len(l.Through) {
				continue
			}
			if found++; found > maxTrails {
				return nil, slice.Errorf(slice.Exhausted, "from switch %s to switch %s there are too many ways to try: ask for fewer hops to pass, or a looser limit", a, b)
			}
			heap.Push(&open, next)
		}
	}
	return nil, nil
}

// take returns the trail with one more hop.
func (t *trail) take(h Hop, rank int) *trail {
	return &trail{
		at: h.To, passed: t.passed, cost: t.cost + h.Link.cost(), latency: t.latency + h.Link.Latency,
		hop: h, before: t, rank: rank,
	}
}

// pass notes that the trail has come to a switch to pass. It reports false if
// another one would have had to come first: nobody comes to a switch twice.
func (t *trail) pass(l Limits) bool {
	switch i := slices.Index(l.Through[t.passed:], t.at); {
	case i == 0:
		t.passed++
	case i > 0:
		return false
	}
	return true
}

func (t *trail) visits(s slice.DPID) bool {
	for ; t != nil; t = t.before {
		if t.at == s {
			return true
		}
	}
	return false
}

// betters reports whether whatever path begins with the other trail, one that
// is as good begins with this. If there are switches to pass, it must leave as
// many ways open: cutting a loop short could lose one of them.
func (t *trail) betters(o *trail, l Limits) bool {
	if t.passed != o.passed || t.cost > o.cost || l.MaxLatency != 0 && t.latency > o.latency {
		return false
	}
	if len(l.Through) == 0 {
		return true
	}
	for at := t; at != nil; at = at.before {
		if !o.visits(at.at) {
			return false
		}
	}
	return true
}

func (t *trail) hops() []Hop {
	var all []Hop
	for ; t.before != nil; t = t.before {
		all = append(all, t.hop)
	}
	slices.Reverse(all)
	return all
}

// trails are the ones to go on with, cheapest first (container/heap).
type trails []*trail

func (q trails) Len() int      { return len(q) }
func (q trails) Swap(i, j int) { q[i], q[j] = q[j], q[i] }

func (q trails) Less(i, j int) bool {
	x, y := q[i], q[j]
	return cmp.Or(cmp.Compare(x.cost, y.cost), cmp.Compare(x.latency, y.latency), cmp.Compare(x.rank, y.rank)) < 0
}

// Push adds a trail; package heap calls it.
func (q *trails) Push(x any) {
	if t, ok := x.(*trail); ok {
		*q = append(*q, t)
	}
}

// Pop takes the last trail off; package heap calls it.
func (q *trails) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

func (q *trails) next() *trail {
	t, _ := heap.Pop(q).(*trail) // it holds nothing else
	return t
}
