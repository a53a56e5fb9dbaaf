package fabric_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/fabric"
	"github.com/l2sces/l2sces/pkg/fabric/fabrictest"
	"github.com/l2sces/l2sces/pkg/slice"
)

func TestRefusedReports(t *testing.T) {
	tests := map[string]struct {
		change func(*bridge.Report)
		want   slice.Kind
	}{
		"another domain": {func(r *bridge.Report) { r.Domain = "fire" }, slice.Conflict},
		"no node":        {func(r *bridge.Report) { r.Node = "" }, slice.Invalid},
		"no domain":      {func(r *bridge.Report) { r.Domain = "" }, slice.Invalid},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			in(t, mesh, func(w *world) {
				t := w.T
				first := w.join("n1", "w1")
				r := first.report
				test.change(&r)
				if err := <-w.agent(r).ended; slice.KindOf(err) != test.want {
					t.Errorf("error %v, want one of kind %s", err, test.want)
				}
				if all := w.Nodes(); len(all) != 1 || !all[0].Online || all[0].Domain != domain {
					t.Errorf("nodes: %+v", all)
				}
			})
		})
	}
}

func TestAgentSpeaksForAnother(t *testing.T) {
	in(t, mesh, func(w *world) {
		t := w.T
		reports := make(chan bridge.Report, 2)
		reports <- bridge.Report{Domain: domain, Node: "n1"}
		reports <- bridge.Report{Domain: domain, Node: "n2"}
		if err := w.Keep(w.ctx, reports, func(bridge.Wanted) error { return nil }); slice.KindOf(err) != slice.Invalid {
			t.Errorf("error %v", err)
		}
		if all := w.Nodes(); len(all) != 1 || all[0].Online {
			t.Errorf("nodes: %+v", all)
		}
	})
}

func TestNewestLineCounts(t *testing.T) {
	in(t, mesh, func(w *world) {
		t := w.T
		old := w.join("n1", "w1")
		w.join("n1", "w1", "w2")
		if err := <-old.ended; slice.KindOf(err) != slice.Conflict {
			t.Errorf("the older line ended with %v", err)
		}
		synctest.Wait()
		want := []fabric.NodeInfo{{Name: "n1", Domain: domain, DPID: w.dpid("n1"), MTU: 1450, Members: []slice.Workload{"w1", "w2"}, Online: true}}
		if diff := cmp.Diff(want, w.Nodes()); diff != "" {
			t.Errorf("nodes (-want +got)\n%s", diff)
		}
		w.plug("n1")
		w.put(vnet("a", at("n1", "w2", 1)))
	})
}

func TestEndOfALine(t *testing.T) {
	in(t, mesh, func(w *world) {
		t := w.T
		none := make(chan bridge.Report)
		close(none)
		if err := w.Keep(w.ctx, none, nil); err != nil {
			t.Errorf("a line without a greeting: %v", err)
		}
		reports := make(chan bridge.Report, 1)
		reports <- bridge.Report{Domain: domain, Node: "n1"}
		broken := func(bridge.Wanted) error { return fabrictest.ErrDisk }
		if err := w.Keep(w.ctx, reports, broken); err == nil || !strings.Contains(err.Error(), "send bridge to node n1") {
			t.Errorf("a line that does not take the bridge: %v", err)
		}
		a := w.join("n1")
		a.stop()
		if err := <-a.ended; err == nil {
			t.Error("no error after the end of the context")
		}
	})
}

func TestNodeIsDurableOrNotThere(t *testing.T) {
	in(t, mesh, func(w *world) {
		t := w.T
		w.store.Break("fabric-nodes")
		if err := <-w.join("n1", "w1").ended; err == nil {
			t.Error("a node joined that could not be saved")
		}
		if len(w.Nodes()) != 0 {
			t.Errorf("nodes: %+v", w.Nodes())
		}
		w.store.Break("")
		w.join("n1", "w1")
		w.restart()
		if all := w.Nodes(); len(all) != 1 || all[0].Online {
			t.Errorf("nodes after a restart: %+v", all)
		}
	})
}

// A node that moves its tunnel end has all others move theirs.
func TestTunnelMoves(t *testing.T) {
	in(t, mesh, func(w *world) {
		t := w.T
		w.pair()
		r := w.agents["n1"].report
		r.Tunnel = netip.MustParseAddr("192.0.2.77")
		w.agent(r)
		w.settle()
		got, _ := w.agents["n2"].last()
		if len(got.Bridge.Ports) != 1 || got.Bridge.Ports[0].Remote != r.Tunnel {
			t.Errorf("the other node has %+v", got.Bridge.Ports)
		}
	})
}

func TestJoinedIsCalledWithoutALock(t *testing.T) {
	cfg := mesh
	calls := 0
	var f *fabric.Fabric
	cfg.Joined = func() { calls++; f.Nodes() }
	in(t, cfg, func(w *world) {
		t := w.T
		f = w.Fabric
		a := w.join("n1", "w1")
		if calls != 1 {
			t.Errorf("called %d times for a greeting and a report of the same", calls)
		}
		r := a.report
		r.Members = nil
		w.agent(r)
		if calls != 2 {
			t.Errorf("called %d times after the members changed", calls)
		}
	})
}

func TestWantedBridge(t *testing.T) {
	in(t, mesh, func(w *world) {
		t := w.T
		w.pair()
		a := at("n1", "w1", 1)
		a.Address = netip.MustParsePrefix("198.51.100.1/24")
		w.put(vnet("a", a, handOff("n1", 5, 9)))
		got, _ := w.agents["n1"].last()
		if got.Bridge.Name != bridge.SPS || got.Bridge.DPID != w.dpid("n1") || len(got.Bridge.Controllers) != 1 {
			t.Errorf("bridge %+v", got.Bridge)
		}
		seen := map[bridge.PortKind]bridge.Port{}
		numbers := map[slice.Port]bool{}
		for _, p := range got.Bridge.Ports {
			seen[p.Kind], numbers[p.Number] = p, true
			if len(p.Name) > 15 || p.Number == 0 {
				t.Errorf("port %+v", p)
			}
		}
		if len(got.Bridge.Ports) != 3 || len(numbers) != 3 {
			t.Fatalf("ports %+v", got.Bridge.Ports)
		}
		if p := seen[bridge.Patch]; p.Name != bridge.PatchName || p.Peer != bridge.PatchPeer {
			t.Errorf("patch port %+v", p)
		}
		if p := seen[bridge.Tunnel]; p.Remote != netip.MustParseAddr("192.0.2.50") {
			t.Errorf("tunnel port %+v", p)
		}
		if p := seen[bridge.Workload]; p.Workload != "w1" || p.Interface != "l2s0" || p.MAC != mac(1) || p.Address != a.Address || p.MTU != 1400 {
			t.Errorf("port of the workload %+v", p)
		}
	})
}

// A bridge is sent whole. One with many ports is sent seldom, and in the end as
// it should be.
func TestBridgeOfManyPorts(t *testing.T) {
	in(t, mesh, func(w *world) {
		w.pair()
		var first []fabric.Network
		for i := range 210 {
			first = append(first, vnet(slice.NetworkName(fmt.Sprint("v", i)), at("n1", "w1", 1)))
		}
		if _, err := w.PutAll(first); err != nil {
			w.Fatal(err)
		}
		synctest.Wait()
		_, before := w.agents["n1"].last()
		for i := range 10 {
			if _, err := w.Put(vnet(slice.NetworkName(fmt.Sprint("late", i)), at("n1", "w1", 1))); err != nil {
				w.Fatal(err)
			}
			synctest.Wait()
		}
		time.Sleep(time.Second)
		got, after := w.agents["n1"].last()
		if after-before > 3 {
			w.Errorf("%d bridges for 10 changes", after-before)
		}
		if n := len(got.Bridge.Ports); n != 221 { // and the tunnel
			w.Errorf("%d ports", n)
		}
		w.settle()
	})
}
