package fabric_test

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/fabric"
	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/flow/flowtest"
	"github.com/l2sces/l2sces/pkg/pipeline"
	"github.com/l2sces/l2sces/pkg/slice"
)

// strange tells what a switch holds beyond the base rules.
func strange(m *flowtest.Memory) string {
	c := flow.Diff(m.Held(), pipeline.Base())
	if c.Empty() {
		return ""
	}
	return fmt.Sprintf("%+v", c)
}

func TestRestartSendsNothing(t *testing.T) {
	in(t, mesh, func(w *world) {
		t := w.T
		w.pair()
		limited := vnet("a", at("n1", "w1", 1), at("n2", "w2", 2))
		limited.BandwidthKbps = 5000
		w.put(limited)
		w.put(vnet("b", at("n1", "w3", 3), handOff("n2", 7, 9)))
		before := map[slice.Node]bridge.Wanted{}
		for n, a := range w.agents {
			before[n], _ = a.last()
			// An OpenFlow switch does not say whose a meter is.
			held := w.mem[n].Held()
			for i := range held.Meters {
				held.Meters[i].Owner = 0
			}
			w.mem[n].Set(held)
		}
		w.restart()
		for _, n := range []slice.Node{"n1", "n2"} {
			m := w.plug(n)
			synctest.Wait()
			if why := w.Engine().Unsettled(); why != "" || m.Mods() != 0 {
				t.Errorf("switch of %s got %d mods before any agent was there: %s", n, m.Mods(), why)
			}
		}
		if s := w.wait(id("a")); s.Ready || !strings.Contains(s.Message, "the agent of the node is away") {
			t.Errorf("status without agents: %+v", s)
		}
		for n := range before {
			w.join(n, slice.Workload("w"+n[1:]))
			got, _ := w.agents[n].last()
			if diff := cmp.Diff(before[n], got, cmp.Comparer(func(x, y netip.Addr) bool { return x == y }),
				cmp.Comparer(func(x, y netip.Prefix) bool { return x == y })); diff != "" {
				t.Errorf("bridge of %s after the restart (-before +after)\n%s", n, diff)
			}
			if w.mem[n].Mods() != 0 {
				t.Errorf("switch of %s got %d mods when its agent came", n, w.mem[n].Mods())
			}
		}
		w.put(limited)
	})
}

func TestLateNode(t *testing.T) {
	in(t, mesh, func(w *world) {
		t := w.T
		w.plug("n1")
		w.join("n1", "w1")
		n := vnet("a", at("n1", "w1", 1), at("n2", "w2", 2))
		if _, err := w.Put(n); err != nil {
			t.Fatal(err)
		}
		if s := w.wait(n.ID); s.Ready || !strings.Contains(s.Message, "n2") || len(s.Ports) != 2 || s.Ports[1].Ready {
			t.Errorf("status before the node joined: %+v", s)
		}
		w.join("n2", "w2")
		if s := w.wait(n.ID); s.Ready || !strings.Contains(s.Message, "is not connected") {
			t.Errorf("status before the switch of the node connected: %+v", s)
		}
		w.plug("n2")
		if s := w.wait(n.ID); !s.Ready || !slices.Equal(s.Links, []string{"n1-n2"}) {
			t.Errorf("status after all: %+v", s)
		}
	})
}

func TestWaitTellsWhatIsMissing(t *testing.T) {
	in(t, mesh, func(w *world) {
		t := w.T
		w.pair()
		w.agents["n2"].stop()
		synctest.Wait()
		if _, err := w.Put(vnet("a", at("n1", "w1", 1), at("n2", "w2", 2))); err != nil {
			t.Fatal(err)
		}
		if s := w.wait(id("a")); s.Ready || !strings.Contains(s.Message, "workload w2 on node n2: the agent of the node is away") {
			t.Errorf("status: %+v", s)
		}
		if _, err := w.Wait(w.ctx, id("none")); slice.KindOf(err) != slice.NotFound {
			t.Errorf("waiting for no network: %v", err)
		}
		a := w.join("n2", "w2")
		w.settle()
		a.mu.Lock()
		a.idle = true
		a.mu.Unlock()
		if err := w.Remove(id("a")); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(w.ctx, time.Second)
		defer cancel()
		if err := w.Settle(ctx); slice.KindOf(err) != slice.Unavailable || !strings.Contains(err.Error(), "node n2 has not got its bridge yet") {
			t.Errorf("settling with an idle agent: %v", err)
		}
		a.stop() // an agent that is away holds nobody up
		w.settle()
	})
}

// A tunnel that does not work is a fault of the networks that it carries.
func TestTunnelAtFault(t *testing.T) {
	in(t, mesh, func(w *world) {
		t := w.T
		w.plug("n1")
		w.plug("n2")
		w.join("n1", "w1")
		w.put(vnet("local", at("n1", "w1", 1)))
		reports := make(chan bridge.Report, 8)
		r := bridge.Report{Domain: domain, Node: "n2", Bridge: bridge.SPS, Tunnel: netip.MustParseAddr("192.0.2.2"), MTU: 1450, Members: []slice.Workload{"w2"}}
		reports <- r
		go func() {
			_ = w.Keep(w.ctx, reports, func(b bridge.Wanted) error {
				r := applied(r, b)
				for i := range r.Ports {
					if b.Bridge.Ports[i].Kind == bridge.Tunnel {
						r.Ports[i].Message = "no route"
					}
				}
				reports <- r
				return nil
			})
		}()
		if _, err := w.Put(vnet("wide", at("n1", "w1", 1), at("n2", "w2", 2))); err != nil {
			t.Fatal(err)
		}
		if s := w.wait(id("wide")); s.Ready || !strings.Contains(s.Message, "tunnel from n2 to n1: no route") {
			t.Errorf("status: %+v", s)
		}
		if s := w.wait(id("local")); !s.Ready {
			t.Errorf("the network on one node: %+v", s)
		}
	})
}

func TestNumbers(t *testing.T) {
	in(t, small(3), func(w *world) {
		t := w.T
		w.pair()
		one := w.put(vnet("a", at("n1", "w1", 1)))
		w.remove(id("a"))
		if two := w.put(vnet("a", at("n1", "w1", 1))); two == one {
			t.Errorf("number %d was used again at once", one)
		}
		w.restart()
		w.plug("n1")
		w.join("n1", "w1")
		if three := w.put(vnet("b", at("n1", "w2", 2))); three != 3 {
			t.Errorf("after a restart the ring begins anew: got %d", three)
		}
		w.put(vnet("c", at("n1", "w3", 3)))
		before, held := w.Networks(), w.mem["n1"].Held()
		_, err := w.Put(vnet("d", at("n1", "w4", 4)))
		if slice.KindOf(err) != slice.Exhausted {
			t.Errorf("a fourth network of three: %v", err)
		}
		w.settle()
		if diff := cmp.Diff(before, w.Networks(), cmp.Comparer(func(x, y netip.Prefix) bool { return x == y })); diff != "" || !flow.Diff(held, w.mem["n1"].Held()).Empty() {
			t.Errorf("the refused network left something: %s", diff)
		}
	})
}

// A number whose rules a switch has not given up yet is not given again.
func TestNumberInUseBySwitch(t *testing.T) {
	in(t, small(1), func(w *world) {
		t := w.T
		w.pair()
		w.put(vnet("a", at("n1", "w1", 1)))
		w.mem["n1"].Fail(slice.Errorf(slice.Invalid, "no"))
		if err := w.Remove(id("a")); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if _, err := w.Put(vnet("b", at("n1", "w1", 1))); slice.KindOf(err) != slice.Exhausted {
			t.Errorf("the number was given while its rules are there: %v", err)
		}
		w.settle()
		w.put(vnet("b", at("n1", "w1", 1)))
	})
}

func TestPortsUsedUp(t *testing.T) {
	in(t, mesh, func(w *world) {
		t := w.T
		err := w.store.Put("fabric-nodes", "n1", []byte(`{"name":"n1","domain":"field","tunnel":"192.0.2.49","mtu":1450,"ports":{},"ring":{"first":1,"last":2,"next":0}}`))
		if err != nil {
			t.Fatal(err)
		}
		w.restart()
		w.plug("n1")
		w.join("n1")
		w.put(vnet("a", at("n1", "w1", 1), at("n1", "w2", 2)))
		wanted, sent := w.agents["n1"].last()
		mods := w.mem["n1"].Mods()
		_, err = w.Put(vnet("b", at("n1", "w3", 3)))
		if slice.KindOf(err) != slice.Exhausted {
			t.Errorf("a third port of two: %v", err)
		}
		// The other network cannot grow either, and keeps what it has.
		_, err = w.Put(vnet("a", at("n1", "w2", 2), at("n1", "w3", 3), at("n1", "w4", 4)))
		if slice.KindOf(err) != slice.Exhausted {
			t.Errorf("a network grows beyond the ports: %v", err)
		}
		w.settle()
		if got, n := w.agents["n1"].last(); n != sent || got.Revision != wanted.Revision || w.mem["n1"].Mods() != mods {
			t.Errorf("refused networks changed the bridge or the switch")
		}
		if s := w.wait(id("a")); !s.Ready {
			t.Errorf("the network that was there: %+v", s)
		}
	})
}

// What the store does not take does not happen.
func TestBrokenStore(t *testing.T) {
	for _, bucket := range []string{"fabric-ports", "fabric-networks", "fabric-numbers"} {
		t.Run(bucket, func(t *testing.T) {
			in(t, mesh, func(w *world) {
				t := w.T
				w.pair()
				w.put(vnet("a", at("n1", "w1", 1)))
				before, _ := w.agents["n1"].last()
				mods := w.mem["n1"].Mods()
				w.store.Break(bucket)
				if _, err := w.Put(vnet("b", at("n1", "w2", 2))); err == nil {
					t.Error("the network was taken")
				}
				w.settle()
				if got, _ := w.agents["n1"].last(); got.Revision != before.Revision || w.mem["n1"].Mods() != mods {
					t.Error("the refused network changed something")
				}
				if _, err := w.Status(id("b")); slice.KindOf(err) != slice.NotFound {
					t.Errorf("status of the refused network: %v", err)
				}
				w.store.Break("")
				w.put(vnet("b", at("n1", "w2", 2)))
			})
		})
	}
}

func TestRefusedNetworks(t *testing.T) {
	tests := map[string]fabric.Network{
		"no name":             {ID: slice.NetworkID{Slice: "s"}, Type: slice.VNet},
		"a slash in the name": vnet("a/b", at("n1", "w1", 1)),
		"no type":             {ID: id("a"), Attachments: []fabric.Attachment{at("n1", "w1", 1)}},
		"vlink of three":      {ID: id("a"), Type: slice.VLink, Attachments: []fabric.Attachment{at("n1", "w1", 1), at("n1", "w2", 2), at("n2", "w3", 3)}},
		"workload twice":      vnet("a", at("n1", "w1", 1), at("n1", "w1", 2)),
		"address twice":       vnet("a", at("n1", "w1", 1), at("n2", "w2", 1)),
	}
	for name, n := range tests {
		t.Run(name, func(t *testing.T) {
			in(t, mesh, func(w *world) {
				t := w.T
				w.pair()
				w.settle()
				mods := w.mem["n1"].Mods()
				if _, err := w.Put(n); slice.KindOf(err) != slice.Invalid {
					t.Errorf("error %v, want one of kind invalid", err)
				}
				w.settle()
				if len(w.Networks()) != 0 || w.mem["n1"].Mods() != mods {
					t.Error("the refused network left something")
				}
			})
		})
	}
}

// A crash between two writes leaves ports without a network, or a network
// without ports.
func TestRestartAfterHalfAWrite(t *testing.T) {
	in(t, mesh, func(w *world) {
		t := w.T
		w.pair()
		w.put(vnet("a", at("n1", "w1", 1)))
		w.put(vnet("b", at("n1", "w2", 2)))
		if err := w.store.Delete("fabric-networks", "s/a"); err != nil {
			t.Fatal(err)
		}
		text := w.store.All()["fabric-networks"]["s/b"]
		if err := w.store.Put("fabric-networks", "s/c", []byte(strings.ReplaceAll(strings.Replace(string(text), "s/b", "s/c", 1), `"number":2`, `"number":3`))); err != nil {
			t.Fatal(err)
		}
		w.restart()
		w.plug("n1")
		a := w.join("n1", "w1")
		if got, _ := a.last(); len(got.Bridge.Ports) != 3 { // a tunnel, w2 twice
			t.Errorf("ports: %+v", got.Bridge.Ports)
		}
		for _, n := range []slice.NetworkName{"b", "c"} {
			if s := w.wait(id(n)); !s.Ready {
				t.Errorf("network %s: %+v", n, s)
			}
		}
		w.remove(id("b"))
		w.remove(id("c"))
		if s := strange(w.mem["n1"]); s != "" {
			t.Errorf("the switch keeps rules of networks that are gone: %s", s)
		}
	})
}

func TestNetworkRemovedWhileSwitchIsAway(t *testing.T) {
	in(t, mesh, func(w *world) {
		t := w.T
		w.pair()
		n := vnet("a", at("n1", "w1", 1), at("n2", "w2", 2))
		n.BandwidthKbps = 1000
		w.put(n)
		w.mem["n2"].Close()
		synctest.Wait()
		w.remove(id("a"))
		if strange(w.mem["n1"]) != "" || strange(w.mem["n2"]) == "" {
			t.Fatal("the test does not test what it should")
		}
		m := w.plug("n2")
		synctest.Wait()
		if s := strange(m); s != "" {
			t.Errorf("the switch that was away keeps %s", s)
		}
	})
}
