package sco_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/l2sces/l2sces/pkg/fabric"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/sco"
	"github.com/l2sces/l2sces/pkg/slice"
)

// apart makes netip values comparable for cmp.
var apart = cmp.Options{cmpopts.EquateComparable(netip.Addr{}, netip.Prefix{}), cmpopts.EquateEmpty()}

func plan(t *testing.T, in intent.Intents, before sco.Plan) sco.Plan {
	t.Helper()
	p, err := sco.MakePlan(in.Canonical(), infos, before)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPlanKeepsAddresses(t *testing.T) {
	before := plan(t, three("s"), sco.Plan{})
	addresses := func(p sco.Plan) map[string]string {
		all := map[string]string{}
		for _, n := range p.Networks {
			for _, l := range n.Addresses.Leases {
				all[string(n.Name)+"/"+string(l.Workload)] = fmt.Sprint(l.Address, l.MAC)
			}
		}
		return all
	}
	in := three("s")
	// Newcomers, of which one comes first by name.
	in.Slice.Networks[0].Members = append(in.Slice.Networks[0].Members, intent.Member{Name: "aa", Domain: "b"}, intent.Member{Name: "zz", Domain: "c"})
	intent.Default(&in)
	after := addresses(plan(t, in, before))
	for who, want := range addresses(before) {
		if after[who] != want {
			t.Errorf("%s had %s, has %s", who, want, after[who])
		}
	}
	if len(after) != 8 {
		t.Errorf("%d members have addresses, want 8", len(after))
	}
	text, err := json.Marshal(before)
	if err != nil {
		t.Fatal(err)
	}
	var read sco.Plan
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, read, apart); diff != "" {
		t.Errorf("a stored plan is another (-want +got)\n%s", diff)
	}
}

func TestPlanMTU(t *testing.T) {
	tests := map[string]struct {
		mtu   map[slice.Domain]uint32
		wish  uint32
		want  uint32
		kind  slice.Kind
		wants string // of the error
	}{
		"the least of all":      {map[slice.Domain]uint32{"a": 1450, "b": 1390, "c": 8950}, 0, 1390, 0, ""},
		"one does not know":     {map[slice.Domain]uint32{"a": 1450, "b": 1390}, 0, 1390, 0, ""},
		"as wished":             {map[slice.Domain]uint32{"a": 1450, "b": 1390, "c": 1450}, 1280, 1280, 0, ""},
		"exactly what fits":     {map[slice.Domain]uint32{"a": 1450, "b": 1390, "c": 1450}, 1390, 1390, 0, ""},
		"too large":             {map[slice.Domain]uint32{"a": 1450, "b": 1390, "c": 1450}, 1391, 0, slice.Invalid, "network voice wants an MTU of 1391 bytes; domain b carries 1390"},
		"nobody has joined yet": {nil, 0, 0, slice.Unavailable, "no domain of slice s knows"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			in := three("s")
			in.Slice.Networks[0].MTU = test.wish
			told := map[slice.Domain]intent.DomainInfo{}
			for d, i := range infos {
				i.MTU = test.mtu[d]
				told[d] = i
			}
			p, err := sco.MakePlan(in, told, sco.Plan{})
			if test.wants != "" {
				if slice.KindOf(err) != test.kind || !strings.Contains(err.Error(), test.wants) {
					t.Errorf("got error %v, want %q", err, test.wants)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := p.Networks[0].MTU; got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
		})
	}
}

func TestPlanGateways(t *testing.T) {
	in := three("s")
	in.Slice.Domains[1].Gateway = "mine"
	p := plan(t, in, sco.Plan{})
	want := map[slice.Domain]slice.Node{"a": "a-gw", "b": "mine", "c": "c-gw"}
	if diff := cmp.Diff(want, p.Gateways); diff != "" {
		t.Errorf("gateways (-want +got)\n%s", diff)
	}
	none := map[slice.Domain]intent.DomainInfo{"a": infos["a"], "b": {MTU: 1450}, "c": infos["c"]}
	_, err := sco.MakePlan(three("s"), none, sco.Plan{})
	if slice.KindOf(err) != slice.Invalid || !strings.Contains(err.Error(), "domain b has no gateway: name one") {
		t.Errorf("a domain without a gateway: %v", err)
	}
	alone := three("s")
	alone.Slice.Domains = alone.Slice.Domains[1:2]
	alone.Slice.Networks = []intent.Network{{Name: "n", Type: slice.VNet, Domains: []slice.Domain{"b"}}}
	if _, err := sco.MakePlan(alone, none, sco.Plan{}); err != nil {
		t.Errorf("one domain needs no gateway: %v", err)
	}
}

func TestPlanShapes(t *testing.T) {
	tests := map[intent.Shape]string{
		intent.Mesh:     "a-gw/b-gw a-gw/c-gw b-gw/c-gw",
		intent.Ring:     "a-gw/b-gw b-gw/c-gw c-gw/a-gw",
		intent.Star:     "a-gw/b-gw a-gw/c-gw",
		intent.Tree:     "a-gw/b-gw a-gw/c-gw",
		intent.Explicit: "b-gw/c-gw",
	}
	for shape, want := range tests {
		t.Run(string(shape), func(t *testing.T) {
			in := three("s")
			in.Overlay.Shape = shape
			if shape == intent.Explicit {
				in.Overlay.Links = []intent.Link{{From: "b", To: "c", Cost: 7}}
			}
			var got []string
			for _, l := range plan(t, in, sco.Plan{}).Links {
				got = append(got, string(l.A+"/"+l.B))
				if shape == intent.Explicit && (l.Cost != 7 || l.Name != "b-c") {
					t.Errorf("link %+v has lost its name or cost", l)
				}
			}
			if strings.Join(got, " ") != want {
				t.Errorf("got %v, want %s", got, want)
			}
		})
	}
}

func TestPlanSegments(t *testing.T) {
	in := three("s")
	in.Slice.Networks[1].BandwidthKbps = 500
	in.Slice.Networks[1].MTU = 1400
	p := plan(t, in, sco.Plan{})
	id := func(n slice.NetworkName) slice.NetworkID { return slice.NetworkID{Slice: "s", Network: n} }
	leases := map[slice.Workload]slice.MAC{}
	for _, n := range p.Networks {
		for _, l := range n.Addresses.Leases {
			if n.Name == "voice" {
				leases[l.Workload] = l.MAC
			}
		}
	}
	want := map[slice.Domain][]intent.Segment{
		"b": {
			{
				ID: id("video"), Type: slice.VNet, MTU: 1400, BandwidthKbps: 500, HandOff: true, Gateway: "b-gw",
				Ports:  []intent.SegmentPort{{Workload: "wb", Interface: "video", MAC: mac(2)}},
				Remote: []slice.MAC{mac(1)},
			},
			{
				ID: id("voice"), Type: slice.VNet, MTU: 1450, HandOff: true, Gateway: "b-gw",
				Ports:  []intent.SegmentPort{{Workload: "wb", Interface: "voice", MAC: leases["wb"], Address: netip.MustParsePrefix("192.0.2.2/24")}},
				Remote: []slice.MAC{leases["wa"], leases["wc"]},
			},
		},
		"c": {
			{ID: id("local"), Type: slice.VNet, MTU: 1450, Ports: []intent.SegmentPort{{Workload: "wc", Interface: "local", MAC: mac(3)}}},
			{
				ID: id("voice"), Type: slice.VNet, MTU: 1450, HandOff: true, Gateway: "c-gw",
				Ports:  []intent.SegmentPort{{Workload: "wc", Interface: "voice", MAC: leases["wc"], Address: netip.MustParsePrefix("192.0.2.3/24")}},
				Remote: []slice.MAC{leases["wa"], leases["wb"]},
			},
		},
		"elsewhere": nil,
	}
	for d, segments := range want {
		if diff := cmp.Diff(segments, p.Segments("s", d), apart); diff != "" {
			t.Errorf("segments of %s (-want +got)\n%s", d, diff)
		}
	}
}

func TestPlanJoints(t *testing.T) {
	in := three("s")
	in.Slice.Networks[1] = intent.Network{Name: "video", Type: slice.VLink, Members: in.Slice.Networks[1].Members}
	in.Paths = []intent.Path{
		{Network: "video", From: "a", To: "b", Hops: []slice.Domain{"a", "c", "b"}},
		{Network: "voice", From: "a", To: "b"}, // any: no path
	}
	intent.Default(&in)
	p := plan(t, in, sco.Plan{})
	joints := map[slice.NetworkName]fabric.Network{}
	labels := map[slice.Domain]slice.VLAN{"a": 11, "b": 12, "c": 13}
	for _, n := range p.Networks {
		joint, needed, err := p.Joint("s", n, labels)
		if err != nil {
			t.Fatal(err)
		}
		if needed != (n.Name != "local") {
			t.Errorf("network %s needs a joint: %v", n.Name, needed)
		}
		joints[n.Name] = joint
	}
	want := fabric.Network{
		ID: slice.NetworkID{Slice: "s", Network: "video"}, Type: slice.VLink, MTU: 1450, Links: p.Links,
		Attachments: []fabric.Attachment{{Node: "a-gw", Label: 11, Behind: []slice.MAC{mac(1)}}, {Node: "b-gw", Label: 12, Behind: []slice.MAC{mac(2)}}},
		Paths:       []fabric.Path{fabric.Explicit("a-gw", "c-gw", "b-gw")},
	}
	if diff := cmp.Diff(want, joints["video"], apart); diff != "" {
		t.Errorf("joint of video (-want +got)\n%s", diff)
	}
	if v := joints["voice"]; len(v.Attachments) != 3 || len(v.Paths) != 0 {
		t.Errorf("joint of voice: %+v", v)
	}
	delete(labels, "c")
	for _, n := range p.Networks {
		_, _, err := p.Joint("s", n, labels)
		if n.Name == "voice" && (slice.KindOf(err) != slice.Unavailable || !strings.Contains(err.Error(), "domain c has not given network voice a label")) {
			t.Errorf("without a label: %v", err)
		}
	}
}

// Every limit of a path, and every metric of a link, comes to the fabric.
func TestPlanLimits(t *testing.T) {
	in := three("s")
	in.Overlay = intent.Overlay{Shape: intent.Explicit, Links: []intent.Link{
		{From: "a", To: "b", Cost: 2, CapacityKbps: 900, LatencyMs: 7}, {From: "b", To: "c"}, {From: "a", To: "c"},
	}}
	in.Paths = []intent.Path{
		{Network: "voice", From: "a", To: "b", Mode: intent.PathLoose, Hops: []slice.Domain{"c"}, MaxLatencyMs: 30, MinBandwidthKbps: 500, Policy: intent.Degrade},
		{Network: "voice", From: "a", To: "c", Avoid: []slice.Domain{"b"}, Protection: intent.FastFailover},
	}
	intent.Default(&in)
	p := plan(t, in, sco.Plan{})
	links := []fabric.Link{
		{Name: "a-b", Cost: 2, A: "a-gw", B: "b-gw", CapacityKbps: 900, Latency: 7 * time.Millisecond},
		{Name: "a-c", A: "a-gw", B: "c-gw"},
		{Name: "b-c", A: "b-gw", B: "c-gw"},
	}
	if diff := cmp.Diff(links, p.Links, apart); diff != "" {
		t.Errorf("links (-want +got)\n%s", diff)
	}
	paths := []fabric.Path{
		{From: "a-gw", To: "b-gw", Hops: []slice.Node{"c-gw"}, Loose: true, MaxLatency: 30 * time.Millisecond, MinKbps: 500, Degrade: true},
		{From: "a-gw", To: "c-gw", Avoid: []slice.Node{"b-gw"}, Protected: true},
	}
	for _, n := range p.Networks {
		if n.Name != "voice" {
			continue
		}
		if diff := cmp.Diff(paths, n.Paths, apart); diff != "" {
			t.Errorf("paths (-want +got)\n%s", diff)
		}
	}
}
