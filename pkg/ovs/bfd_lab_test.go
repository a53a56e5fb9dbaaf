//go:build lab

package ovs_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/netns"
)

// watched has a node want a tunnel that is watched, and nothing else.
func (n *node) watched(revision uint32, remote string, bfd uint32) {
	n.wanted <- bridge.Wanted{Revision: revision, Bridge: bridge.Bridge{Name: bridge.SPS, DPID: 0x11, Ports: []bridge.Port{
		{Name: "t", Kind: bridge.Tunnel, Number: 12, Remote: netip.MustParseAddr(remote), BFD: bfd},
	}}}
}

// tunnel returns the state of the tunnel as the agent reports it.
func (n *node) tunnel() bridge.PortState {
	for _, p := range n.last().Ports {
		if p.Name == "t" {
			return p
		}
	}
	return bridge.PortState{}
}

func TestF11SilentLossOfATunnelIsReported(t *testing.T) {
	a, b := newNode(t), newNode(t)
	must(t, netns.Connect(netns.End{Namespace: a.namespace, Name: "eth0"}, netns.End{Namespace: b.namespace, Name: "eth0"}))
	a.serve(t, "192.0.2.1/28")
	b.serve(t, "192.0.2.2/28")
	a.watched(1, "192.0.2.2", 0)
	b.watched(1, "192.0.2.1", 100)
	eventually(t, "the one that is not watched is up", func() bool { return a.tunnel().Up && a.last().Applied == 1 })
	eventually(t, "the other end says that nobody answers", func() bool {
		return b.last().Applied == 1 && !b.tunnel().Up && strings.Contains(b.tunnel().Message, "BFD")
	})
	a.watched(2, "192.0.2.2", 100)
	both := func(up bool) func() bool { return func() bool { return a.tunnel().Up == up && b.tunnel().Up == up } }
	took := eventually(t, "both ends are up", both(true))
	t.Logf("up after %s", took)
	run(t, "ip", "netns", "exec", a.namespace, "nft",
		`add table netdev cut; add chain netdev cut out { type filter hook egress device "eth0" priority 0; policy drop; }`)
	took = eventually(t, "both ends say that the tunnel is down", both(false))
	t.Logf("down after %s", took)
	if took > 4*time.Second { // three intervals, but a session that is young still has slow timers
		t.Errorf("found after %s, want within 4 s", took)
	}
	if got := a.tunnel(); got.Number != 12 || got.Message == "" {
		t.Errorf("the tunnel is %+v, want it to be there with a message", got)
	}
	run(t, "ip", "netns", "exec", a.namespace, "nft", "delete table netdev cut")
	eventually(t, "both ends are up again", both(true))
}
