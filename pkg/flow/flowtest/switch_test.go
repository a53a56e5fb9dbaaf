package flowtest_test

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/flow/flowtest"
	"github.com/l2sces/l2sces/pkg/slice"
)

var (
	second = &flow.Table{ID: 1, Name: "second"}
	first  = &flow.Table{ID: 0, Name: "first", Next: []*flow.Table{second}}
	mac1   = slice.MAC{2, 0, 0, 0, 0, 1}
	mac2   = slice.MAC{2, 0, 0, 0, 0, 2}
)

// rule is a flow of the first table; priority grows with each match.
func rule(match []flow.Match, actions ...flow.Action) flow.Flow {
	return flow.Flow{Table: first, Priority: flow.Priority(len(match)), Match: match, Actions: actions}
}

func when(m ...flow.Match) []flow.Match { return m }

func bucket(watch slice.Port, actions ...flow.Action) flow.Bucket {
	return flow.Bucket{Watch: watch, Actions: actions}
}

func TestSwitch(t *testing.T) {
	tests := map[string]struct {
		flows  []flow.Flow
		groups []flow.Group
		down   map[slice.Port]bool
		frame  flowtest.Frame
		want   []slice.Port
	}{
		"no rules":                 {frame: flowtest.Frame{Port: 1}},
		"output":                   {flows: []flow.Flow{rule(nil, flow.Output(2))}, frame: flowtest.Frame{Port: 1}, want: []slice.Port{2}},
		"never where from":         {flows: []flow.Flow{rule(nil, flow.Output(1))}, frame: flowtest.Frame{Port: 1}},
		"drop":                     {flows: []flow.Flow{rule(nil)}, frame: flowtest.Frame{Port: 1}},
		"port down":                {flows: []flow.Flow{rule(nil, flow.Output(2))}, down: map[slice.Port]bool{2: true}, frame: flowtest.Frame{Port: 1}},
		"twice":                    {flows: []flow.Flow{rule(nil, flow.Output(2), flow.Output(2))}, frame: flowtest.Frame{Port: 1}, want: []slice.Port{2, 2}},
		"other port":               {flows: []flow.Flow{rule(when(flow.InPort(3)), flow.Output(2))}, frame: flowtest.Frame{Port: 1}},
		"higher priority":          {flows: []flow.Flow{rule(nil, flow.Output(2)), rule(when(flow.InPort(1)), flow.Output(3))}, frame: flowtest.Frame{Port: 1}, want: []slice.Port{3}},
		"source":                   {flows: []flow.Flow{rule(when(flow.From(mac1)), flow.Output(2))}, frame: flowtest.Frame{From: mac1}, want: []slice.Port{2}},
		"masked":                   {flows: []flow.Flow{rule(when(flow.ToMasked(mac1, slice.MAC{0xff})), flow.Output(2))}, frame: flowtest.Frame{To: mac2}, want: []slice.Port{2}},
		"type":                     {flows: []flow.Flow{rule(when(flow.EthType(0x806)), flow.Output(2))}, frame: flowtest.Frame{Type: 0x800}},
		"tunnel":                   {flows: []flow.Flow{rule(when(flow.VNI(7)), flow.Output(2))}, frame: flowtest.Frame{Tunnel: 7}, want: []slice.Port{2}},
		"label":                    {flows: []flow.Flow{rule(when(flow.Label(5)), flow.Output(2))}, frame: flowtest.Frame{Tags: []slice.VLAN{5}}, want: []slice.Port{2}},
		"inner label":              {flows: []flow.Flow{rule(when(flow.Label(5)), flow.Output(2))}, frame: flowtest.Frame{Tags: []slice.VLAN{6, 5}}},
		"tagged with zero":         {flows: []flow.Flow{rule(when(flow.Tagged()), flow.Output(2))}, frame: flowtest.Frame{Tags: []slice.VLAN{0}}, want: []slice.Port{2}},
		"not tagged":               {flows: []flow.Flow{rule(when(flow.Tagged()), flow.Output(2))}, frame: flowtest.Frame{}},
		"eth_type behind two tags": {flows: []flow.Flow{rule(when(flow.EthType(0x8100)), flow.Output(2))}, frame: flowtest.Frame{Tags: []slice.VLAN{6, 5}, Type: 0x800}, want: []slice.Port{2}},
		"back where from":          {flows: []flow.Flow{rule(nil, flow.Return())}, frame: flowtest.Frame{Port: 1}, want: []slice.Port{1}},
		"foreign is passed":        {flows: []flow.Flow{{Table: first, Raw: "\x01", Foreign: true, Actions: []flow.Action{flow.Output(2)}}}, frame: flowtest.Frame{}},
		"mark is read in the next table": {
			flows: []flow.Flow{
				rule(nil, flow.Mark(4), flow.Goto(second)),
				{Table: second, Match: when(flow.InNetwork(4)), Actions: []flow.Action{flow.Output(2)}},
			},
			want: []slice.Port{2},
		},
		"group all": {
			flows:  []flow.Flow{rule(nil, flow.ToGroup(9))},
			groups: []flow.Group{{ID: 9, Type: flow.All, Buckets: []flow.Bucket{bucket(0, flow.Output(1)), bucket(0, flow.Output(2)), bucket(0, flow.Output(3))}}},
			frame:  flowtest.Frame{Port: 1},
			want:   []slice.Port{2, 3},
		},
		"no such group": {flows: []flow.Flow{rule(nil, flow.ToGroup(8))}},
		"fast failover takes the first": {
			flows:  []flow.Flow{rule(nil, flow.ToGroup(9))},
			groups: []flow.Group{{ID: 9, Type: flow.FastFailover, Buckets: []flow.Bucket{bucket(2, flow.Output(2)), bucket(3, flow.Output(3))}}},
			want:   []slice.Port{2},
		},
		"fast failover takes the next": {
			flows:  []flow.Flow{rule(nil, flow.ToGroup(9))},
			groups: []flow.Group{{ID: 9, Type: flow.FastFailover, Buckets: []flow.Bucket{bucket(2, flow.Output(2)), bucket(3, flow.Output(3))}}},
			down:   map[slice.Port]bool{2: true},
			want:   []slice.Port{3},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			sw := flowtest.Switch{Rules: flow.Rules{Flows: test.flows, Groups: test.groups}, Down: test.down}
			if got := sw.Ports(test.frame); !slices.Equal(got, test.want) {
				t.Errorf("leaves by %v, want %v", got, test.want)
			}
		})
	}
}

// Each bucket changes a copy of its own; the frame that was sent in stays.
func TestSwitchCopies(t *testing.T) {
	sw := flowtest.Switch{Rules: flow.Rules{
		Flows: []flow.Flow{rule(nil, flow.Limit(6), flow.PopLabel(), flow.ToGroup(9), flow.Output(4), flow.Mark(3))},
		Groups: []flow.Group{{ID: 9, Buckets: []flow.Bucket{
			bucket(0, flow.PushLabel(5), flow.Output(1)),
			bucket(0, flow.SetTunnel(7), flow.Output(2)),
		}}},
	}}
	in := flowtest.Frame{Port: 8, Tags: []slice.VLAN{1, 2}}
	got := sw.Send(in)
	want := flowtest.Result{
		Out: []flowtest.Out{
			{Port: 1, Frame: flowtest.Frame{Port: 8, Tags: []slice.VLAN{5, 2}}},
			{Port: 2, Frame: flowtest.Frame{Port: 8, Tags: []slice.VLAN{2}, Tunnel: 7}},
			{Port: 4, Frame: flowtest.Frame{Port: 8, Tags: []slice.VLAN{2}}},
		},
		Meters: []uint32{6},
		Tables: []*flow.Table{first},
		Flows:  sw.Rules.Flows,
		Marked: 3,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if !slices.Equal(in.Tags, []slice.VLAN{1, 2}) {
		t.Errorf("the frame that was sent in has now the tags %v", in.Tags)
	}
}

func TestNet(t *testing.T) {
	all := func(vni slice.Network, ports ...slice.Port) flowtest.Switch {
		f := rule(nil, flow.SetTunnel(vni))
		for _, p := range ports {
			f.Actions = append(f.Actions, flow.Output(p))
		}
		return flowtest.Switch{Rules: flow.Rules{Flows: []flow.Flow{f}}}
	}
	wire := func(name string, a slice.DPID, ap slice.Port, b slice.DPID, bp slice.Port, tunnel bool) flowtest.Wire {
		return flowtest.Wire{Name: name, A: flowtest.End{Switch: a, Port: ap}, B: flowtest.End{Switch: b, Port: bp}, Tunnel: tunnel}
	}
	net := flowtest.Net{
		Switches: map[slice.DPID]flowtest.Switch{
			1: all(7, 1, 10, 11),
			2: {Rules: flow.Rules{Flows: []flow.Flow{rule(when(flow.VNI(7)), flow.Output(1))}}},
			3: {Rules: flow.Rules{Flows: []flow.Flow{rule(when(flow.VNI(7)), flow.Output(1))}}},
		},
		Wires: []flowtest.Wire{wire("tunnel", 1, 10, 2, 10, true), wire("patch", 3, 10, 1, 11, false)},
	}
	got := net.Send(1, flowtest.Frame{Port: 2, To: mac1})
	want := flowtest.Trace{
		Delivered: []flowtest.Delivery{
			{End: flowtest.End{Switch: 1, Port: 1}, Frame: flowtest.Frame{Port: 2, Tunnel: 7, To: mac1}},
			{End: flowtest.End{Switch: 2, Port: 1}, Frame: flowtest.Frame{Port: 10, Tunnel: 7, To: mac1}},
		},
		Crossed: map[string]int{"tunnel": 1, "patch": 1},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}

	ring := flowtest.Net{
		Switches: map[slice.DPID]flowtest.Switch{1: all(7, 1, 10, 11), 2: all(7, 10, 11), 3: all(7, 10, 11)},
		Wires:    []flowtest.Wire{wire("a", 1, 10, 2, 10, true), wire("b", 2, 11, 3, 10, true), wire("c", 3, 11, 1, 11, true)},
	}
	if !ring.Send(1, flowtest.Frame{Port: 2}).Loop {
		t.Error("a loop is not reported")
	}
}

// Conditions on what is inside of a frame hold for frames of their kind alone.
func TestSwitchLooksInside(t *testing.T) {
	four, six := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")
	all := []flowtest.Frame{
		{Type: flow.EtherARP, Inside: flowtest.Packet{ARPOp: 1, Source: four, ARPHardware: mac1}},
		{Type: flow.EtherIPv4, Inside: flowtest.Packet{Proto: 17, Source: four, UDPFrom: 68, UDPTo: 67}},
		{Type: flow.EtherIPv6, Inside: flowtest.Packet{Proto: 17, Source: six, UDPFrom: 68, UDPTo: 67}},
		{Type: flow.EtherIPv6, Inside: flowtest.Packet{Proto: 58, Source: six, ICMPv6: 135, Target: six, NDSource: mac1}},
		{Type: flow.EtherIPv6, Inside: flowtest.Packet{Proto: 58, Source: six, ICMPv6: 136, Target: six, NDOwner: mac1}},
		{Type: 0x1234, Inside: flowtest.Packet{ARPOp: 1, Proto: 17, Source: four, UDPFrom: 68, UDPTo: 67, ICMPv6: 135, Target: six, ARPHardware: mac1, NDSource: mac1, NDOwner: mac1}},
	}
	tests := map[string]struct {
		match flow.Match
		want  []int
	}{
		"ARP op":       {flow.ARPOp(1), []int{0}},
		"ARP sender":   {flow.ARPSender(four), []int{0}},
		"ARP hardware": {flow.ARPHardware(mac1), []int{0}},
		"protocol":     {flow.IPProto(17), []int{1, 2}},
		"IPv4":         {flow.IPFrom(four), []int{1}},
		"IPv6":         {flow.IPFrom(six), []int{2, 3, 4}},
		"IPv6 prefix":  {flow.Match{Field: flow.FieldIPv6Src, High: 0x20010db8 << 32, HighMask: 0xffffffff << 32}, []int{2, 3, 4}},
		"UDP from":     {flow.UDPFrom(68), []int{1, 2}},
		"UDP to":       {flow.UDPTo(67), []int{1, 2}},
		"ICMPv6":       {flow.ICMPv6(136), []int{4}},
		"ND target":    {flow.NDTarget(six), []int{3, 4}},
		"ND source":    {flow.NDSource(mac1), []int{3}},
		"ND owner":     {flow.NDOwner(mac1), []int{4}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			sw := flowtest.Switch{Rules: flow.Rules{Flows: []flow.Flow{rule(when(test.match), flow.Output(2))}}}
			var got []int
			for i, f := range all {
				if len(sw.Ports(f)) > 0 {
					got = append(got, i)
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("frames %v match, want %v", got, test.want)
			}
		})
	}
}

// What goes up is told with the end at which it came in.
func TestFramesGoUp(t *testing.T) {
	net := flowtest.Net{Switches: map[slice.DPID]flowtest.Switch{
		1: {Rules: flow.Rules{Flows: []flow.Flow{rule(nil, flow.PopLabel(), flow.ToController(), flow.Output(4))}}},
	}}
	got := net.Send(1, flowtest.Frame{Port: 2, Tags: []slice.VLAN{3}, To: mac1})
	frame := flowtest.Frame{Port: 2, Tags: []slice.VLAN{}, To: mac1}
	want := flowtest.Trace{
		Up:        []flowtest.Delivery{{End: flowtest.End{Switch: 1, Port: 2}, Frame: frame}},
		Delivered: []flowtest.Delivery{{End: flowtest.End{Switch: 1, Port: 4}, Frame: frame}},
		Crossed:   map[string]int{},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
