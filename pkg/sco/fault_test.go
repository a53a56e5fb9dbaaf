package sco_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/fabric/fabrictest"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/sco"
	"github.com/l2sces/l2sces/pkg/slice"
)

var refusals = []slice.Kind{slice.Invalid, slice.Exhausted, slice.Conflict, slice.Denied}

func TestRefusedWhenNew(t *testing.T) {
	for _, kind := range refusals {
		t.Run(kind.String(), func(t *testing.T) {
			in(t, sco.Config{}, func(w *world) {
				w.domains["b"].fails(slice.Errorf(kind, "not this one"), apply)
				before := w.everything()
				_, err := w.Apply(w.ctx, three("s"), intent.Order{})
				if slice.KindOf(err) != kind || !strings.Contains(err.Error(), "domain b: not this one") {
					t.Errorf("got %v, want kind %s", err, kind)
				}
				if diff := cmp.Diff(before, w.everything(), apart); diff != "" {
					t.Errorf("something is left (-want +got)\n%s", diff)
				}
				w.loop()
				w.clean()
			})
		})
	}
}

func TestRefusedWhenChanged(t *testing.T) {
	for _, kind := range refusals {
		t.Run(kind.String(), func(t *testing.T) {
			in(t, sco.Config{}, func(w *world) {
				w.ready(three("s"))
				before := w.everything()
				w.domains["b"].does(func() { w.domains["b"].fail[apply] = slice.Errorf(kind, "not this one") })
				// The way back needs b as well: it has lost local's neighbour.
				_, err := w.Apply(w.ctx, changed("s"), intent.Order{})
				if slice.KindOf(err) != kind {
					t.Errorf("got %v, want kind %s", err, kind)
				}
				w.domains["b"].heals()
				w.loop()
				if s := w.status("s"); s.Phase != intent.Ready || s.Generation != 1 {
					t.Errorf("afterwards: %+v", s)
				}
				got := w.everything()
				before.Flows, got.Flows = nil, nil // a network that was made again has another number
				if diff := cmp.Diff(before, got, apart); diff != "" {
					t.Errorf("it is not as before (-want +got)\n%s", diff)
				}
			})
		})
	}
}

// A domain that refuses one change only: the way back is done when Apply
// answers.
func TestRefusedOnce(t *testing.T) {
	in(t, sco.Config{Numbers: small(2).Numbers}, func(w *world) {
		w.ready(three("s")) // voice and video have the two numbers
		before := w.everything()
		more := three("s")
		more.Slice.Networks = append(more.Slice.Networks, intent.Network{Name: "extra", Domains: []slice.Domain{"a", "b"}})
		_, err := w.Apply(w.ctx, more, intent.Order{})
		if slice.KindOf(err) != slice.Exhausted || !strings.Contains(err.Error(), "s/extra") {
			t.Errorf("got %v, want Exhausted for s/extra", err)
		}
		if diff := cmp.Diff(before, w.everything(), apart); diff != "" {
			t.Errorf("it is not as before (-want +got)\n%s", diff)
		}
		if s := w.status("s"); s.Phase != intent.Ready || s.Generation != 1 {
			t.Errorf("afterwards: %+v", s)
		}
	})
}

// A domain that refuses counts more than another one that is away: what was
// asked can never be.
func TestRefusedWhileAnotherIsAway(t *testing.T) {
	in(t, sco.Config{}, func(w *world) {
		w.domains["a"].fails(slice.Errorf(slice.Unavailable, "connection refused"), apply, remove)
		w.domains["b"].fails(slice.Errorf(slice.Invalid, "not this one"), apply)
		_, err := w.Apply(w.ctx, three("s"), intent.Order{})
		if slice.KindOf(err) != slice.Invalid {
			t.Errorf("got %v, want Invalid", err)
		}
		if s := w.status("s"); s.Phase != intent.Deleting || !strings.Contains(s.Message, "domain a: connection refused") {
			t.Errorf("while a is away: %+v", s)
		}
		w.domains["a"].heals()
		w.loop()
		w.clean()
	})
}

func TestAwayFromTheStart(t *testing.T) {
	for name, away := range map[string]func(d *domain){
		"refuses the line": (*domain).away,
		"is silent":        func(d *domain) { d.does(func() { d.hangs = true }) },
	} {
		t.Run(name, func(t *testing.T) {
			in(t, sco.Config{}, func(w *world) {
				away(w.domains["b"])
				before := w.everything()
				_, err := w.Apply(w.ctx, three("s"), intent.Order{})
				if slice.KindOf(err) != slice.Unavailable || !strings.Contains(err.Error(), "domain b") {
					t.Errorf("got %v, want Unavailable for b", err)
				}
				if diff := cmp.Diff(before, w.everything(), apart); diff != "" {
					t.Errorf("it changed something\n%s", diff)
				}
			})
		})
	}
}

func TestAwayLater(t *testing.T) {
	for name, away := range map[string]func(d *domain){
		"refuses the line": func(d *domain) { d.fails(slice.Errorf(slice.Unavailable, "connection refused"), apply, list) },
		"has a fault":      func(d *domain) { d.fails(fabrictest.ErrDisk, apply) },
		"goes silent":      func(d *domain) { d.fails(context.DeadlineExceeded, apply) },
	} {
		t.Run(name, func(t *testing.T) {
			in(t, sco.Config{}, func(w *world) {
				away(w.domains["b"])
				s, err := w.Apply(w.ctx, three("s"), intent.Order{})
				if err != nil || s.Phase != intent.Pending || !s.Changed || !strings.Contains(s.Message, "domain b") {
					t.Errorf("got %+v, %v, want it pending for b", s, err)
				}
				w.loop()
				if s := w.status("s"); s.Phase != intent.Pending || !strings.Contains(s.Message, "domain b") {
					t.Errorf("it is still away: %+v", s)
				}
				w.domains["b"].heals()
				w.rounds()
				if s := w.status("s"); s.Phase != intent.Ready {
					t.Errorf("it is back: %+v", s)
				}
				w.holds(three("s"), sco.Plan{})
			})
		})
	}
}

// A refusal that comes when the domain is back stays readable.
func TestRefusedLater(t *testing.T) {
	in(t, sco.Config{}, func(w *world) {
		w.domains["b"].fails(slice.Errorf(slice.Unavailable, "connection refused"), apply)
		if s, err := w.Apply(w.ctx, three("s"), intent.Order{}); err != nil || s.Phase != intent.Pending {
			t.Fatalf("%+v, %v", s, err)
		}
		w.domains["b"].fails(slice.Errorf(slice.Exhausted, "no label is free"), apply)
		w.loop()
		if s := w.status("s"); s.Phase != intent.Pending || s.Message != "domain b: no label is free" {
			t.Errorf("%s: %q", s.Phase, s.Message)
		}
		w.gone("s")
		w.clean()
	})
}

// A change that a domain has not got is not true, even if the segments that it
// has are.
func TestChangeWhileAway(t *testing.T) {
	in(t, sco.Config{}, func(w *world) {
		w.ready(three("s"))
		before := w.holds(three("s"), sco.Plan{})
		w.domains["b"].fails(slice.Errorf(slice.Unavailable, "connection refused"), apply, remove)
		s, err := w.Apply(w.ctx, changed("s"), intent.Order{})
		if err != nil || s.Phase != intent.Pending || s.Generation != 2 {
			t.Errorf("got %+v, %v", s, err)
		}
		w.loop()
		if s := w.status("s"); s.Phase != intent.Pending {
			t.Errorf("it is still away: %+v", s)
		}
		w.domains["b"].heals()
		w.rounds()
		w.holds(changed("s"), before)
		if s := w.status("s"); s.Phase != intent.Ready {
			t.Errorf("it is back: %+v", s)
		}
	})
}

func TestDeleteWhileAway(t *testing.T) {
	for name, restart := range map[string]bool{"": false, "and restarted": true} {
		t.Run(name, func(t *testing.T) {
			in(t, sco.Config{}, func(w *world) {
				w.ready(three("s"))
				w.domains["b"].away()
				was, err := w.Delete(w.ctx, "s", intent.Order{})
				if !was || slice.KindOf(err) != slice.Unavailable || !strings.Contains(err.Error(), "domain b") {
					t.Errorf("got %v, %v", was, err)
				}
				if s := w.status("s"); s.Phase != intent.Deleting || !strings.Contains(s.Message, "domain b") {
					t.Errorf("got %+v", s)
				}
				if _, err := w.Apply(w.ctx, three("s"), intent.Order{}); slice.KindOf(err) != slice.Conflict || !strings.Contains(err.Error(), "is being deleted") {
					t.Errorf("apply meanwhile: %v", err)
				}
				for _, d := range []slice.Domain{"a", "c"} {
					if left := w.domains[d].has(); len(left) > 0 {
						t.Errorf("domain %s keeps %v", d, left)
					}
				}
				if restart {
					w.restart()
				}
				w.loop()
				if s := w.status("s"); s.Phase != intent.Deleting {
					t.Errorf("it is still away: %+v", s)
				}
				w.domains["b"].heals()
				w.rounds()
				w.clean()
			})
		})
	}
}

// The process ends at any of its writes, in any of its works; the next one
// comes to a state that is whole, and leaves nothing after a delete.
func TestCrash(t *testing.T) {
	tests := map[string]struct {
		first bool // the slice is there already
		work  func(w *world)
		next  func(slice.ID) intent.Intents // of generation 2
	}{
		"apply":          {false, func(w *world) { _, _ = w.Apply(w.ctx, three("s"), intent.Order{}) }, nil},
		"change":         {true, func(w *world) { _, _ = w.Apply(w.ctx, changed("s"), intent.Order{}) }, changed},
		"quiet change":   {true, func(w *world) { _, _ = w.Apply(w.ctx, quiet("s"), intent.Order{}) }, quiet},
		"delete":         {true, func(w *world) { _, _ = w.Delete(w.ctx, "s", intent.Order{}) }, nil},
		"refused":        {false, func(w *world) { w.refused(three("s")) }, nil},
		"refused change": {true, func(w *world) { w.refused(changed("s")) }, changed},
	}
	for name, test := range tests {
		for _, at := range []string{"before", "after"} {
			t.Run(name+" "+at, func(t *testing.T) {
				for writes := 0; ; writes += stride() {
					done := false
					t.Run(fmt.Sprint(writes), func(t *testing.T) {
						in(t, sco.Config{}, func(w *world) {
							if test.first {
								w.ready(three("s"))
							}
							w.crash(writes, at == "after", test.work)
							done = !w.store.Exhausted()
							w.stop()
							synctest.Wait()
							w.store.Fail(-1)
							w.start()
							w.loop()
							w.whole(test.next)
						})
					})
					if done || t.Failed() {
						return
					}
				}
			})
		}
	}
}

// crash does some work of which only the first writes come about: the process
// has ended right after the last of them, when no domain hears of it any more,
// or right before the next.
func (w *world) crash(writes int, after bool, work func(w *world)) {
	w.store.Fail(writes)
	for _, d := range w.domains {
		d.does(func() {
			if d.dead = nil; after {
				d.dead = w.store.Exhausted
			}
		})
	}
	work(w)
	for _, d := range w.domains {
		d.does(func() { d.dead = nil })
	}
}

// quiet is three after a change that the statuses of its segments do not show.
func quiet(id slice.ID) intent.Intents {
	i := three(id)
	i.Slice.Networks[0].BandwidthKbps = 500
	return i
}

// refused applies what domain b refuses.
func (w *world) refused(in intent.Intents) {
	w.domains["b"].fails(slice.Errorf(slice.Exhausted, "no label is free"), apply)
	_, _ = w.Apply(w.ctx, in, intent.Order{})
	w.domains["b"].heals()
}

// whole fails unless the slice is gone, or true in one of its generations. It
// takes the slice apart.
func (w *world) whole(next func(slice.ID) intent.Intents) {
	w.t.Helper()
	page, err := w.List(w.ctx, intent.Query{})
	all := page.Slices
	if err != nil || len(all) > 1 {
		w.t.Fatalf("slices: %v, %v", all, err)
	}
	for _, s := range all {
		if s.Phase != intent.Ready {
			w.t.Errorf("it is %s: %s", s.Phase, s.Message)
		}
		want, p := segments(w.t, three("s"), sco.Plan{})
		if s.Generation == 2 {
			want, _ = segments(w.t, next("s"), p)
		}
		if diff := cmp.Diff(want, w.everything().Segments, apart); diff != "" {
			w.t.Errorf("generation %d (-want +got)\n%s", s.Generation, diff)
		}
		for _, n := range w.Fabric().Networks() {
			if n.ID.Network != "voice" && n.ID.Network != "video" {
				w.t.Errorf("the NEDs keep %s", n.ID)
			}
		}
		w.gone("s")
	}
	w.clean()
}

// Writes that fail without a crash: the same process goes on.
func TestDiskFull(t *testing.T) {
	in(t, sco.Config{}, func(w *world) {
		w.store.Fail(0)
		if _, err := w.Apply(w.ctx, three("s"), intent.Order{}); err == nil || !strings.Contains(err.Error(), "save slice s") {
			t.Errorf("got %v", err)
		}
		w.store.Fail(-1)
		w.clean()
		w.ready(three("s"))
		w.loop()
		w.store.Fail(1) // the record, and nothing of the NEDs
		if s, err := w.Apply(w.ctx, changed("s"), intent.Order{}); err == nil && s.Phase != intent.Pending {
			t.Errorf("got %+v, %v", s, err)
		}
		w.store.Fail(-1)
		w.rounds()
		w.whole(changed)

		w.ready(three("s"))
		w.store.Fail(0)
		if _, err := w.Delete(w.ctx, "s", intent.Order{}); err == nil {
			t.Error("a delete on a full disk is done")
		}
		w.store.Fail(-1)
		w.rounds()
		w.whole(nil)
	})
}
