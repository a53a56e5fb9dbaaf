//go:build lab

package openflow_test

import (
	"context"
	"net"
	"slices"
	"testing"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/learn"
	"github.com/l2sces/l2sces/pkg/openflow"
	"github.com/l2sces/l2sces/pkg/pipeline"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/topology"
)

// receive has a frame come in by a port.
func (d *dummy) receive(t *testing.T, port, frame string) {
	t.Helper()
	d.run(t, "ovs-appctl", "-t", d.file("vswitchd.ctl"), "netdev-dummy/receive", port, frame)
}

// Who sends from an unknown address behind a port of an ext-vnet is heard, and
// may send from then on; the network takes what it learned with it.
func TestOVSLearns(t *testing.T) {
	d := newDummy(t)
	l := learn.New(learn.Config{})
	sessions := make(chan *openflow.Session, 1)
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	k := serveOn(t, listener, openflow.Config{Tables: pipeline.Tables, Handler: func(ctx context.Context, s *openflow.Session) {
		sw := l.Join(s)
		defer sw.Leave()
		s.Inline(func(f *openflow.Frame) bool { return sw.Frame(f.Owner, f.Port, f.Data) })
		sessions <- s
		<-ctx.Done()
	}})
	d.bridge(t, "br", 5, "tcp:"+k.addr)
	s := receive(t, "the switch connects", sessions)
	plan, err := pipeline.Compile(
		pipeline.Network{Number: 44, Type: slice.ExtVNet, Attachments: []pipeline.Attachment{{Switch: 5, Port: 1}, {Switch: 5, Port: 2}}},
		topology.Graph{Switches: []slice.DPID{5}},
	)
	if err != nil {
		t.Fatal(err)
	}
	l.SetNetwork(44, &plan)
	want := pipeline.Base()
	want.Flows = slices.Concat(want.Flows, plan.Rules[5].Flows)
	want.Groups = slices.Concat(want.Groups, plan.Rules[5].Groups)
	want.Meters = slices.Concat(want.Meters, plan.Rules[5].Meters)
	if err := s.Apply(t.Context(), flow.Diff(rulesOf(t, s), want)); err != nil {
		t.Fatal(err)
	}
	if rest := flow.Diff(rulesOf(t, s), want); !rest.Empty() {
		t.Fatalf("still to do: %+v", rest)
	}
	const arp = "eth(src=02:00:00:00:00:99,dst=ff:ff:ff:ff:ff:ff),eth_type(0x0806),arp(sip=192.0.2.1,tip=192.0.2.2,op=1,sha=02:00:00:00:00:99,tha=00:00:00:00:00:00)"
	d.receive(t, "brp1", "in_port(1),"+arp)
	learned := func() (n int) {
		for _, f := range rulesOf(t, s).Flows {
			if f.Learned && f.Owner == 44 && !f.Foreign {
				n++
			}
		}
		return n
	}
	eventually(t, "the address is learned", func() bool { return learned() == 2 })
	sent := func() uint64 {
		counts, err := s.PortStats(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(counts, func(c openflow.PortCount) bool { return c.Port == 2 })
		return counts[i].TxPackets
	}
	eventually(t, "the frame is sent on", func() bool { return sent() == 1 })
	up := k.Stats().PacketIns
	d.receive(t, "brp1", "in_port(1),"+arp)
	eventually(t, "the next frame is sent on", func() bool { return sent() == 2 })
	if n := k.Stats().PacketIns; n != up {
		t.Errorf("%d frames of a known sender came up", n-up)
	}
	if rest := flow.Diff(rulesOf(t, s), want); !rest.Empty() {
		t.Errorf("learned flows are in the way: %+v", rest)
	}
	l.SetNetwork(44, nil)
	eventually(t, "what was learned is forgotten", func() bool { return learned() == 0 })
}
