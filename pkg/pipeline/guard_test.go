package pipeline_test

import (
	"net/netip"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/flow/flowtest"
	"github.com/l2sces/l2sces/pkg/pipeline"
	"github.com/l2sces/l2sces/pkg/slice"
)

// The addresses of port 11 of switch 1 in the network that is bound, and those
// of others.
var (
	own4, own6   = netip.MustParseAddr("192.0.2.11"), netip.MustParseAddr("2001:db8::11")
	ownLocal     = netip.MustParseAddr("fe80::ff:fe00:11")
	else4, else6 = netip.MustParseAddr("192.0.2.21"), netip.MustParseAddr("2001:db8::21")
	zero4, zero6 = netip.IPv4Unspecified(), netip.IPv6Unspecified()
)

func ip4(from netip.Addr) flowtest.Frame {
	return flowtest.Frame{Type: flow.EtherIPv4, Inside: flowtest.Packet{Source: from, Proto: 6}}
}

func ip6(from netip.Addr) flowtest.Frame {
	return flowtest.Frame{Type: flow.EtherIPv6, Inside: flowtest.Packet{Source: from, Proto: 6}}
}

func udp(f flowtest.Frame, from, to uint16) flowtest.Frame {
	f.Inside.Proto, f.Inside.UDPFrom, f.Inside.UDPTo = flow.ProtoUDP, from, to
	return f
}

func arp(op uint16, spa netip.Addr, sha slice.MAC) flowtest.Frame {
	return flowtest.Frame{Type: flow.EtherARP, Inside: flowtest.Packet{ARPOp: op, Source: spa, ARPHardware: sha}}
}

func asks(from netip.Addr, names slice.MAC) flowtest.Frame {
	return flowtest.Frame{Type: flow.EtherIPv6, Inside: flowtest.Packet{Source: from, Proto: 58, ICMPv6: 135, Target: else6, NDSource: names}}
}

func tells(from, target netip.Addr, names slice.MAC) flowtest.Frame {
	return flowtest.Frame{Type: flow.EtherIPv6, Inside: flowtest.Packet{Source: from, Proto: 58, ICMPv6: 136, Target: target, NDOwner: names}}
}

func icmp(from netip.Addr, kind uint8) flowtest.Frame {
	return flowtest.Frame{Type: flow.EtherIPv6, Inside: flowtest.Packet{Source: from, Proto: 58, ICMPv6: kind}}
}

func TestA01BoundPort(t *testing.T) {
	me, other := mac(0x11), mac(0x21)
	tests := map[string]struct {
		frame flowtest.Frame
		heard bool
	}{
		"IPv4":                            {ip4(own4), true},
		"IPv4 of another":                 {ip4(else4), false},
		"IPv4 of nobody":                  {ip4(zero4), false},
		"DHCP client":                     {udp(ip4(zero4), 68, 67), true},
		"DHCP client, other port":         {udp(ip4(zero4), 69, 67), false},
		"DHCP server":                     {udp(ip4(own4), 67, 68), false},
		"DHCP server to DHCP server":      {udp(ip4(own4), 67, 67), false},
		"UDP":                             {udp(ip4(own4), 5000, 67), true},
		"IPv6":                            {ip6(own6), true},
		"IPv6, link-local":                {ip6(ownLocal), true},
		"IPv6 of another":                 {ip6(else6), false},
		"IPv6, link-local of another":     {ip6(pipeline.LinkLocal(other)), false},
		"IPv6 of nobody":                  {ip6(zero6), false},
		"DHCPv6 client":                   {udp(ip6(ownLocal), 546, 547), true},
		"DHCPv6 server":                   {udp(ip6(ownLocal), 547, 546), false},
		"MLD from nobody":                 {icmp(zero6, 143), true},
		"router solicitation":             {icmp(ownLocal, 133), true},
		"router advertisement":            {icmp(ownLocal, 134), false},
		"redirect":                        {icmp(ownLocal, 137), false},
		"echo":                            {icmp(own6, 128), true},
		"echo of another":                 {icmp(else6, 128), false},
		"ARP request":                     {arp(1, own4, me), true},
		"ARP reply":                       {arp(2, own4, me), true},
		"ARP probe":                       {arp(1, zero4, me), true},
		"ARP reply of nobody":             {arp(2, zero4, me), false},
		"ARP for another":                 {arp(2, else4, me), false},
		"ARP, hardware of another":        {arp(2, own4, other), false},
		"ARP probe, hardware of another":  {arp(1, zero4, other), false},
		"ARP cut short":                   {flowtest.Frame{Type: flow.EtherARP}, false},
		"solicitation":                    {asks(own6, me), true},
		"solicitation without hardware":   {asks(ownLocal, slice.MAC{}), true},
		"duplicate address detection":     {asks(zero6, slice.MAC{}), true},
		"from nobody with hardware":       {asks(zero6, me), false},
		"solicitation of another":         {asks(else6, me), false},
		"solicitation, other hardware":    {asks(own6, other), false},
		"advertisement":                   {tells(own6, own6, me), true},
		"advertisement from link-local":   {tells(ownLocal, own6, me), true},
		"advertisement without hardware":  {tells(ownLocal, ownLocal, slice.MAC{}), true},
		"advertisement of another":        {tells(own6, else6, me), false},
		"advertisement, other hardware":   {tells(own6, own6, other), false},
		"advertisement, other sender":     {tells(else6, own6, me), false},
		"advertisement, sender is nobody": {tells(zero6, own6, me), false},
		"other EtherType":                 {flowtest.Frame{Type: 0x1234}, true},
	}
	net := netOf(triangle, compile(t, bound, triangle))
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := test.frame
			f.Port = 11
			for _, to := range []slice.MAC{other, slice.Broadcast} {
				f.From, f.To = me, to
				if trace := net.Send(1, f); (len(trace.Delivered) > 0) != test.heard || len(trace.Up) > 0 {
					t.Errorf("to %s: %d hear it, want %t", to, len(trace.Delivered), test.heard)
				}
				f.From = other
				if trace := net.Send(1, f); len(trace.Delivered) > 0 {
					t.Errorf("to %s: it is heard with the hardware address of another", to)
				}
			}
		})
	}
}

// A port of which only the hardware address is known is held to that, and is
// no router and no server.
func TestA01PortWithoutAddresses(t *testing.T) {
	net := netOf(triangle, compile(t, vnet, triangle))
	tests := map[string]struct {
		frame flowtest.Frame
		heard bool
	}{
		"IPv4":                 {ip4(else4), true},
		"ARP":                  {arp(2, else4, mac(0x99)), true},
		"advertisement":        {tells(else6, else6, mac(0x99)), true},
		"router advertisement": {icmp(ownLocal, 134), false},
		"redirect":             {icmp(ownLocal, 137), false},
		"DHCP server":          {udp(ip4(own4), 67, 68), false},
		"DHCPv6 server":        {udp(ip6(own6), 547, 546), false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := test.frame
			f.Port, f.From, f.To = 3, mac(0x11), mac(0x12)
			if got := len(net.Send(1, f).Delivered) > 0; got != test.heard {
				t.Errorf("heard: %t, want %t", got, test.heard)
			}
		})
	}
}

// controls are frames that talk to switches, each under any address.
func controls() map[string]flowtest.Frame {
	all := map[string]flowtest.Frame{
		"spanning tree":   {To: slice.MAC{0x01, 0x80, 0xc2}},
		"LLDP address":    {To: slice.MAC{0x01, 0x80, 0xc2, 0, 0, 0x0e}},
		"registration":    {To: slice.MAC{0x01, 0x80, 0xc2, 0, 0, 0x21}},
		"CDP":             {To: slice.MAC{0x01, 0x00, 0x0c, 0xcc, 0xcc, 0xcc}},
		"PVST+":           {To: slice.MAC{0x01, 0x00, 0x0c, 0xcc, 0xcc, 0xcd}},
		"tag":             {Tags: []slice.VLAN{7}},
		"two tags":        {Tags: []slice.VLAN{7, 7}},
		"priority tag":    {Tags: []slice.VLAN{0}},
		"group as sender": {From: slice.MAC{3, 0, 0, 0, 0, 1}},
	}
	for name, t := range map[string]uint16{
		"802.1ad": 0x88a8, "old tag": 0x9100, "MPLS": 0x8847, "MPLS upstream": 0x8848, "PAUSE": 0x8808,
		"LACP": 0x8809, "EAPOL": 0x888e, "LLDP": 0x88cc, "BDDP": 0x8942,
	} {
		all[name] = flowtest.Frame{Type: t}
	}
	return all
}

// What talks to switches is neither heard from a tenant, nor does a tenant get
// it from a tunnel or another fabric that is in wrong hands.
func TestA05ControlFrames(t *testing.T) {
	net := netOf(triangle, compile(t, vnet, triangle), compile(t, open, triangle))
	from := map[string]struct {
		into  slice.DPID
		frame flowtest.Frame
	}{
		"tenant":   {1, flowtest.Frame{Port: 3, From: mac(0x11)}},
		"stranger": {1, flowtest.Frame{Port: 6, From: mac(0x99)}},
		"tunnel":   {1, flowtest.Frame{Port: 102, Tunnel: 42, From: mac(0x21)}},
		"hand-off": {3, flowtest.Frame{Port: 9, From: mac(0x31), Tags: []slice.VLAN{7}}},
	}
	for what, c := range controls() {
		for who, at := range from {
			t.Run(what+" from a "+who, func(t *testing.T) {
				for _, to := range []slice.MAC{slice.Broadcast, mac(0x12), {0x01, 0, 0x5e, 0, 0, 1}} {
					f := at.frame
					f.Type, f.To, f.Tags = c.Type, to, slices.Concat(f.Tags, c.Tags)
					if !c.To.IsZero() {
						f.To = c.To
					}
					if !c.From.IsZero() {
						f.From = c.From
					}
					if trace := net.Send(at.into, f); len(trace.Delivered) > 0 || len(trace.Up) > 0 {
						t.Errorf("to %s: %d hear it, %d go up", f.To, len(trace.Delivered), len(trace.Up))
					}
				}
			})
		}
	}
}

// Only the controller's own frames go up from a tunnel, and nothing passes that
// has no number, or one of nobody.
func TestA04Tunnels(t *testing.T) {
	net := netOf(triangle, compile(t, vnet, triangle))
	sw := net.Switches[1]
	sw.Rules.Flows = append(sw.Rules.Flows, pipeline.Discovery(102))
	net.Switches[1] = sw
	tests := map[string]struct {
		frame flowtest.Frame
		up    int
	}{
		"discovery":                  {flowtest.Frame{Port: 102, Tunnel: slice.MaxNetwork, Type: 0x88cc}, 1},
		"discovery from a tenant":    {flowtest.Frame{Port: 3, Tunnel: slice.MaxNetwork, Type: 0x88cc}, 0},
		"discovery, other tunnel":    {flowtest.Frame{Port: 103, Tunnel: slice.MaxNetwork, Type: 0x88cc}, 0},
		"discovery as a network":     {flowtest.Frame{Port: 102, Tunnel: 42, Type: 0x88cc}, 0},
		"no discovery":               {flowtest.Frame{Port: 102, Tunnel: slice.MaxNetwork, Type: flow.EtherIPv4}, 0},
		"no number":                  {flowtest.Frame{Port: 102}, 0},
		"number of nobody":           {flowtest.Frame{Port: 102, Tunnel: 43}, 0},
		"number at a tenant's port":  {flowtest.Frame{Port: 3, Tunnel: 42, From: mac(0x21)}, 0},
		"port of nobody":             {flowtest.Frame{Port: 77, Tunnel: 42}, 0},
		"number beyond the last one": {flowtest.Frame{Port: 102, Tunnel: 1<<24 + 42}, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := test.frame
			f.To = mac(0x11)
			if f.From.IsZero() {
				f.From = mac(0x21)
			}
			if trace := net.Send(1, f); len(trace.Delivered) > 0 || len(trace.Up) != test.up {
				t.Errorf("%d hear it, %d go up, want none and %d", len(trace.Delivered), len(trace.Up), test.up)
			}
		})
	}
	for s, r := range compile(t, bound, triangle).Rules {
		for _, f := range append(r.Flows, pipeline.Discovery(102)) {
			if err := f.Check(); err != nil {
				t.Errorf("switch %s: %v", s, err)
			}
		}
	}
}

// A small network is cheap: ten flows at most in each switch.
func TestFlowsOfATwoPortNetwork(t *testing.T) {
	for _, bandwidth := range []uint32{0, 10_000} {
		for _, far := range []slice.DPID{1, 2} {
			n := pipeline.Network{Number: 1, Type: slice.VNet, BandwidthKbps: bandwidth, Attachments: []pipeline.Attachment{
				{Switch: 1, Port: 1, Behind: macs(1)}, {Switch: far, Port: 2, Behind: macs(2)},
			}}
			for s, r := range compile(t, n, triangle).Rules {
				if len(r.Flows) > 10 {
					t.Errorf("switch %s has %d flows:\n%s", s, len(r.Flows), text(r))
				}
			}
		}
	}
}

// anyForgery draws a frame that a tenant port should not send, as the network
// has it: with the address of somebody else, or one that talks to switches.
func anyForgery(t *rapid.T, at pipeline.Attachment) flowtest.Frame {
	me := at.Behind[0]
	f := flowtest.Frame{Port: at.Port, From: me}
	other := mac(rapid.Byte().Filter(func(b byte) bool { return !slices.Contains(at.Behind, mac(b)) }).Draw(t, "other"))
	foreign4 := netip.AddrFrom4([4]byte{198, 51, 100, rapid.Byte().Draw(t, "host")})
	foreign6 := pipeline.LinkLocal(other)
	inside := func(g flowtest.Frame) { f.Type, f.Inside = g.Type, g.Inside }
	switch rapid.IntRange(0, 8).Draw(t, "forgery") {
	case 0:
		f.From = other
	case 1:
		inside(ip4(foreign4))
	case 2:
		inside(ip6(foreign6))
	case 3:
		inside(arp(rapid.Uint16Range(1, 2).Draw(t, "op"), foreign4, me))
	case 4:
		inside(arp(rapid.Uint16Range(1, 2).Draw(t, "op"), at.Addresses[0], other))
	case 5:
		inside(asks(pipeline.LinkLocal(me), other))
	case 6:
		inside(tells(pipeline.LinkLocal(me), foreign6, me))
	case 7:
		inside(rapid.SampledFrom([]flowtest.Frame{icmp(pipeline.LinkLocal(me), 134), icmp(pipeline.LinkLocal(me), 137), udp(ip4(at.Addresses[0]), 67, 68)}).Draw(t, "server"))
	case 8:
		all := controls()
		c := all[rapid.SampledFrom([]string{"LLDP", "BDDP", "PAUSE", "LACP", "EAPOL", "tag", "two tags", "802.1ad"}).Draw(t, "control")]
		f.Type, f.Tags = c.Type, c.Tags
	}
	return f
}

// Forged frames are heard by nobody, in whatever network; what is not forged
// never leaves its network.
func TestA01NoForgeryIsHeard(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := anyFabric(t)
		var plans []pipeline.Plan
		var tenants []pipeline.Attachment
		places := map[flowtest.End]slice.Network{}
		for number := range slice.Network(rapid.IntRange(1, 3).Draw(t, "networks")) {
			n := anyNetwork(t, g, number+1)
			for i, a := range n.Attachments {
				if len(a.Behind) > 0 && a.Label == 0 {
					n.Attachments[i].Addresses = []netip.Addr{netip.AddrFrom4([4]byte{192, 0, 2, byte(i)})}
					tenants = append(tenants, n.Attachments[i])
				}
				places[flowtest.End{Switch: a.Switch, Port: a.Port}] = n.Number
			}
			plan, err := pipeline.Compile(n, g)
			if err != nil {
				t.Fatal(err)
			}
			plans = append(plans, plan)
		}
		if len(tenants) == 0 {
			t.Skip("nobody is bound")
		}
		net := netOf(g, plans...)
		for range 20 {
			at := rapid.SampledFrom(tenants).Draw(t, "at")
			f := anyForgery(t, at)
			f.To = rapid.SampledFrom(append(macs(1, 2, 3, 4, 5), slice.Broadcast, stranger, slice.MAC{1, 0, 0x5e, 0, 0, 1})).Draw(t, "to")
			if trace := net.Send(at.Switch, f); len(trace.Delivered) > 0 || len(trace.Up) > 0 {
				t.Fatalf("%+v from %+v comes to %v", f, at, trace.Delivered)
			}
			f = flowtest.Frame{Port: at.Port, From: at.Behind[0], To: f.To, Type: flow.EtherIPv4, Inside: flowtest.Packet{Source: at.Addresses[0], Proto: 6}}
			for _, d := range net.Send(at.Switch, f).Delivered {
				mine := places[flowtest.End{Switch: at.Switch, Port: at.Port}]
				if d.Port != 9 && places[d.End] != mine { // all networks share port 9, told apart by labels
					t.Fatalf("%+v from %+v leaves network %d by %+v", f, at, mine, d.End)
				}
			}
		}
	})
}
