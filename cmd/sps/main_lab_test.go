//go:build lab

package main_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/l2sces/l2sces/pkg/api"
	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/netns"
	"github.com/l2sces/l2sces/pkg/netns/netnstest"
	"github.com/l2sces/l2sces/pkg/pki"
	"github.com/l2sces/l2sces/pkg/slice"
)

// controller wants one bridge of everybody, and remembers what it was told.
type controller struct {
	want    bridge.Wanted
	reports chan bridge.Report
}

func (c controller) Keep(ctx context.Context, reports <-chan bridge.Report, send func(bridge.Wanted) error) error {
	if err := send(c.want); err != nil {
		return err
	}
	for {
		select {
		case r, ok := <-reports:
			if !ok {
				return nil
			}
			c.reports <- r
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func TestCommandKeepsBridge(t *testing.T) {
	dir, ns, pod := t.TempDir(), netnstest.Namespace(t), netnstest.Namespace(t)
	must(t, netns.Connect(netns.End{Namespace: ns, Name: "eth0"}, netns.End{Namespace: ns, Name: "far"}))
	socket := switchIn(t, ns, dir)
	c := controller{reports: make(chan bridge.Report, 100), want: bridge.Wanted{Revision: 3, Bridge: bridge.Bridge{
		Name: bridge.SPS, DPID: slice.DPIDOf("a", "n1", bridge.SPS), Controllers: []string{"ssl:127.0.0.1:6653"},
		Ports: []bridge.Port{
			{Name: "t", Kind: bridge.Tunnel, Number: 2, Remote: netip.MustParseAddr("192.0.2.2")},
			{
				Name: "w", Kind: bridge.Workload, Number: 1, Workload: "voice", Interface: "l2s0",
				MAC: slice.MAC{2, 0, 0, 0, 0, 1}, Address: netip.MustParsePrefix("198.51.100.1/24"), MTU: 1450,
			},
		},
	}}}
	address := c.serve(t, ns, dir)

	program := filepath.Join("..", "..", "bin", "sps")
	if _, err := os.Stat(program); err != nil {
		t.Skipf("%s is not there: make build", program)
	}
	sps := start(t, ns, dir, program, "--domain=a", "--node=n1", "--controller="+address, "--ovsdb="+socket,
		"--uplink=eth0", "--tunnel-address=192.0.2.1/24", "--tls-cert="+dir+"/n1.crt", "--tls-key="+dir+"/n1.key",
		"--tls-ca="+dir+"/ca.crt", "--admin=unix:"+dir+"/admin.sock", "--workload=voice=netns:"+pod)
	deadline := time.After(15 * time.Second)
	for {
		select {
		case r := <-c.reports:
			if r.Applied != 3 || r.Message != "" || len(r.Ports) != 2 || !r.Ports[0].Up || !r.Ports[1].Up {
				continue
			}
			if r.MTU != 1450 || len(r.Members) != 1 || r.Tunnel != netip.MustParseAddr("192.0.2.1") {
				t.Errorf("report = %+v", r)
			}
		case <-deadline:
			t.Fatal("the bridge is not in place after 15 s")
		}
		break
	}
	if have, err := netns.Addresses(pod, "l2s0"); len(have) != 1 || err != nil {
		t.Errorf("addresses of the workload = %v, %v", have, err)
	}
	must(t, sps.Process.Signal(syscall.SIGTERM))
	if err := sps.Wait(); err != nil {
		t.Errorf("sps ended with %v, want an orderly stop", err)
	}
	if have, err := netns.Addresses(pod, "l2s0"); len(have) != 1 || err != nil {
		t.Errorf("after the end of sps: addresses of the workload = %v, %v", have, err)
	}
}

// serve serves a controller inside a namespace.
func (c controller) serve(t *testing.T, ns, dir string) string {
	t.Helper()
	must(t, pki.Init(dir))
	must(t, pki.Issue(dir, "sdnc", pki.SDNC("a")))
	must(t, pki.Issue(dir, "n1", pki.Node("a", "n1")))
	config, err := pki.ServerTLS(dir+"/sdnc.crt", dir+"/sdnc.key", dir+"/ca.crt")
	must(t, err)
	s := api.NewServer(api.ServerConfig{
		TLS: config,
		Identify: func(state tls.ConnectionState) (string, error) {
			id, err := pki.PeerIdentity(state)
			return string(id), err
		},
		Authorize: func(string, string) error { return nil },
	})
	api.ServeNodes(s, c, func(string, bridge.Report) error { return nil })
	var l net.Listener
	must(t, netns.Do(ns, func() (err error) {
		l, err = new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
		return err
	}))
	go func() { _ = s.Serve(l) }() // says that it was stopped
	t.Cleanup(s.Stop)
	return l.Addr().String()
}

// switchIn starts an Open vSwitch inside a namespace and returns the socket of
// its database.
func switchIn(t *testing.T, ns, dir string) string {
	t.Helper()
	socket := filepath.Join(dir, "db.sock")
	must(t, exec.CommandContext(t.Context(), "ovsdb-tool", "create", dir+"/conf.db", "/usr/share/openvswitch/vswitch.ovsschema").Run())
	start(t, ns, dir, "ovsdb-server", "-vconsole:off", dir+"/conf.db", "--remote=punix:"+socket, "--unixctl="+dir+"/db.ctl")
	must(t, exec.CommandContext(t.Context(), "ovs-vsctl", "--retry", "--timeout=10", "--db=unix:"+socket, "--no-wait", "init").Run())
	start(t, ns, dir, "ovs-vswitchd", "-vconsole:off", "unix:"+socket, "--unixctl="+dir+"/vs.ctl")
	return socket
}

// start starts a program inside a namespace for the time of the test.
func start(t *testing.T, ns, dir, name string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), name, args...)
	cmd.Env = append(os.Environ(), "OVS_RUNDIR="+dir, "OVS_LOGDIR="+dir, "OVS_DBDIR="+dir, "OVS_SYSCONFDIR="+dir)
	var out bytes.Buffer
	cmd.Stderr = &out
	must(t, netns.Start(ns, cmd))
	t.Cleanup(func() {
		if cmd.ProcessState == nil {
			must(t, cmd.Process.Signal(syscall.SIGTERM))
			_ = cmd.Wait() // says how it was ended
		}
		if t.Failed() {
			t.Logf("%s:\n%s", name, out.String())
		}
	})
	return cmd
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
