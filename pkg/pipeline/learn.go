package pipeline

import (
	"maps"
	"slices"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/slice"
)

// LearnedIdle is how many seconds a learned address may be silent before its
// flows go.
const LearnedIdle = 300

// learns reports whether addresses behind the port are learned from its
// frames.
func (n Network) learns(a Attachment) bool {
	return a.tenant() && n.Type == slice.ExtVNet && len(a.Behind) == 0
}

// byUnknownSender sends a frame up whose sender is not known, and no further.
// The controller puts the flows of Plan.Learned and sends the frame on its way.
func byUnknownSender(n Network, a Attachment, m flow.Meter) flow.Flow {
	f := known(n, Guard, []flow.Match{flow.InPort(a.Port)}, flow.Limit(m.ID), flow.ToController())
	f.Priority = flow.Default
	return f
}

// teach has the plan remember what its network can learn.
func (p *Plan) teach(n Network, r route) {
	for _, a := range n.Attachments {
		if n.learns(a) {
			p.learning = append(p.learning, a)
		}
	}
	if len(p.learning) == 0 {
		return
	}
	p.number, p.ways, p.known = n.Number, r.tree, map[slice.MAC]bool{}
	for _, a := range n.Attachments {
		for _, m := range a.Behind {
			p.known[m] = true
		}
	}
}

// Learned returns the flows that a switch gets once an address was seen behind
// a port of the network: at the switch of the port it may send, and at every
// switch that carries the network frames for it take one way. They go by
// themselves when they were not used. There are none for an address that the
// network knows, for a group, for a port that is not one of those whose
// addresses are learned, or in a switch that does not carry the network; a frame
// from such an address is not to be sent on.
func (p Plan) Learned(s slice.DPID, at Attachment, mac slice.MAC) []flow.Flow {
	if mac.IsGroup() || mac.IsZero() || p.known[mac] || !slices.ContainsFunc(p.learning, at.same) {
		return nil
	}
	n := Network{Number: p.number}
	match := []flow.Match{flow.InNetwork(p.number), flow.To(mac)}
	if s == at.Switch {
		return []flow.Flow{learned(bySender(n, at, mac)), learned(known(n, Forward, match, out(at)...))}
	}
	h, ok := p.ways.NextHops(at.Switch)[s]
	if !ok {
		return nil
	}
	return []flow.Flow{learned(known(n, Forward, match, over(n.Number, h)...))}
}

func learned(f flow.Flow) flow.Flow {
	f.Learned, f.Idle = true, LearnedIdle
	return f
}

// same reports whether both are the same place.
func (a Attachment) same(o Attachment) bool {
	return a.Switch == o.Switch && a.Port == o.Port && a.Label == o.Label
}

// Learning returns the port of a switch behind which the network learns
// addresses, if it is one.
func (p Plan) Learning(s slice.DPID, port slice.Port) (Attachment, bool) {
	i := slices.IndexFunc(p.learning, func(a Attachment) bool { return a.Switch == s && a.Port == port })
	if i < 0 {
		return Attachment{}, false
	}
	return p.learning[i], true
}

// Learns reports whether there are ports behind which addresses are learned.
func (p Plan) Learns() bool { return len(p.learning) > 0 }

// Switches returns the switches that carry the network, sorted.
func (p Plan) Switches() []slice.DPID { return slices.Sorted(maps.Keys(p.Rules)) }
