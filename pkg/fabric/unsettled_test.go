package fabric_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/fabric"
	"github.com/l2sces/l2sces/pkg/flow/flowtest"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A network that cannot get the number that a move takes keeps its ways, says
// so, and moves when it can.
func TestAMoveThatCannotBegin(t *testing.T) {
	in(t, fabric.Config{Bridge: bridge.NED}, func(w *world) {
		x := watch(w, 3)
		before := w.put(steered("n1", "n2", "n3", "n4"))
		x.begin()
		time.Sleep(time.Second) // the first plan is settled
		w.store.Break("fabric-numbers")
		number, err := w.Put(steered("n2", "n1", "n4", "n3"))
		if err != nil || number != before {
			t.Fatalf("number %d, %v; want the one of before, %d", number, err, before)
		}
		time.Sleep(time.Second)
		s, err := w.Status(id("net"))
		if err != nil || s.Ready || !strings.Contains(s.Message, "keeps the ways that it has") {
			t.Errorf("status %+v, %v; want that it keeps its ways", s, err)
		}
		w.store.Break("")
		time.Sleep(10 * time.Second)
		if s := w.wait(id("net")); !s.Ready || s.Number == before {
			t.Errorf("when it could move: %+v", s)
		}
		if _, fault := x.end(); fault != "" {
			t.Error(fault)
		}
	})
}

// A controller that ends while switches hold several forms of a network gives
// it another number when it begins; one that ends when all is settled does not.
func TestF03UnsettledNetworkGetsAnotherNumber(t *testing.T) {
	for name, settled := range map[string]bool{"settled": true, "in the middle": false} {
		t.Run(name, func(t *testing.T) {
			in(t, fabric.Config{Bridge: bridge.NED}, func(w *world) {
				all := []slice.Node{"n1", "n2", "n3", "n4"}
				for _, n := range all {
					w.plug(n)
					w.join(n)
				}
				before := w.put(steered("n1", "n2", "n3", "n4"))
				time.Sleep(time.Second)
				// One more address behind a port mixes with what is there.
				n := steered("n1", "n2", "n3", "n4")
				n.Attachments[3].Behind = append(n.Attachments[3].Behind, mac(40))
				if _, err := w.Put(n); err != nil {
					t.Fatal(err)
				}
				if settled {
					time.Sleep(time.Second)
				}
				w.restart()
				for _, node := range all {
					w.plug(node)
					w.join(node)
				}
				s := w.wait(id("net"))
				if same := s.Number == before; !s.Ready || same != settled {
					t.Errorf("after the start: number %d, before %d, ready %t", s.Number, before, s.Ready)
				}
			})
		})
	}
}

// What a switch that is away may hold counts: the third form of a network does
// not go under the number of the first, and the number is not given again.
func TestF13FormsOfASwitchThatIsAway(t *testing.T) {
	in(t, fabric.Config{Bridge: bridge.NED}, func(w *world) {
		for _, n := range []slice.Node{"n1", "n2", "n3", "n4"} {
			w.plug(n)
			w.join(n)
		}
		first := w.put(steered("n1", "n2", "n3"))
		w.mem["n4"].Close()
		synctest.Wait()
		if _, err := w.Put(steered("n2", "n3", "n4")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		second, err := w.Put(steered("n2", "n1", "n4", "n3"))
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if second == first {
			t.Errorf("three forms under number %d", first)
		}
		held := w.mem["n4"].Held()
		if len(held.Flows) == 0 || w.Engine().Confirmed(first) || !w.Engine().Lingers(first) {
			t.Errorf("number %d: confirmed %t, lingers %t, though a switch that is away holds %d flows",
				first, w.Engine().Confirmed(first), w.Engine().Lingers(first), len(held.Flows))
		}
		w.plug("n4")
		if s := w.wait(id("net")); !s.Ready || w.Engine().Lingers(first) {
			t.Errorf("after the return: %+v, lingers %t", s, w.Engine().Lingers(first))
		}
	})
}

// A link that is down stays so over a restart, until somebody says otherwise.
func TestF02LinkThatIsDownIsRemembered(t *testing.T) {
	in(t, fabric.Config{Bridge: bridge.NED}, func(w *world) {
		all := []slice.Node{"n1", "n2", "n3", "n4"}
		for _, n := range all {
			w.plug(n)
			w.join(n)
		}
		w.put(steered())
		w.cut("n1-n2", true)
		time.Sleep(time.Second)
		around := w.wait(id("net"))
		held := map[slice.Node]flowtest.Switch{}
		for _, n := range all {
			held[n] = w.mem[n].Switch()
		}
		w.restart()
		for _, n := range all {
			if w.plug(n); w.mem[n].Mods() != 0 {
				t.Errorf("switch of %s was changed", n)
			}
			w.join(n)
		}
		now := w.wait(id("net"))
		if now.Number != around.Number {
			t.Errorf("after the start the network has number %d and ways %v, before %d and %v", now.Number, now.Links, around.Number, around.Links)
		}
		for _, n := range all {
			if mods := w.mem[n].Mods(); mods != 0 {
				t.Errorf("switch of %s got %d mods", n, mods)
			}
		}
		w.cut("n1-n2", false)
		if got := w.wait(id("net")); got.Number == around.Number {
			t.Errorf("the network does not return: %v", got.Links)
		}
	})
}
