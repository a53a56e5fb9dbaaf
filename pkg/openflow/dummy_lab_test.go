//go:build lab

package openflow_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A dummy is a real ovs-vswitchd whose ports carry nothing: no root, no
// namespaces, no kernel.
type dummy struct {
	dir string
}

// newDummy starts the daemons of a switch in a folder of their own and ends
// them with the test.
func newDummy(t *testing.T) *dummy {
	t.Helper()
	dir, err := os.MkdirTemp("", "l2of") //nolint:usetesting // a short name: a socket's path has at most 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	d := &dummy{dir}
	db := d.file("conf.db")
	d.run(t, "ovsdb-tool", "create", db, "/usr/share/openvswitch/vswitch.ovsschema")
	d.start(t, "ovsdb-server", db, "--remote=punix:"+d.file("db.sock"), "--unixctl="+d.file("ovsdb.ctl"), "--log-file="+d.file("ovsdb.log"))
	d.wait(t, "db.sock")
	d.vsctl(t, "--no-wait", "init")
	d.start(t, "ovs-vswitchd", "unix:"+d.file("db.sock"), "--enable-dummy=override", "--disable-system",
		"--unixctl="+d.file("vswitchd.ctl"), "--log-file="+d.file("vswitchd.log"))
	d.wait(t, "vswitchd.ctl")
	return d
}

func (d *dummy) file(name string) string { return filepath.Join(d.dir, name) }

func (d *dummy) env() []string {
	return append(os.Environ(), "OVS_RUNDIR="+d.dir, "OVS_LOGDIR="+d.dir, "OVS_DBDIR="+d.dir, "OVS_SYSCONFDIR="+d.dir)
}

// start runs a daemon in the foreground, as a child that ends with the test.
func (d *dummy) start(t *testing.T, name string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, name, append(args, "-vconsole:off", "--no-chdir")...)
	cmd.Env = d.env()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // it was killed, which is no news
	})
}

func (d *dummy) run(t *testing.T, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = d.env()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %s: %v: %s", name, strings.Join(args, " "), err, errs.String())
	}
	return out.String()
}

func (d *dummy) vsctl(t *testing.T, args ...string) {
	t.Helper()
	d.run(t, "ovs-vsctl", append([]string{"--db=unix:" + d.file("db.sock"), "--timeout=10"}, args...)...)
}

func (d *dummy) ofctl(t *testing.T, args ...string) string {
	t.Helper()
	return d.run(t, "ovs-ofctl", append([]string{"-O", "OpenFlow13"}, args...)...)
}

// bridge makes a bridge with four ports that calls a controller.
func (d *dummy) bridge(t *testing.T, name string, dpid uint64, controller string) {
	t.Helper()
	args := []string{
		"add-br", name, "--", "set", "bridge", name, "datapath_type=dummy", "fail_mode=secure",
		"protocols=OpenFlow13,OpenFlow14,OpenFlow15", fmt.Sprintf("other_config:datapath-id=%016x", dpid), "other_config:disable-in-band=true",
	}
	for i := 1; i <= 4; i++ {
		port := fmt.Sprintf("%sp%d", name, i)
		args = append(args, "--", "add-port", name, port, "--", "set", "interface", port, "type=dummy", fmt.Sprintf("ofport_request=%d", i))
	}
	args = append(args, "--", "set-controller", name, controller,
		"--", "set", "controller", name, "max_backoff=1000")
	d.vsctl(t, args...)
}

func (d *dummy) wait(t *testing.T, name string) {
	t.Helper()
	eventually(t, name+" is there", func() bool { _, err := os.Stat(d.file(name)); return err == nil })
}
