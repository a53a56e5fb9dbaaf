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
	eventually(t, "the one that waits for its first answer is not called down", func() bool {
		return b.last().Applied == 1 && b.tunnel() == bridge.PortState{Name: "t", Number: 12, Up: true}
	})
	a.watched(2, "192.0.2.2", 100)
	session := func(n *node) bool {
		return strings.Contains(n.vsctl(t, "get", "interface", "t", "bfd_status"), `forwarding="true"`)
	}
	both := func(up bool) func() bool { return func() bool { return a.tunnel().Up == up && b.tunnel().Up == up } }
	took := eventually(t, "both ends hear each other", func() bool { return session(a) && session(b) })
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

// forgedBFD is a frame that says, in the name of the other end, that the tunnel
// is to go down (RFC 5880, section 4.1), for an address.
func forgedBFD(mac string) string {
	return strings.ReplaceAll(mac, ":", "") + "0223200000aa" + "0800" +
		"45c00034000000" + "00ff110000a9fe0101a9fe0100" + // IPv4, 255 hops to live
		"c0000ec800200000" + // UDP, port 3784
		"200003180000000100000000000186a0000186a000000000" // session down by will, detected after 3
}

func TestA04TenantCannotForgeBFD(t *testing.T) {
	a, b := newNode(t), newNode(t)
	must(t, netns.Connect(netns.End{Namespace: a.namespace, Name: "eth0"}, netns.End{Namespace: b.namespace, Name: "eth0"}))
	a.serve(t, "192.0.2.1/28")
	b.serve(t, "192.0.2.2/28")
	a.watched(1, "192.0.2.2", 1000) // slow enough not to fail by itself
	b.watched(1, "192.0.2.1", 1000)
	flaps := func() string { return b.vsctl(t, "get", "interface", "t", "bfd_status:flap_count") }
	eventually(t, "the session is up", func() bool {
		return strings.Contains(b.vsctl(t, "get", "interface", "t", "bfd_status"), `forwarding="true"`)
	})
	// send has a frame come out of the tunnel in some network, as a tenant's would.
	send := func(mac string) {
		for range 3 {
			a.ofctl(t, "packet-out", bridge.SPS, "in_port=controller packet="+forgedBFD(mac)+" actions=set_field:55->tun_id,output:12")
		}
	}
	wait := func() {
		timer := time.NewTimer(1500 * time.Millisecond)
		defer timer.Stop()
		<-timer.C
	}
	// Where cores are shared a session may fail by itself: then again.
	before := flaps()
	for wait(); before != flaps(); wait() {
		before = flaps()
	}
	send("00:23:20:00:00:01") // where BFD of this switch usually goes
	wait()
	if got := flaps(); got != before {
		t.Errorf("a frame in a network has ended the session: %s flaps, before %s", got, before)
	}
	// That such a frame does harm at all is shown with the address that no
	// tenant can send to.
	send("01:80:c2:00:00:0f")
	eventually(t, "a frame to the address of our sessions does harm", func() bool { return flaps() != before })
}
