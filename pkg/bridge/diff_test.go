package bridge_test

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/slice"
)

func example() bridge.Bridge {
	return bridge.Bridge{
		Name: bridge.SPS, DPID: 0x11, Datapath: "netdev",
		Controllers: []string{"ssl:192.0.2.1:6653", "ssl:192.0.2.2:6653"},
		Ports: []bridge.Port{
			{Name: "w1", Kind: bridge.Workload, Number: 1, Workload: "a", Interface: "l2s0", MAC: slice.MAC{2, 0, 0, 0, 0, 1}, MTU: 1450},
			{Name: "t2", Kind: bridge.Tunnel, Number: 2, Remote: netip.MustParseAddr("192.0.2.9")},
			{Name: "to-ned", Kind: bridge.Patch, Number: 3, Peer: "to-sps"},
		},
	}
}

func TestDiff(t *testing.T) {
	settings := example()
	settings.Ports = nil
	for _, c := range []struct {
		name string
		have func(*bridge.Bridge)
		want []string
	}{
		{"nothing changed", func(*bridge.Bridge) {}, nil},
		{"order does not count", func(b *bridge.Bridge) {
			b.Ports[0], b.Ports[2] = b.Ports[2], b.Ports[0]
			b.Controllers[0], b.Controllers[1] = b.Controllers[1], b.Controllers[0]
		}, nil},
		{
			"no bridge", func(b *bridge.Bridge) { *b = bridge.Bridge{} },
			[]string{"create br-sps", "add port t2", "add port to-ned", "add port w1"},
		},
		{"unsafe settings", func(b *bridge.Bridge) { b.Faults = []string{"fail mode is standalone"} }, []string{"configure br-sps"}},
		{"another identifier", func(b *bridge.Bridge) { b.DPID++ }, []string{"configure br-sps"}},
		{"another datapath", func(b *bridge.Bridge) { b.Datapath = "system" }, []string{"configure br-sps"}},
		{"no controller", func(b *bridge.Bridge) { b.Controllers = nil }, []string{"control br-sps"}},
		{
			"settings come before controllers", func(b *bridge.Bridge) { b.Controllers, b.DPID = nil, 0 },
			[]string{"configure br-sps", "control br-sps"},
		},
		{"a port is missing", func(b *bridge.Bridge) { b.Ports = b.Ports[1:] }, []string{"add port w1"}},
		{"a port too many", func(b *bridge.Bridge) { b.Ports = append(b.Ports, bridge.Port{Name: "x"}) }, []string{"remove port x"}},
		{
			"ports go before others come", func(b *bridge.Bridge) { b.Ports[0].Name = "x" },
			[]string{"remove port x", "add port w1"},
		},
		{"another number", func(b *bridge.Bridge) { b.Ports[1].Number = 7 }, []string{"replace port t2"}},
		{"another far end", func(b *bridge.Bridge) { b.Ports[1].Remote = netip.MustParseAddr("192.0.2.10") }, []string{"replace port t2"}},
		{"watched another way", func(b *bridge.Bridge) { b.Ports[1].BFD = 300 }, []string{"tune port t2"}},
		{"watched another way, and another number", func(b *bridge.Bridge) { b.Ports[1].BFD, b.Ports[1].Number = 300, 7 }, []string{"replace port t2"}},
		{"another peer", func(b *bridge.Bridge) { b.Ports[2].Peer = "x" }, []string{"replace port to-ned"}},
		{"another kind", func(b *bridge.Bridge) { b.Ports[2].Kind = bridge.Workload }, []string{"replace port to-ned"}},
		{"another address", func(b *bridge.Bridge) { b.Ports[0].MAC[5]++ }, []string{"replace port w1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			have := example()
			c.have(&have)
			var got []string
			for _, change := range bridge.Diff(have, example()) {
				got = append(got, change.String())
				switch change.Action {
				case bridge.Create, bridge.Configure, bridge.Control:
					if diff := cmp.Diff(settings, change.Bridge, addr); diff != "" {
						t.Errorf("settings of %s (-want +got):\n%s", change, diff)
					}
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
		})
	}
}

var addr = cmp.Comparer(func(a, b netip.Addr) bool { return a == b })

func TestDiffTakesAnyDatapath(t *testing.T) {
	want := example()
	want.Datapath = ""
	if got := bridge.Diff(example(), want); got != nil {
		t.Errorf("changes = %v, want none", got)
	}
}

func TestDiffCarriesWantedPort(t *testing.T) {
	have := example()
	have.Ports[1].Number = 7
	got := bridge.Diff(have, example())
	if len(got) != 1 || got[0].Port != example().Ports[1] {
		t.Errorf("changes = %+v, want the wanted port alone", got)
	}
}
