//go:build lab

package main_test

import (
	"bytes"
	"context"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/l2sces/l2sces/pkg/netns"
	"github.com/l2sces/l2sces/pkg/netns/netnstest"
	"github.com/l2sces/l2sces/pkg/pki"
	"github.com/l2sces/l2sces/tools/image/cell"
	"github.com/l2sces/l2sces/tools/image/oci"
)

func TestMain(m *testing.M) {
	cell.Enter(os.Args)
	os.Exit(m.Run())
}

// unpacked returns the files of an image that `make images` built.
func unpacked(t *testing.T, name string) string {
	t.Helper()
	archive := filepath.Join("..", "..", "bin", "images", name+".tar")
	if _, err := os.Stat(archive); err != nil {
		t.Skipf("%s is not there: make images", archive)
	}
	root := t.TempDir()
	_, err := oci.Unpack(archive, runtime.GOARCH, root)
	must(t, err)
	must(t, os.Chmod(root, 0o755))
	return root
}

func TestEveryProgramRuns(t *testing.T) {
	for image, programs := range map[string][][]string{
		"sco":        {{"/usr/local/bin/sco", "--version"}},
		"sdnc":       {{"/usr/local/bin/sdnc", "--version"}},
		"osm-plugin": {{"/usr/local/bin/osm-plugin", "--version"}},
		"sps": {
			{"/usr/local/bin/sps", "--version"},
			{"/usr/sbin/ovs-vswitchd", "--version"},
			{"/usr/sbin/ovsdb-server", "--version"},
			{"/usr/bin/ovsdb-tool", "--version"},
			{"/usr/bin/ovsdb-client", "--version"},
			{"/usr/bin/ovs-vsctl", "--version"},
			{"/usr/bin/ovs-ofctl", "--version"},
			{"/usr/bin/ovs-appctl", "--version"},
		},
		"ned": {{"/usr/local/bin/ned", "--version"}, {"/usr/sbin/ovs-vswitchd", "--version"}},
		"toolbox": {
			{"/usr/bin/sh", "-c", "echo hello | grep hello"},
			{"/usr/bin/ip", "-Version"},
			{"/usr/bin/ss", "-Version"},
			{"/usr/bin/ping", "-V"},
			{"/usr/bin/arping", "-V"},
			{"/usr/bin/iperf3", "--version"},
			{"/usr/bin/tcpdump", "--version"},
			{"/usr/sbin/ethtool", "--version"},
		},
		"rtp": {{"/usr/bin/sh", "-c", "echo hello | sed s/hello/bye/"}, {"/usr/bin/ip", "-Version"}, {"/usr/bin/sh", "-c", "sipp -v; test $? = 99"}},
	} {
		t.Run(image, func(t *testing.T) {
			root := unpacked(t, image)
			for _, args := range programs {
				out := look(t, cell.Cell{Root: root, User: 65532, Args: args})
				if strings.TrimSpace(out) == "" {
					t.Errorf("%v says nothing", args)
				}
			}
		})
	}
}

func TestGoImagesHaveNoShell(t *testing.T) {
	for _, image := range []string{"sco", "sdnc", "osm-plugin", "sps", "ned"} {
		root := unpacked(t, image)
		err := filepath.WalkDir(root, func(name string, d os.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			switch base := d.Name(); {
			case base == "sh", base == "bash", base == "dash", base == "busybox", strings.HasPrefix(base, "python"), base == "perl":
				t.Errorf("%s has %s", image, name)
			case info.Mode()&(os.ModeSetuid|os.ModeSetgid) != 0:
				t.Errorf("%s: %s has the mode %s", image, name, info.Mode())
			}
			return nil
		})
		must(t, err)
	}
}

// A pod is what the containers of the SPS share: files, sockets, a network.
type pod struct {
	root, network string
	mounts        []cell.Mount
}

// A switch and those who speak to it are one user, since the sockets of Open
// vSwitch are for their owner only. It is root in name: Kubernetes gives
// capabilities to no other.
const owner = 0

func newPod(t *testing.T) pod {
	t.Helper()
	p := pod{root: unpacked(t, "sps"), network: netnstest.Namespace(t)}
	p.share(t, "/run/openvswitch")
	p.share(t, "/etc/openvswitch")
	p.share(t, "/tmp")
	p.mounts = append(p.mounts, cell.Mount{From: "/dev/net/tun", To: "/dev/net/tun"})
	return p
}

// share gives the pod a volume.
func (p *pod) share(t *testing.T, at string) string {
	t.Helper()
	dir := t.TempDir()
	p.mounts = append(p.mounts, cell.Mount{From: dir, To: at})
	return dir
}

func (p *pod) container(capabilities []string, args ...string) cell.Cell {
	return cell.Cell{
		Root: p.root, Network: "/run/netns/" + p.network, Mounts: p.mounts,
		User: owner, Capabilities: capabilities, Args: args,
	}
}

// boot starts Open vSwitch as the containers of the pod do.
func (p *pod) boot(t *testing.T) {
	t.Helper()
	for range 2 { // an init container may run again
		look(t, p.container(nil, "/usr/local/bin/sps", "ovs-init", "--node=n1"))
	}
	p.daemon(t, "ovsdb", nil, "/usr/sbin/ovsdb-server", "/etc/openvswitch/conf.db",
		"--remote=punix:/run/openvswitch/db.sock", "--unixctl=/run/openvswitch/ovsdb.ctl",
		"--private-key=db:Open_vSwitch,SSL,private_key", "--certificate=db:Open_vSwitch,SSL,certificate",
		"--ca-cert=db:Open_vSwitch,SSL,ca_cert", "-vconsole:info", "-vsyslog:off", "-vfile:off")
	p.daemon(t, "vswitchd", []string{"NET_ADMIN", "NET_RAW"}, "/usr/sbin/ovs-vswitchd", "unix:/run/openvswitch/db.sock",
		"--unixctl=/run/openvswitch/vswitchd.ctl", "-vconsole:info", "-vsyslog:off", "-vfile:off")
}

// daemon starts a program of Open vSwitch. As the first process of a container
// it does not take SIGTERM well: it is asked to end, as a preStop hook does.
func (p *pod) daemon(t *testing.T, name string, capabilities []string, args ...string) {
	t.Helper()
	appctl := func(order string) cell.Cell {
		return p.container(nil, "/usr/bin/ovs-appctl", "-t", "/run/openvswitch/"+name+".ctl", order)
	}
	start(t, p.container(capabilities, args...), func() { look(t, appctl("exit")) })
	eventually(t, name+" answers", func() bool { _, err := try(t, appctl("version")); return err == nil })
}

func (p *pod) vsctl(t *testing.T, args ...string) string {
	t.Helper()
	return look(t, p.container(nil, append([]string{"/usr/bin/ovs-vsctl", "--timeout=10"}, args...)...))
}

func TestSwitchOfTheImageForwardsNothingByItself(t *testing.T) {
	toolbox := unpacked(t, "toolbox")
	p := newPod(t)
	p.boot(t)
	a, b := netnstest.Namespace(t), netnstest.Namespace(t)
	for port, far := range map[string]string{"p1": a, "p2": b} {
		must(t, netns.Connect(netns.End{Namespace: p.network, Name: port}, netns.End{Namespace: far, Name: "eth0"}))
		must(t, netns.NoOffload(far, "eth0"))
	}
	must(t, netns.Address(a, "eth0", netip.MustParsePrefix("192.0.2.1/24")))
	must(t, netns.Address(b, "eth0", netip.MustParsePrefix("192.0.2.2/24")))
	p.vsctl(t, "add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=netdev", "fail_mode=secure", "protocols=OpenFlow13",
		"--", "add-port", "br0", "p1", "--", "add-port", "br0", "p2")
	if shown := p.vsctl(t, "show"); !strings.Contains(shown, "Port p2") || strings.Contains(shown, "error") {
		t.Fatalf("ovs-vsctl show: %s", shown)
	}
	ping := cell.Cell{Root: toolbox, User: 65532, Network: "/run/netns/" + a, Args: []string{"/usr/bin/ping", "-c", "2", "-i", "0.2", "-W", "1", "192.0.2.2"}}
	must(t, netns.Sysctl(a, "net.ipv4.ping_group_range", "0\t65535"))
	if out, err := try(t, ping); err == nil || !strings.Contains(out, "100% packet loss") {
		t.Errorf("a frame passed a switch without flows: %s", out)
	}
	look(t, p.container(nil, "/usr/bin/ovs-ofctl", "-O", "OpenFlow13", "add-flow", "br0", "actions=NORMAL"))
	eventually(t, "frames pass with a flow", func() bool { _, err := try(t, ping); return err == nil })
}

// The agent has one capability, and no right to write kernel parameters.
func TestAgentOfTheImageKeepsTheUnderlay(t *testing.T) {
	p := newPod(t)
	tls := p.share(t, "/etc/l2sces/tls")
	must(t, pki.Init(tls))
	must(t, pki.Issue(tls, "node", pki.Node("a", "n1")))
	p.boot(t)
	must(t, netns.Connect(netns.End{Namespace: p.network, Name: "eth0"}, netns.End{Namespace: netnstest.Namespace(t), Name: "far"}))
	address := netip.MustParsePrefix("192.0.2.1/24")
	must(t, netns.Address(p.network, "eth0", address))
	options := []string{
		"--domain=a", "--node=n1", "--controller=127.0.0.1:1", "--tunnel-address=" + address.String(), "--ovsdb=/run/openvswitch/db.sock",
		"--tls-cert=/etc/l2sces/tls/node.crt", "--tls-key=/etc/l2sces/tls/node.key", "--tls-ca=/etc/l2sces/tls/ca.crt",
	}
	start(t, p.container([]string{"NET_ADMIN"}, append([]string{"/usr/local/bin/sps", "--uplink=eth0", "--admin=127.0.0.1:9090"}, options...)...), nil)
	eventually(t, "br-phy has the address", func() bool {
		have, err := netns.Addresses(p.network, "br-phy")
		return err == nil && len(have) == 1 && have[0] == address
	})
	guarded, err := netns.Guarded(p.network, "eth0")
	if err != nil || !guarded {
		t.Errorf("the uplink is guarded: %t, %v", guarded, err)
	}
	if have, err := netns.Addresses(p.network, "eth0"); err != nil || len(have) != 0 {
		t.Errorf("addresses of the uplink = %v, %v", have, err)
	}
	eventually(t, "the switch knows its keys", func() bool { return strings.Contains(p.vsctl(t, "get-ssl"), "/etc/l2sces/tls/node.key") })

	ned := p.container(nil, append([]string{"/usr/local/bin/ned", "--admin=127.0.0.1:9091"}, options...)...)
	ned.Root = unpacked(t, "ned")
	start(t, ned, nil)
	eventually(t, "the NED beside it lives without any capability", func() bool {
		out, err := exec.CommandContext(t.Context(), "ip", "netns", "exec", p.network, "ss", "-Hltn").Output()
		return err == nil && strings.Contains(string(out), ":9091")
	})
}

// look runs a program to its end and returns what it said.
func look(t *testing.T, c cell.Cell) string {
	t.Helper()
	out, err := try(t, c)
	if err != nil {
		t.Fatalf("%v: %v: %s", c.Args, err, out)
	}
	return out
}

func try(t *testing.T, c cell.Cell) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second) // also while the test is cleaned up
	defer cancel()
	cmd, err := c.Command(ctx)
	must(t, err)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// start starts a program for the time of the test. It has to end well when it
// is asked to: by end, or else by SIGTERM.
func start(t *testing.T, c cell.Cell, end func()) {
	t.Helper()
	cmd, err := c.Command(context.Background())
	must(t, err)
	cmd.SysProcAttr.Pdeathsig = 0 // of a thread that may end before the test
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	must(t, cmd.Start())
	t.Cleanup(func() {
		if end == nil {
			must(t, cmd.Process.Signal(syscall.SIGTERM))
		} else {
			end()
		}
		slow := time.AfterFunc(10*time.Second, func() { _ = cmd.Process.Kill() }) // then Wait tells
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s ended with %v", c.Args[0], err)
		}
		slow.Stop()
		if t.Failed() {
			t.Logf("%v:\n%s", c.Args, said.String())
		}
	})
}

// eventually waits until something is so.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("after 30 s it is not so that %s", what)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
