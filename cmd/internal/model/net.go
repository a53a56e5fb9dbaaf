package model

import (
	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/flow/flowtest"
	"github.com/l2sces/l2sces/pkg/slice"
)

// Net returns all switches as they are now, wired as their bridges are wanted:
// tunnels by their addresses, patch pairs inside each node. A wire is named
// after its bridges: br-ned/field-2/fire-2 and patch/field-2.
func (w *World) Net() flowtest.Net {
	net := flowtest.Net{Switches: map[slice.DPID]flowtest.Switch{}}
	for i, a := range w.Switches {
		net.Switches[a.Memory.DPID()] = a.Memory.Switch()
		for _, b := range w.Switches[i+1:] {
			if wire, ok := between(a, b); ok {
				net.Wires = append(net.Wires, wire)
			}
		}
	}
	return net
}

// between returns the wire between two switches, if there is one.
func between(a, b *Switch) (flowtest.Wire, bool) {
	wire := flowtest.Wire{Name: "patch/" + string(a.Node)}
	kind := bridge.Patch
	if a.Bridge == b.Bridge {
		wire.Name, wire.Tunnel = a.Bridge+"/"+string(a.Node)+"/"+string(b.Node), true
		kind = bridge.Tunnel
	}
	from, there := a.toward(b, kind)
	to, back := b.toward(a, kind)
	wire.A = flowtest.End{Switch: a.Memory.DPID(), Port: from}
	wire.B = flowtest.End{Switch: b.Memory.DPID(), Port: to}
	return wire, there && back
}

// toward returns the port of a kind that leads to another switch.
func (s *Switch) toward(o *Switch, kind bridge.PortKind) (slice.Port, bool) {
	for _, p := range s.Wanted().Ports {
		switch {
		case p.Kind != kind:
		case kind == bridge.Tunnel && p.Remote == o.Tunnel, kind == bridge.Patch && s.Node == o.Node:
			return p.Number, true
		}
	}
	return 0, false
}
