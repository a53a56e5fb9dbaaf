package bench

import (
	"context"
	"fmt"
	"path/filepath"
)

// The programs of OVN, for Benchmark.Needs.
var ovnNeeds = append([]string{"ovn-northd", "ovn-controller", "ovn-nbctl", "ovn-sbctl"}, ovsNeeds...)

// An ovn is an OVN of its own over a switch of its own: two databases,
// ovn-northd and ovn-controller.
type ovn struct {
	ovs     *ovs
	daemons []*daemon // the last one is ovn-controller
}

// startOVN starts one in a folder, whose path must be short.
func startOVN(ctx context.Context, dir string) (*ovn, error) {
	o, err := startOVS(ctx, dir, nil, ovsDummy)
	if err != nil {
		return nil, err
	}
	n := &ovn{ovs: o}
	if err := n.start(ctx); err != nil {
		n.stop()
		return nil, err
	}
	return n, nil
}

func (n *ovn) start(ctx context.Context) error {
	o := n.ovs
	for _, k := range []string{"nb", "sb"} {
		db, sock := o.file(k+".db"), o.file(k+".sock")
		if _, err := o.run(ctx, "ovsdb-tool", "create", db, "/usr/share/ovn/ovn-"+k+".ovsschema"); err != nil {
			return err
		}
		if err := n.daemon(ctx, sock, "ovsdb-server", db, "--remote=punix:"+sock, "--unixctl="+o.file(k+".ctl")); err != nil {
			return err
		}
	}
	if _, err := n.nbctl(ctx, "init"); err != nil {
		return err
	}
	if _, err := o.run(ctx, "ovn-sbctl", "--db=unix:"+o.file("sb.sock"), "init"); err != nil {
		return err
	}
	if err := n.daemon(ctx, o.file("northd.ctl"), "ovn-northd", "--ovnnb-db=unix:"+o.file("nb.sock"), "--ovnsb-db=unix:"+o.file("sb.sock"), "--unixctl="+o.file("northd.ctl")); err != nil {
		return err
	}
	err := o.vsctl(ctx, "set", "Open_vSwitch", ".", "external_ids:system-id=hv1", "external_ids:ovn-remote=unix:"+o.file("sb.sock"),
		"external_ids:ovn-encap-type=vxlan", "external_ids:ovn-encap-ip=127.0.0.1",
		"--", "add-br", "br-int", "--", "set", "bridge", "br-int", "datapath_type=netdev", "fail_mode=secure")
	if err != nil {
		return err
	}
	return n.daemon(ctx, o.file("controller.pid"), "ovn-controller", "unix:"+o.file("db.sock"), "--pidfile="+o.file("controller.pid"))
}

// daemon starts one of them and waits for a file that it makes.
func (n *ovn) daemon(ctx context.Context, file, name string, args ...string) error {
	d, err := daemonStart(ctx, append(n.ovs.env(), "OVN_RUNDIR="+n.ovs.dir), name,
		append(args, "-vconsole:off", "--no-chdir", "--log-file="+n.ovs.file(filepath.Base(file)+".log"))...)
	if err != nil {
		return err
	}
	n.daemons = append(n.daemons, d)
	return d.awaitFile(ctx, file)
}

func (n *ovn) stop() {
	for i := len(n.daemons) - 1; i >= 0; i-- {
		n.daemons[i].stop()
	}
	n.ovs.stop()
}

// nbctl changes the northbound database.
func (n *ovn) nbctl(ctx context.Context, args ...string) (string, error) {
	return n.ovs.run(ctx, "ovn-nbctl", append([]string{"--db=unix:" + n.ovs.file("nb.sock"), "--timeout=300"}, args...)...)
}

// plug makes the ports of networks first to last, which OVN knows by name.
func (n *ovn) plug(ctx context.Context, first, last int) error {
	var args []string
	for i := first; i <= last; i++ {
		for port := range 2 {
			name := fmt.Sprintf("v%d-%d", i, port)
			args = append(args, "--", "add-port", "br-int", name, "--", "set", "interface", name, "type=dummy", fmt.Sprintf("external_ids:iface-id=p%d-%d", i, port))
		}
		if len(args) > 5000 || i == last { // a command line has an end
			if err := n.ovs.vsctl(ctx, args[1:]...); err != nil {
				return err
			}
			args = nil
		}
	}
	return nil
}

// put makes the networks first to last, in one transaction, and waits until
// the switch has them.
func (n *ovn) put(ctx context.Context, first, last int) error {
	args := []string{"--wait=hv"}
	for i := first; i <= last; i++ {
		args = append(args, "--", "ls-add", fmt.Sprintf("ls%d", i))
		for port := range 2 {
			p := fmt.Sprintf("p%d-%d", i, port)
			args = append(args, "--", "lsp-add", fmt.Sprintf("ls%d", i), p, "--", "lsp-set-addresses", p, pairMAC(i, port).String())
		}
	}
	_, err := n.nbctl(ctx, args...)
	return err
}

// remove takes the networks first to last away again.
func (n *ovn) remove(ctx context.Context, first, last int) error {
	args := []string{"--wait=hv"}
	for i := first; i <= last; i++ {
		args = append(args, "--", "ls-del", fmt.Sprintf("ls%d", i))
	}
	_, err := n.nbctl(ctx, args...)
	return err
}

// memory returns how much the whole control plane has in use, in bytes.
func (n *ovn) memory() (int64, error) {
	var all int64
	for _, d := range n.daemons {
		rss, err := usage(d.pid())
		if err != nil {
			return 0, err
		}
		all += rss
	}
	return all, nil
}
