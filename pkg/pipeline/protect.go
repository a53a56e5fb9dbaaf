package pipeline

import (
	"cmp"
	"maps"
	"slices"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/topology"
)

// A protection holds the ways of frames for one address whose link is down.
// They carry a second number, and never get the first one back: a frame leaves
// its way once at most.
type protection struct {
	around map[slice.DPID]map[slice.DPID]topology.Hop                // the first hop around: by the switch frames are for, by the one they are at
	next   map[slice.DPID]map[slice.DPID]map[slice.Port]topology.Hop // and the next ones, by the port they come in by
	in     map[slice.DPID]map[slice.Port]topology.Link               // links by which they come, by switch and port

	branches map[slice.DPID][]branch // in the order of their groups
}

// protect finds a way around each link that frames of a network take.
func (r *route) protect(n Network, g topology.Graph, members []slice.DPID) {
	if avoided := n.avoided(members); len(avoided) > 0 {
		g = g.Forgotten()
		g.Switches = slices.DeleteFunc(slices.Clone(g.Switches), func(s slice.DPID) bool { return avoided[s] })
	}
	p := protection{
		around: map[slice.DPID]map[slice.DPID]topology.Hop{}, next: map[slice.DPID]map[slice.DPID]map[slice.Port]topology.Hop{},
		in: map[slice.DPID]map[slice.Port]topology.Link{}, branches: map[slice.DPID][]branch{},
	}
	for to, hops := range r.next {
		detours := g.Detours(to)
		for at, h := range hops {
			if way := detours.Around(at, h.Link); way != nil {
				p.lay(to, at, way)
			}
		}
	}
	r.protection = p
	for _, at := range g.Switches {
		if found := r.branches(at); len(found) > 0 {
			p.branches[at] = found
		}
	}
}

// lay enters a way around a link: it begins at a switch and ends at another.
func (p protection) lay(to, at slice.DPID, way []topology.Hop) {
	if p.around[to] == nil {
		p.around[to], p.next[to] = map[slice.DPID]topology.Hop{}, map[slice.DPID]map[slice.Port]topology.Hop{}
	}
	p.around[to][at] = way[0]
	for i, h := range way {
		if p.in[h.To] == nil {
			p.in[h.To] = map[slice.Port]topology.Link{}
		}
		p.in[h.To][h.In] = h.Link
		if i+1 == len(way) {
			return
		}
		if p.next[to][h.To] == nil {
			p.next[to][h.To] = map[slice.Port]topology.Hop{}
		}
		p.next[to][h.To][h.In] = way[i+1]
	}
}

// links returns the names of the links that carry frames when another is down.
func (p protection) links() []string {
	names := map[string]bool{}
	for _, ports := range p.in {
		for _, l := range ports {
			names[l.Name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// A branch is a way out of a switch and the way around it.
type branch struct {
	first, around topology.Hop
	back          bool // the way around begins where the frame came from
}

// branches finds those of a switch.
func (r route) branches(s slice.DPID) []branch {
	var all []branch
	for to := range r.protection.around {
		if b, ok := r.branch(to, s); ok {
			all = append(all, b)
			if r.meets(to, b) {
				b.back = true
				all = append(all, b)
			}
		}
	}
	slices.SortFunc(all, func(x, y branch) int {
		return cmp.Or(cmp.Compare(x.first.Out, y.first.Out), cmp.Compare(x.around.Out, y.around.Out), compareBools(x.back, y.back))
	})
	return slices.CompactFunc(all, branch.same)
}

func compareBools(x, y bool) int {
	switch {
	case x == y:
		return 0
	case y:
		return -1
	}
	return 1
}

// same reports whether two branches of a switch are one.
func (b branch) same(o branch) bool {
	return b.first.Out == o.first.Out && b.around.Out == o.around.Out && b.back == o.back
}

// branch returns the branch at a switch of frames for another.
func (r route) branch(to, s slice.DPID) (branch, bool) {
	around, ok := r.protection.around[to][s]
	return branch{first: r.next[to][s], around: around}, ok
}

// meets reports whether frames come in by the port by which a branch leads
// around: a switch does not send them back there without being told so.
func (r route) meets(to slice.DPID, b branch) bool {
	h, ok := r.next[to][b.around.To]
	return ok && h.Link.Same(b.around.Link)
}

// The groups of a network beside that of frames for all: k<<24|N.
const (
	groupShift = 24
	maxGroups  = 250
)

// group returns the number of the group of a branch, or zero if there are more
// branches than numbers.
func (r route) group(n Network, s slice.DPID, b branch) uint32 {
	k := 1 + slices.IndexFunc(r.protection.branches[s], b.same)
	if k == 0 || k > maxGroups {
		return 0
	}
	return uint32(k)<<groupShift | uint32(n.Number) //nolint:gosec // at most 250
}

// failovers returns the groups of a switch that take the way around while the
// first one is down.
func failovers(n Network, r route, s slice.DPID) []flow.Group {
	var all []flow.Group
	for _, b := range r.protection.branches[s] {
		around := over(n.Backup, b.around)
		if b.back {
			around[len(around)-1] = flow.Return()
		}
		if id := r.group(n, s, b); id != 0 {
			all = append(all, flow.Group{ID: id, Type: flow.FastFailover, Owner: n.Number, Buckets: []flow.Bucket{
				{Watch: b.first.Out, Actions: over(n.Number, b.first)},
				{Watch: b.around.Out, Actions: around},
			}})
		}
	}
	return all
}

// toProtected sends a frame for a known address to the next switch, or around
// the link there while that is down.
func toProtected(n Network, r route, s slice.DPID, a Attachment, mac slice.MAC) []flow.Flow {
	b, ok := r.branch(a.Switch, s)
	id := r.group(n, s, b)
	if !ok || id == 0 {
		return nil
	}
	match := []flow.Match{flow.InNetwork(n.Number), flow.To(mac)}
	all := []flow.Flow{known(n, Forward, match, flow.ToGroup(id))}
	if b.back = true; !r.meets(a.Switch, b) {
		return all
	}
	if id = r.group(n, s, b); id != 0 {
		f := known(n, Forward, append(match[:2:2], flow.InPort(b.around.Out)), flow.ToGroup(id))
		f.Priority = flow.Override
		all = append(all, f)
	}
	return all
}

// aside sends a frame for a known address on that goes around a link which is
// down. Where it goes depends on the port that it came in by; the commonest way
// does without a condition on it.
func aside(n Network, r route, s slice.DPID, a Attachment, mac slice.MAC) []flow.Flow {
	match := []flow.Match{flow.InNetwork(n.Backup), flow.To(mac)}
	if a.Switch == s {
		if len(r.protection.around[s]) == 0 {
			return nil
		}
		return []flow.Flow{known(n, Forward, match, out(a)...)}
	}
	next := r.protection.next[a.Switch][s]
	common := commonest(next)
	var all []flow.Flow
	if len(next) > 0 {
		all = append(all, known(n, Forward, match, over(n.Backup, common)...))
	}
	for _, in := range slices.Sorted(maps.Keys(next)) {
		if next[in].Out == common.Out {
			continue
		}
		f := known(n, Forward, append(match[:2:2], flow.InPort(in)), over(n.Backup, next[in])...)
		f.Priority = flow.Override
		all = append(all, f)
	}
	return all
}

// commonest returns the hop that most ports lead to, of several the one with
// the lowest port.
func commonest(next map[slice.Port]topology.Hop) topology.Hop {
	times := map[slice.Port]int{}
	for _, h := range next {
		times[h.Out]++
	}
	var best topology.Hop
	for _, h := range next {
		if n := times[h.Out] - times[best.Out]; n > 0 || n == 0 && h.Out < best.Out {
			best = h
		}
	}
	return best
}
