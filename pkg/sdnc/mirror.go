package sdnc

import (
	"slices"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/topology"
)

// Mirror makes a port the one that gets a copy of every frame of a network and
// sends nothing, in place of another. Nobody shall believe in copies that are
// not made: the switch has to be known, and links have to lead to it from every
// switch with a port of the network that is known.
func (g *Guests) Mirror(t slice.NetworkType, name string, at topology.End) error {
	return g.change(t, name, func(n *GuestNetwork) error {
		if at == n.Mirror {
			return nil
		}
		if slices.Contains(n.Ends, at) {
			return slice.Errorf(slice.Conflict, "port %d of switch of:%s is in network %s: a mirror port is in none", at.Port, at.Switch, name)
		}
		if err := g.free(slice.NetworkID{}, at); err != nil {
			return err
		}
		if err := g.reachable(n.Ends, at.Switch); err != nil {
			return err
		}
		n.Mirror = at
		return nil
	})
}

// reachable reports a switch that no link leads to from that of an end.
func (g *Guests) reachable(ends []topology.End, to slice.DPID) error {
	known := map[slice.DPID]bool{}
	for _, n := range g.fabric.Nodes() {
		known[n.DPID] = n.Guest
	}
	if !known[to] {
		return slice.Errorf(slice.Conflict, "switch of:%s has never connected: nothing can be copied to it", to)
	}
	next := map[slice.DPID][]slice.DPID{}
	for _, l := range g.fabric.Links() {
		if l.Up {
			next[l.A.Switch] = append(next[l.A.Switch], l.B.Switch)
			next[l.B.Switch] = append(next[l.B.Switch], l.A.Switch)
		}
	}
	near := map[slice.DPID]bool{to: true}
	for todo := []slice.DPID{to}; len(todo) > 0; todo = todo[1:] {
		for _, d := range next[todo[0]] {
			if !near[d] {
				near[d] = true
				todo = append(todo, d)
			}
		}
	}
	for _, e := range ends {
		if known[e.Switch] && !near[e.Switch] {
			return slice.Errorf(slice.Conflict, "no link leads from switch of:%s to switch of:%s: nothing can be copied there", e.Switch, to)
		}
	}
	return nil
}
