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

	steering   steering
	protection protection
	mirroring  mirroring
}

// routes finds the ways of a network. Frames for all take a tree that holds the
// explicit paths. Frames for one take the same tree if there are such paths, or
// if the network is open and the next switch may flood them; else they take a
// cheapest path to the switch that they are for, and none leaves it. Of paths
// that cost the same the number of the network chooses.
func routes(n Network, g topology.Graph) (route, error) {
	g.Spread = uint32(n.Number)
	steering, err := n.steer(g)
	if err != nil {
		return route{}, err
	}
	members, known := n.switches()
	tree, err := g.Tree(members, steering.links)
	if err != nil {
		return route{}, err
	}
	r := route{tree: tree, next: map[slice.DPID]map[slice.DPID]topology.Hop{}, used: map[slice.DPID]map[slice.Port]topology.Link{}, steering: steering}
	for _, l := range tree.Links() {
		r.use(l)
	}
	nearest := g.Toward
	if len(steering.links) > 0 || n.open() {
		nearest = tree.Toward
	}
	for _, to := range known {
		r.next[to] = map[slice.DPID]topology.Hop{}
		hops := nearest(to)
		for _, from := range members {
			for h, ok := hops(from); ok; h, ok = hops(from) {
				r.next[to][from] = h
				r.use(h.Link)
				from = h.To
			}
		}
	}
	if n.Backup != 0 {
		r.protect(n, g, members)
	}
	if n.mirrored() {
		r.mirror(n, g)
	}
	return r, r.fits(n)
}

// fits wants numbers that the links can carry: a wire has room for a label.
func (r route) fits(n Network) error {
	for _, used := range []map[slice.DPID]map[slice.Port]topology.Link{r.used, r.protection.in, r.mirroring.in} {
		for _, ports := range used {
			for _, l := range ports {
				if l.Wire && max(n.Number, n.Backup, n.Copies) > slice.Network(slice.MaxVLAN) {
					return slice.Errorf(slice.Exhausted, "link %s has labels up to %d and no tunnel", l.Name, slice.MaxVLAN)
				}
			}
		}
	}
	return nil
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

// ends returns the ports that are ends of links which carry the network, now or
// while another link is down.
func (r route) ends() map[topology.End]bool {
	all := map[topology.End]bool{}
	for _, used := range []map[slice.DPID]map[slice.Port]topology.Link{r.used, r.protection.in, r.mirroring.in} {
		for s, ports := range used {
			for p := range ports {
				all[topology.End{Switch: s, Port: p}] = true
			}
		}
	}
	return all
}

// links returns the names of the links that carry the network.
func (r route) links() []string {
	names := map[string]bool{}
	for _, used := range []map[slice.DPID]map[slice.Port]topology.Link{r.used, r.mirroring.in} {
		for _, ports := range used {
			for _, l := range ports {
				names[l.Name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}
