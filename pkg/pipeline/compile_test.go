package pipeline_test

import (
	"flag"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/pipeline"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/topology"
)

var update = flag.Bool("update", false, "rewrite the golden files and the dumps in docs/pipeline.md")

func mac(n byte) slice.MAC { return slice.MAC{0x02, 0, 0, 0, 0, n} }

func macs(n ...byte) []slice.MAC {
	all := make([]slice.MAC, len(n))
	for i, b := range n {
		all[i] = mac(b)
	}
	return all
}

func addrs(text ...string) []netip.Addr {
	all := make([]netip.Addr, len(text))
	for i, s := range text {
		all[i] = netip.MustParseAddr(s)
	}
	return all
}

// link joins a and b by ports that are told from the far switch.
func link(a, b slice.DPID) topology.Link {
	return topology.Link{
		Name: fmt.Sprintf("%d-%d", a, b),
		A:    topology.End{Switch: a, Port: slice.Port(100 + b)},
		B:    topology.End{Switch: b, Port: slice.Port(100 + a)},
	}
}

// Three switches, each joined to each.
var triangle = topology.Graph{
	Switches: []slice.DPID{1, 2, 3},
	Links:    []topology.Link{link(1, 2), link(1, 3), link(2, 3)},
}

// Four switches in a row, where 2 and 3 have ports of nobody.
var row = topology.Graph{
	Switches: []slice.DPID{1, 2, 3, 4},
	Links:    []topology.Link{link(1, 2), link(2, 3), link(3, 4)},
}

// The networks of the golden files.
var (
	vnet = pipeline.Network{
		Number: 42, Type: slice.VNet, BandwidthKbps: 10_000,
		Attachments: []pipeline.Attachment{
			{Switch: 1, Port: 3, Behind: macs(0x11)},
			{Switch: 1, Port: 4, Behind: macs(0x12)},
			{Switch: 2, Port: 3, Behind: macs(0x21)},
			{Switch: 3, Port: 9, Label: 7, Behind: macs(0x31, 0x32)},
		},
	}
	steered = pipeline.Network{
		Number: 43, Type: slice.VNet,
		Attachments: []pipeline.Attachment{
			{Switch: 1, Port: 5, Behind: macs(0x11)},
			{Switch: 2, Port: 5, Behind: macs(0x21)},
		},
		Paths: []pipeline.Path{pipeline.Explicit(1, 3, 2)},
	}
	open = pipeline.Network{
		Number: 44, Type: slice.ExtVNet,
		Attachments: []pipeline.Attachment{
			{Switch: 1, Port: 6},
			{Switch: 1, Port: 7, Behind: macs(0x11)},
			{Switch: 2, Port: 6},
		},
	}
	untold = pipeline.Network{ // a vnet, and yet nobody was told who is behind a port
		Number: 46, Type: slice.VNet,
		Attachments: []pipeline.Attachment{
			{Switch: 1, Port: 9, Label: 46},
			{Switch: 2, Port: 10, Behind: macs(0x21)},
			{Switch: 3, Port: 10, Behind: macs(0x31)},
		},
	}
	bound = pipeline.Network{ // of which it is known who may speak for which address
		Number: 47, Type: slice.VNet,
		Attachments: []pipeline.Attachment{
			{Switch: 1, Port: 11, Behind: macs(0x11), Addresses: addrs("192.0.2.11", "2001:db8::11")},
			{Switch: 2, Port: 11, Behind: macs(0x21), Addresses: addrs("192.0.2.21")},
		},
	}
	transit = pipeline.Network{
		Number: 45, Type: slice.VLink,
		Attachments: []pipeline.Attachment{
			{Switch: 1, Port: 8, Behind: macs(0x11)},
			{Switch: 4, Port: 8, Behind: macs(0x41)},
		},
	}
)

func compile(t rapid.TB, n pipeline.Network, g topology.Graph) pipeline.Plan {
	t.Helper()
	plan, err := pipeline.Compile(n, g)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// text writes rules one a line, flows first.
func text(r flow.Rules) string {
	var b strings.Builder
	for _, f := range r.Flows {
		fmt.Fprintln(&b, f)
	}
	for _, g := range r.Groups {
		fmt.Fprintln(&b, g)
	}
	for _, m := range r.Meters {
		fmt.Fprintln(&b, m)
	}
	return b.String()
}

func TestCompile(t *testing.T) {
	tests := map[string]struct {
		network pipeline.Network
		graph   topology.Graph
	}{
		"vnet":    {vnet, triangle},
		"steered": {steered, triangle},
		"ext":     {open, triangle},
		"untold":  {untold, triangle},
		"bound":   {bound, triangle},
		"transit": {transit, row},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			plan := compile(t, test.network, test.graph)
			var b strings.Builder
			fmt.Fprintf(&b, "links %s\n", strings.Join(plan.Links, " "))
			for _, s := range slices.Sorted(maps.Keys(plan.Rules)) {
				fmt.Fprintf(&b, "\nswitch %s\n%s", s, text(plan.Rules[s]))
			}
			golden(t, filepath.Join("testdata", name+".flows"), b.String())
		})
	}
}

func TestBase(t *testing.T) {
	base := pipeline.Base()
	for _, f := range base.Flows {
		if err := f.Check(); err != nil {
			t.Error(err)
		}
		if f.Owner != 0 {
			t.Errorf("%s has an owner", f)
		}
	}
	golden(t, filepath.Join("testdata", "base.flows"), text(base))
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s is not what comes out (-want +got); see -update\n%s", name, diff)
	}
}

func TestTables(t *testing.T) {
	for i, table := range pipeline.Tables {
		if int(table.ID) != i {
			t.Errorf("table %s has number %d and stands at %d", table.Name, table.ID, i)
		}
		for _, next := range table.Next {
			if next.ID <= table.ID {
				t.Errorf("table %s leads back to %s", table.Name, next.Name)
			}
		}
	}
}

func TestCompileNobody(t *testing.T) {
	plan := compile(t, pipeline.Network{Number: 1, Type: slice.VNet}, triangle)
	if len(plan.Rules) != 0 || len(plan.Links) != 0 {
		t.Errorf("a network without ports takes %+v", plan)
	}
}

func TestCompileRefuses(t *testing.T) {
	with := func(change func(*pipeline.Network)) pipeline.Network {
		n := vnet
		n.Attachments = slices.Clone(vnet.Attachments)
		change(&n)
		return n
	}
	port := func(p slice.Port) pipeline.Network {
		return with(func(n *pipeline.Network) { n.Attachments[0].Port = p })
	}
	behind := func(m slice.MAC) pipeline.Network {
		return with(func(n *pipeline.Network) { n.Attachments[0].Behind = []slice.MAC{m} })
	}
	bind := func(a string) pipeline.Network {
		return with(func(n *pipeline.Network) { n.Attachments[0].Addresses = []netip.Addr{netip.MustParseAddr(a)} })
	}
	paths := func(p ...[]slice.DPID) pipeline.Network {
		return with(func(n *pipeline.Network) {
			for _, hops := range p {
				n.Paths = append(n.Paths, pipeline.Explicit(hops...))
			}
		})
	}
	tests := map[string]struct {
		network pipeline.Network
		graph   topology.Graph
		kind    slice.Kind
		want    string // part of the error
	}{
		"no number":         {with(func(n *pipeline.Network) { n.Number = 0 }), triangle, slice.Invalid, "network number 0 is not between 1 and 16777214"},
		"number too high":   {with(func(n *pipeline.Network) { n.Number = 1 << 24 }), triangle, slice.Invalid, "network number 16777216"},
		"number of probes":  {with(func(n *pipeline.Network) { n.Number = slice.MaxNetwork }), triangle, slice.Invalid, "network number 16777215 is not between 1 and 16777214"},
		"port too high":     {port(1 << 16), triangle, slice.Invalid, "65536 is no number of a port"},
		"nobody's address":  {bind("0.0.0.0"), triangle, slice.Invalid, "0.0.0.0 is not the address of one host"},
		"address of many":   {bind("ff02::1"), triangle, slice.Invalid, "ff02::1 is not the address of one host"},
		"address mapped":    {bind("::ffff:192.0.2.1"), triangle, slice.Invalid, "::ffff:192.0.2.1 is not the address of one host"},
		"address of a zone": {bind("fe80::1%eth0"), triangle, slice.Invalid, "fe80::1%eth0 is not the address of one host"},
		"no type":           {with(func(n *pipeline.Network) { n.Type = "" }), triangle, slice.Invalid, `no network type ""`},
		"vlink of four":     {with(func(n *pipeline.Network) { n.Type = slice.VLink }), triangle, slice.Invalid, "has 4 ports, not two"},
		"port zero":         {port(0), triangle, slice.Invalid, "0 is no number of a port"},
		"port flood":        {port(0xfffffffb), triangle, slice.Invalid, "4294967291 is no number of a port"},
		"port twice":        {port(4), triangle, slice.Invalid, "port 4 of switch 0000000000000001 is in the network already"},
		"port of a link":    {port(102), triangle, slice.Invalid, "port 102 of switch 0000000000000001 is the end of link 1-2"},
		"label too high":    {with(func(n *pipeline.Network) { n.Attachments[3].Label = 4095 }), triangle, slice.Invalid, "label 4095 is above 4094"},
		"address twice":     {behind(mac(0x21)), triangle, slice.Invalid, "address 02:00:00:00:00:21 is behind port 3 of switch 0000000000000001 and behind port 3 of switch 0000000000000002"},
		"group address":     {behind(slice.Broadcast), triangle, slice.Invalid, "ff:ff:ff:ff:ff:ff is not the address of one interface"},
		"zero address":      {behind(slice.MAC{}), triangle, slice.Invalid, "00:00:00:00:00:00 is not the address of one interface"},
		"short path":        {paths([]slice.DPID{1}), triangle, slice.Invalid, "an explicit path has 1 switches"},
		"path returns":      {paths([]slice.DPID{1, 2, 1}), triangle, slice.Invalid, "comes to switch 0000000000000001 twice"},
		"paths loop":        {paths([]slice.DPID{1, 2, 3}, []slice.DPID{3, 1}), triangle, slice.Invalid, "explicit paths make a loop of the links 2-3, 1-2, 1-3"},
		"path is cut":       {paths([]slice.DPID{1, 3}), row, slice.Unavailable, "no link for the explicit path from switch 0000000000000001 to switch 0000000000000003"},
		"member is gone":    {vnet, topology.Graph{Switches: []slice.DPID{1, 2}, Links: triangle.Links}, slice.Unavailable, "switch 0000000000000003 is not in the fabric"},
		"fabric is cut":     {vnet, topology.Graph{Switches: triangle.Switches, Links: triangle.Links[:1]}, slice.Unavailable, "no link leads from 0000000000000001, 0000000000000002 to 0000000000000003"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := pipeline.Compile(test.network, test.graph)
			if err == nil || !strings.Contains(err.Error(), test.want) || slice.KindOf(err) != test.kind {
				t.Errorf("got %v (%s), want %q (%s)", err, slice.KindOf(err), test.want, test.kind)
			}
		})
	}
}

// What the caller handed in stays as it was.
func TestCompileKeepsItsArguments(t *testing.T) {
	n := pipeline.Network{Number: 1, Type: slice.VNet, Attachments: []pipeline.Attachment{
		{Switch: 2, Port: 1, Behind: macs(4, 3)}, {Switch: 1, Port: 1, Behind: macs(2, 1)},
	}}
	before := fmt.Sprint(n, triangle)
	compile(t, n, triangle)
	if after := fmt.Sprint(n, triangle); after != before {
		t.Errorf("\n got %s\nwant %s", after, before)
	}
}
