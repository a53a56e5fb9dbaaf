package fabric_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/fabric"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/topology"
)

// ends returns the ends of the link between two nodes.
func (w *world) ends(name string) (a, b topology.End) {
	w.Helper()
	for _, l := range w.Links() {
		if l.Name == name {
			return l.A, l.B
		}
	}
	w.Fatalf("there is no link %s: %+v", name, w.Links())
	return a, b
}

// cut tells the fabric of a link, by what was found at both ends or by one.
func (w *world) cut(name string, down bool) {
	a, b := w.ends(name)
	w.SetLink(a, b, fabric.LinkState{Up: !down, Reason: "no frame comes through"})
}

// A network leaves a link that is down, without a loop or a frame lost on the
// ways that are left, and comes back.
func TestF10LinkDown(t *testing.T) {
	tells := map[string]func(w *world, down bool){
		"by what was found":   func(w *world, down bool) { w.cut("n1-n2", down) },
		"by the port":         func(w *world, down bool) { a, _ := w.ends("n1-n2"); w.PortDown(a.Switch, a.Port, down, "no carrier") },
		"by the other port":   func(w *world, down bool) { _, b := w.ends("n1-n2"); w.PortDown(b.Switch, b.Port, down, "no carrier") },
		"the other way round": func(w *world, down bool) { a, b := w.ends("n1-n2"); w.SetLink(b, a, fabric.LinkState{Up: !down}) },
	}
	for name, tell := range tells {
		t.Run(name, func(t *testing.T) {
			in(t, fabric.Config{Bridge: bridge.NED}, func(w *world) {
				x := watch(w, 1)
				w.put(steered())
				x.begin()
				links := func() []string { return w.wait(id("net")).Links }
				before := links()
				tell(w, true)
				if got := links(); slices.Contains(got, "n1-n2") {
					t.Errorf("after the cut the network takes %v", got)
				}
				i := slices.IndexFunc(w.Links(), func(l fabric.LinkInfo) bool { return l.Name == "n1-n2" })
				if l := w.Links()[i]; l.Up || l.Reason == "" {
					t.Errorf("the link is told as %+v", l)
				}
				tell(w, false)
				if got := links(); !slices.Equal(got, before) {
					t.Errorf("when the link is back the network takes %v, before %v", got, before)
				}
				steps, fault := x.end()
				if fault != "" || steps < 8 {
					t.Errorf("after %d steps: %s", steps, fault)
				}
			})
		})
	}
}

// Only networks that take a link are touched when it goes, and only those that
// left it when it comes back.
func TestLinkConcernsItsNetworks(t *testing.T) {
	in(t, mesh, func(w *world) {
		for i, n := range []slice.Node{"n1", "n2", "n3"} {
			w.plug(n)
			w.join(n, slice.Workload("w"+n[1:]))
			_ = i
		}
		w.put(vnet("a", at("n1", "w1", 1), at("n2", "w2", 2)))
		w.put(vnet("b", at("n1", "w3", 3), at("n3", "w4", 4)))
		mods := w.mem["n3"].Mods()
		w.cut("n2-n3", true)
		w.cut("n2-n3", false)
		synctest.Wait()
		if w.mem["n3"].Mods() != mods {
			t.Error("a link that nobody takes changed a switch")
		}
		w.cut("n1-n2", true)
		if got := w.wait(id("a")).Links; !slices.Equal(got, []string{"n1-n3", "n2-n3"}) {
			t.Errorf("network a takes %v", got)
		}
		w.cut("n1-n3", true) // node n1 is alone
		s := w.wait(id("b"))
		if s.Ready || !strings.Contains(s.Message, "no link leads") || !slices.Equal(s.Links, []string{"n1-n3"}) {
			t.Errorf("a network that cannot leave: %+v", s)
		}
		held := len(w.mem["n1"].Held().Flows)
		w.cut("n1-n3", false)
		if s := w.wait(id("b")); !s.Ready {
			t.Errorf("network b: %+v", s)
		}
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if now := len(w.mem["n1"].Held().Flows); now > held {
			t.Errorf("%d flows, before %d", now, held)
		}
		w.cut("n1-n2", false)
		if got := w.wait(id("a")).Links; !slices.Equal(got, []string{"n1-n2"}) {
			t.Errorf("network a takes %v", got)
		}
	})
}

// Only tunnels may be probed, and nothing else is a link.
func TestA03OnlyTunnelsAreLinks(t *testing.T) {
	in(t, mesh, func(w *world) {
		w.pair()
		w.put(vnet("a", at("n1", "w1", 1), at("n2", "w2", 2), handOff("n2", 7, 9)))
		a, b := w.ends("n1-n2")
		if got := w.Overlay(w.dpid("n1")); !slices.Equal(got, []slice.Port{a.Port}) {
			t.Errorf("overlay ports %v, want %d", got, a.Port)
		}
		if got := w.Overlay(99); got != nil {
			t.Errorf("overlay ports %v of a switch that is not there", got)
		}
		tenant := w.workload("n1", "w1")
		w.SetLink(topology.End{Switch: tenant.Switch, Port: tenant.Port}, b, fabric.LinkState{})
		w.PortDown(tenant.Switch, tenant.Port, true, "a tenant says so")
		if l := w.Links(); len(l) != 1 || !l[0].Up {
			t.Errorf("links %+v", l)
		}
		if s := w.wait(id("a")); !s.Ready {
			t.Errorf("network: %+v", s)
		}
	})
}
