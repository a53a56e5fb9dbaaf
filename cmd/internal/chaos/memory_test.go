package chaos_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/l2sces/l2sces/cmd/internal/chaos"
	"github.com/l2sces/l2sces/pkg/fabric"
	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/slice"
)

var (
	firstSeed = flag.Uint64("seed", 0, "first seed of the chaos tests; 0: one by chance")
	rings     = flag.Bool("rings", false, "few network numbers, so that they are soon used again")
	seeds     = flag.Int("seeds", 0, "how many seeds; 0: a few")
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// first returns the first seed, and tells it.
func first(t *testing.T) uint64 {
	t.Helper()
	seed := *firstSeed
	if seed == 0 {
		seed = uint64(rand.Uint32()) + 1
	}
	t.Logf("first seed %d: go test ./cmd/internal/chaos -run %s -seed %[1]d -seeds 1", seed, t.Name())
	return seed
}

// A step brings something about. What it comes to is for others to see.
type step struct {
	name   string
	weight int
	do     func(w *bubble)
}

var steps = []step{
	{"put", 8, (*bubble).putOne},
	{"remove", 3, (*bubble).removeOne},
	{"controller restarts", 2, (*bubble).restarts},
	{"crash at a write", 3, (*bubble).crashes},
	{"disk full for a while", 2, (*bubble).fills},
	{"switch restarts", 2, func(w *bubble) { w.lose(flow.Rules{}) }},
	{"switch strays", 2, (*bubble).strays},
	{"line breaks", 2, (*bubble).breaks},
	{"half is away", 3, (*bubble).parts},
	{"agents return", 1, (*bubble).rejoin},
	{"many at once", 3, (*bubble).burst},
	{"link goes down or comes up", 5, (*bubble).link},
}

// draw returns a step by weight.
func (w *bubble) draw() step {
	sum := 0
	for _, s := range steps {
		sum += s.weight
	}
	at := w.rand.IntN(sum)
	for _, s := range steps {
		if at -= s.weight; at < 0 {
			return s
		}
	}
	panic("no step")
}

// TestF30ChaosInMemory lets faults happen to a fabric in memory. After each of
// them those hear each other who should, and at no step of any switch a frame
// leaks, circles or comes twice.
func TestF30ChaosInMemory(t *testing.T) {
	n := *seeds
	if n == 0 {
		n = 40
	}
	seed := first(t)
	for i := range n {
		t.Run(fmt.Sprint("seed ", seed+uint64(i)), func(t *testing.T) {
			in(t, seed+uint64(i), func(w *bubble) {
				for range 12 {
					s := w.draw()
					w.mu.Lock()
					w.bad = []int{0, 0, 10, 40}[w.rand.IntN(4)]
					w.mu.Unlock()
					w.note("--- %s, %d%% of the changes go wrong", s.name, w.bad)
					s.do(w)
					w.mu.Lock()
					w.bad = 0
					w.mu.Unlock()
					w.settle()
					w.measure()
					if t.Failed() {
						return
					}
				}
			})
		})
	}
}

// settle connects everybody and waits until the fabric says that all is well.
func (w *bubble) settle() {
	w.t.Helper()
	w.heal()
	w.tellLinks()
	ctx, cancel := context.WithTimeout(w.ctx, 5*time.Minute)
	defer cancel()
	for _, name := range w.scene.Names() {
		n := w.scene.Networks[name]
		if !w.scene.Lives(n) {
			continue // it cannot be what it should
		}
		s, err := w.fabric.Wait(ctx, n.ID)
		if err != nil || !s.Ready {
			w.t.Fatalf("network %s is not ready: %v, %s", name, err, s.Message)
		}
	}
	if err := w.fabric.Settle(ctx); err != nil {
		w.t.Fatal(err)
	}
	<-time.After(2 * time.Second) // moves drain
	synctest.Wait()
	numbers := ""
	for _, name := range w.scene.Names() {
		s, _ := w.fabric.Status(w.scene.Networks[name].ID)
		numbers += fmt.Sprintf(" %s=%d", name, s.Number)
	}
	w.note("settled:%s", numbers)
	if got, want := len(w.fabric.Networks()), len(w.scene.Networks); got != want {
		w.t.Fatalf("%d networks, want %d", got, want)
	}
}

// enact asks for a network, or for its end if it is nil, and returns what the
// fabric said.
func (w *bubble) enact(name slice.NetworkName, n *fabric.Network) error {
	id := slice.NetworkID{Slice: "s", Network: name}
	if n == nil {
		err := w.fabric.Remove(id)
		w.note("remove %s: %v", name, err)
		return err
	}
	number, err := w.fabric.Put(*n)
	w.note("put %s: number %d, %v", chaos.Text(n), number, err)
	return err
}

// know takes what was asked for as what should be.
func (w *bubble) know(name slice.NetworkName, n *fabric.Network) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n == nil {
		delete(w.scene.Networks, name)
		return
	}
	w.scene.Networks[name] = *n
}

// drawn draws a change of a network.
func (w *bubble) drawn() (slice.NetworkName, *fabric.Network) {
	name := w.scene.Name(w.rand)
	if w.rand.IntN(4) == 0 {
		return name, nil
	}
	n := w.scene.Network(w.rand, name)
	return name, &n
}

func (w *bubble) must(name slice.NetworkName, n *fabric.Network) {
	w.t.Helper()
	switch err := w.enact(name, n); {
	case slice.KindOf(err) == slice.Exhausted && w.cfg.Numbers.Last != 0: // few numbers, and old ones are still held
	case err != nil:
		w.t.Fatalf("network %s: %v", name, err)
	default:
		w.know(name, n)
	}
}

func (w *bubble) putOne() {
	name := w.scene.Name(w.rand)
	n := w.scene.Network(w.rand, name)
	w.must(name, &n)
}

func (w *bubble) removeOne() { w.must(w.scene.Name(w.rand), nil) }

func (w *bubble) restarts() {
	w.kill()
	w.measureSilently()
	w.start()
}

// measureSilently measures while nobody commands, if nothing was under way.
func (w *bubble) measureSilently() { w.measure() }

// crashes ends the controller at a write of a change. What it knows then is
// the network of before or the one of after.
func (w *bubble) crashes() {
	name, n := w.drawn()
	before, had := w.scene.Networks[name]
	w.store.breaksAfter(w.rand.IntN(5))
	_ = w.enact(name, n)
	if w.rand.IntN(2) == 0 {
		<-time.After(time.Duration(w.rand.IntN(800)) * time.Millisecond)
	}
	w.kill()
	w.store.breaksAfter(-1)
	w.start()
	all := w.fabric.Networks()
	i := slices.IndexFunc(all, func(o fabric.Network) bool { return o.ID.Network == name })
	var now *fabric.Network
	if i >= 0 {
		now = &all[i]
	}
	w.note("after the crash: %s", chaos.Text(now))
	switch {
	case same(now, n):
		w.know(name, n)
	case had && same(now, &before), !had && now == nil:
	default:
		w.t.Fatalf("after the crash network %s is %+v, neither of before nor of after", name, now)
	}
}

func same(x, y *fabric.Network) bool {
	return x == nil && y == nil || x != nil && y != nil && reflect.DeepEqual(*x, *y)
}

// fills lets writes fail for a while. What was refused changes nothing.
func (w *bubble) fills() {
	w.store.breaksAfter(w.rand.IntN(4))
	for range 1 + w.rand.IntN(3) {
		name, n := w.drawn()
		if w.enact(name, n) == nil {
			w.know(name, n)
		}
	}
	<-time.After(time.Duration(w.rand.IntN(800)) * time.Millisecond)
	w.store.breaksAfter(-1)
}

func (w *bubble) some() *node { return w.nodes[w.scene.Nodes[w.rand.IntN(len(w.scene.Nodes))]] }

// lose breaks the line of a switch, which comes back with other rules.
func (w *bubble) lose(r flow.Rules) {
	n := w.some()
	w.note("%s comes back with %d flows", n.name, len(r.Flows))
	n.unplug()
	synctest.Wait()
	n.mem.Set(r)
	n.connect()
}

// strays takes some rules off a switch.
func (w *bubble) strays() {
	n := w.some()
	n.unplug()
	synctest.Wait()
	r := n.mem.Held()
	r.Flows = slices.DeleteFunc(r.Flows, func(flow.Flow) bool { return w.rand.IntN(3) == 0 })
	n.mem.Set(r)
	w.note("%s has lost flows", n.name)
	n.connect()
}

func (w *bubble) breaks() {
	n := w.some()
	w.note("line to %s breaks", n.name)
	n.unplug()
	synctest.Wait()
}

// parts cuts the lines of half of the nodes, lets networks come and go
// meanwhile, and now and then restarts the controller.
func (w *bubble) parts() {
	for _, n := range w.scene.Nodes {
		if w.rand.IntN(2) == 0 {
			continue
		}
		what := w.rand.IntN(3)
		w.note("away: %s %d", n, what)
		if what != 1 {
			w.nodes[n].unplug()
		}
		if what != 2 {
			w.nodes[n].leave()
		}
	}
	synctest.Wait()
	changes := 1 + w.rand.IntN(4)
	if w.rand.IntN(3) == 0 {
		changes = 30 // numbers come round
	}
	for range changes {
		name, n := w.drawn()
		w.must(name, n)
		if w.rand.IntN(2) == 0 {
			<-time.After(time.Duration(w.rand.IntN(700)) * time.Millisecond)
		}
	}
	if w.rand.IntN(3) == 0 {
		w.note("and the controller restarts")
		w.kill()
		w.start()
	}
}

func (w *bubble) rejoin() {
	for _, n := range w.nodes {
		n.leave()
	}
	synctest.Wait()
}

// burst changes several networks at once, and breaks lines meanwhile.
func (w *bubble) burst() {
	var group sync.WaitGroup
	for _, name := range []slice.NetworkName{"v1", "v2", "v3", "v4", "v5"} {
		var n *fabric.Network
		if w.rand.IntN(4) > 0 {
			drawn := w.scene.Network(w.rand, name)
			n = &drawn
		}
		pause := time.Duration(w.rand.IntN(60)) * time.Millisecond
		group.Go(func() {
			<-time.After(pause)
			w.must(name, n)
		})
	}
	if w.rand.IntN(2) == 0 {
		<-time.After(30 * time.Millisecond)
		w.breaks()
	}
	group.Wait()
}

// link takes a link down, or up again if one is down.
func (w *bubble) link() {
	l := w.scene.Links[w.rand.IntN(len(w.scene.Links))]
	for name := range w.scene.Cut {
		l.Name = name
	}
	w.mu.Lock()
	if w.scene.Cut[l.Name] {
		delete(w.scene.Cut, l.Name)
	} else {
		w.scene.Cut[l.Name] = true
	}
	w.mu.Unlock()
	w.note("links that are down: %v", w.scene.Cut)
	w.tellLinks()
}

// tellLinks tells the controller which links are down.
func (w *bubble) tellLinks() {
	for _, l := range w.fabric.Links() {
		a, b := min(l.NodeA, l.NodeB), max(l.NodeA, l.NodeB)
		down := w.scene.Cut[string(a)+"-"+string(b)]
		w.fabric.SetLink(l.A, l.B, fabric.LinkState{Up: !down, Reason: "it was cut"})
	}
}
