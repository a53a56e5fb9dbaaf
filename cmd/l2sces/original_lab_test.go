//go:build lab

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"path/filepath"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/l2sces/l2sces/cmd/internal/cli"
	"github.com/l2sces/l2sces/pkg/compat/compattest"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/lab"
	"github.com/l2sces/l2sces/pkg/netns"
	"github.com/l2sces/l2sces/pkg/slice"
)

const (
	oldDoor  = "127.0.0.1:50051"
	oldSlice = `{"slice": {"provider": {"name": "ring"}, "clusters": [{"name": "field"}, {"name": "fire"}]}}`
	oldVideo = `{"network": {"name": "video", "provider": {"name": "ring"}, "podCidr": "10.1.0.0/16", "clusters": [{"name": "field"}, {"name": "fire"}]}}`
)

// labWith starts a lab with further arguments for one of its processes, and returns
// the namespace of that.
func labWith(t *testing.T, name, process string, args ...string) (d *demo, namespace string) {
	t.Helper()
	p, err := readPlan(filepath.Join(root, "deploy/lab/three-domains.yaml"), "")
	must(t, err)
	bin, err := filepath.Abs(filepath.Join(root, "bin"))
	must(t, err)
	p.Lab.Prefix, p.Lab.Name = fmt.Sprintf("t%06x", rand.Uint32N(1<<24)), name
	p, err = lab.NewPlan(p.Lab, lab.Places{Bin: bin})
	must(t, err)
	must(t, needPrograms(p))
	for i, one := range p.Processes {
		if one.Name == process {
			namespace = one.Namespace
			p.Processes[i].Command.Args = append(one.Command.Args, args...)
		}
	}
	d = &demo{plan: p, keeper: newKeeper(t.Output()), say: t.Logf, report: demoReport{PhasesMs: map[string]uint32{}}}
	t.Cleanup(func() { must(t, d.keeper.Down(context.WithoutCancel(t.Context()), p)) })
	must(t, d.keeper.Up(t.Context(), p))
	return d, namespace
}

// original starts a lab whose SCO serves clients of the original as well, and
// returns such a client.
func original(t *testing.T) (*demo, compattest.Client) {
	t.Helper()
	d, core := labWith(t, "old", "sco", "--legacy", oldDoor, "--legacy-tenant", "old")
	inCore := grpc.WithContextDialer(func(ctx context.Context, address string) (conn net.Conn, err error) {
		err = netns.Do(core, func() error {
			conn, err = new(net.Dialer).DialContext(ctx, "tcp", address)
			return err
		})
		return conn, err
	})
	conn, err := grpc.NewClient("passthrough:///"+oldDoor, grpc.WithTransportCredentials(insecure.NewCredentials()), inCore)
	must(t, err)
	t.Cleanup(func() { must(t, conn.Close()) })
	return d, compattest.Client{Conn: conn}
}

// A client of the original makes a slice and a network over two domains; pings
// pass between members on real switches, and nothing is left after its deletes.
func TestOriginalClientOnSwitches(t *testing.T) {
	d, c := original(t)
	call := func(method, request string) {
		t.Helper()
		if _, err := c.Call(t.Context(), method, request); err != nil {
			t.Fatalf("%s: %v", method, err)
		}
	}
	before, err := settledHoldings(t.Context(), d.plan)
	must(t, err)
	call("CreateSlice", oldSlice)
	call("CreateNetwork", oldVideo)
	door := cli.Door{Place: labSCO(d.plan.Dir)}
	sco, err := door.Open()
	must(t, err)
	defer func() { must(t, sco.Close()) }()
	page, err := sco.Slices.List(t.Context(), intent.Query{Tenant: "old"})
	must(t, err)
	if len(page.Slices) != 1 {
		t.Fatalf("slices of the original's client: %+v", page.Slices)
	}
	id := page.Slices[0].ID
	var edits []intent.Edit
	for domain, w := range map[slice.Domain]slice.Workload{"field": "sip-field", "fire": "sip-fire"} {
		edits = append(edits, intent.Edit{AddMember: &intent.MemberEdit{Network: "video", Member: intent.Member{Name: w, Domain: domain}}})
	}
	s, err := sco.Slices.Edit(t.Context(), id, edits, intent.Order{})
	must(t, err)
	ms, err := openMembers(d.plan.Lab, s)
	must(t, err)
	must(t, d.checkPings(t.Context(), ms))
	must(t, ms.close())
	if len(d.report.Checks) == 0 {
		t.Error("nobody was asked for an answer")
	}
	d.wantAll(t)
	call("DeleteNetwork", oldVideo)
	call("DeleteSlice", oldSlice)
	if page, err = sco.Slices.List(t.Context(), intent.Query{}); err != nil || len(page.Slices) > 0 {
		t.Errorf("after the deletes: %+v, %v", page.Slices, err)
	}
	must(t, d.checkResidue(t.Context(), before))
	d.wantAll(t)
}
