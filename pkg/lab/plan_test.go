package lab_test

import (
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/lab"
)

var update = flag.Bool("update", false, "write golden files anew")

func mustPrefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }

func itoa(n int) string { return strconv.Itoa(n) }

func plan(t *testing.T, l lab.Lab, p lab.Places) lab.Plan {
	t.Helper()
	made, err := lab.NewPlan(l, p)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// text writes a plan for people: one line for each thing.
func text(p lab.Plan) string {
	var b strings.Builder
	for _, n := range p.Namespaces {
		fmt.Fprintf(&b, "namespace %s address=%s forwarding=%t\n", n.Name, n.Address, n.Forwarding)
	}
	for _, c := range p.Cables {
		fmt.Fprintf(&b, "cable %s/%s %s - %s/%s %s\n", c.A.Namespace, c.A.Interface, c.A.Address, c.B.Namespace, c.B.Interface, c.B.Address)
	}
	for _, r := range p.Routes {
		fmt.Fprintf(&b, "route in %s to %s via %s\n", r.Namespace, r.To, r.Via)
	}
	for _, c := range p.Certificates {
		fmt.Fprintf(&b, "certificate %s %s %s\n", c.Name, c.Identity, strings.Join(c.Hosts, " "))
	}
	for _, q := range p.Processes {
		fmt.Fprintf(&b, "process %s in %s admin=%s log=%s\n", q.Name, q.Namespace, q.Admin, q.Log)
		for _, c := range q.Prepare {
			fmt.Fprintf(&b, "  prepare %s\n", strings.Join(c.Args, " "))
		}
		fmt.Fprintf(&b, "  %s %s\n", strings.Join(q.Command.Env, " "), strings.Join(q.Command.Args, " "))
	}
	return b.String()
}

func TestPlanIsGolden(t *testing.T) {
	got := text(plan(t, twoSites(), lab.Places{Bin: "/opt/l2sces"}))
	golden := filepath.Join("testdata", "two-sites.txt")
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("(-want +got; renew with -update):\n%s", diff)
	}
}

func TestSocketsThatDoNotFit(t *testing.T) {
	run := "/" + strings.Repeat("x", 90)
	if _, err := lab.NewPlan(twoSites(), lab.Places{Run: run}); err == nil || !strings.Contains(err.Error(), "bytes") {
		t.Errorf("got %v, want a complaint about the length of a socket path", err)
	}
}

func TestTunnelAddress(t *testing.T) {
	l := twoSites().WithDefaults()
	got, err := l.TunnelAddress("west-1")
	if want := netip.MustParseAddr("10.218.3.2"); got != want || err != nil {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
	if _, err := l.TunnelAddress("north"); err == nil {
		t.Error("a node that is not there has an address")
	}
}
