//go:build lab

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/lab"
	"github.com/l2sces/l2sces/pkg/netns"
	"github.com/l2sces/l2sces/pkg/probe"
	"github.com/l2sces/l2sces/pkg/slice"
)

// switchesOnly returns a lab of three nodes in which nothing of ours runs:
// namespaces, cables, routes, and Open vSwitch.
func switchesOnly(t *testing.T) lab.Plan {
	t.Helper()
	p, err := lab.NewPlan(lab.Lab{
		Name: "x", Prefix: fmt.Sprintf("t%06x", rand.Uint32N(1<<24)),
		Domains: []lab.Domain{
			{Name: "east", Gateway: "e2", Nodes: []lab.Node{{Name: "e1", Workloads: []slice.Workload{"cam"}}, {Name: "e2"}}},
			{Name: "west", Gateway: "w1", Nodes: []lab.Node{{Name: "w1"}}},
		},
	}, lab.Places{Bin: "/nowhere"})
	must(t, err)
	p.Processes = slices.DeleteFunc(p.Processes, func(q lab.Process) bool { return filepath.IsAbs(q.Command.Args[0]) })
	if err := needPrograms(p); err != nil {
		t.Skip(err)
	}
	k := newKeeper(t.Output())
	t.Cleanup(func() { must(t, k.Down(context.WithoutCancel(t.Context()), p)) })
	return p
}

func alive(t *testing.T, p lab.Plan) map[string]int {
	t.Helper()
	s, err := newKeeper(t.Output()).Status(t.Context(), p)
	must(t, err)
	pids := map[string]int{}
	for _, q := range s.Processes {
		if q.Alive {
			pids[q.Name] = q.PID
		}
	}
	return pids
}

func TestLabComesAndGoes(t *testing.T) {
	p, k := switchesOnly(t), newKeeper(t.Output())
	must(t, k.Up(t.Context(), p))
	first := alive(t, p)
	must(t, k.Up(t.Context(), p))
	if diff := cmp.Diff(first, alive(t, p)); diff != "" || len(first) != 6 {
		t.Errorf("processes of a second up (-first +second):\n%s", diff)
	}

	must(t, k.Kill(t.Context(), p, "ovs-vswitchd-w1"))
	if n := len(alive(t, p)); n != 5 {
		t.Errorf("%d processes live after a kill, want 5", n)
	}
	must(t, k.Restart(t.Context(), p, "ovs-vswitchd-w1"))
	if n := len(alive(t, p)); n != 6 {
		t.Errorf("%d processes live after a restart, want 6", n)
	}

	// A shell that somebody left open would keep its namespace alive.
	shell := exec.CommandContext(t.Context(), "sleep", "600")
	must(t, netns.Start(p.Lab.Namespace("cam"), shell))
	must(t, k.Down(t.Context(), p))
	if err := shell.Wait(); err == nil {
		t.Error("the process in a namespace of the lab lives on")
	}
	namespaces, processes, err := k.Leftovers(p)
	must(t, err)
	if _, err := os.Stat(p.Dir); namespaces+processes > 0 || !os.IsNotExist(err) {
		t.Errorf("left after down: %d namespaces, %d processes, folder %v", namespaces, processes, err)
	}
}

// TestLabIsRouted gives two switches their addresses, as the agents would, and
// lets one reach the other, the controllers and the foreign node.
func TestLabIsRouted(t *testing.T) {
	p := switchesOnly(t)
	must(t, newKeeper(t.Output()).Up(t.Context(), p))
	for _, n := range []slice.Node{"e1", "w1"} {
		a, err := p.Lab.TunnelAddress(n)
		must(t, err)
		ns := p.Lab.SwitchNamespace(n)
		must(t, netns.Address(ns, "eth0", netip.PrefixFrom(a, 24)))
		must(t, netns.Route(ns, netip.MustParsePrefix("0.0.0.0/0"), a.Prev()))
	}
	ports, err := probe.Ports(func(f func() error) error { return netns.Do(p.Lab.SwitchNamespace("e1"), f) })
	must(t, err)
	i := slices.IndexFunc(ports, func(q probe.Port) bool { return q.Interface == "eth0" })
	for n, to := range []string{"10.218.3.2", "10.210.255.2", "10.210.3.2", "10.210.1.2"} {
		a, err := ports[i].Echo(t.Context(), probe.Echo{To: netip.MustParseAddr(to), Stream: probe.Stream(n + 1), Count: 3})
		must(t, err)
		if a.Answered != 3 {
			t.Errorf("%s answers %d of 3", to, a.Answered)
		}
	}
}

func TestSwitchOfTheLabHasItsCertificate(t *testing.T) {
	p := switchesOnly(t)
	must(t, newKeeper(t.Output()).Up(t.Context(), p))
	out, err := viewOf(p, "e2").vsctl(t.Context(), "get-ssl")
	must(t, err)
	for _, want := range []string{p.Dir + "/pki/e2.key", p.Dir + "/pki/e2.crt", p.Dir + "/pki/ca.crt"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("get-ssl says %q, want %s in it", out, want)
		}
		if _, err := os.Stat(want); err != nil {
			t.Error(err)
		}
	}
}
