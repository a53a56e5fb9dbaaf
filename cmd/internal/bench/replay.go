package bench

import (
	"context"
	"fmt"

	"github.com/l2sces/l2sces/pkg/fabric"
	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/flow/flowtest"
	"github.com/l2sces/l2sces/pkg/pipeline"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/topology"
)

// replayed is what was found after every step of a stream.
type replayed struct{ prefixes, loops, leaked int }

func (r *replayed) add(o replayed) {
	r.prefixes, r.loops, r.leaked = r.prefixes+o.prefixes, r.loops+o.loops, r.leaked+o.leaked
}

// A player carries the steps of a stream out again, each network by itself:
// rules tell their network, and touch the frames of no other.
type player struct {
	wires []flowtest.Wire
	down  map[topology.End]bool
	mem   map[slice.NetworkID]map[slice.Node]*flowtest.Memory
	owner map[slice.Network]slice.NetworkID
	nodes map[slice.Node]slice.DPID
	nets  map[slice.NetworkID]fabric.Network
	found replayed
}

// replay looks at what every beginning of a stream makes of the frames of the
// networks that its last step touches. The cut link is down all the time.
func replay(ctx context.Context, b *fakeFabric, cut fabric.LinkInfo, held map[slice.Node]flow.Rules, s stream, owner map[slice.Network]slice.NetworkID) (replayed, error) {
	if len(s) == 0 {
		return replayed{}, errLate
	}
	p := player{
		down:  map[topology.End]bool{cut.A: true, cut.B: true},
		mem:   map[slice.NetworkID]map[slice.Node]*flowtest.Memory{},
		owner: owner, nodes: map[slice.Node]slice.DPID{}, nets: map[slice.NetworkID]fabric.Network{},
	}
	for _, l := range b.fabric.Links() {
		p.wires = append(p.wires, flowtest.Wire{Name: l.Name, A: flowtest.End(l.A), B: flowtest.End(l.B), Tunnel: true})
	}
	for _, n := range b.fabric.Networks() {
		p.nets[n.ID] = n
		p.mem[n.ID] = map[slice.Node]*flowtest.Memory{}
	}
	for node, r := range held {
		p.nodes[node] = b.mem[node].DPID()
		if _, err := p.apply(ctx, step{node: node, change: flow.Diff(flow.Rules{}, r)}); err != nil {
			return p.found, err
		}
	}
	for _, x := range s {
		touched, err := p.apply(ctx, x)
		if err != nil {
			return p.found, err
		}
		p.found.prefixes++
		for id := range touched {
			p.look(p.nets[id])
		}
	}
	for _, n := range p.nets {
		if lost := p.look(n); lost > 0 {
			return p.found, fmt.Errorf("network %s: %d frames do not arrive when all is done", n.ID, lost)
		}
	}
	return p.found, nil
}

// apply carries a step out for the networks that it touches.
func (p *player) apply(ctx context.Context, x step) (map[slice.NetworkID]bool, error) {
	parts := map[slice.NetworkID]*flow.Change{}
	of := func(owner slice.Network) *flow.Change {
		id := p.owner[owner]
		if parts[id] == nil {
			parts[id] = &flow.Change{HeldGroups: x.change.HeldGroups, HeldMeters: x.change.HeldMeters}
		}
		return parts[id]
	}
	for _, f := range x.change.PutFlows {
		c := of(f.Owner)
		c.PutFlows = append(c.PutFlows, f)
	}
	for _, f := range x.change.TakeFlows {
		c := of(f.Owner)
		c.TakeFlows = append(c.TakeFlows, f)
	}
	for _, g := range x.change.PutGroups {
		c := of(g.Owner)
		c.PutGroups = append(c.PutGroups, g)
	}
	for _, g := range x.change.TakeGroups {
		c := of(g.Owner)
		c.TakeGroups = append(c.TakeGroups, g)
	}
	touched := map[slice.NetworkID]bool{}
	for id, c := range parts {
		if id == (slice.NetworkID{}) {
			continue // what every switch has
		}
		m := p.mem[id][x.node]
		if m == nil {
			m = flowtest.NewMemory(p.nodes[x.node])
			m.Set(pipeline.Base())
			p.mem[id][x.node] = m
		}
		if err := m.Apply(ctx, *c); err != nil {
			return nil, fmt.Errorf("replay on %s: %w", x.node, err)
		}
		touched[id] = true
	}
	return touched, nil
}

// look sends frames from each end of a network to the other and to all, and
// returns how many did not arrive.
func (p *player) look(n fabric.Network) (lost int) {
	net := flowtest.Net{Switches: map[slice.DPID]flowtest.Switch{}, Wires: p.wires}
	for _, m := range p.mem[n.ID] {
		s := m.Switch()
		s.Down = map[slice.Port]bool{}
		for e := range p.down {
			if e.Switch == m.DPID() {
				s.Down[e.Port] = true
			}
		}
		net.Switches[m.DPID()] = s
	}
	for i, from := range n.Attachments {
		to := n.Attachments[1-i]
		for _, address := range []slice.MAC{to.Behind[0], slice.Broadcast} {
			f := flowtest.Frame{Port: p.port(net, from), Tags: []slice.VLAN{from.Label}, From: from.Behind[0], To: address}
			lost += p.judge(net.Send(p.nodes[from.Node], f), p.nodes[to.Node], to.Label)
		}
	}
	return lost
}

// port finds the port of a hand-off by the rule that takes its label off.
func (p *player) port(net flowtest.Net, a fabric.Attachment) slice.Port {
	want := flow.Label(a.Label)
	for _, f := range net.Switches[p.nodes[a.Node]].Rules.Flows {
		if f.Table == pipeline.Classify && len(f.Match) == 2 && (f.Match[1] == want || f.Match[0] == want) {
			for _, m := range f.Match {
				if m.Field == flow.FieldInPort {
					return slice.Port(m.Value) //nolint:gosec // a port
				}
			}
		}
	}
	return 0
}

func (p *player) judge(t flowtest.Trace, to slice.DPID, label slice.VLAN) (lost int) {
	loop := t.Loop
	for _, times := range t.Crossed {
		loop = loop || times > 1
	}
	if loop {
		p.found.loops++
	}
	if len(t.Delivered) == 0 {
		return 1
	}
	for _, d := range t.Delivered {
		if d.Switch != to || len(d.Frame.Tags) != 1 || d.Frame.Tags[0] != label {
			p.found.leaked++
		}
	}
	if len(t.Delivered) > 1 {
		p.found.leaked++
	}
	return 0
}
