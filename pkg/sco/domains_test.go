package sco_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/registry"
	"github.com/l2sces/l2sces/pkg/sco"
	"github.com/l2sces/l2sces/pkg/slice"
)

// driver is a line to a domain of the world.
type driver struct {
	*domain
	name slice.Domain
}

func (d driver) Info(ctx context.Context) (intent.DomainInfo, error) {
	info, err := d.domain.Info(ctx)
	info.Name, info.Version, info.Time = d.name, intent.APIVersion, time.Now()
	return info, err
}

func (d driver) Close() error { return nil }

// registered gives the world a registry in the place of its fixed domains, with
// those domains registered, and restarts it.
func (w *world) registered(names ...slice.Domain) *registry.Registry {
	w.t.Helper()
	r, err := registry.New(registry.Config{
		Store: w.store,
		Open: func(_ context.Context, r intent.Registration) (registry.Driver, error) {
			return driver{w.domains[r.Name], r.Name}, nil
		},
		Use: func(d slice.Domain) intent.Use { return w.Use(d) },
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.cfg.Domains = r
	w.restart()
	for _, d := range names {
		w.register(r, d, intent.Capacity{})
	}
	return r
}

func (w *world) register(r *registry.Registry, d slice.Domain, c intent.Capacity) {
	w.t.Helper()
	wanted := intent.Registration{Name: d, Addresses: []string{string(d) + ":1"}, Capacity: c}
	if _, err := r.PutDomain(w.ctx, wanted, intent.Order{}); err != nil {
		w.t.Fatal(err)
	}
}

// shared is a slice over a and another domain, with a port in each.
func shared(id slice.ID, other slice.Domain) intent.Intents {
	i := intent.Intents{Slice: intent.Slice{
		ID: id, Tenant: "blue", Domains: []intent.Domain{{Name: "a"}, {Name: other}},
		Networks: []intent.Network{{Name: "voice", BandwidthKbps: 100, Members: []intent.Member{
			{Name: slice.Workload("wa-" + id), Domain: "a", MAC: mac(1)}, {Name: slice.Workload("wo-" + id), Domain: other, MAC: mac(2)},
		}}},
	}}
	intent.Default(&i)
	return i
}

func TestCapacity(t *testing.T) {
	tests := map[string]struct {
		limit intent.Capacity
		text  string // of the refusal of a second slice; empty: it is taken
	}{
		"none":              {intent.Capacity{}, ""},
		"as much as needed": {intent.Capacity{Slices: 2, Networks: 2, Ports: 2, BandwidthKbps: 200}, ""},
		"slices":            {intent.Capacity{Slices: 1}, "2 slices of 1"},
		"networks":          {intent.Capacity{Networks: 1}, "2 networks of 1"},
		"ports":             {intent.Capacity{Ports: 1}, "2 ports of 1"},
		"bandwidth":         {intent.Capacity{BandwidthKbps: 199}, "200 kbit/s of 199"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			in(t, sco.Config{}, func(w *world) {
				r := w.registered("a", "c")
				w.register(r, "b", test.limit)
				w.ready(shared("one", "b"))
				before := w.everything()
				_, err := w.Apply(w.ctx, shared("two", "b"), intent.Order{})
				if test.text == "" {
					if err != nil {
						w.t.Error(err)
					}
					return
				}
				if slice.KindOf(err) != slice.Exhausted || !strings.Contains(err.Error(), test.text) || !strings.Contains(err.Error(), "slice.domains[1].name") {
					w.t.Errorf("got %v, want %q", err, test.text)
				}
				if diff := cmp.Diff(before, w.everything(), apart); diff != "" {
					w.t.Errorf("a refused slice leaves (-before +after)\n%s", diff)
				}
				// What is there goes on and may give up something; what it frees is free.
				w.ready(shared("one", "b"))
				if _, err := w.Delete(w.ctx, "one", intent.Order{}); err != nil {
					w.t.Fatal(err)
				}
				w.ready(shared("two", "b"))
			})
		})
	}
}

// Whoever comes first gets the last place, and nobody else.
func TestCapacityIsNotOverrun(t *testing.T) {
	in(t, sco.Config{}, func(w *world) {
		r := w.registered("a")
		w.register(r, "b", intent.Capacity{Slices: 3})
		var all sync.WaitGroup
		faults := make([]error, 12)
		for i := range faults {
			all.Go(func() {
				_, faults[i] = w.Apply(w.ctx, shared(slice.ID(fmt.Sprintf("s%d", i)), "b"), intent.Order{})
			})
		}
		all.Wait()
		taken := 0
		for _, err := range faults {
			switch {
			case err == nil:
				taken++
			case slice.KindOf(err) != slice.Exhausted:
				w.t.Error(err)
			}
		}
		if use := w.Use("b"); taken != 3 || use.Slices != 3 || use.Living != 3 || use.Ports != 3 || use.MTU != 1450 {
			w.t.Errorf("%d slices were taken, use %+v", taken, use)
		}
	})
}

func TestBandwidthNeedsCaps(t *testing.T) {
	in(t, sco.Config{}, func(w *world) {
		r := w.registered("a", "b")
		open := func(id slice.ID) intent.Intents {
			i := shared(id, "b")
			i.Slice.Networks[0].BandwidthKbps = 0
			return i
		}
		w.ready(open("early"))
		w.register(r, "b", intent.Capacity{BandwidthKbps: 1000})
		_, err := w.Apply(w.ctx, open("late"), intent.Order{})
		if slice.KindOf(err) != slice.Invalid || !strings.Contains(err.Error(), "set slice.networks[0].bandwidthKbps") {
			w.t.Errorf("got %v", err)
		}
		w.ready(shared("late", "b"))
		changed := open("early")
		changed.Slice.Networks[0].MTU = 1400
		w.ready(changed) // what was there stays
	})
}

func TestDrainingDomain(t *testing.T) {
	in(t, sco.Config{}, func(w *world) {
		r := w.registered("a", "b", "c")
		w.ready(shared("one", "b"))
		if got, err := r.DrainDomain(w.ctx, "b", true); err != nil || got.Slices != 1 || !got.Draining {
			w.t.Errorf("%+v, %v", got, err)
		}
		changed := shared("one", "b")
		changed.Slice.Networks[0].BandwidthKbps = 7
		w.ready(changed) // it has its place
		w.ready(shared("other", "c"))
		grown := shared("other", "c")
		grown.Slice.Domains = append(grown.Slice.Domains, intent.Domain{Name: "b"})
		for _, refused := range []intent.Intents{shared("two", "b"), grown} {
			_, err := w.Apply(w.ctx, refused, intent.Order{})
			if slice.KindOf(err) != slice.Unavailable || !strings.Contains(err.Error(), "domain b takes no new slice: it is draining") {
				w.t.Errorf("slice %s: %v", refused.Slice.ID, err)
			}
		}
		if _, err := r.RemoveDomain(w.ctx, "b"); slice.KindOf(err) != slice.Conflict {
			w.t.Errorf("removed: %v", err)
		}
		if _, err := r.DrainDomain(w.ctx, "b", false); err != nil {
			w.t.Fatal(err)
		}
		w.ready(shared("two", "b"))
	})
}

// A domain comes and goes while the loop runs.
func TestDomainsComeAndGo(t *testing.T) {
	in(t, sco.Config{}, func(w *world) {
		r := w.registered("a")
		w.loop()
		_, err := w.Apply(w.ctx, shared("one", "b"), intent.Order{})
		if slice.KindOf(err) != slice.Invalid || !strings.Contains(err.Error(), "domain b is not known here; known are [a]") {
			w.t.Errorf("unknown: %v", err)
		}
		w.register(r, "b", intent.Capacity{})
		w.ready(shared("one", "b"))
		if err := w.Ready(); err != nil {
			w.t.Errorf("not ready: %v", err)
		}
		if _, err := w.Delete(w.ctx, "one", intent.Order{}); err != nil {
			w.t.Fatal(err)
		}
		if existed, err := r.RemoveDomain(w.ctx, "b"); !existed || err != nil {
			w.t.Fatalf("%t, %v", existed, err)
		}
		w.rounds()
		if use := w.Use("b"); use != (intent.Use{}) {
			w.t.Errorf("use of a domain that is gone: %+v", use)
		}
		if _, err := w.Apply(w.ctx, shared("one", "b"), intent.Order{}); slice.KindOf(err) != slice.Invalid {
			w.t.Errorf("unknown again: %v", err)
		}
		w.register(r, "b", intent.Capacity{})
		w.ready(shared("one", "b"))
	})
}

// TestF21RemoveOrUse has a slice and a removal race for a domain: one wins, and
// the other is told.
func TestF21RemoveOrUse(t *testing.T) {
	in(t, sco.Config{}, func(w *world) {
		r := w.registered("a", "b")
		won := map[bool]int{}
		for i := range 60 {
			var all sync.WaitGroup
			var made, removed error
			all.Go(func() {
				for range i % 7 {
					w.List(w.ctx, intent.Query{}) //nolint:errcheck,gosec // to be a little later
				}
				_, removed = r.RemoveDomain(w.ctx, "b")
			})
			all.Go(func() { _, made = w.Apply(w.ctx, shared("one", "b"), intent.Order{}) })
			all.Wait()
			synctest.Wait()
			known := slices.Contains(r.Names(), "b")
			won[known]++
			switch {
			case (made == nil) == (removed == nil):
				w.t.Fatalf("both won, or nobody: made %v, removed %v", made, removed)
			case (made == nil) != known:
				w.t.Fatalf("the domain is known: %t; made %v, removed %v", known, made, removed)
			}
			if _, err := w.Delete(w.ctx, "one", intent.Order{}); err != nil {
				w.t.Fatal(err)
			}
			if !known {
				w.register(r, "b", intent.Capacity{})
			}
			w.clean()
		}
		w.t.Logf("the slice won %d times, the removal %d", won[true], won[false])
	})
}

// A slice that is being deleted and a domain that is dead do not keep one
// another for ever.
func TestDeadDomainGoesWithItsSlices(t *testing.T) {
	in(t, sco.Config{}, func(w *world) {
		r := w.registered("a", "b")
		w.loop()
		w.ready(shared("one", "b"))
		w.domains["b"].away()
		if _, err := w.Delete(w.ctx, "one", intent.Order{}); slice.KindOf(err) != slice.Unavailable {
			w.t.Fatalf("deleted: %v", err)
		}
		if existed, err := r.RemoveDomain(w.ctx, "b"); !existed || err != nil {
			w.t.Fatalf("%t, %v", existed, err)
		}
		w.rounds()
		if all, err := w.List(w.ctx, intent.Query{}); err != nil || len(all.Slices) != 0 {
			w.t.Errorf("left: %+v, %v", all, err)
		}
		// If it ever comes back, it is cleared.
		w.domains["b"].heals()
		w.register(r, "b", intent.Capacity{})
		w.rounds()
		w.clean()
	})
}
