package pipeline_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/flow/flowtest"
	"github.com/l2sces/l2sces/pkg/pipeline"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/topology"
)

// netOf puts the rules of networks into the switches of a fabric.
func netOf(g topology.Graph, plans ...pipeline.Plan) flowtest.Net {
	n := flowtest.Net{Switches: map[slice.DPID]flowtest.Switch{}}
	for _, s := range g.Switches {
		r := pipeline.Base()
		for _, p := range plans {
			r.Flows = append(r.Flows, p.Rules[s].Flows...)
			r.Groups = append(r.Groups, p.Rules[s].Groups...)
			r.Meters = append(r.Meters, p.Rules[s].Meters...)
		}
		n.Switches[s] = flowtest.Switch{Rules: r}
	}
	for _, l := range g.Links {
		n.Wires = append(n.Wires, flowtest.Wire{Name: l.Name, A: flowtest.End(l.A), B: flowtest.End(l.B), Tunnel: !l.Wire})
	}
	return n
}

// where writes a trace as "switch:port[label]", with "^" for what went up, then
// the wires crossed.
func where(t flowtest.Trace) string {
	var at, wires []string
	for _, d := range t.Delivered {
		tags := ""
		if len(d.Frame.Tags) > 0 {
			tags = fmt.Sprint(d.Frame.Tags)
		}
		at = append(at, fmt.Sprintf("%d:%d%s", d.Switch, d.Port, tags))
	}
	for _, d := range t.Up {
		at = append(at, fmt.Sprintf("%d:%d^", d.Switch, d.Port))
	}
	for name, n := range t.Crossed {
		wires = append(wires, strings.Repeat(name+" ", n))
	}
	slices.Sort(wires)
	if t.Loop {
		at = append(at, "loop")
	}
	return strings.TrimSpace(strings.Join(at, " ") + " | " + strings.Join(wires, ""))
}

func TestFrames(t *testing.T) {
	net := netOf(triangle, compile(t, vnet, triangle), compile(t, steered, triangle), compile(t, open, triangle), compile(t, untold, triangle))
	multicast := slice.MAC{0x01, 0x00, 0x5e, 0, 0, 1}
	tests := map[string]struct {
		into  slice.DPID
		frame flowtest.Frame
		want  string
	}{
		"to a neighbour":             {1, flowtest.Frame{Port: 3, From: mac(0x11), To: mac(0x12)}, "1:4 |"},
		"to another switch":          {1, flowtest.Frame{Port: 3, From: mac(0x11), To: mac(0x21)}, "2:3 | 1-2"},
		"by the shortest way":        {2, flowtest.Frame{Port: 3, From: mac(0x21), To: mac(0x31)}, "3:9[7] | 2-3"},
		"by the path, not shortest":  {1, flowtest.Frame{Port: 5, From: mac(0x11), To: mac(0x21)}, "2:5 | 1-3 2-3"},
		"to all by the path":         {2, flowtest.Frame{Port: 5, From: mac(0x21), To: slice.Broadcast}, "1:5 | 1-3 2-3"},
		"to all":                     {1, flowtest.Frame{Port: 3, From: mac(0x11), To: slice.Broadcast}, "1:4 2:3 3:9[7] | 1-2 1-3"},
		"to many":                    {2, flowtest.Frame{Port: 3, From: mac(0x21), To: multicast}, "1:3 1:4 3:9[7] | 1-2 1-3"},
		"to nobody":                  {1, flowtest.Frame{Port: 3, From: mac(0x11), To: mac(0x99)}, "|"},
		"to nobody, by the path":     {1, flowtest.Frame{Port: 5, From: mac(0x11), To: mac(0x99)}, "|"},
		"to nobody, from a tunnel":   {2, flowtest.Frame{Port: 101, Tunnel: 42, From: mac(0x11), To: mac(0x99)}, "|"},
		"to nobody, from far":        {3, flowtest.Frame{Port: 9, Tags: []slice.VLAN{7}, From: mac(0x31), To: mac(0x99)}, "|"},
		"untold, nobody known":       {2, flowtest.Frame{Port: 10, From: mac(0x21), To: mac(0x99)}, "1:9[46] 3:10 | 1-2 1-3"},
		"untold, by the tree":        {2, flowtest.Frame{Port: 10, From: mac(0x21), To: mac(0x31)}, "3:10 | 1-2 1-3"},
		"to itself":                  {1, flowtest.Frame{Port: 3, From: mac(0x11), To: mac(0x11)}, "|"},
		"from the other fabric":      {3, flowtest.Frame{Port: 9, Tags: []slice.VLAN{7}, From: mac(0x31), To: mac(0x12)}, "1:4 | 1-3"},
		"from there to all":          {3, flowtest.Frame{Port: 9, Tags: []slice.VLAN{7}, From: mac(0x31), To: slice.Broadcast}, "1:3 1:4 2:3 | 1-2 1-3"},
		"from there to there":        {3, flowtest.Frame{Port: 9, Tags: []slice.VLAN{7}, From: mac(0x31), To: mac(0x32)}, "|"},
		"with the label of nobody":   {3, flowtest.Frame{Port: 9, Tags: []slice.VLAN{8}, From: mac(0x31), To: mac(0x12)}, "|"},
		"without a label":            {3, flowtest.Frame{Port: 9, From: mac(0x31), To: mac(0x12)}, "|"},
		"label at a tenant port":     {1, flowtest.Frame{Port: 3, Tags: []slice.VLAN{7}, From: mac(0x11), To: mac(0x12)}, "|"},
		"priority tag":               {1, flowtest.Frame{Port: 3, Tags: []slice.VLAN{0}, From: mac(0x11), To: mac(0x12)}, "|"},
		"port of no network":         {1, flowtest.Frame{Port: 1, From: mac(0x11), To: slice.Broadcast}, "|"},
		"VNI of no network":          {1, flowtest.Frame{Port: 102, Tunnel: 9, From: mac(0x21), To: mac(0x11)}, "|"},
		"VNI on a link it is not on": {1, flowtest.Frame{Port: 102, Tunnel: 43, From: mac(0x21), To: mac(0x11)}, "|"},
		"sender is another":          {1, flowtest.Frame{Port: 3, From: mac(0x12), To: mac(0x21)}, "|"},
		"sender is unknown":          {1, flowtest.Frame{Port: 3, From: mac(0x99), To: mac(0x21)}, "|"},
		"sender is a group":          {1, flowtest.Frame{Port: 6, From: slice.Broadcast, To: mac(0x11)}, "|"},
		"sender of an open port":     {1, flowtest.Frame{Port: 6, From: mac(0x99), To: mac(0x11)}, "1:6^ |"},
		"sender of a bound port":     {1, flowtest.Frame{Port: 7, From: mac(0x99), To: mac(0x21)}, "|"},
		"open port, nobody known":    {1, flowtest.Frame{Port: 7, From: mac(0x11), To: mac(0x98)}, "1:6 2:6 | 1-2"},
		"LLDP":                       {1, flowtest.Frame{Port: 6, From: mac(0x99), To: mac(0x98), Type: 0x88cc}, "|"},
		"BDDP":                       {1, flowtest.Frame{Port: 3, From: mac(0x11), To: slice.Broadcast, Type: 0x8942}, "|"},
		"PAUSE":                      {1, flowtest.Frame{Port: 3, From: mac(0x11), To: mac(0x12), Type: 0x8808}, "|"},
		"spanning tree":              {1, flowtest.Frame{Port: 3, From: mac(0x11), To: slice.MAC{1, 0x80, 0xc2, 0, 0, 0}}, "|"},
		"last reserved address":      {1, flowtest.Frame{Port: 3, From: mac(0x11), To: slice.MAC{1, 0x80, 0xc2, 0, 0, 0x0f}}, "|"},
		"first that is not reserved": {1, flowtest.Frame{Port: 3, From: mac(0x11), To: slice.MAC{1, 0x80, 0xc2, 0, 0, 0x10}}, "1:4 2:3 3:9[7] | 1-2 1-3"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := where(net.Send(test.into, test.frame)); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestFramesInTransit(t *testing.T) {
	net := netOf(row, compile(t, transit, row))
	tests := map[slice.MAC]string{
		mac(0x41):       "4:8 | 1-2 2-3 3-4",
		slice.Broadcast: "4:8 | 1-2 2-3 3-4",
		mac(0x99):       "|",
	}
	for to, want := range tests {
		if got := where(net.Send(1, flowtest.Frame{Port: 8, From: mac(0x11), To: to})); got != want {
			t.Errorf("to %s: got %q, want %q", to, got, want)
		}
	}
}

// Frames of a tenant pass the meters of their port once, and no others.
func TestFramesAreMetered(t *testing.T) {
	plan := compile(t, vnet, triangle)
	sw := netOf(triangle, plan, compile(t, steered, triangle)).Switches[1]
	tests := map[string]struct {
		frame flowtest.Frame
		want  []uint32
	}{
		"capped":                 {flowtest.Frame{Port: 3, From: mac(0x11), To: slice.MAC{1, 0, 0x5e}}, []uint32{3}},
		"capped, other port":     {flowtest.Frame{Port: 4, From: mac(0x12), To: mac(0x11)}, []uint32{4}},
		"capped, to all":         {flowtest.Frame{Port: 3, From: mac(0x11), To: slice.Broadcast}, []uint32{3, 65539}},
		"to all":                 {flowtest.Frame{Port: 5, From: mac(0x11), To: slice.Broadcast}, []uint32{65541}},
		"not capped":             {flowtest.Frame{Port: 5, From: mac(0x11), To: mac(0x21)}, nil},
		"capped where it begins": {flowtest.Frame{Port: 102, Tunnel: 42, From: mac(0x21), To: mac(0x11)}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := sw.Send(test.frame)
			if !slices.Equal(r.Meters, test.want) || len(r.Out) == 0 {
				t.Errorf("got meters %v and %d copies, want %v", r.Meters, len(r.Out), test.want)
			}
		})
	}
	for _, m := range plan.Rules[1].Meters {
		if m.Pps == 1000 && m.Burst == 1000 && m.Kbps == 0 && m.ID > 1<<16 {
			continue
		}
		if m.Kbps != vnet.BandwidthKbps || m.Burst != vnet.BandwidthKbps/10 {
			t.Errorf("got %s, want a cap of %d kbit/s", m, vnet.BandwidthKbps)
		}
	}
}

// Whatever a network takes lets itself be put on a switch and taken off again.
func TestPlansCanBeApplied(t *testing.T) {
	for _, n := range []pipeline.Network{vnet, steered, open, untold, bound} {
		for s, r := range compile(t, n, triangle).Rules {
			m := flowtest.NewMemory(s)
			if err := m.Apply(t.Context(), flow.Diff(flow.Rules{}, r)); err != nil {
				t.Errorf("network %d, switch %s: %v", n.Number, s, err)
			}
			if err := m.Apply(t.Context(), flow.Diff(r, flow.Rules{})); err != nil {
				t.Errorf("network %d, switch %s: %v", n.Number, s, err)
			}
		}
	}
}
