//go:build lab

package ovs_test

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/l2sces/l2sces/pkg/netns"
	"github.com/l2sces/l2sces/pkg/ovs"
)

// daemon is a private Open vSwitch in a namespace of its own.
type daemon struct {
	namespace string
	dir       string
	database  *exec.Cmd
	vswitchd  *exec.Cmd
}

// start starts a switch for the time of a test.
func start(t *testing.T) *daemon {
	t.Helper()
	d := &daemon{namespace: namespace(t), dir: t.TempDir()}
	t.Cleanup(func() {
		stop(t, d.vswitchd)
		stop(t, d.database)
	})
	run(t, "ovsdb-tool", "create", d.file("conf.db"), "/usr/share/openvswitch/vswitch.ovsschema")
	d.startDatabase(t)
	run(t, "ovs-vsctl", "--db=unix:"+d.file("db.sock"), "--timeout=10", "--no-wait", "init")
	d.startSwitch(t)
	return d
}

func (d *daemon) file(name string) string { return filepath.Join(d.dir, name) }

func (d *daemon) startDatabase(t *testing.T) {
	t.Helper()
	d.database = d.start(t, "ovsdb-server", "-vconsole:off", d.file("conf.db"), "--remote=punix:"+d.file("db.sock"),
		"--unixctl="+d.file("ovsdb.ctl"))
	eventually(t, "the database listens", func() bool {
		_, err := os.Stat(d.file("db.sock"))
		return err == nil
	})
}

func (d *daemon) startSwitch(t *testing.T) {
	t.Helper()
	d.vswitchd = d.start(t, "ovs-vswitchd", "-vconsole:off", "unix:"+d.file("db.sock"), "--unixctl="+d.file("vswitchd.ctl"),
		"--pidfile="+d.file("ovs-vswitchd.pid"), "--log-file="+d.file("vswitchd.log"))
}

// start starts a program inside the switch's namespace. It outlives the test's
// context, so that the cleanup ends it in order.
func (d *daemon) start(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), args[0], args[1:]...)
	cmd.Env = append(os.Environ(), "OVS_RUNDIR="+d.dir, "OVS_LOGDIR="+d.dir, "OVS_DBDIR="+d.dir, "OVS_SYSCONFDIR="+d.dir)
	must(t, netns.Start(d.namespace, cmd))
	return cmd
}

// kill ends a process without giving it time to clean up.
func kill(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	must(t, cmd.Process.Kill())
	_ = cmd.Wait() // says that it was killed
}

func stop(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if cmd == nil || cmd.ProcessState != nil {
		return
	}
	must(t, cmd.Process.Signal(syscall.SIGTERM))
	timer := time.AfterFunc(5*time.Second, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	_ = cmd.Wait() // says how it was ended
}

func (d *daemon) vsctl(t *testing.T, args ...string) string {
	t.Helper()
	return run(t, "ovs-vsctl", append([]string{"--db=unix:" + d.file("db.sock"), "--timeout=10"}, args...)...)
}

func (d *daemon) ofctl(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "ovs-ofctl", append([]string{"-O", "OpenFlow13"}, args...)...)
	cmd.Env = append(os.Environ(), "OVS_RUNDIR="+d.dir)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("ovs-ofctl %v: %v\n%s", args, err, out)
	}
	return string(out)
}

func (d *daemon) open(t *testing.T, cfg ovs.Config) *ovs.Database {
	t.Helper()
	cfg.Socket = d.file("db.sock")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	db, err := ovs.Open(ctx, cfg)
	must(t, err)
	t.Cleanup(db.Close)
	return db
}

func namespace(t *testing.T) string {
	t.Helper()
	b := make([]byte, 4)
	if _, err := rand.Read(b); err != nil {
		t.Fatal(err)
	}
	name := "o" + hex.EncodeToString(b)
	must(t, netns.Make(name))
	t.Cleanup(func() { must(t, netns.Delete(name)) })
	return name
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually waits until something holds, and returns how long it took.
func eventually(t *testing.T, what string, holds func() bool) time.Duration {
	t.Helper()
	begin := time.Now()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		if time.Since(begin) > 15*time.Second {
			t.Fatalf("%s: not within 15 s", what)
		}
		<-tick.C
	}
	return time.Since(begin)
}
