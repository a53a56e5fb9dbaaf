package topology

import (
	"slices"

	"github.com/l2sces/l2sces/pkg/slice"
)

// Detours are ways to one switch that lead around any one link. Every other
// switch has two ways out whose walks begin with different links and come to no
// switch twice, wherever the graph has two such. Which walk a frame is on is
// told by the port that it came in by, so that it takes no mark of its own.
type Detours struct {
	to   slice.DPID
	ways map[slice.DPID]*fork
}

// A fork is the two ways out of a switch. At a bridge, the one link that leads
// on, both are the same.
type fork struct {
	out  [2]Hop
	cost [2]uint64
	// through says which of the two a frame takes that comes in by a port, where
	// that is not the cheaper one.
	through map[slice.Port]int
}

func (f *fork) best() int {
	if f.cost[1] < f.cost[0] {
		return 1
	}
	return 0
}

// Detours returns the detours to a switch. It grows them by ears: paths that
// begin and end at switches which have their ways already, and lead over some
// that have none yet. Along an ear one way goes forward, the other back.
func (g Graph) Detours(to slice.DPID) Detours {
	m := g.known()
	m.mu.Lock()
	defer m.mu.Unlock()
	d, ok := m.detours[to]
	if !ok {
		g.Spread = 0 // one answer for all
		d = g.detour(to)
		m.detours[to] = d
	}
	return d
}

func (g Graph) detour(to slice.DPID) Detours {
	d := Detours{to: to, ways: map[slice.DPID]*fork{}}
	hops := g.hops()
	d.ways[to] = &fork{}
	near := g.search(hops, []slice.DPID{to}, nil)
	for _, s := range near.order {
		if d.ways[s] == nil {
			d.grow(g, hops, near.back[s])
		}
	}
	return d
}

// grow adds the ear that begins with a hop into the part that has ways; the
// hop is seen from the switch that has none.
func (d Detours) grow(g Graph, hops map[slice.DPID][]Hop, back Hop) {
	start, _ := back.Link.from(back.To)
	without := hops[start.To]
	hops[start.To] = slices.DeleteFunc(slices.Clone(without), func(h Hop) bool { return h.Link.Same(back.Link) })
	f := g.search(hops, []slice.DPID{start.To}, func(s slice.DPID) bool { return d.ways[s] != nil })
	hops[start.To] = without
	if !f.ok { // a bridge: there is nothing to choose
		cost := d.cost(back)
		d.ways[start.To] = &fork{out: [2]Hop{back, back}, cost: [2]uint64{cost, cost}}
		return
	}
	// The way leads from the end of the ear to its start.
	way := f.way(f.goal)
	ear := []Hop{start}
	for _, h := range slices.Backward(way) {
		forward, _ := h.Link.from(h.To)
		ear = append(ear, forward)
	}
	d.lay(ear)
}

// lay gives the switches inside an ear their ways. The hops of the ear lead
// from its start to its end.
func (d Detours) lay(ear []Hop) {
	inner := ear[:len(ear)-1] // each leads to a switch inside
	cost := d.cost(ear[len(ear)-1])
	for i, h := range slices.Backward(inner) {
		d.ways[h.To] = &fork{out: [2]Hop{ear[i+1]}, cost: [2]uint64{cost}, through: map[slice.Port]int{}}
		cost += h.Link.cost()
	}
	first, _ := ear[0].Link.from(ear[0].To)
	cost = d.cost(first)
	for i, h := range inner {
		back, _ := h.Link.from(h.To)
		f := d.ways[h.To]
		f.out[1], f.cost[1] = back, cost
		if i > 0 {
			f.through[h.In] = 0
		}
		if i < len(inner)-1 {
			f.through[ear[i+1].Out] = 1
		}
		cost += ear[i+1].Link.cost()
	}
}

// cost returns the cost of a walk that begins with a hop into the part that
// has ways.
func (d Detours) cost(h Hop) uint64 {
	f := d.ways[h.To]
	return h.Link.cost() + f.cost[f.best()]
}

// Around returns the cheaper walk from a switch that does not take a link, or
// none if every way leads over it. The walk does not take the link later either,
// in no direction.
func (d Detours) Around(at slice.DPID, l Link) []Hop {
	f := d.ways[at]
	if f == nil || at == d.to {
		return nil
	}
	best := f.best()
	for _, i := range []int{best, 1 - best} {
		if !f.out[i].Link.Same(l) {
			return d.walk(f.out[i])
		}
	}
	return nil
}

func (d Detours) walk(h Hop) []Hop {
	way := []Hop{h}
	for h.To != d.to {
		h = d.Next(h.To, h.In)
		way = append(way, h)
	}
	return way
}

// Next returns the hop that a frame on a detour takes that came to a switch by
// a port.
func (d Detours) Next(at slice.DPID, in slice.Port) Hop {
	f := d.ways[at]
	i, ok := f.through[in]
	if !ok {
		i = f.best()
	}
	return f.out[i]
}
