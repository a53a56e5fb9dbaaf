package fabric_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/fabric"
	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/flow/flowtest"
	"github.com/l2sces/l2sces/pkg/slice"
)

var errCrash = errors.New("the process has ended")

// crash ends a controller at a step, for good: nothing that comes later
// happens either.
type crash struct {
	mu   sync.Mutex
	left int
	at   string // the step, when it has happened
}

func (c *crash) step(name string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.left > 0 {
		c.left--
		return nil
	}
	if c.at == "" {
		c.at = name
	}
	return errCrash
}

func (c *crash) happened() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

// story is what an operator wants, one thing after the other.
func story(w *world) {
	wants := []func() error{
		func() error { _, err := w.Put(steered()); return err },
		func() error { _, err := w.Put(steered("n1", "n2", "n3", "n4")); return err }, // a move
		func() error {
			_, err := w.PutAll([]fabric.Network{vnet("two", handOff("n1", 9, 1), handOff("n1", 10, 2)), vnet("three", at("n2", "w", 1))})
			return err
		},
		func() error { return w.Remove(id("two")) },
		func() error { _, err := w.Put(steered("n2", "n1", "n4", "n3")); return err },
	}
	for _, want := range wants {
		if want() != nil {
			return // the caller sees the line break and asks again later
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
	}
}

// A controller ends after every single write to its store and at every change
// of a switch. The next one makes everything as it would be without the crash,
// and leaves no flow of before.
func TestF03CrashAtEveryStep(t *testing.T) {
	steps := 0
	for k := 0; ; k++ {
		var at string
		in(t, fabric.Config{Bridge: bridge.NED}, func(w *world) {
			c := &crash{left: k}
			for _, n := range []slice.Node{"n1", "n2", "n3", "n4"} {
				w.plug(n)
				w.join(n)
			}
			w.stop()
			synctest.Wait()
			w.cfg.Store, w.cfg.Failpoint = whole{w.store}, c.step
			if f, err := fabric.New(w.cfg); err == nil { // else it has ended at once
				w.Fabric = f
				w.ctx, w.stop = context.WithCancel(w.Context())
				w.connect()
				story(w)
			}
			at = c.happened()
			w.stop()
			synctest.Wait()
			w.cfg.Failpoint = nil
			w.start()
			w.connect()
			w.restore(at)
			if s := w.Reference(); s != "" {
				t.Errorf("crash %d (%s): %s", k, at, s)
			}
		})
		if at == "" {
			steps = k
			break
		}
	}
	if steps < 20 {
		t.Errorf("only %d steps: the story is too short", steps)
	}
}

// connect brings the switches and agents back.
func (w *world) connect() {
	for _, n := range []slice.Node{"n1", "n2", "n3", "n4"} {
		w.plug(n)
		w.join(n)
	}
}

// restore asks again for all that was wanted in the end, and checks that every
// switch holds exactly that: the rules that are wanted, and no others.
func (w *world) restore(at string) {
	w.Helper()
	for _, n := range []fabric.Network{steered("n2", "n1", "n4", "n3"), vnet("three", handOff("n2", 9, 1))} {
		if _, err := w.Put(n); err != nil {
			w.Fatalf("after a crash at %q: %v", at, err)
		}
	}
	w.remove(id("two"))
	for _, n := range []slice.NetworkName{"net", "three"} {
		if s := w.wait(id(n)); !s.Ready {
			w.Errorf("after a crash at %q: %s: %s", at, n, s.Message)
		}
	}
	w.settle()
	numbers := map[slice.Network]bool{}
	for _, n := range []slice.NetworkName{"net", "three"} {
		numbers[w.wait(id(n)).Number] = true
	}
	for n, m := range w.mem {
		for _, f := range m.Held().Flows {
			if f.Owner != 0 && !numbers[f.Owner] {
				w.Errorf("after a crash at %q: %s keeps %s", at, n, f)
			}
		}
	}
}

// A switch that is full is seen coming: nothing is sent to it.
func TestF08Budget(t *testing.T) {
	cfg := fabric.Config{Bridge: bridge.SPS, Mesh: true}
	in(t, cfg, func(w *world) {
		w.pair()
		w.put(vnet("probe", at("n1", "w1", 1), at("n1", "w2", 2)))
		cfg.Budget = len(w.mem["n1"].Held().Flows)
	})
	in(t, cfg, func(w *world) {
		w.pair()
		two := vnet("a", at("n1", "w1", 1), at("n1", "w2", 2))
		w.put(two)
		mods := w.mem["n1"].Mods()
		_, err := w.PutAll([]fabric.Network{vnet("other", at("n2", "w9", 9)), vnet("b", at("n1", "w3", 3))})
		if slice.KindOf(err) != slice.Exhausted {
			w.Errorf("a network beyond the budget: %v", err)
		}
		w.settle()
		if w.mem["n1"].Mods() != mods || len(w.Networks()) != 1 {
			w.Error("the refused networks left something")
		}
		w.put(two) // it is there already
		two.Attachments = two.Attachments[:1]
		w.put(two)
		w.put(vnet("c", at("n2", "w9", 9)))
		if s := w.Reference(); s != "" {
			w.Error(s)
		}
	})
}

// Many networks at once are one bundle for each switch; if one of them is wrong
// none is taken.
func TestPutAll(t *testing.T) {
	in(t, mesh, func(w *world) {
		w.pair()
		var all []fabric.Network
		for i := range 50 {
			b := byte(2 * i)
			all = append(all, vnet(slice.NetworkName(fmt.Sprint("v", i)), at("n1", "w1", b), at("n2", "w2", b+1)))
		}
		before := w.mem["n1"].Applied()
		wrong := vnet("wrong", at("n1", "w1", 1), at("n1", "w1", 2))
		if _, err := w.PutAll(append(all[:len(all):len(all)], wrong)); slice.KindOf(err) != slice.Invalid {
			w.Errorf("with a wrong one: %v", err)
		}
		synctest.Wait()
		if len(w.Networks()) != 0 || w.mem["n1"].Applied() != before {
			w.Error("networks beside a wrong one were taken")
		}
		numbers, err := w.PutAll(all)
		if err != nil || len(numbers) != len(all) {
			w.Fatalf("%d numbers, %v", len(numbers), err)
		}
		for i, n := range all {
			if s := w.wait(n.ID); !s.Ready || s.Number != numbers[i] {
				w.Errorf("%+v, number %d", s, numbers[i])
			}
		}
		if n := w.mem["n1"].Applied() - before; n != 1 {
			w.Errorf("%d bundles for all", n)
		}
	})
}

// A switch that takes its time holds up its own networks and nobody else's, and
// what it is told does not pile up: it gets all that has changed meanwhile in
// one bundle.
func TestF07SlowSwitch(t *testing.T) {
	in(t, mesh, func(w *world) {
		sluggish := &wired{Memory: flowtest.NewMemory(w.dpid("n1"))}
		sluggish.set(func(ctx context.Context, _ flow.Change) error {
			select {
			case <-time.After(5 * time.Second):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		w.mem["n1"] = sluggish.Memory
		w.serve(sluggish)
		w.plug("n2")
		for _, n := range []slice.Node{"n1", "n2"} {
			w.join(n)
		}
		begin := time.Now()
		for i := range 200 {
			node := []slice.Node{"n1", "n2"}[i%2]
			n := vnet(slice.NetworkName(fmt.Sprint("v", i)), at(node, "w1", 1), at(node, "w2", 2))
			if _, err := w.Put(n); err != nil {
				w.Fatal(err)
			}
			if node == "n1" {
				continue
			}
			if s := w.wait(n.ID); !s.Ready {
				w.Fatalf("network %s waits for another's switch: %s", n.ID, s.Message)
			}
		}
		if took := time.Since(begin); took > time.Second {
			w.Errorf("the networks of the quick switch took %s", took)
		}
		time.Sleep(20 * time.Second)
		synctest.Wait()
		if n := sluggish.Applied(); n > 4 {
			w.Errorf("the slow switch got %d bundles", n)
		}
		w.settle()
	})
}

// One bad network among many is found in a few bundles, and the others go
// through.
func TestF08OneBadAmongMany(t *testing.T) {
	engine(t, flow.Rules{}, func(b bench) {
		sw := &wired{Memory: flowtest.NewMemory(1)}
		tries := 0
		bad := forbid(77)
		sw.set(func(ctx context.Context, c flow.Change) error { tries++; return bad(ctx, c) })
		var all []map[slice.DPID]flow.Rules
		for n := slice.Network(1); n <= 500; n++ {
			r := rulesOf(n, slice.Port(n))
			b.e.Set(n, r)
			if n != 77 {
				all = append(all, r)
			}
		}
		b.serve(sw)
		holds(b.T, sw.Memory, all...)
		if tries > 25 {
			b.Errorf("%d bundles for one bad network of 500", tries)
		}
		if why := b.e.Pending(77); why == "" {
			b.Error("the bad network has no reason")
		}
	})
}

// Every run of a controller has a round of its own.
func TestF02Rounds(t *testing.T) {
	in(t, mesh, func(w *world) {
		for want := uint16(1); want < 4; want++ {
			if got := w.Round(); got != want {
				w.Errorf("round %d, want %d", got, want)
			}
			w.restart()
		}
	})
}
