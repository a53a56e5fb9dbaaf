package pipeline_test

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/flow/flowtest"
	"github.com/l2sces/l2sces/pkg/pipeline"
	"github.com/l2sces/l2sces/pkg/slice"
)

// taught returns a net whose switches have learned an address.
func taught(net flowtest.Net, plan pipeline.Plan, at pipeline.Attachment, mac slice.MAC) flowtest.Net {
	net.Switches = maps.Clone(net.Switches)
	for s := range net.Switches {
		teach(net, plan, s, at, mac)
	}
	return net
}

// teach puts what one switch gets of a learned address.
func teach(net flowtest.Net, plan pipeline.Plan, s slice.DPID, at pipeline.Attachment, mac slice.MAC) {
	sw := net.Switches[s]
	for _, f := range plan.Learned(s, at, mac) {
		sw.Rules.Flows = without(sw.Rules, func(o flow.Flow) bool { return o.Learned && o.Rule() == f.Rule() }).Flows
		sw.Rules.Flows = append(sw.Rules.Flows, f)
	}
	net.Switches[s] = sw
}

func TestLearned(t *testing.T) {
	plan := compile(t, open, triangle)
	at, ok := plan.Learning(1, 6)
	if !ok || at.Switch != 1 || at.Port != 6 {
		t.Fatalf("port 6 of switch 1: got %+v, %t", at, ok)
	}
	if _, ok := plan.Learning(1, 7); ok {
		t.Error("port 7 is said to learn, and has a known address")
	}
	bound, _ := plan.Learning(1, 7)
	tests := map[string]struct {
		s    slice.DPID
		at   pipeline.Attachment
		mac  slice.MAC
		want []string
	}{
		"where it is": {1, at, mac(0x99), []string{
			"cookie=0x2c, idle_timeout=300, table=Guard, priority=200,in_port=6,dl_src=02:00:00:00:00:99 actions=goto_table:Limit",
			"cookie=0x2c, idle_timeout=300, table=Forward, priority=200,metadata=0x2c,dl_dst=02:00:00:00:00:99 actions=output:6",
		}},
		"elsewhere": {2, at, mac(0x99), []string{
			"cookie=0x2c, idle_timeout=300, table=Forward, priority=200,metadata=0x2c,dl_dst=02:00:00:00:00:99 actions=set_field:0x2c->tun_id,output:101",
		}},
		"where the network is not": {3, at, mac(0x99), nil},
		"an address that is known": {1, at, mac(0x11), nil},
		"a group":                  {1, at, slice.Broadcast, nil},
		"nobody":                   {1, at, slice.MAC{}, nil},
		"a port that is bound":     {1, bound, mac(0x99), nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, f := range plan.Learned(test.s, test.at, test.mac) {
				if err := f.Check(); err != nil || !f.Learned {
					t.Errorf("%s: %v, learned %t", f, err, f.Learned)
				}
				got = append(got, f.String())
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("\n got %q\nwant %q", got, test.want)
			}
		})
	}
}

// Frames of unknown senders pass the meter of their port on their way up, and
// none is heard by anybody before the controller has learned it.
func TestA02UnknownSendersAreMetered(t *testing.T) {
	plan := compile(t, open, triangle)
	sw := netOf(triangle, plan).Switches[1]
	for n := range byte(200) {
		r := sw.Send(flowtest.Frame{Port: 6, From: slice.MAC{2, 0, 0, 0, 1, n}, To: slice.Broadcast})
		if len(r.Out) != 0 || len(r.Up) != 1 || !slices.Equal(r.Meters, []uint32{131_078}) {
			t.Fatalf("frame %d: %d copies leave, %d go up, through meters %v", n, len(r.Out), len(r.Up), r.Meters)
		}
	}
}

// Whatever was learned where, and wherever hosts move to, no frame crosses a
// link twice or leaves its network; and once every switch has learned an
// address, frames for it come to the port where it was seen last and to no
// other.
func TestLearning(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := anyFabric(t)
		n, other := anyNetwork(t, g, 1), anyNetwork(t, g, 2)
		n.Type = slice.ExtVNet
		plan, err := pipeline.Compile(n, g)
		if err != nil {
			t.Fatal(err)
		}
		beside, err := pipeline.Compile(other, g)
		if err != nil {
			t.Fatal(err)
		}
		net := netOf(g, plan, beside)
		var open []pipeline.Attachment
		for _, a := range n.Attachments {
			if _, ok := plan.Learning(a.Switch, a.Port); ok {
				open = append(open, a)
			}
		}
		if len(open) == 0 {
			t.Skip("nothing is learned")
		}
		hosts := append(macs(0xe1, 0xe2, 0xe3), addressesOf(n)...)
		for range rapid.IntRange(1, 8).Draw(t, "frames") {
			at := rapid.SampledFrom(open).Draw(t, "at")
			host := rapid.SampledFrom(hosts).Draw(t, "host")
			full := rapid.Bool().Draw(t, "learned everywhere")
			for _, s := range g.Switches {
				if full || rapid.Bool().Draw(t, "learned here") {
					teach(net, plan, s, at, host)
				}
			}
			checkLearned(t, net, n, at, host, full)
		}
	})
}

func checkLearned(t *rapid.T, net flowtest.Net, n pipeline.Network, at pipeline.Attachment, host slice.MAC, full bool) {
	known := slices.Contains(addressesOf(n), host)
	for _, from := range n.Attachments {
		trace := net.Send(from.Switch, sent(from, host))
		for name, times := range trace.Crossed {
			if times > 1 {
				t.Fatalf("a frame from %+v to %s crosses %s %d times", from, host, name, times)
			}
		}
		for _, d := range trace.Delivered {
			if !slices.ContainsFunc(n.Attachments, func(a pipeline.Attachment) bool { return a.Switch == d.Switch && a.Port == d.Port }) {
				t.Fatalf("a frame from %+v to %s leaves its network by %+v", from, host, d.End)
			}
		}
		itself := from.Switch == at.Switch && from.Port == at.Port
		if !full || known || itself || len(trace.Up) > 0 || from.Label == 0 && len(from.Behind) == 0 {
			continue
		}
		if len(trace.Delivered) != 1 || trace.Delivered[0].Switch != at.Switch || trace.Delivered[0].Port != at.Port {
			t.Fatalf("a frame from %+v to %s comes to %v, want %+v", from, host, trace.Delivered, at)
		}
	}
	// An address that is known is not to be had by saying so.
	if known && len(net.Send(at.Switch, flowtest.Frame{Port: at.Port, From: host, To: slice.Broadcast}).Delivered) > 0 {
		t.Fatalf("%s is heard from %+v", host, at)
	}
}
