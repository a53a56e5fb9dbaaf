package flow_test

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/slice"
)

var (
	forward  = &flow.Table{ID: 1, Name: "Forward", Fields: []flow.Field{flow.FieldMetadata, flow.FieldEthDst}}
	classify = &flow.Table{ID: 0, Name: "Classify", Fields: []flow.Field{flow.FieldInPort, flow.FieldTunnel}, Next: []*flow.Table{forward}}
	mac1     = slice.MAC{2, 0, 0, 0, 0, 1}
	four     = netip.MustParseAddr("192.0.2.1")
	six      = netip.MustParseAddr("2001:db8::1")
	inside   = &flow.Table{ID: 3, Name: "Inside", Fields: []flow.Field{
		flow.FieldEthType, flow.FieldIPProto, flow.FieldIPv4Src, flow.FieldIPv6Src, flow.FieldUDPSrc, flow.FieldARPSender,
		flow.FieldICMPv6Type, flow.FieldNDTarget, flow.FieldNDSource,
	}}
)

func Example() {
	f := flow.Flow{
		Table:    classify,
		Priority: flow.Known,
		Owner:    42,
		Match:    []flow.Match{flow.InPort(3)},
		Actions:  []flow.Action{flow.Mark(42), flow.Goto(forward)},
	}
	fmt.Println(f)
	// Output: cookie=0x2a, table=Classify, priority=200,in_port=3 actions=write_metadata:0x2a,goto_table:Forward
}

func TestFlowText(t *testing.T) {
	tests := map[string]struct {
		flow flow.Flow
		want string
	}{
		"drop": {
			flow: flow.Flow{Table: classify, Priority: flow.Guard},
			want: "cookie=0x0, table=Classify, priority=400 actions=drop",
		},
		"matches in the order of the fields": {
			flow: flow.Flow{Table: classify, Match: []flow.Match{flow.VNI(7), flow.InPort(1)}},
			want: "cookie=0x0, table=Classify, priority=0,in_port=1,tun_id=0x7 actions=drop",
		},
		"several actions": {
			flow: flow.Flow{Table: forward, Priority: flow.Default, Actions: []flow.Action{flow.PushLabel(5), flow.Output(2)}},
			want: "cookie=0x0, table=Forward, priority=100 actions=push_vlan:0x8100,set_field:4101->vlan_vid,output:2",
		},
		"learned": {
			flow: flow.Flow{Table: forward, Priority: flow.Known, Owner: 7, Learned: true, Idle: 300, Actions: []flow.Action{flow.Return()}},
			want: "cookie=0x7, idle_timeout=300, table=Forward, priority=200 actions=IN_PORT",
		},
		"foreign": {
			flow: flow.Flow{Table: classify, Priority: 9, Foreign: true, Raw: "\x80\x00"},
			want: "cookie=0x0, table=Classify, priority=9,raw=8000 actions=drop",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := test.flow.String(); got != test.want {
				t.Errorf("\n got %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestMatchText(t *testing.T) {
	tests := []struct {
		match flow.Match
		want  string
		exact bool
	}{
		{flow.InPort(3), "in_port=3", true},
		{flow.InNetwork(42), "metadata=0x2a", true},
		{flow.VNI(42), "tun_id=0x2a", true},
		{flow.Label(5), "dl_vlan=5", true},
		{flow.Tagged(), "vlan_tci=0x1000/0x1000", false},
		{flow.From(mac1), "dl_src=02:00:00:00:00:01", true},
		{flow.FromMasked(slice.MAC{1}, slice.MAC{1}), "dl_src=01:00:00:00:00:00/01:00:00:00:00:00", false},
		{flow.To(mac1), "dl_dst=02:00:00:00:00:01", true},
		{flow.ToMasked(slice.MAC{1, 0x80, 0xc2}, slice.MAC{255, 255, 255, 255, 255, 0xf0}), "dl_dst=01:80:c2:00:00:00/ff:ff:ff:ff:ff:f0", false},
		{flow.EthType(0x88cc), "dl_type=0x88cc", true},
		{flow.IPProto(17), "nw_proto=17", true},
		{flow.IPFrom(four), "nw_src=192.0.2.1", true},
		{flow.Match{Field: flow.FieldIPv4Src, Value: 0xc0000200, Mask: 0xffffff00}, "nw_src=192.0.2.0/255.255.255.0", false},
		{flow.IPFrom(six), "ipv6_src=2001:db8::1", true},
		{flow.Match{Field: flow.FieldIPv6Src, High: 0x20010db8 << 32, HighMask: 0xffffffff << 32}, "ipv6_src=2001:db8::/ffff:ffff::", false},
		{flow.UDPFrom(67), "udp_src=67", true},
		{flow.UDPTo(68), "udp_dst=68", true},
		{flow.ARPOp(1), "arp_op=1", true},
		{flow.ARPSender(four), "arp_spa=192.0.2.1", true},
		{flow.ARPHardware(mac1), "arp_sha=02:00:00:00:00:01", true},
		{flow.ICMPv6(135), "icmpv6_type=135", true},
		{flow.NDTarget(six), "nd_target=2001:db8::1", true},
		{flow.NDSource(mac1), "nd_sll=02:00:00:00:00:01", true},
		{flow.NDOwner(mac1), "nd_tll=02:00:00:00:00:01", true},
		{flow.Match{Field: 99, Value: 1, Mask: 1}, "field_99=0x1/0x1", false},
	}
	for _, test := range tests {
		if got := test.match.String(); got != test.want || test.match.Exact() != test.exact {
			t.Errorf("got %s, exact %t; want %s, exact %t", got, test.match.Exact(), test.want, test.exact)
		}
	}
}

func TestActionText(t *testing.T) {
	tests := []struct {
		action flow.Action
		want   string
	}{
		{flow.Limit(3), "meter:3"},
		{flow.Mark(42), "write_metadata:0x2a"},
		{flow.SetTunnel(42), "set_field:0x2a->tun_id"},
		{flow.PushLabel(5), "push_vlan:0x8100,set_field:4101->vlan_vid"},
		{flow.PopLabel(), "pop_vlan"},
		{flow.Output(4), "output:4"},
		{flow.ToGroup(42), "group:42"},
		{flow.Goto(forward), "goto_table:Forward"},
		{flow.ToController(), "CONTROLLER:65535"},
		{flow.Return(), "IN_PORT"},
		{flow.Action{Verb: flow.VerbUnknown, Arg: 0x19}, "unknown:0x19"},
	}
	for _, test := range tests {
		if got := test.action.String(); got != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
	}
}

func TestGroupAndMeterText(t *testing.T) {
	out := func(watch, p slice.Port) flow.Bucket {
		return flow.Bucket{Watch: watch, Actions: []flow.Action{flow.SetTunnel(1), flow.Output(p)}}
	}
	tests := []struct {
		value fmt.Stringer
		want  string
	}{
		{flow.Group{ID: 4, Type: flow.All}, "group_id=4,type=all"},
		{flow.Group{ID: 4, Type: flow.All, Buckets: []flow.Bucket{out(0, 1), out(0, 2)}}, "group_id=4,type=all,bucket=actions=set_field:0x1->tun_id,output:1,bucket=actions=set_field:0x1->tun_id,output:2"},
		{flow.Group{ID: 4, Type: flow.FastFailover, Buckets: []flow.Bucket{out(1, 1)}}, "group_id=4,type=ff,bucket=watch_port:1,actions=set_field:0x1->tun_id,output:1"},
		{flow.Meter{ID: 9, Pps: 1000, Burst: 10}, "meter=9,pktps,burst,bands=type=drop,rate=1000,burst_size=10"},
		{flow.Meter{ID: 9, Kbps: 1000, Burst: 100}, "meter=9,kbps,burst,bands=type=drop,rate=1000,burst_size=100"},
	}
	for _, test := range tests {
		if got := test.value.String(); got != test.want {
			t.Errorf("\n got %s\nwant %s", got, test.want)
		}
	}
}

func TestMACOf(t *testing.T) {
	want := slice.MAC{0x02, 0x11, 0x22, 0x33, 0x44, 0x55}
	if got := flow.MACOf(flow.To(want).Value); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestCheck(t *testing.T) {
	tests := map[string]struct {
		flow flow.Flow
		want string
	}{
		"fits": {
			flow: flow.Flow{Table: forward, Match: []flow.Match{flow.To(mac1), flow.InNetwork(1)}},
		},
		"undeclared field": {
			flow: flow.Flow{Table: classify, Match: []flow.Match{flow.To(mac1)}},
			want: "table Classify does not match on dl_dst",
		},
		"field twice": {
			flow: flow.Flow{Table: classify, Match: []flow.Match{flow.InPort(1), flow.InPort(2)}},
			want: "table Classify: in_port is matched twice",
		},
		"what it stands on": {
			flow: flow.Flow{Table: inside, Match: []flow.Match{flow.NDSource(mac1), flow.ICMPv6(135), flow.IPProto(58), flow.EthType(0x86dd), flow.IPFrom(six)}},
		},
		"no EtherType": {
			flow: flow.Flow{Table: inside, Match: []flow.Match{flow.IPFrom(four)}},
			want: "table Inside: nw_src needs a dl_type that has it",
		},
		"another EtherType": {
			flow: flow.Flow{Table: inside, Match: []flow.Match{flow.EthType(0x800), flow.ARPSender(four)}},
			want: "table Inside: arp_spa needs a dl_type that has it",
		},
		"no protocol": {
			flow: flow.Flow{Table: inside, Match: []flow.Match{flow.EthType(0x800), flow.UDPFrom(67)}},
			want: "table Inside: udp_src needs a nw_proto that has it",
		},
		"another type of message": {
			flow: flow.Flow{Table: inside, Match: []flow.Match{flow.EthType(0x86dd), flow.IPProto(58), flow.ICMPv6(136), flow.NDSource(mac1)}},
			want: "table Inside: nd_sll needs a icmpv6_type that has it",
		},
		"undeclared step": {
			flow: flow.Flow{Table: forward, Actions: []flow.Action{flow.Goto(classify)}},
			want: "table Forward does not lead to Classify",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := ""
			if err := test.flow.Check(); err != nil {
				got = err.Error()
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
