package pipeline

import (
	"cmp"
	"slices"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/slice"
)

// known makes a rule of a network.
func known(n Network, t *flow.Table, match []flow.Match, actions ...flow.Action) flow.Flow {
	return flow.Flow{Table: t, Priority: flow.Known, Owner: n.Number, Match: match, Actions: actions}
}

// fromTenant gives a frame to the network of the port it came in by, and has
// it looked at.
func fromTenant(n Network, a Attachment) flow.Flow {
	return known(n, Classify, []flow.Match{flow.InPort(a.Port)}, flow.Mark(n.Number), flow.Goto(Guard))
}

// fromTunnel gives a frame to the network whose number it carries. Another
// switch has looked at it.
func fromTunnel(n Network, p slice.Port) flow.Flow {
	return known(n, Classify, []flow.Match{flow.InPort(p), flow.VNI(n.Number)}, flow.Mark(n.Number), flow.Goto(Forward))
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

// byAnySender lets every frame pass that Base does not stop: who is behind the
// port of an ext-vnet is not known.
func byAnySender(n Network, a Attachment) flow.Flow {
	return known(n, Guard, []flow.Match{flow.InPort(a.Port)}, flow.Goto(Limit))
}

// limited sends a frame through the meter of its port.
func limited(n Network, a Attachment, m flow.Meter) flow.Flow {
	return known(n, Limit, []flow.Match{flow.InPort(a.Port)}, flow.Limit(m.ID), flow.Goto(Mirror))
}

// minBurst is what a meter lets pass at once at the least, in kilobits: ten
// frames of full size. Less would stop a slow network altogether.
const minBurst = 128

// capOf is the meter of a tenant port. It has the number of the port, and lets
// a tenth of a second's worth pass at once.
func capOf(n Network, a Attachment) flow.Meter {
	return flow.Meter{ID: uint32(a.Port), Kbps: n.BandwidthKbps, Burst: max(n.BandwidthKbps/10, minBurst), Owner: n.Number}
}

// toKnown sends a frame for a known address out of the port behind which it
// is, or to the next switch on the way there. There is no rule in a switch that
// is on no such way.
func toKnown(n Network, r route, s slice.DPID, a Attachment, mac slice.MAC) (flow.Flow, bool) {
	match := []flow.Match{flow.InNetwork(n.Number), flow.To(mac)}
	if a.Switch == s {
		return known(n, Forward, match, out(a)...), true
	}
	h, ok := r.next[a.Switch][s]
	return known(n, Forward, match, over(n, h.Out)...), ok
}

// out leaves by a port of the network.
func out(a Attachment) []flow.Action {
	if a.tenant() {
		return []flow.Action{flow.Output(a.Port)}
	}
	return []flow.Action{flow.PushLabel(a.Label), flow.Output(a.Port)}
}

// over leaves by a tunnel.
func over(n Network, p slice.Port) []flow.Action {
	return []flow.Action{flow.SetTunnel(n.Number), flow.Output(p)}
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
		ways = append(ways, way{h.Out, over(n, h.Out)})
	}
	slices.SortFunc(ways, func(x, y way) int { return cmp.Compare(x.port, y.port) })
	g := flow.Group{ID: uint32(n.Number), Type: flow.All, Owner: n.Number}
	for _, w := range ways {
		g.Buckets = append(g.Buckets, flow.Bucket{Actions: w.actions})
	}
	return g
}
