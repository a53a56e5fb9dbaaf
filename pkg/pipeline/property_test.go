package pipeline_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/l2sces/l2sces/pkg/flow/flowtest"
	"github.com/l2sces/l2sces/pkg/pipeline"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/topology"
)

// stranger is an address that is behind no port.
var stranger = mac(0xee)

// anyFabric draws up to seven switches that hang together, with more links than
// that takes, and with costs. Parallel links come up.
func anyFabric(t *rapid.T) topology.Graph {
	var g topology.Graph
	join := func(a, b slice.DPID) {
		l := link(a, b)
		l.Name += string(rune('a' + len(g.Links)))
		l.A.Port, l.B.Port = slice.Port(100+2*len(g.Links)), slice.Port(101+2*len(g.Links))
		l.Cost = rapid.Uint32Range(0, 4).Draw(t, "cost")
		g.Links = append(g.Links, l)
	}
	for i := range rapid.IntRange(1, 7).Draw(t, "switches") {
		s := slice.DPID(i + 1)
		if len(g.Switches) > 0 {
			join(rapid.SampledFrom(g.Switches).Draw(t, "parent"), s)
		}
		g.Switches = append(g.Switches, s)
	}
	if len(g.Switches) < 2 {
		return g
	}
	for range rapid.IntRange(0, 6).Draw(t, "more links") {
		two := rapid.SliceOfNDistinct(rapid.SampledFrom(g.Switches), 2, 2, rapid.ID).Draw(t, "ends")
		join(two[0], two[1])
	}
	return g
}

// anyNetwork draws a network with ports on some switches. Its addresses are
// those that every other network has as well. Port numbers are its own on
// tenant ports; on hand-offs all networks share port 9.
func anyNetwork(t *rapid.T, g topology.Graph, number slice.Network) pipeline.Network {
	n := pipeline.Network{Number: number, Type: rapid.SampledFrom([]slice.NetworkType{slice.VNet, slice.ExtVNet}).Draw(t, "type")}
	everyone := rapid.Bool().Draw(t, "everyone is known")
	n.BandwidthKbps = rapid.SampledFrom([]uint32{0, 500, 10_000}).Draw(t, "bandwidth")
	handOff := map[slice.DPID]bool{}
	for i := range rapid.IntRange(1, 6).Draw(t, "ports") {
		a := pipeline.Attachment{Switch: rapid.SampledFrom(g.Switches).Draw(t, "at"), Port: slice.Port(uint32(number)*10 + uint32(i))}
		if !handOff[a.Switch] && rapid.IntRange(0, 3).Draw(t, "hand-off") == 0 {
			handOff[a.Switch] = true
			a.Port, a.Label = 9, slice.VLAN(number)
		}
		if everyone || rapid.IntRange(0, 3).Draw(t, "known") > 0 {
			a.Behind = macs(byte(2*i+1), byte(2*i+2))[:rapid.IntRange(1, 2).Draw(t, "addresses")]
		}
		n.Attachments = append(n.Attachments, a)
	}
	if rapid.Bool().Draw(t, "steered") {
		n.Paths = anyPath(t, g)
	}
	return n
}

// anyPath walks over the fabric without coming anywhere twice.
func anyPath(t *rapid.T, g topology.Graph) []pipeline.Path {
	path := []slice.DPID{rapid.SampledFrom(g.Switches).Draw(t, "from")}
	for range rapid.IntRange(1, 4).Draw(t, "hops") {
		var next []slice.DPID
		for _, s := range g.Switches {
			if !slices.Contains(path, s) && len(g.Between(path[len(path)-1], s)) > 0 {
				next = append(next, s)
			}
		}
		if len(next) == 0 {
			break
		}
		path = append(path, rapid.SampledFrom(next).Draw(t, "hop"))
	}
	if len(path) < 2 {
		return nil
	}
	return []pipeline.Path{pipeline.Explicit(path...)}
}

// A frame reaches exactly those that it is for, once each, over no link twice
// and over none that the plan does not name, and never leaves its network.
func TestDelivery(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := anyFabric(t)
		var networks []pipeline.Network
		var plans []pipeline.Plan
		for number := range slice.Network(rapid.IntRange(1, 3).Draw(t, "networks")) {
			n := anyNetwork(t, g, number+1)
			plan, err := pipeline.Compile(n, g)
			if err != nil {
				t.Fatal(err)
			}
			networks, plans = append(networks, n), append(plans, plan)
		}
		net := netOf(g, plans...)
		for s, sw := range net.Switches {
			for _, f := range sw.Rules.Flows {
				if err := f.Check(); err != nil {
					t.Fatalf("switch %s: %v", s, err)
				}
			}
		}
		for i, n := range networks {
			for _, from := range n.Attachments {
				for _, to := range append(addressesOf(n), slice.Broadcast, stranger) {
					checkFrame(t, net, n, plans[i], from, to)
				}
			}
		}
	})
}

// sent is a frame as it comes in by a port of a network.
func sent(from pipeline.Attachment, to slice.MAC) flowtest.Frame {
	f := flowtest.Frame{Port: from.Port, From: stranger, To: to}
	if len(from.Behind) > 0 {
		f.From = from.Behind[0]
	}
	if from.Label != 0 {
		f.Tags = []slice.VLAN{from.Label}
	}
	return f
}

func checkFrame(t *rapid.T, net flowtest.Net, n pipeline.Network, plan pipeline.Plan, from pipeline.Attachment, to slice.MAC) {
	trace := net.Send(from.Switch, sent(from, to))
	if len(trace.Up) > 0 {
		net = taught(net, plan, from, stranger)
		trace = net.Send(from.Switch, sent(from, to))
	}
	if trace.Loop {
		t.Fatalf("network %d: a frame for %s loops", n.Number, to)
	}
	if diff := cmp.Diff(expected(n, from, to), arrivals(trace)); diff != "" {
		t.Fatalf("network %d, from %+v to %s (-want +got)\n%s", n.Number, from, to, diff)
	}
	for name, times := range trace.Crossed {
		if times > 1 || !slices.Contains(plan.Links, name) {
			t.Fatalf("network %d: a frame for %s crosses link %s %d times, the plan names %v", n.Number, to, name, times, plan.Links)
		}
	}
}

// An arrival is a place where a frame leaves the fabric, and its label there.
type arrival struct {
	Switch slice.DPID
	Port   slice.Port
	Label  slice.VLAN
}

// expected says who should get a frame, from the network alone.
func expected(n pipeline.Network, from pipeline.Attachment, to slice.MAC) map[arrival]int {
	want := map[arrival]int{}
	if from.Label == 0 && n.Type != slice.ExtVNet && len(from.Behind) == 0 {
		return want // nobody may send from there
	}
	learned := from.Label == 0 && n.Type == slice.ExtVNet && len(from.Behind) == 0
	if learned && to == stranger {
		return want // that is itself
	}
	known := slices.Contains(addressesOf(n), to)
	all := to.IsGroup() || !known && (n.Type == slice.ExtVNet || untoldPorts(n))
	for _, a := range n.Attachments {
		itself := a.Switch == from.Switch && a.Port == from.Port
		if !itself && (all || slices.Contains(a.Behind, to)) {
			want[arrival{a.Switch, a.Port, a.Label}]++
		}
	}
	return want
}

func arrivals(t flowtest.Trace) map[arrival]int {
	got := map[arrival]int{}
	for _, d := range t.Delivered {
		a := arrival{Switch: d.Switch, Port: d.Port}
		for _, tag := range d.Frame.Tags {
			a.Label = a.Label*4096 + tag // two tags are never what is expected
		}
		got[a]++
	}
	return got
}

func untoldPorts(n pipeline.Network) bool {
	return slices.ContainsFunc(n.Attachments, func(a pipeline.Attachment) bool { return len(a.Behind) == 0 })
}

func addressesOf(n pipeline.Network) []slice.MAC {
	var all []slice.MAC
	for _, a := range n.Attachments {
		all = append(all, a.Behind...)
	}
	return all
}

// An explicit path is kept to: a frame between its ends crosses its links and
// no other.
func TestPathsAreKept(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := anyFabric(t)
		paths := anyPath(t, g)
		if paths == nil {
			t.Skip("a fabric of one switch")
		}
		path := paths[0].Hops
		g.Spread = 1 // by which the network chooses among parallel links
		first, last := path[0], path[len(path)-1]
		n := pipeline.Network{Number: 1, Type: slice.VLink, Paths: paths, Attachments: []pipeline.Attachment{
			{Switch: first, Port: 1, Behind: macs(1)}, {Switch: last, Port: 1, Behind: macs(2)},
		}}
		plan, err := pipeline.Compile(n, g)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]int{}
		for i, s := range path[1:] {
			want[g.Between(path[i], s)[0].Name] = 1
		}
		for _, to := range []slice.MAC{mac(2), slice.Broadcast} {
			trace := netOf(g, plan).Send(first, flowtest.Frame{Port: 1, From: mac(1), To: to})
			if diff := cmp.Diff(want, trace.Crossed); diff != "" {
				t.Fatalf("to %s (-want +got)\n%s", to, diff)
			}
		}
	})
}

// The order in which things are listed does not matter.
func TestCompileIsDeterministic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := anyFabric(t)
		n := anyNetwork(t, g, 1)
		want, err := pipeline.Compile(n, g)
		if err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(1, 1))
		g.Links, n.Attachments = slices.Clone(g.Links), slices.Clone(n.Attachments)
		r.Shuffle(len(g.Links), func(i, j int) { g.Links[i], g.Links[j] = g.Links[j], g.Links[i] })
		r.Shuffle(len(n.Attachments), func(i, j int) {
			n.Attachments[i], n.Attachments[j] = n.Attachments[j], n.Attachments[i]
		})
		got, err := pipeline.Compile(n, g)
		if err != nil {
			t.Fatal(err)
		}
		for s := range want.Rules {
			if diff := cmp.Diff(text(want.Rules[s]), text(got.Rules[s])); diff != "" {
				t.Fatalf("switch %s\n%s", s, diff)
			}
		}
		if len(got.Rules) != len(want.Rules) || !slices.Equal(got.Links, want.Links) {
			t.Fatalf("got %d switches and links %v, want %d and %v", len(got.Rules), got.Links, len(want.Rules), want.Links)
		}
	})
}
