package bench

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/l2sces/l2sces/pkg/openflow"
	"github.com/l2sces/l2sces/pkg/slice"
)

// The programs of Open vSwitch that a private one needs, for Benchmark.Needs.
var ovsNeeds = []string{"ovsdb-tool", "ovsdb-server", "ovs-vswitchd", "ovs-vsctl", "ovs-ofctl", "ovs-appctl"}

// ovsSchema is where Debian keeps the schema of the database.
const ovsSchema = "/usr/share/openvswitch/vswitch.ovsschema"

// An ovs is an Open vSwitch of its own in a folder: two processes, their
// sockets and a database. It needs neither root nor a kernel module.
type ovs struct {
	dir      string
	inside   []string // command that runs others in a namespace; none: here
	database *daemon
	switchd  *daemon
	args     []string // of ovs-vswitchd
}

// ovsDummy makes every port of an ovs one that carries nothing, and needs
// neither root nor devices.
const ovsDummy = "--enable-dummy=override"

// startOVS starts one in a folder, which is made: its path must be short, a
// socket's holds 107 bytes. The arguments are for ovs-vswitchd: ovsDummy for
// ports that carry nothing.
func startOVS(ctx context.Context, dir string, inside []string, args ...string) (*ovs, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	o := &ovs{dir: dir, inside: inside, args: args}
	db := o.file("conf.db")
	if _, err := o.run(ctx, "ovsdb-tool", "create", db, ovsSchema); err != nil {
		return nil, err
	}
	var err error
	o.database, err = o.start(ctx, "ovsdb-server", db, "--remote=punix:"+o.file("db.sock"), "--unixctl="+o.file("ovsdb.ctl"), "--log-file="+o.file("ovsdb.log"))
	if err != nil {
		return nil, err
	}
	if err := o.database.awaitFile(ctx, o.file("db.sock")); err != nil {
		o.stop()
		return nil, err
	}
	err = o.vsctl(ctx, "--no-wait", "init")
	if err == nil {
		err = o.startSwitchd(ctx)
	}
	if err != nil {
		o.stop()
		return nil, err
	}
	return o, nil
}

// startSwitchd starts ovs-vswitchd, the first time and after its end.
func (o *ovs) startSwitchd(ctx context.Context) error {
	// Sockets of one that was killed are in the way: nobody answers there.
	sockets, err := filepath.Glob(o.file("*.mgmt"))
	if err != nil {
		return err
	}
	sockets = append(sockets, o.file("vswitchd.ctl"))
	for _, s := range sockets {
		_ = os.Remove(s) // there need not be one
	}
	o.switchd, err = o.start(ctx, "ovs-vswitchd", append([]string{
		"unix:" + o.file("db.sock"), "--disable-system", "--unixctl=" + o.file("vswitchd.ctl"),
		"--pidfile=" + o.file("ovs-vswitchd.pid"), "--log-file=" + o.file("vswitchd.log"),
	}, o.args...)...)
	if err != nil {
		return err
	}
	for _, s := range sockets {
		if err := o.switchd.awaitFile(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// stop ends both processes.
func (o *ovs) stop() {
	for _, d := range []*daemon{o.switchd, o.database} {
		if d != nil {
			d.stop()
		}
	}
}

func (o *ovs) file(name string) string { return filepath.Join(o.dir, name) }

func (o *ovs) env() []string {
	return []string{"OVS_RUNDIR=" + o.dir, "OVS_LOGDIR=" + o.dir, "OVS_DBDIR=" + o.dir, "OVS_SYSCONFDIR=" + o.dir}
}

// within returns a command as it runs where the switch is.
func (o *ovs) within(name string, args []string) []string {
	return append(append(append([]string{}, o.inside...), name), args...)
}

func (o *ovs) start(ctx context.Context, name string, args ...string) (*daemon, error) {
	c := o.within(name, append(args, "-vconsole:off", "--no-chdir"))
	return daemonStart(ctx, o.env(), c[0], c[1:]...)
}

// run runs a program beside the switch and returns what it says.
func (o *ovs) run(ctx context.Context, name string, args ...string) (string, error) {
	c := o.within(name, args)
	return output(ctx, o.env(), c[0], c[1:]...)
}

// vsctl changes the database and waits until the switch has done it.
func (o *ovs) vsctl(ctx context.Context, args ...string) error {
	_, err := o.run(ctx, "ovs-vsctl", append([]string{"--db=unix:" + o.file("db.sock"), "--timeout=120"}, args...)...)
	return err
}

// ofctl speaks OpenFlow with a bridge from beside the controller.
func (o *ovs) ofctl(ctx context.Context, args ...string) (string, error) {
	return o.run(ctx, "ovs-ofctl", append([]string{"-O", "OpenFlow14"}, args...)...)
}

// appctl asks ovs-vswitchd.
func (o *ovs) appctl(ctx context.Context, args ...string) (string, error) {
	return o.run(ctx, "ovs-appctl", append([]string{"-t", o.file("vswitchd.ctl")}, args...)...)
}

// addBridge makes a bridge that fails closed. The controller is an OVS target,
// such as tcp:127.0.0.1:6653, or empty.
func (o *ovs) addBridge(ctx context.Context, name string, dpid slice.DPID, controller string) error {
	args := []string{
		"add-br", name, "--", "set", "bridge", name, "datapath_type=netdev", "fail_mode=secure", "protocols=OpenFlow13,OpenFlow14,OpenFlow15",
		"other_config:disable-in-band=true", "other_config:datapath-id=" + dpid.String(),
	}
	if controller != "" {
		args = append(args, "--", "set-controller", name, controller)
	}
	return o.vsctl(ctx, args...)
}

// addPorts adds ports with the numbers from first on, in one transaction. The
// type is dummy, internal, or empty for devices that are there.
func (o *ovs) addPorts(ctx context.Context, bridge, kind string, first slice.Port, names ...string) error {
	const most = 500 // a command line has an end
	for len(names) > 0 {
		some := names[:min(most, len(names))]
		var args []string
		for i, n := range some {
			args = append(args, "--", "add-port", bridge, n, "--", "set", "interface", n, "ofport_request="+strconv.Itoa(int(first)+i))
			if kind != "" {
				args = append(args, "type="+kind)
			}
		}
		if err := o.vsctl(ctx, args[1:]...); err != nil {
			return err
		}
		names, first = names[len(some):], first+slice.Port(len(some)) //nolint:gosec // at most 500
	}
	return nil
}

// dump returns the flows of a bridge without counters and durations, or groups
// and meters by another word: dump-groups, dump-meters.
func (o *ovs) dump(ctx context.Context, bridge, what string) (string, error) {
	if what == "dump-flows" {
		return o.ofctl(ctx, "--no-stats", "--sort", what, bridge)
	}
	return o.ofctl(ctx, what, bridge)
}

// flows counts the flows of a bridge.
func (o *ovs) flows(ctx context.Context, bridge string) (int, error) {
	text, err := o.ofctl(ctx, "dump-aggregate", bridge)
	if err != nil {
		return 0, err
	}
	_, n, found := strings.Cut(strings.TrimSpace(text), "flow_count=")
	if !found {
		return 0, fmt.Errorf("no flow_count in %q", text)
	}
	return strconv.Atoi(n)
}

// serveOpenFlow serves switches on loopback until it is stopped. It returns
// the target to give to a bridge.
func serveOpenFlow(ctx context.Context, s *openflow.Server) (target string, stop func(), err error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(ctx, l) // it ends when it is stopped; a listener on loopback does not fail
	}()
	return "tcp:" + l.Addr().String(), func() { cancel(); <-done }, nil
}
