//go:build lab

package ovs_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/l2sces/l2sces/pkg/agent"
	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/netns"
	"github.com/l2sces/l2sces/pkg/ovs"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/sps"
)

// node is a switch with its agent and its underlay, and one workload. The test
// plays the controller, and writes the flows.
type node struct {
	*daemon
	db  *ovs.Database
	pod string

	mu      sync.Mutex
	reports []bridge.Report
	wanted  chan bridge.Wanted
}

// The kernel of the node, as the commands introduce it.
func (n *node) Bare(ifname string) (slice.MAC, int, error) { return netns.Bare(n.namespace, ifname) }

func (n *node) Carry(ifname string, address netip.Prefix, gateway netip.Addr) error {
	return netns.Carry(n.namespace, ifname, address, gateway)
}

func (n *node) Plug(port string, in sps.Inside) (bool, error) {
	return netns.Plug(netns.End{Namespace: n.namespace, Name: port, MTU: in.MTU},
		netns.End{Namespace: in.Namespace, Name: in.Interface, MAC: in.MAC, MTU: in.MTU}, in.Addresses...)
}

func (n *node) Unplug(port string) error { return netns.Unplug(n.namespace, port) }

func (n *node) Present(namespace string) bool { return netns.Present(namespace) }

func (n *node) Keep(ctx context.Context, reports <-chan bridge.Report, wanted func(bridge.Wanted)) error {
	for {
		select {
		case r := <-reports:
			n.mu.Lock()
			n.reports = append(n.reports, r)
			n.mu.Unlock()
		case w := <-n.wanted:
			wanted(w)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (n *node) last() bridge.Report {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.reports) == 0 {
		return bridge.Report{}
	}
	return n.reports[len(n.reports)-1]
}

// said reports whether any report has a word.
func (n *node) said(word string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, r := range n.reports {
		if strings.Contains(r.Message, word) {
			return true
		}
	}
	return false
}

func newNode(t *testing.T) *node {
	t.Helper()
	return &node{daemon: start(t), pod: namespace(t), wanted: make(chan bridge.Wanted, 1)}
}

// serve runs the agent and the underlay for the time of the test.
func (n *node) serve(t *testing.T, tunnel string) {
	t.Helper()
	address := netip.MustParsePrefix(tunnel)
	n.db = n.open(t, ovs.Config{Local: address.Addr()})
	a := sps.New(n.db, n, sps.Plugger{
		Workloads: map[slice.Workload]sps.Place{"pod": {Namespace: n.pod}}, Links: n,
	}, agent.Config{
		Domain: "a", Node: "n", Tunnel: address.Addr(),
		MTU: func() (int, error) { return netns.MTU(n.namespace, "eth0") },
	})
	u := agent.Underlay{Bridge: "br-phy", Uplink: "eth0", Address: address, Gateway: netip.MustParseAddr("192.0.2.14")}
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() { a.Run(ctx) })
	group.Go(func() { u.Keep(ctx, n.db, n, slog.New(slog.DiscardHandler)) })
	t.Cleanup(func() {
		cancel()
		group.Wait()
	})
}

func (n *node) want(remote, address string) {
	p := netip.MustParsePrefix(address)
	n.wanted <- bridge.Wanted{Revision: 1, Bridge: bridge.Bridge{Name: bridge.SPS, DPID: 0x11, Ports: []bridge.Port{
		{Name: "t", Kind: bridge.Tunnel, Number: 12, Remote: netip.MustParseAddr(remote)},
		{Name: "w", Kind: bridge.Workload, Number: 1, Workload: "pod", Interface: "l2s0", MAC: slice.MACOf(p.Addr()), Address: p, MTU: 1450},
	}}}
}

func (n *node) flows(t *testing.T) {
	t.Helper()
	n.ofctl(t, "add-flow", bridge.SPS, "in_port=1,actions=set_field:100->tun_id,output:12")
	n.ofctl(t, "add-flow", bridge.SPS, "in_port=12,tun_id=100,actions=output:1")
}

// inPlace reports whether everything that was wanted is there.
func (n *node) inPlace() bool {
	r := n.last()
	for _, p := range r.Ports {
		if !p.Up || p.Message != "" {
			return false
		}
	}
	return r.Applied == 1 && r.Message == "" && len(r.Ports) == 2
}

// carried reports whether bytes get from one pod to the other.
func carried(t *testing.T, from, to *node, address string) bool {
	t.Helper()
	return tcp(t, from.pod, to.pod, address) == nil
}

// tcp sends more than a window of bytes from one namespace to another.
func tcp(t *testing.T, from, to, address string) error {
	t.Helper()
	var l net.Listener
	err := netns.Do(to, func() (err error) {
		l, err = new(net.ListenConfig).Listen(t.Context(), "tcp", address+":0")
		return err
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	text := bytes.Repeat([]byte("slice "), 40000)
	got := make(chan []byte, 1)
	go func() {
		defer close(got)
		c, err := l.Accept()
		if err != nil {
			return // nobody came
		}
		_ = c.SetDeadline(time.Now().Add(2 * time.Second))
		all, _ := io.ReadAll(c) // compared below
		got <- all
	}()
	err = netns.Do(from, func() error {
		c, err := new(net.Dialer).DialContext(ctx, "tcp", l.Addr().String())
		if err != nil {
			return err
		}
		defer func() { _ = c.Close() }()
		_ = c.SetDeadline(time.Now().Add(2 * time.Second))
		_, err = c.Write(text)
		return err
	})
	if err != nil {
		_ = l.Close()
	}
	if all := <-got; err == nil && !bytes.Equal(all, text) {
		err = io.ErrUnexpectedEOF
	}
	_ = l.Close()
	return err
}

func TestTwoNodes(t *testing.T) {
	a, b := newNode(t), newNode(t)
	must(t, netns.Connect(netns.End{Namespace: a.namespace, Name: "eth0"}, netns.End{Namespace: b.namespace, Name: "eth0"}))
	must(t, netns.Address(a.namespace, "eth0", netip.MustParsePrefix("192.0.2.1/28"))) // to be moved
	a.serve(t, "192.0.2.1/28")
	b.serve(t, "192.0.2.2/28")
	a.want("192.0.2.2", "198.51.100.1/24")
	b.want("192.0.2.1", "198.51.100.2/24")
	eventually(t, "both bridges are in place", func() bool { return a.inPlace() && b.inPlace() })
	if got := a.last().MTU; got != 1450 {
		t.Errorf("MTU = %d, want 1450", got)
	}
	if carried(t, a, b, "198.51.100.2") {
		t.Error("bytes pass without a flow")
	}
	a.flows(t)
	b.flows(t)
	eventually(t, "bytes pass", func() bool { return carried(t, a, b, "198.51.100.2") })

	t.Run("a tenant does not reach the switch's namespace", func(t *testing.T) {
		must(t, netns.Route(a.pod, netip.MustParsePrefix("0.0.0.0/0"), netip.MustParseAddr("198.51.100.9")))
		if tcp(t, a.pod, a.namespace, "192.0.2.1") == nil {
			t.Error("the tunnel's address answers")
		}
	})
	t.Run("killed switch comes back", func(t *testing.T) {
		kill(t, a.vswitchd)
		must(t, netns.Remove(a.namespace, "br-phy")) // some switches leave it behind, some do not
		a.startSwitch(t)
		took := eventually(t, "the address is back", func() bool {
			have, err := netns.Addresses(a.namespace, "br-phy")
			return err == nil && len(have) == 1
		})
		a.vsctl(t, "set", "Open_vSwitch", ".", "external_ids:seen=1") // returns when the switch has done everything
		eventually(t, "the ports are back", a.inPlace)
		t.Logf("address back after %s", took)
		if took > 1500*time.Millisecond {
			t.Errorf("the address was back after %s", took)
		}
		a.flows(t)
		eventually(t, "bytes pass", func() bool { return carried(t, a, b, "198.51.100.2") })
	})
	t.Run("unsafe bridge is reported and mended", func(t *testing.T) {
		a.vsctl(t, "set-fail-mode", bridge.SPS, "standalone")
		eventually(t, "secure again", func() bool {
			have, _, _, err := a.db.Read(t.Context(), bridge.SPS)
			return err == nil && len(have.Faults) == 0
		})
		if !a.said("standalone") {
			t.Error("nobody was told")
		}
	})
	t.Run("workload that comes back is plugged again", func(t *testing.T) {
		must(t, netns.Delete(b.pod))
		eventually(t, "the workload is missed", func() bool { return !b.inPlace() })
		must(t, netns.Make(b.pod))
		took := eventually(t, "plugged again", func() bool {
			have, err := netns.Addresses(b.pod, "l2s0")
			return err == nil && len(have) == 1
		})
		t.Logf("plugged after %s", took)
		eventually(t, "the port is up", b.inPlace)
		a.flows(t) // of the bridge that was unsafe for a moment
		eventually(t, "bytes pass", func() bool { return carried(t, a, b, "198.51.100.2") })
	})
	t.Run("uplink that is made anew is taken again", func(t *testing.T) {
		must(t, netns.Remove(a.namespace, "eth0"))
		must(t, netns.Connect(netns.End{Namespace: a.namespace, Name: "eth0"}, netns.End{Namespace: b.namespace, Name: "eth0"}))
		eventually(t, "bytes pass", func() bool { return carried(t, a, b, "198.51.100.2") })
	})
	t.Run("nothing wanted, nothing left", func(t *testing.T) {
		b.wanted <- bridge.Wanted{Revision: 2, Bridge: bridge.Bridge{Name: bridge.SPS, DPID: 0x11}}
		eventually(t, "applied", func() bool { return b.last().Applied == 2 })
		if _, err := netns.MTU(b.pod, "l2s0"); slice.KindOf(err) != slice.NotFound {
			t.Errorf("the workload still has its interface: %v", err)
		}
	})
}
