package fabric

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/l2sces/l2sces/pkg/pipeline"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/topology"
)

// A Path says how the frames of a network go between two nodes.
type Path struct {
	From       slice.Node    `json:"from"`
	To         slice.Node    `json:"to"`
	Hops       []slice.Node  `json:"hops,omitempty"` // explicit: every node, with From and To; loose: those to pass, in this order
	Loose      bool          `json:"loose,omitempty"`
	MaxLatency time.Duration `json:"maxLatency,omitempty"`
	MinKbps    uint32        `json:"minKbps,omitempty"` // reserved on every link of the path
	Avoid      []slice.Node  `json:"avoid,omitempty"`
	Degrade    bool          `json:"degrade,omitempty"` // gives up what cannot be met, instead of being refused
	// Protected wants frames for known addresses to go around a link that is
	// down, at once. It holds for the whole network.
	Protected bool `json:"protected,omitempty"`
}

// Explicit returns the path over exactly these nodes: every pair of neighbours
// is a link.
func Explicit(hops ...slice.Node) Path {
	p := Path{Hops: hops}
	if len(hops) > 0 {
		p.From, p.To = hops[0], hops[len(hops)-1]
	}
	return p
}

// UnmarshalJSON reads a path. One that an earlier release wrote is the list of
// its hops.
func (p *Path) UnmarshalJSON(text []byte) error {
	var hops []slice.Node
	if err := json.Unmarshal(text, &hops); err == nil {
		*p = Explicit(hops...)
		return nil
	}
	type plain Path
	return json.Unmarshal(text, (*plain)(p))
}

// path returns a path as package pipeline wants it.
func (f *Fabric) path(p Path) (pipeline.Path, error) {
	out := pipeline.Path{Loose: p.Loose, MaxLatency: p.MaxLatency, MinKbps: p.MinKbps, Degrade: p.Degrade}
	var err error
	one := func(name slice.Node) slice.DPID {
		node, ok := f.nodes[name]
		if !ok {
			err = notJoined(name)
			return 0
		}
		return f.dpid(node)
	}
	for _, name := range p.Hops {
		out.Hops = append(out.Hops, one(name))
	}
	if err == nil {
		out.From, out.To = one(p.From), one(p.To)
	}
	for _, name := range p.Avoid {
		if node, ok := f.nodes[name]; ok { // else no link leads there
			out.Avoid = append(out.Avoid, f.dpid(node))
		}
	}
	return out, err
}

// protected reports whether a network needs a second number.
func (n Network) protected() bool {
	return slices.ContainsFunc(n.Paths, func(p Path) bool { return p.Protected })
}

// reserves reports whether a network wants bandwidth for itself.
func (n Network) reserves() bool {
	return slices.ContainsFunc(n.Paths, func(p Path) bool { return p.MinKbps != 0 })
}

// second sees to it that a network has a second number if it is protected, and
// one for its copies if it has a mirror port, and else none. The numbers are
// durable before they are used.
func (f *Fabric) second(n *network) error {
	if !n.protected() {
		n.Backup = 0
	}
	if !n.mirrored() {
		n.Copies = 0
	}
	for _, s := range []struct {
		number *slice.Network
		needed bool
	}{{&n.Backup, n.protected()}, {&n.Copies, n.mirrored()}} {
		if !s.needed || *s.number != 0 {
			continue
		}
		number, err := f.number(func(number uint32) bool {
			return slices.Contains([]slice.Network{n.Number, n.Backup, n.Copies}, slice.Network(number)) || f.taken(number)
		})
		if err == nil {
			err = f.save(bucketRing, "next", f.numbers.Next)
		}
		if err != nil {
			return fmt.Errorf("second number for network %s: %w", n.ID, err)
		}
		*s.number = slice.Network(number)
		f.shadows[*s.number] = n.Number
	}
	return nil
}

// shadowed reports whether a number is the second one of a network that is
// there still: its rules are those of the first number.
func (f *Fabric) shadowed(number slice.Network) bool {
	first, ok := f.shadows[number]
	if ok && !f.taken(uint32(first)) {
		delete(f.shadows, number)
		return false
	}
	return ok
}

// promised returns what the other networks have reserved on each link, by the
// nodes at its ends.
func (f *Fabric) promised(but *network) map[pair]uint32 {
	all := map[pair]uint32{}
	for id, n := range f.networks {
		if id == but.ID || len(n.Reserved) == 0 {
			continue
		}
		for _, l := range f.linksOf(n) {
			all[l.pair()] += n.Reserved[l.Name]
		}
	}
	return all
}

// reserve notes what the plan of a network reserves.
func (f *Fabric) reserve(n *network) {
	if maps.Equal(n.Reserved, n.now.Reserved) {
		return
	}
	n.Reserved = n.now.Reserved
	if err := f.save(bucketNetworks, n.ID.String(), n); err != nil { // it is computed again after a restart
		f.cfg.Logger.Error("reservation was not saved", "slice", string(n.ID.Slice), "network", string(n.ID.Network), "reason", err.Error())
	}
}

// link returns a link with its metrics: what was measured counts before what
// was said of it, but no measurement makes a link wider than it is said to be.
func (f *Fabric) link(l Link, a, b *node, promised map[pair]uint32) topology.Link {
	state := f.live.states[l.pair()]
	out := topology.Link{
		Name: l.Name, Cost: l.Cost, Capacity: l.CapacityKbps, Latency: l.Latency, Wire: l.Wire, Reserved: promised[l.pair()],
		Loss: uint32(state.Loss * 1e6), //nolint:gosec // a share
		A:    topology.End{Switch: f.dpid(a), Port: a.Ports[tunnelKey(l.B)]},
		B:    topology.End{Switch: f.dpid(b), Port: b.Ports[tunnelKey(l.A)]},
	}
	if state.Latency != 0 {
		out.Latency = state.Latency
	}
	if measured := uint32(min(state.BandwidthKbps, 1<<32-1)); measured != 0 && (out.Capacity == 0 || measured < out.Capacity) {
		out.Capacity = measured
	}
	return out
}
