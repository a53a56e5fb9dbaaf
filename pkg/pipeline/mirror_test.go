package pipeline_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/l2sces/l2sces/pkg/flow/flowtest"
	"github.com/l2sces/l2sces/pkg/pipeline"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/topology"
)

// watched is a network of two ports on switches 1 and 2, with a mirror port on
// switch 3, 4 hops away in the row.
func watched(mirror slice.DPID) pipeline.Network {
	return pipeline.Network{
		Number: 42, Copies: 43, Type: slice.VNet, Mirror: topology.End{Switch: mirror, Port: 8},
		Attachments: []pipeline.Attachment{
			{Switch: 1, Port: 3, Behind: macs(0x11)}, {Switch: 1, Port: 4, Behind: macs(0x12)}, {Switch: 2, Port: 3, Behind: macs(0x21)},
		},
	}
}

// Every frame is copied to the mirror port once: known unicast, multicast and
// broadcast. What the mirror port sends, and what may not pass, goes nowhere.
func TestMirror(t *testing.T) {
	multicast := slice.MAC{0x01, 0x00, 0x5e, 0, 0, 1}
	net := netOf(row, compile(t, watched(4), row))
	same := netOf(row, compile(t, watched(2), row))
	tests := map[string]struct {
		net   flowtest.Net
		into  slice.DPID
		frame flowtest.Frame
		want  string
	}{
		"unicast on one switch": {net, 1, flowtest.Frame{Port: 3, From: mac(0x11), To: mac(0x12)}, "1:4 4:8 | 1-2 2-3 3-4"},
		"unicast to another":    {net, 1, flowtest.Frame{Port: 3, From: mac(0x11), To: mac(0x21)}, "2:3 4:8 | 1-2 1-2 2-3 3-4"},
		"unicast back":          {net, 2, flowtest.Frame{Port: 3, From: mac(0x21), To: mac(0x11)}, "1:3 4:8 | 1-2 2-3 3-4"},
		"multicast":             {net, 1, flowtest.Frame{Port: 3, From: mac(0x11), To: multicast}, "1:4 2:3 4:8 | 1-2 1-2 2-3 3-4"},
		"broadcast":             {net, 2, flowtest.Frame{Port: 3, From: mac(0x21), To: slice.Broadcast}, "1:3 1:4 4:8 | 1-2 2-3 3-4"},
		"to nobody":             {net, 1, flowtest.Frame{Port: 3, From: mac(0x11), To: mac(0x99)}, "4:8 | 1-2 2-3 3-4"},
		"of another sender":     {net, 1, flowtest.Frame{Port: 3, From: mac(0x12), To: mac(0x21)}, "|"},
		"LLDP":                  {net, 1, flowtest.Frame{Port: 3, From: mac(0x11), To: mac(0x12), Type: 0x88cc}, "|"},
		"from the mirror":       {net, 4, flowtest.Frame{Port: 8, From: mac(0x11), To: slice.Broadcast}, "|"},
		"copies going back":     {net, 1, flowtest.Frame{Port: 102, Tunnel: 43, From: mac(0x21), To: mac(0x11)}, "|"},
		"mirror beside":         {same, 2, flowtest.Frame{Port: 3, From: mac(0x21), To: mac(0x11)}, "1:3 2:8 | 1-2"},
		"mirror at the other":   {same, 1, flowtest.Frame{Port: 3, From: mac(0x11), To: slice.Broadcast}, "1:4 2:3 2:8 | 1-2 1-2"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := where(test.net.Send(test.into, test.frame)); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// From a switch from which no way leads to the mirror port nothing is copied,
// and the plan says so; the network itself goes on.
func TestMirrorOutOfReach(t *testing.T) {
	g := topology.Graph{Switches: row.Switches, Links: row.Links[:1]}
	plan := compile(t, watched(4), g)
	if len(plan.Degraded) != 2 || !strings.Contains(plan.Degraded[0], "0000000000000001 to the mirror port") {
		t.Errorf("degraded: %v", plan.Degraded)
	}
	if got := where(netOf(g, plan).Send(1, flowtest.Frame{Port: 3, From: mac(0x11), To: mac(0x21)})); got != "2:3 | 1-2" {
		t.Errorf("got %s", got)
	}
}

func TestMirrorIsRefused(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*pipeline.Network)
		want   string
	}{
		"a port of the network": {func(n *pipeline.Network) { n.Mirror = topology.End{Switch: 2, Port: 3} }, "mirror port 3 of switch 0000000000000002 is in the network already"},
		"the end of a link":     {func(n *pipeline.Network) { n.Mirror = topology.End{Switch: 2, Port: 101} }, "is the end of link 1-2"},
		"no port":               {func(n *pipeline.Network) { n.Mirror.Port = 0 }, "0 is no number of a mirror port"},
		"no number":             {func(n *pipeline.Network) { n.Copies = 0 }, "0 is no number for its copies"},
		"the network's number":  {func(n *pipeline.Network) { n.Copies = 42 }, "42 is no number for its copies"},
		"a hand-off":            {func(n *pipeline.Network) { n.Attachments[0].Label = 7 }, "a network with hand-offs has no mirror port"},
	} {
		t.Run(name, func(t *testing.T) {
			n := watched(4)
			test.change(&n)
			_, err := pipeline.Compile(n, row)
			if slice.KindOf(err) != slice.Invalid || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// behind returns an address behind a port, or that of a stranger.
func behind(a pipeline.Attachment) slice.MAC {
	if len(a.Behind) == 0 {
		return stranger
	}
	return a.Behind[0]
}

// In any fabric, over tunnels or wires, a mirror port adds one copy of each
// frame and changes nothing else, and plans with and without it mix while
// switches follow in any order.
func TestMirrorProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := anyFabric(t)
		if rapid.Bool().Draw(t, "wires") {
			for i := range g.Links {
				g.Links[i].Wire = true
			}
		}
		n := anyNetwork(t, g, 42)
		n.Paths = nil
		n.Attachments = slices.DeleteFunc(n.Attachments, func(a pipeline.Attachment) bool { return a.Label != 0 })
		if len(n.Attachments) == 0 {
			return
		}
		plain := compile(t, n, g)
		n.Copies, n.Mirror = 43, topology.End{Switch: rapid.SampledFrom(g.Switches).Draw(t, "mirror"), Port: 8}
		plan := compile(t, n, g)
		if !plain.Mixes(plan) || !plan.Mixes(plain) {
			t.Fatal("plans with and without a mirror port do not mix")
		}
		mixed := netOf(g, plan)
		for s, sw := range netOf(g, plain).Switches {
			if rapid.Bool().Draw(t, "follows late") {
				mixed.Switches[s] = sw
			}
		}
		without, with := netOf(g, plain), netOf(g, plan)
		for _, a := range n.Attachments {
			for _, to := range []slice.MAC{slice.Broadcast, {1, 0, 0x5e}, behind(n.Attachments[0]), stranger} {
				f := flowtest.Frame{Port: a.Port, From: behind(a), To: to}
				want, got := without.Send(a.Switch, f), with.Send(a.Switch, f)
				copies := slices.DeleteFunc(slices.Clone(got.Delivered), func(d flowtest.Delivery) bool { return d.End != flowtest.End(n.Mirror) })
				rest := slices.DeleteFunc(slices.Clone(got.Delivered), func(d flowtest.Delivery) bool { return d.End == flowtest.End(n.Mirror) })
				passes := len(a.Behind) > 0
				if passes && len(copies) != 1 || !passes && len(copies) != 0 || got.Loop || len(rest) != len(want.Delivered) || len(got.Up) != len(want.Up) {
					t.Fatalf("from %d:%d to %s: %s without a mirror port, %s with %d:8", a.Switch, a.Port, to, where(want), where(got), n.Mirror.Switch)
				}
				if passes && (len(copies[0].Frame.Tags) > 0 || copies[0].Frame.To != to) {
					t.Fatalf("the copy is %+v", copies[0].Frame)
				}
				if half := mixed.Send(a.Switch, f); half.Loop || len(half.Delivered) > len(got.Delivered) {
					t.Fatalf("while rules change: %s, in the end %s", where(half), where(got))
				}
			}
		}
		if got := with.Send(n.Mirror.Switch, flowtest.Frame{Port: 8, From: stranger, To: slice.Broadcast}); len(got.Delivered)+len(got.Up) > 0 {
			t.Fatalf("the mirror port is heard: %s", where(got))
		}
	})
}
