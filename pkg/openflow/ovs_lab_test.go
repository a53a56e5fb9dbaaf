//go:build lab

package openflow_test

import (
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/openflow"
	"github.com/l2sces/l2sces/pkg/slice"
)

var (
	forward  = &flow.Table{ID: 4, Name: "Forward"}
	classify = &flow.Table{ID: 0, Name: "Classify", Next: []*flow.Table{forward}}
	tables   = []*flow.Table{classify, forward}
	mac      = slice.MAC{2, 0, 0, 0, 0, 7}
)

// everything is every match and every action that package flow can say.
func everything() flow.Rules {
	add := func(list *[]flow.Flow, t *flow.Table, p flow.Priority, m []flow.Match, a ...flow.Action) {
		*list = append(*list, flow.Flow{Table: t, Priority: p, Owner: slice.Network(len(*list) + 100), Match: m, Actions: a})
	}
	m := func(list ...flow.Match) []flow.Match { return list }
	var f []flow.Flow
	add(&f, classify, flow.Default, nil)
	add(&f, classify, flow.Known, m(flow.InPort(1)), flow.Limit(7), flow.Mark(100), flow.Goto(forward))
	add(&f, classify, flow.Known, m(flow.InPort(2), flow.VNI(0x123456)), flow.Mark(slice.MaxNetwork), flow.Goto(forward))
	add(&f, classify, flow.Known, m(flow.InPort(3), flow.Label(4094)), flow.PopLabel(), flow.Mark(1), flow.Goto(forward))
	add(&f, classify, flow.Guard, m(flow.InPort(3), flow.Tagged()))
	add(&f, classify, flow.Known, m(flow.Match{Field: flow.FieldVLAN, Value: 0, Mask: 0x1fff}), flow.Output(1))
	add(&f, classify, flow.Guard, m(flow.InPort(4), flow.EthType(0x88cc)), flow.ToController())
	add(&f, classify, flow.Known, m(flow.InPort(4), flow.EthType(0x88cd)), flow.Output(1), flow.Return())
	add(&f, classify, flow.Known, m(flow.EthType(0x8100)), flow.Output(2))
	add(&f, classify, flow.Override, m(flow.From(mac), flow.To(slice.Broadcast)), flow.Output(2), flow.Output(3))
	add(&f, classify, flow.Override, m(flow.ToMasked(slice.MAC{1}, slice.MAC{1})), flow.ToGroup(100))
	add(&f, forward, flow.Known, m(flow.InNetwork(100), flow.To(mac)), flow.SetTunnel(100), flow.Output(4))
	add(&f, forward, flow.Known, m(flow.InNetwork(101), flow.To(mac)), flow.PushLabel(17), flow.Output(3))
	add(&f, forward, flow.Known, m(flow.Match{Field: flow.FieldMetadata, Value: 0x10, Mask: 0xf0}), flow.Output(1), flow.PushLabel(1), flow.Output(3), flow.PopLabel(), flow.SetTunnel(9), flow.Output(4))
	add(&f, forward, flow.Known, m(flow.Match{Field: flow.FieldTunnel, Value: 2, Mask: 3}), flow.ToGroup(101))
	add(&f, forward, flow.Known, m(flow.InPort(1), flow.InNetwork(1), flow.VNI(2), flow.Label(3), flow.From(mac), flow.To(mac), flow.EthType(0x0806)),
		flow.Limit(8), flow.Output(1))
	for _, c := range insides() {
		add(&f, classify, flow.Known, c)
	}
	return flow.Rules{
		Flows: f,
		Groups: []flow.Group{
			{ID: 100, Type: flow.All, Owner: 100, Buckets: []flow.Bucket{
				{Actions: []flow.Action{flow.Output(1)}},
				{Actions: []flow.Action{flow.SetTunnel(5), flow.Output(2)}},
				{Actions: []flow.Action{flow.PushLabel(5), flow.Output(3)}},
			}},
			{ID: 101, Type: flow.FastFailover, Owner: 101, Buckets: []flow.Bucket{
				{Watch: 1, Actions: []flow.Action{flow.Output(1)}},
				{Watch: 2, Actions: []flow.Action{flow.SetTunnel(5), flow.Output(2)}},
			}},
			{ID: 102, Type: flow.All},
		},
		Meters: []flow.Meter{{ID: 7, Kbps: 1000, Burst: 100}, {ID: 8, Kbps: 1, Burst: 1}, {ID: 131079, Pps: 100, Burst: 200}},
	}
}

// insides are matches of what is inside of a frame.
func insides() [][]flow.Match {
	four, six := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")
	nd := func(kind uint8, more ...flow.Match) []flow.Match {
		return append(more, flow.EthType(flow.EtherIPv6), flow.IPProto(flow.ProtoICMPv6), flow.ICMPv6(kind))
	}
	return [][]flow.Match{
		{flow.EthType(flow.EtherIPv4), flow.IPFrom(four)},
		{flow.EthType(flow.EtherIPv4), flow.IPFrom(netip.IPv4Unspecified())},
		{flow.EthType(flow.EtherIPv4), {Field: flow.FieldIPv4Src, Value: 0xc0000200, Mask: 0xffffff00}},
		{flow.EthType(flow.EtherIPv4), flow.IPProto(flow.ProtoUDP), flow.UDPFrom(68), flow.UDPTo(67)},
		{flow.EthType(flow.EtherIPv6), flow.IPProto(flow.ProtoUDP), flow.UDPFrom(547)},
		{flow.EthType(flow.EtherIPv6), flow.IPFrom(six), flow.InPort(2)},
		{flow.EthType(flow.EtherIPv6), flow.IPFrom(netip.IPv6Unspecified())},
		{flow.EthType(flow.EtherIPv6), {Field: flow.FieldIPv6Src, High: 0x20010db8 << 32, HighMask: 0xffffffff << 32}},
		{flow.EthType(flow.EtherARP), flow.ARPOp(1), flow.ARPSender(four), flow.ARPHardware(mac)},
		{flow.EthType(flow.EtherARP), {Field: flow.FieldARPSender, Value: 0xc0000200, Mask: 0xffffff00}},
		nd(flow.RouterAdvertisement),
		nd(flow.NeighbourSolicitation, flow.IPFrom(six), flow.NDSource(mac)),
		nd(flow.NeighbourSolicitation, flow.NDTarget(six), flow.NDSource(slice.MAC{})),
		nd(flow.NeighbourAdvertisement, flow.NDTarget(six), flow.NDOwner(mac)),
		nd(flow.NeighbourAdvertisement, flow.Match{Field: flow.FieldNDTarget, High: 0x20010db8 << 32, HighMask: 0xffffffff << 32}),
	}
}

func rulesOf(t *testing.T, s *openflow.Session) flow.Rules {
	t.Helper()
	r, err := s.Rules(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestOVS(t *testing.T) {
	d := newDummy(t)
	for name, secure := range map[string]bool{"tcp": false, "ssl": true} {
		t.Run(name, func(t *testing.T) {
			l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			events := make(chan openflow.Event, 1000)
			c := openflow.Config{Tables: tables, Events: func(e openflow.Event) { events <- e }}
			if secure {
				server := makeCertificates(t, d)
				c.Allow = func(_ slice.DPID, peer *tls.ConnectionState) error {
					if peer == nil || len(peer.PeerCertificates) == 0 || peer.PeerCertificates[0].Subject.CommonName != "switch" {
						return slice.Errorf(slice.Denied, "no certificate of a switch")
					}
					return nil
				}
				l = tls.NewListener(l, server)
			}
			k := serveOn(t, l, c)
			br := "b" + name
			d.bridge(t, br, uint64(len(name)+len(br))<<8|uint64(name[0]), name+":"+k.addr)
			t.Cleanup(func() { d.vsctl(t, "--if-exists", "del-br", br) })
			s := receive(t, "the switch connects", k.sessions)
			roundTrip(t, k, s)
			rollBack(t, s)
			foreign(t, d, br, s)
			ports(t, d, br, s, events)
			again(t, k, s)
		})
	}
}

// roundTrip puts everything, reads it back, sees nothing left to do, changes
// some of it, and takes it off.
func roundTrip(t *testing.T, k *controller, s *openflow.Session) {
	t.Helper()
	want := everything()
	for _, r := range []flow.Rules{want, want, less(want), {}, want} {
		change := flow.Diff(rulesOf(t, s), r)
		before := k.Stats().Mods()
		if err := s.Apply(context.Background(), change); err != nil {
			t.Fatal(err)
		}
		if sent := k.Stats().Mods() - before; sent != uint64(change.Mods()) {
			t.Errorf("sent %d messages for a change of %d", sent, change.Mods())
		}
		got := rulesOf(t, s)
		if diff := cmp.Diff(texts(r), texts(got)); diff != "" {
			t.Fatalf("read back (-want +got):\n%s", diff)
		}
		if rest := flow.Diff(got, r); !rest.Empty() {
			t.Errorf("still to do: %+v", rest)
		}
	}
}

// less is rules of which some are changed and some are gone.
func less(r flow.Rules) flow.Rules {
	r.Flows = slices.Clone(r.Flows)[1:]
	r.Flows[1].Actions = []flow.Action{flow.Output(1)}
	r.Flows[2].Owner = 77
	r.Groups = []flow.Group{{ID: 100, Type: flow.All, Buckets: []flow.Bucket{{Actions: []flow.Action{flow.Output(4)}}}}, r.Groups[1]}
	r.Meters = []flow.Meter{{ID: 7, Kbps: 2000, Burst: 200}, r.Meters[1]}
	return r
}

// rollBack sends a bundle with one bad rule and finds nothing of it.
func rollBack(t *testing.T, s *openflow.Session) {
	t.Helper()
	before := texts(rulesOf(t, s))
	good := flow.Flow{Table: classify, Priority: 900, Match: []flow.Match{flow.InPort(9)}, Actions: []flow.Action{flow.Output(1)}}
	for name, bad := range map[string]struct {
		change flow.Change
		want   []string
	}{
		"group that is not there": {
			flow.Change{PutFlows: []flow.Flow{good, {Table: forward, Priority: 901, Actions: []flow.Action{flow.ToGroup(999)}}}},
			[]string{"put flow", "table=Forward, priority=901", "group:999", "BAD_OUT_GROUP"},
		},
		"group that is there": {
			flow.Change{PutFlows: []flow.Flow{good}, PutGroups: []flow.Group{{ID: 100, Type: flow.All}}},
			[]string{"put group", "group_id=100", "GROUP_EXISTS"},
		},
		"goto back, refused when it is added": {
			flow.Change{PutFlows: []flow.Flow{good, {Table: forward, Priority: 902, Actions: []flow.Action{flow.Goto(classify)}}}},
			[]string{"put flow", "priority=902", "BAD_TABLE_ID"},
		},
		"meter that is there": {
			flow.Change{PutFlows: []flow.Flow{good}, PutMeters: []flow.Meter{{ID: 7, Kbps: 5, Burst: 5}}},
			[]string{"put meter", "meter=7", "METER_EXISTS"},
		},
	} {
		err := s.Apply(context.Background(), bad.change)
		if err == nil {
			t.Fatalf("%s: no error", name)
		}
		for _, w := range bad.want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %q does not name %q", name, err, w)
			}
		}
		if diff := cmp.Diff(before, texts(rulesOf(t, s))); diff != "" {
			t.Errorf("%s: left behind (-before +after):\n%s", name, diff)
		}
	}
	absent := flow.Change{TakeFlows: []flow.Flow{good}, TakeGroups: []flow.Group{{ID: 555}}, TakeMeters: []flow.Meter{{ID: 55}}}
	if err := s.Apply(context.Background(), absent); err != nil {
		t.Errorf("taking what is absent: %v", err)
	}
}

// foreign finds the rules of others, replaces one and takes the rest.
func foreign(t *testing.T, d *dummy, br string, s *openflow.Session) {
	t.Helper()
	want := rulesOf(t, s)
	for _, f := range []string{
		"table=0,priority=7,in_port=1,actions=drop",
		"table=0,priority=7,ip,nw_dst=192.0.2.1,actions=resubmit(,3)",
		"table=9,priority=7,reg1=5,cookie=0x4c32000000000001,actions=learn(table=3,output:NXM_OF_IN_PORT[]),normal",
		"table=9,priority=8,cookie=0x4c32000000000001,actions=write_metadata:1/3",
		"table=9,priority=9,cookie=0x4c32000000000001,idle_timeout=3600,actions=output:1",
		"table=9,priority=10,cookie=0x4c32000000000001,udp6,ipv6_src=2001:db8::/32,tp_dst=5,ct_state=+trk,actions=write_actions(output:1)",
		"table=9,priority=11,cookie=0x4c32000000000001,tcp,tp_dst=5,actions=ct(commit)",
		"table=0,priority=200,in_port=1,actions=normal", // takes the place of one of ours
	} {
		d.ofctl(t, "add-flow", br, f)
	}
	got := rulesOf(t, s)
	var others int
	for _, f := range got.Flows {
		if f.Foreign {
			others++
		}
	}
	if others != 8 {
		t.Errorf("%d foreign flows, want 8:\n%s", others, strings.Join(texts(got), "\n"))
	}
	if err := s.Apply(context.Background(), flow.Diff(got, want)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(texts(want), texts(rulesOf(t, s))); diff != "" {
		t.Errorf("after the foreign flows (-want +got):\n%s", diff)
	}
}

// ports counts what went through a flow, and hears of ports and frames.
func ports(t *testing.T, d *dummy, br string, s *openflow.Session, events <-chan openflow.Event) {
	t.Helper()
	ctx := context.Background()
	d.run(t, "ovs-appctl", "-t", d.file("vswitchd.ctl"), "netdev-dummy/receive", br+"p4",
		"in_port(4),eth(src=02:00:00:00:00:01,dst=02:00:00:00:00:02),eth_type(0x88cc)")
	heard := func(what string, is func(openflow.Event) bool) {
		t.Helper()
		for e := receive(t, what, events); !is(e); e = receive(t, what, events) {
		}
	}
	heard("the frame comes up", func(e openflow.Event) bool {
		return e.Frame != nil && e.Frame.Port == 4 && e.Frame.Table == classify && e.Frame.Owner == 106 && len(e.Frame.Data) >= 14
	})
	d.vsctl(t, "del-port", br+"p2")
	heard("the port goes", func(e openflow.Event) bool { return e.Port != nil && e.Port.Name == br+"p2" && e.Port.Gone })
	if err := s.Send(ctx, 1, make([]byte, 60)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the frame is counted at port 1", func() bool {
		list, err := s.PortStats(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return slices.ContainsFunc(list, func(c openflow.PortCount) bool { return c.Port == 1 && c.TxPackets == 1 && c.TxBytes == 60 })
	})
	text := everything().Flows[6].String()
	eventually(t, "the frame is counted at its flow", func() bool {
		counts, err := s.FlowStats(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return counts[text].Packets == 1
	})
	list, err := s.Ports(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(list, func(p openflow.Port) bool { return p.Port == 3 && p.Name == br+"p3" && p.Up }) {
		t.Errorf("no port 3 among %+v", list)
	}
}

// again reconnects, and sees that nothing is left to do.
func again(t *testing.T, k *controller, s *openflow.Session) {
	t.Helper()
	want := rulesOf(t, s)
	s.Close()
	s = receive(t, "the switch connects again", k.sessions)
	before := k.Stats().Mods()
	change := flow.Diff(rulesOf(t, s), want)
	if err := s.Apply(context.Background(), change); err != nil || !change.Empty() || k.Stats().Mods() != before {
		t.Errorf("after a reconnect: %v, %+v", err, change)
	}
}

// TestOVSMany puts more flows than fit one message into one bundle, reads them
// back in parts, and is then superseded.
func TestOVSMany(t *testing.T) {
	d := newDummy(t)
	k := serve(t, openflow.Config{Tables: tables, Generation: 100})
	d.bridge(t, "many", 0xaa, "tcp:"+k.addr)
	s := receive(t, "the switch connects", k.sessions)
	var want flow.Rules
	for i := range 20000 {
		to := slice.MAC{2, 0, 0, 0, byte(i >> 8), byte(i)}
		want.Flows = append(want.Flows, flow.Flow{
			Table: forward, Priority: flow.Known, Owner: 5,
			Match: []flow.Match{flow.InNetwork(5), flow.To(to)}, Actions: []flow.Action{flow.SetTunnel(5), flow.Output(1)},
		})
	}
	if err := s.Apply(context.Background(), flow.Diff(flow.Rules{}, want)); err != nil {
		t.Fatal(err)
	}
	got := rulesOf(t, s)
	if c := flow.Diff(got, want); !c.Empty() || len(got.Flows) != len(want.Flows) {
		t.Fatalf("%d flows read, %d messages to do", len(got.Flows), c.Mods())
	}
	stale := serve(t, openflow.Config{Generation: 99})
	d.vsctl(t, "set-controller", "many", "tcp:"+stale.addr)
	eventually(t, "the older master is refused", func() bool { return stale.Stats().Refused > 0 })
	if n := stale.Stats().Switches; n != 0 {
		t.Errorf("%d switches obey it", n)
	}
	newer := serve(t, openflow.Config{Tables: tables, Generation: 101})
	d.vsctl(t, "set-controller", "many", "tcp:"+newer.addr)
	s = receive(t, "the newer master is obeyed", newer.sessions)
	if c := flow.Diff(rulesOf(t, s), want); !c.Empty() {
		t.Errorf("%d messages to do after a change of the master", c.Mods())
	}
}
