package pipeline

import (
	"maps"
	"slices"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/topology"
)

// A route is the way of a network's frames through the fabric.
type route struct {
	tree topology.Tree                               // of frames for all
	next map[slice.DPID]map[slice.DPID]topology.Hop  // of frames for one: by the switch they are for, by the switch they are at
	used map[slice.DPID]map[slice.Port]topology.Link // links that carry the network, by switch and port
}

// routes finds the ways of a network. Frames for all take a tree that holds the
// explicit paths. Frames for one take the same tree if there are such paths, or
// if the network is open and the next switch may flood them; else they take a
// cheapest path to the switch that they are for, and none leaves it.
func routes(n Network, g topology.Graph) (route, error) {
	forced, err := n.forced(g)
	if err != nil {
		return route{}, err
	}
	members, known := n.switches()
	tree, err := g.Tree(members, forced)
	if err != nil {
		return route{}, err
	}
	r := route{tree: tree, next: map[slice.DPID]map[slice.DPID]topology.Hop{}, used: map[slice.DPID]map[slice.Port]topology.Link{}}
	for _, l := range tree.Links() {
		r.use(l)
	}
	nearest := g.NextHops
	if len(forced) > 0 || n.open() {
		nearest = tree.NextHops
	}
	for _, to := range known {
		r.next[to] = map[slice.DPID]topology.Hop{}
		hops := nearest(to)
		for _, from := range members {
			for h, ok := hops[from]; ok; h, ok = hops[from] {
				r.next[to][from] = h
				r.use(h.Link)
				from = h.To
			}
		}
	}
	return r, nil
}

// forced returns the links of the explicit paths.
func (n Network) forced(g topology.Graph) ([]topology.Link, error) {
	var links []topology.Link
	for _, path := range n.Paths {
		if len(path) < 2 {
			return nil, slice.Errorf(slice.Invalid, "network %d: an explicit path has %d switches, not two or more", n.Number, len(path))
		}
		for i, at := range path[1:] {
			from := path[i]
			if slices.Contains(path[:i+1], at) {
				return nil, slice.Errorf(slice.Invalid, "network %d: an explicit path comes to switch %s twice", n.Number, at)
			}
			between := g.Between(from, at)
			if len(between) == 0 {
				return nil, slice.Errorf(slice.Unavailable, "network %d: there is no link for the explicit path from switch %s to switch %s", n.Number, from, at)
			}
			links = append(links, between[0])
		}
	}
	return links, nil
}

// switches returns the switches that have ports of the network, and those among
// them behind whose ports addresses are known.
func (n Network) switches() (members, known []slice.DPID) {
	all, some := map[slice.DPID]bool{}, map[slice.DPID]bool{}
	for _, a := range n.Attachments {
		all[a.Switch] = true
		if len(a.Behind) > 0 {
			some[a.Switch] = true
		}
	}
	return slices.Sorted(maps.Keys(all)), slices.Sorted(maps.Keys(some))
}

func (r route) use(l topology.Link) {
	for _, e := range []topology.End{l.A, l.B} {
		if r.used[e.Switch] == nil {
			r.used[e.Switch] = map[slice.Port]topology.Link{}
		}
		r.used[e.Switch][e.Port] = l
	}
}

// links returns the names of the links that carry the network.
func (r route) links() []string {
	names := map[string]bool{}
	for _, ports := range r.used {
		for _, l := range ports {
			names[l.Name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}
