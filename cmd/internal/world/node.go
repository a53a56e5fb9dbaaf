package world

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"github.com/l2sces/l2sces/pkg/agent"
	"github.com/l2sces/l2sces/pkg/netns"
	"github.com/l2sces/l2sces/pkg/ovs"
	"github.com/l2sces/l2sces/pkg/process"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/sps"
)

// A Node is one switch with its agent and its workloads.
type Node struct {
	Name slice.Node

	world    *World
	index    byte
	dir      string
	database process.ID
	switchd  process.ID
	line     line  // of the agent
	wires    wires // of the switch
	stop     context.CancelFunc
	running  sync.WaitGroup
}

const schema = "/usr/share/openvswitch/vswitch.ovsschema"

// Namespace returns where the switch of a node is.
func (n *Node) Namespace() string { return n.world.prefix + "-" + string(n.Name) }

// Dir returns where the database and the sockets of the switch are.
func (n *Node) Dir() string { return n.dir }

// Workload returns the namespace of a workload of any node.
func (w *World) Workload(name slice.Workload) string { return w.prefix + "-" + string(name) }

// Workloads returns those of a node.
func (n *Node) Workloads() []slice.Workload {
	var all []slice.Workload
	for i := range n.world.Workloads {
		all = append(all, slice.Workload(string(n.Name)+"w"+string(rune('0'+i))))
	}
	return all
}

// make makes the namespaces of a node and its link to the router.
func (n *Node) make() error {
	if err := os.MkdirAll(n.dir, 0o755); err != nil {
		return err
	}
	if err := netns.Make(n.Namespace()); err != nil {
		return err
	}
	for _, w := range n.Workloads() {
		if err := netns.Make(n.world.Workload(w)); err != nil {
			return err
		}
	}
	near, far := netns.End{Namespace: n.world.core(), Name: string(n.Name)}, netns.End{Namespace: n.Namespace(), Name: "eth0"}
	if err := netns.Connect(near, far); err != nil {
		return err
	}
	return errors.Join(
		netns.NoOffload(near.Namespace, near.Name), netns.NoOffload(far.Namespace, far.Name),
		netns.Address(near.Namespace, near.Name, n.prefix(1)),
	)
}

// start starts the switch and the agent.
func (n *Node) start(ctx context.Context) error {
	if _, err := n.Run(ctx, "ovsdb-tool", "create", n.dir+"/conf.db", schema); err != nil {
		return err
	}
	if err := n.StartDatabase(ctx); err != nil {
		return err
	}
	if err := n.StartSwitch(ctx); err != nil {
		return err
	}
	db, err := ovs.Open(ctx, ovs.Config{Socket: n.dir + "/db.sock", Local: n.address(2), Log: n.world.Logger})
	if err != nil {
		return err
	}
	ctx, n.stop = context.WithCancel(context.WithoutCancel(ctx))
	log := n.world.Logger
	a := sps.New(db, &n.line, n.plugger(), agent.Config{
		Domain: Domain, Node: n.Name, Tunnel: n.address(2), Log: log,
		MTU: func() (int, error) { return netns.MTU(n.Namespace(), "eth0") },
	})
	u := agent.Underlay{Bridge: "br-phy", Uplink: "eth0", Address: n.prefix(2), Gateway: n.address(1)}
	n.running.Go(func() { a.Run(ctx); db.Close() })
	n.running.Go(func() { u.Keep(ctx, db, kernel{n.Namespace()}, log) })
	return nil
}

func (n *Node) plugger() sps.Plugger {
	p := sps.Plugger{Workloads: map[slice.Workload]sps.Place{}, Links: kernel{n.Namespace()}}
	for _, w := range n.Workloads() {
		p.Workloads[w] = sps.Place{Namespace: n.world.Workload(w)}
	}
	return p
}

// Run runs a program beside the switch and returns what it says.
func (n *Node) Run(ctx context.Context, args ...string) (string, error) {
	out, err := process.Run(ctx, process.Command{Args: args, Env: n.env()})
	return string(out), err
}

func (n *Node) env() []string {
	return []string{"OVS_RUNDIR=" + n.dir, "OVS_LOGDIR=" + n.dir, "OVS_DBDIR=" + n.dir, "OVS_SYSCONFDIR=" + n.dir}
}

func (n *Node) launch(ctx context.Context, args ...string) (process.ID, error) {
	c := process.Command{Args: append(args, "-vconsole:info", "-vsyslog:off"), Env: n.env(), Log: n.dir + "/" + args[0] + ".log"}
	return process.Start(ctx, c, func(cmd *exec.Cmd) error { return netns.Start(n.Namespace(), cmd) })
}

// StartDatabase starts the database of the switch, and waits for its socket.
func (n *Node) StartDatabase(ctx context.Context) error {
	socket := n.dir + "/db.sock"
	_ = os.Remove(socket) // of one that was killed; there need not be one
	var err error
	n.database, err = n.launch(ctx, "ovsdb-server", n.dir+"/conf.db", "--remote=punix:"+socket, "--unixctl="+n.dir+"/ovsdb.ctl")
	if err != nil {
		return err
	}
	return Await(ctx, func() bool { _, err := os.Stat(socket); return err == nil })
}

// StartSwitch starts ovs-vswitchd.
func (n *Node) StartSwitch(ctx context.Context) error {
	stale, err := filepath.Glob(n.dir + "/*.mgmt")
	if err != nil {
		return err
	}
	for _, s := range append(stale, n.dir+"/vswitchd.ctl") {
		_ = os.Remove(s) // there need not be one
	}
	if _, err := n.Run(ctx, "ovs-vsctl", "--timeout=20", "--retry", "--db=unix:"+n.dir+"/db.sock", "--no-wait", "init"); err != nil {
		return err
	}
	n.switchd, err = n.launch(ctx, "ovs-vswitchd", "unix:"+n.dir+"/db.sock", "--unixctl="+n.dir+"/vswitchd.ctl")
	return err
}

// KillSwitch ends ovs-vswitchd without a word.
func (n *Node) KillSwitch(ctx context.Context) error { return n.switchd.Kill(ctx) }

// KillDatabase ends ovsdb-server without a word.
func (n *Node) KillDatabase(ctx context.Context) error { return n.database.Kill(ctx) }

func (n *Node) close(ctx context.Context) error {
	if n.stop != nil {
		n.stop()
	}
	n.running.Wait()
	faults := []error{n.switchd.Kill(ctx), n.database.Kill(ctx), netns.Delete(n.Namespace())}
	for _, w := range n.Workloads() {
		faults = append(faults, netns.Delete(n.world.Workload(w)))
	}
	return errors.Join(faults...)
}

// Await asks again and again until something is so or ctx ends.
func Await(ctx context.Context, so func() bool) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return nil
}

// kernel introduces the namespace of a switch to its agent.
type kernel struct{ namespace string }

func (k kernel) Bare(ifname string) (slice.MAC, int, error) { return netns.Bare(k.namespace, ifname) }

func (k kernel) Carry(ifname string, address netip.Prefix, gateway netip.Addr) error {
	return netns.Carry(k.namespace, ifname, address, gateway)
}

func (k kernel) Plug(port string, in sps.Inside) (bool, error) {
	return netns.Plug(netns.End{Namespace: k.namespace, Name: port, MTU: in.MTU},
		netns.End{Namespace: in.Namespace, Name: in.Interface, MAC: in.MAC, MTU: in.MTU}, in.Addresses...)
}

func (k kernel) Unplug(port string) error { return netns.Unplug(k.namespace, port) }

func (k kernel) Present(namespace string) bool { return netns.Present(namespace) }
