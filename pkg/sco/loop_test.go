package sco_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/fabric"
	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/sco"
	"github.com/l2sces/l2sces/pkg/slice"
)

func TestOrphans(t *testing.T) {
	in(t, sco.Config{}, func(w *world) {
		w.ready(three("s"))
		for _, id := range []slice.NetworkID{{Slice: "s", Network: "old"}, {Slice: "s", Network: "local"}, {Slice: "gone", Network: "n"}} {
			w.domains["b"].does(func() { w.domains["b"].segments[id] = intent.Segment{ID: id} })
		}
		w.loop()
		w.holds(three("s"), sco.Plan{})
		if s := w.status("s"); s.Phase != intent.Ready {
			t.Errorf("got %+v", s)
		}
	})
}

func TestFailedListIsNotEmpty(t *testing.T) {
	in(t, sco.Config{}, func(w *world) {
		w.ready(three("s"))
		segments, mods := w.changes()
		w.loop()
		w.domains["b"].away()
		w.rounds()
		s := w.status("s")
		if s.Phase != intent.Degraded || !strings.Contains(s.Message, "domain b") || !strings.Contains(s.Message, "connection refused") {
			t.Errorf("while b is away: %s, %q", s.Phase, s.Message)
		}
		if err := w.Ready(); err == nil || !strings.Contains(err.Error(), "domain b") {
			t.Errorf("ready while b is away: %v", err)
		}
		w.domains["b"].heals()
		w.rounds()
		if s := w.status("s"); s.Phase != intent.Ready {
			t.Errorf("when it is back: %+v", s)
		}
		if err := w.Ready(); err != nil {
			t.Errorf("ready when it is back: %v", err)
		}
		if s, m := w.changes(); s != segments || m != mods {
			t.Errorf("it sent %d segments and %d mods", s-segments, m-mods)
		}
	})
}

func TestDrift(t *testing.T) {
	id := slice.NetworkID{Slice: "s", Network: "voice"}
	tests := map[string]func(w *world){
		"a segment is lost": func(w *world) {
			w.domains["b"].does(func() { delete(w.domains["b"].segments, id) })
		},
		"a domain has lost everything, and gives other labels": func(w *world) {
			w.domains["b"].does(func() { clear(w.domains["b"].segments); clear(w.domains["b"].labels) })
		},
		"another label": func(w *world) {
			w.domains["b"].does(func() { w.domains["b"].labels[id] = 99 })
		},
		"a network is lost on the NEDs": func(w *world) {
			if err := w.Fabric().Remove(id); err != nil {
				w.t.Fatal(err)
			}
		},
		"a switch has lost everything": func(w *world) {
			w.neds["b-gw"].Close()
			synctest.Wait()
			w.neds["b-gw"].Set(flow.Rules{})
			w.join("b")
		},
	}
	for name, drift := range tests {
		t.Run(name, func(t *testing.T) {
			in(t, sco.Config{}, func(w *world) {
				w.ready(three("s"))
				w.loop()
				drift(w)
				w.rounds()
				if s := w.status("s"); s.Phase != intent.Ready {
					t.Errorf("%s: %s", s.Phase, s.Message)
				}
				w.holds(three("s"), sco.Plan{})
				w.labelled()
				w.gone("s")
				w.clean()
			})
		})
	}
}

// labelled fails unless the NEDs have the labels of the domains, and their
// switches the rules of that.
func (w *world) labelled() {
	w.t.Helper()
	if n := w.Fabric().Networks(); len(n) != 2 {
		w.t.Errorf("the NEDs have %d networks, want 2", len(n))
	}
	for _, n := range w.Fabric().Networks() {
		for _, a := range n.Attachments {
			d := w.domains[slice.Domain(strings.TrimSuffix(string(a.Node), "-gw"))]
			d.does(func() {
				if a.Label != d.labels[n.ID] {
					w.t.Errorf("%s has label %d for %s, the domain gives %d", a.Node, a.Label, n.ID, d.labels[n.ID])
				}
			})
		}
		if s, err := w.Fabric().Status(n.ID); err != nil || !s.Ready {
			w.t.Errorf("%s on the NEDs: %+v, %v", n.ID, s, err)
		}
	}
}

func TestMessages(t *testing.T) {
	in(t, sco.Config{}, func(w *world) {
		w.domains["b"].does(func() { w.domains["b"].missing = "wb" })
		s, err := w.Apply(w.ctx, three("s"), intent.Order{})
		if err != nil || s.Phase != intent.Pending || s.Message != "network video: member wb: no node has it" {
			t.Errorf("a missing workload: %s, %q, %v", s.Phase, s.Message, err)
		}
		w.domains["b"].does(func() { w.domains["b"].missing = "" })
		w.loop()
		if s := w.status("s"); s.Phase != intent.Ready {
			t.Fatalf("it is there now: %+v", s)
		}
		// It was true once: what is missing now degrades it.
		w.domains["b"].does(func() { w.domains["b"].missing = "wb" })
		w.rounds()
		if s := w.status("s"); s.Phase != intent.Degraded || s.Message != "network video: member wb: no node has it" {
			t.Errorf("it is missing again: %s, %q", s.Phase, s.Message)
		}
		w.restart()
		if s := w.status("s"); s.Phase != intent.Degraded || !strings.HasPrefix(s.Message, "network ") {
			t.Errorf("before the first look: %s, %q", s.Phase, s.Message)
		}
		w.domains["b"].away()
		w.loop()
		if s := w.status("s"); !strings.Contains(s.Message, "domain b") {
			t.Errorf("away: %q", s.Message)
		}
	})
}

func TestNEDAway(t *testing.T) {
	in(t, sco.Config{}, func(w *world) {
		w.ready(three("s"))
		w.loop()
		w.neds["b-gw"].Close()
		w.rounds()
		if s := w.status("s"); s.Phase != intent.Degraded || !strings.Contains(s.Message, "network v") || !strings.Contains(s.Message, "is not connected") {
			t.Errorf("%s, %q", s.Phase, s.Message)
		}
		w.join("b")
		w.rounds()
		if s := w.status("s"); s.Phase != intent.Ready {
			t.Errorf("%s, %q", s.Phase, s.Message)
		}
	})
}

func TestRestart(t *testing.T) {
	in(t, sco.Config{}, func(w *world) {
		w.restart() // nothing is there
		w.clean()
		w.ready(three("s"))
		before := w.everything()
		segments, _ := w.changes()
		w.restart()
		w.loop()
		if s, mods := w.changes(); s != segments || mods != 0 {
			t.Errorf("a restart sent %d segments and %d mods", s-segments, mods)
		}
		if s := w.status("s"); s.Phase != intent.Ready || s.Generation != 1 {
			t.Errorf("after a restart: %+v", s)
		}
		first, _ := segmentsOf(w)
		w.ready(changed("s"))
		w.restart()
		w.loop()
		w.holds(changed("s"), first)
		w.ready(three("s"))
		if got := w.everything().Segments["b"]; len(got) != len(before.Segments["b"]) {
			t.Errorf("b has %v", got)
		}
		w.gone("s")
		w.restart()
		w.loop()
		w.clean()
	})
}

func segmentsOf(w *world) (sco.Plan, map[slice.Domain]map[slice.NetworkID]intent.Segment) {
	want, p := segments(w.t, three("s"), sco.Plan{})
	return p, want
}

// A network that only one domain has needs no NED: one that a crash has left
// there goes at the start.
func TestForget(t *testing.T) {
	in(t, sco.Config{}, func(w *world) {
		w.ready(three("s"))
		for _, name := range []slice.NetworkName{"local", "old"} {
			_, err := w.Fabric().Put(fabric.Network{
				ID: slice.NetworkID{Slice: "s", Network: name}, Type: slice.VNet,
				Attachments: []fabric.Attachment{{Node: "a-gw", Label: 77 + slice.VLAN(len(name))}},
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		w.restart()
		w.labelled()
	})
}

func TestBrokenStore(t *testing.T) {
	in(t, sco.Config{}, func(w *world) {
		if err := w.store.Put("slices", "s", []byte("{")); err != nil {
			t.Fatal(err)
		}
		if _, err := sco.New(w.cfg); err == nil || !strings.Contains(err.Error(), "load slice s") {
			t.Errorf("got %v", err)
		}
	})
}

// Somebody who waits for a slice that another call changes gives up with its
// context.
func TestWaitsForItsTurn(t *testing.T) {
	in(t, sco.Config{}, func(w *world) {
		w.ready(three("s"))
		w.domains["b"].does(func() { w.domains["b"].hangs = true })
		deleted := make(chan error, 1)
		go func() { _, err := w.Delete(w.ctx, "s", intent.Order{}); deleted <- err }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(w.ctx, 1)
		defer cancel()
		if _, err := w.Apply(ctx, three("s"), intent.Order{}); slice.KindOf(err) != slice.Unavailable || !strings.Contains(err.Error(), "is being changed") {
			t.Errorf("apply: %v", err)
		}
		if _, err := w.Delete(ctx, "s", intent.Order{}); slice.KindOf(err) != slice.Unavailable {
			t.Errorf("delete: %v", err)
		}
		w.domains["b"].heals()
		if err := <-deleted; slice.KindOf(err) != slice.Unavailable {
			t.Errorf("the first delete: %v", err)
		}
		w.loop()
		w.clean()
	})
}

func TestNotReady(t *testing.T) {
	in(t, sco.Config{}, func(w *world) {
		if err := w.Ready(); err == nil || !strings.Contains(err.Error(), "domain a has not been asked yet") {
			t.Errorf("before the first look: %v", err)
		}
		w.loop()
		if err := w.Ready(); err != nil {
			t.Errorf("after it: %v", err)
		}
		w.neds["b-gw"].Close()
		synctest.Wait()
		if err := w.Ready(); err == nil || !strings.Contains(err.Error(), "2 switches are connected") {
			t.Errorf("without a %s: %v", bridge.NED, err)
		}
	})
}

// A repair that waits for a domain does not keep a person waiting.
func TestRepairGivesWay(t *testing.T) {
	in(t, sco.Config{}, func(w *world) {
		w.ready(three("s"))
		w.neds["b-gw"].Close()
		w.domains["b"].does(func() { clear(w.domains["b"].segments) })
		go w.Run(w.ctx)
		<-time.After(3 * time.Second) // the repair waits for the switch of b now
		start := time.Now()
		w.gone("s")
		if took := time.Since(start); took > time.Second {
			t.Errorf("the delete took %s", took)
		}
		w.join("b")
		w.rounds()
		w.clean()
	})
}
