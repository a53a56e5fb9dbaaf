package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"path/filepath"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"

	"github.com/l2sces/l2sces/pkg/netns"
	"github.com/l2sces/l2sces/pkg/slice"
)

// couple is two nodes, each with an Open vSwitch of its own in a namespace,
// and a VXLAN tunnel between them over a wire that can be cut one way. Beside
// it they have another by which they reach a controller at the first.
type couple struct {
	names    [2]string // of the namespaces
	switches [2]*ovs
	cutters  [2]*cutter
}

// What lies where: on each node the bridge with the tunnel as its only port.
const (
	coupleBridge            = "br0"
	coupleTunnel slice.Port = 1
	coupleVXLAN             = "vx"
	couplePort              = "6653"
	coupleHost              = "192.0.2.17"
	coupleFirst  slice.DPID = 0x11
)

func newCouple(ctx context.Context, dir string) (*couple, error) {
	c := &couple{}
	for i := range c.names {
		name := fmt.Sprintf("b%05x-%d", rand.Uint32N(1<<20), i) //nolint:gosec // a name that nobody else has
		if err := netns.Make(name); err != nil {
			return c, err
		}
		c.names[i] = name
		if err := netns.Up(name, "lo"); err != nil {
			return c, err
		}
	}
	for _, wire := range []string{"eth0", "ctl0"} {
		if err := netns.Connect(netns.End{Namespace: c.names[0], Name: wire}, netns.End{Namespace: c.names[1], Name: wire}); err != nil {
			return c, err
		}
	}
	for i := range c.names {
		if err := c.node(ctx, dir, i); err != nil {
			return c, err
		}
	}
	return c, nil
}

// node makes a node: a plain bridge that has the wire and the tunnel's
// address, and the one with the tunnel.
func (c *couple) node(ctx context.Context, dir string, i int) error {
	ns := c.names[i]
	host := netip.MustParseAddr(coupleHost)
	if i > 0 {
		host = host.Next()
	}
	if err := netns.Address(ns, "ctl0", netip.PrefixFrom(host, 28)); err != nil {
		return err
	}
	for _, wire := range []string{"eth0", "ctl0"} {
		if err := netns.NoOffload(ns, wire); err != nil {
			return err
		}
	}
	mac, err := netns.MAC(ns, "eth0")
	if err != nil {
		return err
	}
	o, err := startOVS(ctx, filepath.Join(dir, fmt.Sprint("n", i)), []string{"ip", "netns", "exec", ns})
	if err != nil {
		return err
	}
	c.switches[i] = o
	err = o.vsctl(ctx, "add-br", "br-phy", "--", "set", "bridge", "br-phy", "datapath_type=netdev", "fail_mode=standalone",
		"other_config:hwaddr="+mac.String(), "--", "add-port", "br-phy", "eth0")
	if err != nil {
		return err
	}
	if err := netns.Carry(ns, "br-phy", place(i), netip.Addr{}); err != nil {
		return err
	}
	if c.cutters[i], err = newCutter(ns, "eth0"); err != nil {
		return err
	}
	if err := o.addBridge(ctx, coupleBridge, coupleFirst+slice.DPID(i), ""); err != nil { //nolint:gosec // two of them
		return err
	}
	return c.tunnelAt(ctx, i)
}

// place returns where the tunnel ends at a node.
func place(i int) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(1 + i)}), 28) //nolint:gosec // two of them
}

// tunnelAt makes one end of the tunnel.
func (c *couple) tunnelAt(ctx context.Context, i int) error {
	return c.switches[i].vsctl(ctx, "add-port", coupleBridge, coupleVXLAN, "--", "set", "interface", coupleVXLAN, "type=vxlan",
		"options:remote_ip="+place(1-i).Addr().String(), "options:key=flow", fmt.Sprintf("ofport_request=%d", coupleTunnel))
}

// obey has both switches call the controller that listens at the first node.
func (c *couple) obey(ctx context.Context) error {
	for _, o := range c.switches {
		if err := o.vsctl(ctx, "set-controller", coupleBridge, "tcp:"+net.JoinHostPort(coupleHost, couplePort)); err != nil {
			return err
		}
	}
	return nil
}

// free has both switches forget their controller and their flows.
func (c *couple) free(ctx context.Context) error {
	for _, o := range c.switches {
		if err := o.vsctl(ctx, "del-controller", coupleBridge); err != nil {
			return err
		}
		if _, err := o.ofctl(ctx, "del-flows", coupleBridge); err != nil {
			return err
		}
	}
	return nil
}

// listen opens a door for switches at the first node.
func (c *couple) listen(ctx context.Context) (l net.Listener, err error) {
	err = netns.Do(c.names[0], func() error {
		l, err = (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort(coupleHost, couplePort))
		return err
	})
	return l, err
}

// end takes everything away.
func (c *couple) end() {
	for i, name := range c.names {
		if c.cutters[i] != nil {
			c.cutters[i].close()
		}
		if c.switches[i] != nil {
			c.switches[i].stop()
		}
		if name != "" {
			_ = netns.Delete(name) // an empty one harms nobody
		}
	}
}

// A cutter drops every frame that a node sends by an interface, while the link
// stays up. It takes less than a millisecond, which the programs do not.
type cutter struct {
	conn  *nftables.Conn
	table *nftables.Table
	chain *nftables.Chain
}

func newCutter(ns, ifname string) (*cutter, error) {
	x := &cutter{}
	err := netns.Do(ns, func() (err error) {
		x.conn, err = nftables.New(nftables.AsLasting())
		return err
	})
	if err != nil {
		return nil, err
	}
	accept := nftables.ChainPolicyAccept
	x.table = x.conn.AddTable(&nftables.Table{Name: "cut", Family: nftables.TableFamilyNetdev})
	x.chain = x.conn.AddChain(&nftables.Chain{
		Name: "out", Table: x.table, Type: nftables.ChainTypeFilter, Device: ifname, Policy: &accept,
		Hooknum: nftables.ChainHookEgress, Priority: nftables.ChainPriorityFilter,
	})
	return x, x.conn.Flush()
}

// cut begins to drop.
func (x *cutter) cut() error {
	x.conn.AddRule(&nftables.Rule{Table: x.table, Chain: x.chain, Exprs: []expr.Any{&expr.Verdict{Kind: expr.VerdictDrop}}})
	return x.conn.Flush()
}

// mend ends it.
func (x *cutter) mend() error {
	x.conn.FlushChain(x.chain)
	return x.conn.Flush()
}

func (x *cutter) close() { _ = x.conn.CloseLasting() } // the namespace goes
