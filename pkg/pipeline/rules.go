package pipeline

import (
	"cmp"
	"slices"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/topology"
)

// known makes a rule of a network.
func known(n Network, t *flow.Table, match []flow.Match, actions ...flow.Action) flow.Flow {
	return flow.Flow{Table: t, Priority: flow.Known, Owner: n.Number, Match: match, Actions: actions}
}

// fromTenant gives a frame to the network of the port it came in by, and has
// it looked at. Where the network has a bandwidth, all that the port sends
// counts.
func fromTenant(n Network, a Attachment) flow.Flow {
	var actions []flow.Action
	if n.BandwidthKbps > 0 {
		actions = append(actions, flow.Limit(capOf(n, a).ID))
	}
	return known(n, Classify, []flow.Match{flow.InPort(a.Port)}, append(actions, flow.Mark(n.Number), flow.Goto(Guard))...)
}

// fromTunnel gives a frame to the network whose number it carries. Another
// switch has looked at it.
func fromTunnel(n Network, number slice.Network, p slice.Port, l topology.Link) flow.Flow {
	if l.Wire {
		return known(n, Classify, []flow.Match{flow.InPort(p), flow.Label(slice.VLAN(number))}, flow.PopLabel(), flow.Mark(number), flow.Goto(Forward))
	}
	return known(n, Classify, []flow.Match{flow.InPort(p), flow.VNI(number)}, flow.Mark(number), flow.Goto(Forward))
}

// fromHandOff takes the label off a frame and gives it to the network of the
// label. A switch of the other fabric has looked at it.
func fromHandOff(n Network, a Attachment) flow.Flow {
	return known(n, Classify, []flow.Match{flow.InPort(a.Port), flow.Label(a.Label)},
		flow.PopLabel(), flow.Mark(n.Number), flow.Goto(Forward))
}

// bySender lets a frame pass if the address that it names as its sender's is
// one that is behind the port.
func bySender(n Network, a Attachment, mac slice.MAC) flow.Flow {
	return known(n, Guard, []flow.Match{flow.InPort(a.Port), flow.From(mac)}, flow.Goto(Limit))
}

// limited sends frames for everybody through a meter of their own.
func limited(n Network, a Attachment, m flow.Meter) flow.Flow {
	return known(n, Limit, []flow.Match{flow.InPort(a.Port), flow.To(slice.Broadcast)}, flow.Limit(m.ID), flow.Goto(Mirror))
}

// toKnown sends a frame for a known address out of the port behind which it
// is, or to the next switch on the way there. There is no rule in a switch that
// is on no such way.
func toKnown(n Network, r route, s slice.DPID, a Attachment, mac slice.MAC) []flow.Flow {
	match := []flow.Match{flow.InNetwork(n.Number), flow.To(mac)}
	if a.Switch == s {
		return []flow.Flow{known(n, Forward, match, out(a)...)}
	}
	h, ok := r.next[a.Switch][s]
	if !ok {
		return nil
	}
	if protected := toProtected(n, r, s, a, mac); protected != nil {
		return protected
	}
	return []flow.Flow{known(n, Forward, match, over(n.Number, h)...)}
}

// out leaves by a port of the network.
func out(a Attachment) []flow.Action {
	if a.tenant() {
		return []flow.Action{flow.Output(a.Port)}
	}
	return []flow.Action{flow.PushLabel(a.Label), flow.Output(a.Port)}
}

// over leaves by a link, under a number of the network.
func over(number slice.Network, h topology.Hop) []flow.Action {
	if h.Link.Wire {
		return []flow.Action{flow.PushLabel(slice.VLAN(number)), flow.Output(h.Out)}
	}
	return []flow.Action{flow.SetTunnel(number), flow.Output(h.Out)}
}

// toUnknown hands a frame for an address that nobody knows to everybody: in an
// open network one of them may have it.
func toUnknown(n Network) flow.Flow {
	f := known(n, Forward, []flow.Match{flow.InNetwork(n.Number)}, flow.Goto(Flood))
	f.Priority = flow.Default
	return f
}

// toAll sends a frame that Forward leaves to it to everybody in the network.
func toAll(n Network) flow.Flow {
	return known(n, Flood, []flow.Match{flow.InNetwork(n.Number)}, flow.ToGroup(uint32(n.Number)))
}

// everybody is the group of a network in one switch: its ports there and the
// links of its tree, by port. A switch passes over the bucket by which the
// frame came in.
func everybody(n Network, r route, s slice.DPID) flow.Group {
	type way struct {
		port    slice.Port
		actions []flow.Action
	}
	var ways []way
	for _, a := range n.Attachments {
		if a.Switch == s {
			ways = append(ways, way{a.Port, out(a)})
		}
	}
	for _, h := range r.tree.Neighbours(s) {
		ways = append(ways, way{h.Out, over(n.Number, h)})
	}
	slices.SortFunc(ways, func(x, y way) int { return cmp.Compare(x.port, y.port) })
	g := flow.Group{ID: uint32(n.Number), Type: flow.All, Owner: n.Number}
	for _, w := range ways {
		g.Buckets = append(g.Buckets, flow.Bucket{Actions: w.actions})
	}
	return g
}
