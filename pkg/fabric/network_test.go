package fabric_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/fabric"
	"github.com/l2sces/l2sces/pkg/slice"
)

// triangle brings three NEDs into a fabric.
func (w *world) triangle() {
	for _, n := range []slice.Node{"n1", "n2", "n3"} {
		w.plug(n)
		w.join(n)
	}
}

func joint(name slice.NetworkName, label slice.VLAN, links ...fabric.Link) fabric.Network {
	n := vnet(name, handOff("n1", label, 1), handOff("n3", label, 3))
	n.Links = links
	return n
}

func (a *agent) kinds() (patches, tunnels int) {
	b, _ := a.last()
	for _, p := range b.Bridge.Ports {
		switch p.Kind {
		case bridge.Patch:
			patches++
		case bridge.Tunnel:
			tunnels++
		}
	}
	return patches, tunnels
}

func TestLinksOfANetwork(t *testing.T) {
	in(t, neds, func(w *world) {
		t := w.T
		w.triangle()
		direct := fabric.Link{Name: "a", A: "n1", B: "n3"}
		left, right := fabric.Link{Name: "b", A: "n1", B: "n2"}, fabric.Link{Name: "c", A: "n2", B: "n3"}
		for _, a := range w.agents {
			if patches, tunnels := a.kinds(); patches+tunnels != 0 {
				t.Errorf("%d ports that nobody asked for", patches+tunnels)
			}
		}
		w.put(joint("one", 1, direct))
		w.put(joint("two", 2, left, right))
		all := joint("three", 3, direct, left, right)
		w.put(all)
		want := func(name slice.NetworkName, links ...string) {
			t.Helper()
			if s := w.wait(id(name)); !s.Ready || !slices.Equal(s.Links, links) {
				t.Errorf("network %s: %+v, want links %v", name, s, links)
			}
		}
		want("one", "a")
		want("two", "b", "c")
		want("three", "a")
		all.Paths = []fabric.Path{fabric.Explicit("n1", "n2", "n3")}
		w.put(all)
		want("three", "b", "c")
		for node, ports := range map[slice.Node][2]int{"n1": {1, 2}, "n2": {0, 2}, "n3": {1, 2}} {
			if patches, tunnels := w.agents[node].kinds(); [2]int{patches, tunnels} != ports {
				t.Errorf("node %s has %d patches and %d tunnels, want %v", node, patches, tunnels, ports)
			}
		}
		w.remove(id("two"))
		w.remove(id("three"))
		if _, tunnels := w.agents["n2"].kinds(); tunnels != 0 {
			t.Errorf("%d tunnels that no network needs", tunnels)
		}
		w.remove(id("one"))
		for n, a := range w.agents {
			patches, tunnels := a.kinds()
			if s := strange(w.mem[n]); s != "" || patches+tunnels != 0 {
				t.Errorf("after the last network node %s keeps %d patches, %d tunnels and %s", n, patches, tunnels, s)
			}
		}
		w.remove(id("one")) // removing what is absent is success
	})
}

func TestLinkToANodeThatHasNotJoined(t *testing.T) {
	in(t, neds, func(w *world) {
		t := w.T
		w.plug("n1")
		w.join("n1")
		if _, err := w.Put(joint("a", 1, fabric.Link{Name: "l", A: "n1", B: "n3"})); err != nil {
			t.Fatal(err)
		}
		s := w.wait(id("a"))
		if s.Ready || !strings.Contains(s.Message, "node n3: the node has not joined yet") {
			t.Errorf("status: %+v", s)
		}
		w.plug("n3")
		w.join("n3")
		if s := w.wait(id("a")); !s.Ready {
			t.Errorf("status: %+v", s)
		}
	})
}

func TestPathThatIsNotThere(t *testing.T) {
	in(t, neds, func(w *world) {
		t := w.T
		w.triangle()
		n := joint("a", 1, fabric.Link{Name: "l", A: "n1", B: "n3"})
		w.put(n)
		held := w.mem["n1"].Mods()
		n.Paths = []fabric.Path{fabric.Explicit("n1", "n2", "n3")}
		if _, err := w.Put(n); err != nil {
			t.Fatal(err)
		}
		if s := w.wait(n.ID); s.Ready || !strings.Contains(s.Message, "no link for the explicit path") || w.mem["n1"].Mods() != held {
			t.Errorf("status %+v after %d mods: the last good state should stay", s, w.mem["n1"].Mods()-held)
		}
		n.Paths = []fabric.Path{fabric.Explicit("n1", "n9")}
		if _, err := w.Put(n); err != nil {
			t.Fatal(err)
		}
		if s := w.wait(n.ID); !strings.Contains(s.Message, "node n9 has not joined yet") {
			t.Errorf("status %+v", s)
		}
	})
}

// Two networks with one label at one node would be one network.
func TestLabelTwice(t *testing.T) {
	in(t, neds, func(w *world) {
		t := w.T
		w.triangle()
		link := fabric.Link{Name: "l", A: "n1", B: "n3"}
		w.put(joint("a", 1, link))
		w.put(joint("b", 2, link))
		if _, err := w.Put(joint("b", 1, link)); err != nil {
			t.Fatal(err)
		}
		if s := w.wait(id("b")); s.Ready || !strings.Contains(s.Message, "label 1 on node n1 is that of network s/a") {
			t.Errorf("status: %+v", s)
		}
		// The domain has exchanged the labels: in the end each has the other's.
		w.put(joint("a", 2, link))
		for _, name := range []slice.NetworkName{"a", "b"} {
			if s := w.wait(id(name)); !s.Ready {
				t.Errorf("network %s: %+v", name, s)
			}
		}
		w.remove(id("a"))
		w.remove(id("b"))
		if s := strange(w.mem["n1"]); s != "" {
			t.Errorf("the switch keeps %s", s)
		}
	})
}

func TestPutTwice(t *testing.T) {
	in(t, mesh, func(w *world) {
		t := w.T
		w.pair()
		first := w.put(vnet("a", at("n1", "w1", 1), at("n2", "w2", 2)))
		mods := w.mem["n1"].Mods()
		_, sent := w.agents["n1"].last()
		if again := w.put(vnet("a", at("n1", "w1", 1), at("n2", "w2", 2))); again != first {
			t.Errorf("number %d, then %d", first, again)
		}
		if _, now := w.agents["n1"].last(); now != sent || w.mem["n1"].Mods() != mods {
			t.Error("the same network twice changed something")
		}
	})
}

func TestRemovalWakesWhoWaits(t *testing.T) {
	in(t, mesh, func(w *world) {
		t := w.T
		if _, err := w.Put(vnet("a", at("n1", "w1", 1))); err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(time.Second, func() {
			if err := w.Remove(id("a")); err != nil {
				t.Error(err)
			}
		})
		ctx, cancel := context.WithTimeout(w.ctx, time.Minute)
		defer cancel()
		if _, err := w.Wait(ctx, id("a")); slice.KindOf(err) != slice.NotFound || ctx.Err() != nil {
			t.Errorf("waiting for a network that was removed: %v", err)
		}
	})
}
