//go:build lab

package main_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/l2sces/l2sces/pkg/netns"
)

func (w *guests) file(i int, name string) string { return filepath.Join(w.dir, fmt.Sprint(i), name) }

func (w *guests) vsctl(i int, args ...string) {
	w.t.Helper()
	w.run(i, "ovs-vsctl", append([]string{"--timeout=20", "--db=unix:" + w.file(i, "db.sock")}, args...)...)
}

// run runs a program beside a switch and returns what it says.
func (w *guests) run(i int, name string, args ...string) string {
	w.t.Helper()
	out, err := within(w.t.Context(), w.switches[i], name, args...)
	if err != nil {
		w.t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return out
}

func within(ctx context.Context, ns, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := netns.Start(ns, cmd); err != nil {
		return "", err
	}
	err := cmd.Wait()
	return out.String(), err
}

// reaches reports whether a host gets an answer from an address, or gets none
// for a while.
func (w *guests) reaches(t *testing.T, host, address string, want bool) {
	t.Helper()
	var got string
	ping := func() bool {
		var err error
		got, err = within(t.Context(), w.hosts[host], "ping", "-c", "1", "-W", "1", address)
		return err == nil
	}
	if want {
		eventually(t, host+" reaches "+address, ping)
		return
	}
	if !never(ping) {
		t.Errorf("%s reaches %s:\n%s", host, address, got)
	}
}

// never asks until something is not so, and then once more.
func never(so func() bool) bool {
	for range 5 {
		if !so() {
			return !so()
		}
	}
	return false
}

// pings sends frames that have to be answered, all of them.
func (w *guests) pings(t *testing.T, host, address string, n int) {
	t.Helper()
	if out, err := within(t.Context(), w.hosts[host], "ping", "-c", strconv.Itoa(n), "-i", "0.02", "-W", "2", address); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// heard returns how many frames a host has received.
func (w *guests) heard(t *testing.T, host string) int {
	t.Helper()
	out, err := within(t.Context(), w.hosts[host], "cat", "/proc/net/dev")
	must(t, err)
	for line := range strings.Lines(out) {
		if f := strings.Fields(line); f[0] == "eth0:" {
			n, err := strconv.Atoi(f[2])
			must(t, err)
			return n
		}
	}
	t.Fatal("no eth0")
	return 0
}

// sent returns how many frames a switch has sent out of a port.
func (w *guests) sent(t *testing.T, i int, port string) int {
	t.Helper()
	// The database has counters of seconds ago; the switch itself has those of now.
	out := w.run(i, "ovs-ofctl", "-O", "OpenFlow13", "dump-ports", w.file(i, "br.mgmt"), port)
	_, rest, _ := strings.Cut(out, "tx pkts=")
	number, _, _ := strings.Cut(rest, ",")
	n, err := strconv.Atoi(number)
	must(t, err)
	return n
}

func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("not after 30 s: %s", what)
		}
	}
}

// switchIn starts an Open vSwitch inside a namespace.
func switchIn(t *testing.T, ns, dir string) {
	t.Helper()
	socket := filepath.Join(dir, "db.sock")
	must(t, exec.CommandContext(t.Context(), "ovsdb-tool", "create", dir+"/conf.db", "/usr/share/openvswitch/vswitch.ovsschema").Run())
	start(t, ns, dir, "ovsdb-server", "-vconsole:off", dir+"/conf.db", "--remote=punix:"+socket, "--unixctl="+dir+"/db.ctl")
	must(t, exec.CommandContext(t.Context(), "ovs-vsctl", "--retry", "--timeout=20", "--db=unix:"+socket, "--no-wait", "init").Run())
	start(t, ns, dir, "ovs-vswitchd", "-vconsole:off", "--disable-system", "unix:"+socket, "--unixctl="+dir+"/vs.ctl")
}

// start starts a program inside a namespace for the time of the test.
func start(t *testing.T, ns, dir, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), name, args...)
	cmd.Env = append(os.Environ(), "OVS_RUNDIR="+dir, "OVS_LOGDIR="+dir, "OVS_DBDIR="+dir, "OVS_SYSCONFDIR="+dir)
	var out bytes.Buffer
	cmd.Stderr = &out
	must(t, netns.Start(ns, cmd))
	t.Cleanup(func() {
		must(t, cmd.Process.Signal(syscall.SIGTERM))
		_ = cmd.Wait() // says how it was ended
		if t.Failed() {
			t.Logf("%s:\n%s", name, out.String())
		}
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
