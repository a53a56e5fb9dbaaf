package registry_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

func TestPutVerifyRemove(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "a:1")
		got := w.put(t, field("a:1"), intent.Order{})
		want := intent.Registration{
			Name: "field", Driver: "direct", Addresses: []string{"a:1"}, Generation: 1,
			Info: intent.DomainInfo{Name: "field", Gateway: "gw", MTU: 1450, Version: "l2sces/v1", Encryptions: []intent.Encryption{"none"}, Time: time.Now()},
			Conditions: []intent.Condition{
				{Type: "Reachable", Status: true, Reason: "Answered"},
				{Type: "Compatible", Status: true, Reason: "SameVersion"},
				{Type: "ClockInSync", Status: true, Reason: "InSync"},
				{Type: "SizeFits", Status: true, Reason: "Fits", Message: "packets of 1450 bytes"},
				{Type: "Encrypts", Reason: "NoneOffered", Message: "slices that ask for encryption cannot use the domain"},
				{Type: "Draining", Reason: "Open"},
			},
		}
		for i := range want.Conditions {
			want.Conditions[i].ObservedGeneration, want.Conditions[i].Since = 1, time.Now().UTC()
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("registered (-want +got)\n%s", diff)
		}
		<-time.After(time.Minute)
		w.sites["a:1"].does(func() { w.sites["a:1"].skew = time.Minute })
		w.use["field"] = intent.Use{Usage: intent.Usage{Slices: 2}, Living: 2, MTU: 1500}
		got, err := w.VerifyDomain(t.Context(), "field")
		if err != nil {
			t.Fatal(err)
		}
		wantStates := map[string]string{
			"Reachable": "Answered", "Compatible": "SameVersion", "ClockInSync": "ClockAhead", "SizeFits": "SmallerThanSlices",
			"Encrypts": "NoneOffered", "Draining": "Open",
		}
		if diff := cmp.Diff(wantStates, states(got)); diff != "" || got.Slices != 2 {
			t.Errorf("verified, %d slices (-want +got)\n%s", got.Slices, diff)
		}
		if d := got.Conditions[2].Since.Sub(got.Conditions[0].Since); d != time.Minute {
			t.Errorf("what changed is %s younger than what stayed, want a minute", d)
		}
		if existed, err := w.RemoveDomain(t.Context(), "field"); !existed || slice.KindOf(err) != slice.Conflict {
			t.Errorf("remove under slices: %t, %v", existed, err)
		}
		w.use["field"] = intent.Use{}
		if existed, err := w.RemoveDomain(t.Context(), "field"); !existed || err != nil {
			t.Errorf("remove: %t, %v", existed, err)
		}
		if existed, err := w.RemoveDomain(t.Context(), "field"); existed || err != nil {
			t.Errorf("remove again: %t, %v", existed, err)
		}
		if n := w.sites["a:1"].lines(); n != 0 {
			t.Errorf("%d lines are open after the end", n)
		}
		told := []string{"DomainRegistered", "NotClockInSync", "NotSizeFits", "DomainRemoved"}
		if diff := cmp.Diff(told, w.told); diff != "" {
			t.Errorf("events (-want +got)\n%s", diff)
		}
		if w.Domain("field") != nil || len(w.Names()) != 0 || len(w.store.values) != 0 {
			t.Error("the domain is still there")
		}
	})
}

// What is refused leaves no trace.
func TestPutRefuses(t *testing.T) {
	tests := map[string]struct {
		change func(*site)
		order  intent.Order
		kind   slice.Kind
		text   string
	}{
		"silent":          {change: func(s *site) { s.err = slice.Errorf(slice.Unavailable, "connection refused") }, kind: slice.Unavailable, text: "connection refused"},
		"another domain":  {change: func(s *site) { s.info.Name = "fire" }, kind: slice.Invalid, text: `domain "fire"`},
		"another version": {change: func(s *site) { s.info.Version = "l2sces/v9" }, kind: slice.Invalid, text: "l2sces/v9"},
		"clock behind":    {change: func(s *site) { s.skew = -time.Hour }, kind: slice.Invalid, text: "1h0m0s behind"},
		"no node":         {change: func(s *site) { s.info.MTU = 0 }, kind: slice.Invalid, text: "let a node join"},
		"small packets":   {change: func(s *site) { s.info.MTU = 1000 }, kind: slice.Invalid, text: "1280"},
		"only if old":     {order: intent.Order{Old: true}, kind: slice.NotFound},
		"a generation":    {order: intent.Order{Generation: 3}, kind: slice.NotFound},
		"a mask":          {order: intent.Order{Mask: []string{"labels"}}, kind: slice.Invalid, text: "order.mask"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, "a:1")
				if test.change != nil {
					test.change(w.sites["a:1"])
				}
				_, err := w.PutDomain(t.Context(), field("a:1"), test.order)
				if slice.KindOf(err) != test.kind || err == nil || !strings.Contains(err.Error(), test.text) {
					t.Errorf("got %v, want one of kind %s with %q", err, test.kind, test.text)
				}
				if len(w.Names()) != 0 || len(w.store.values) != 0 || w.sites["a:1"].lines() != 0 {
					t.Errorf("it is kept: %v, %d lines", w.Names(), w.sites["a:1"].lines())
				}
				if test.change == nil {
					return
				}
				test.order.Force = true
				got := w.put(t, field("a:1"), test.order)
				if got.Generation != 1 || len(w.Names()) != 1 {
					t.Errorf("forced: %+v", got)
				}
			})
		})
	}
}

func TestOrders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "a:1", "b:1")
		w.put(t, field("a:1"), intent.Order{New: true, RequestID: "r1"})
		if got := w.put(t, field("a:1"), intent.Order{New: true, RequestID: "r1"}); got.Generation != 1 {
			t.Errorf("the same request again: generation %d", got.Generation)
		}
		if _, err := w.PutDomain(t.Context(), field("b:1"), intent.Order{RequestID: "r1"}); slice.KindOf(err) != slice.Invalid {
			t.Errorf("the same request with other fields: %v", err)
		}
		if _, err := w.PutDomain(t.Context(), field("b:1"), intent.Order{New: true}); slice.KindOf(err) != slice.Conflict {
			t.Errorf("new, but there: %v", err)
		}
		dry := w.put(t, field("b:1"), intent.Order{DryRun: true})
		if dry.Generation != 2 || dry.Addresses[0] != "b:1" || w.sites["b:1"].lines() != 0 {
			t.Errorf("dry run: %+v, %d lines", dry, w.sites["b:1"].lines())
		}
		if have, err := w.Registration(t.Context(), "field"); err != nil || have.Generation != 1 || have.Addresses[0] != "a:1" {
			t.Errorf("after the dry run: %+v, %v", have, err)
		}
		limited := field("a:1")
		limited.Capacity.Slices = 3
		w.sites["a:1"].does(func() { w.sites["a:1"].err = errors.New("down") })
		if got := w.put(t, limited, intent.Order{Generation: 1}); got.Generation != 2 || got.Capacity.Slices != 3 {
			t.Errorf("a limit for a domain that is down: %+v", got)
		}
		stale := limited
		stale.Generation, stale.Capacity.Slices = 1, 4
		if _, err := w.PutDomain(t.Context(), stale, intent.Order{}); slice.KindOf(err) != slice.Stale {
			t.Errorf("a lost update: %v", err)
		}
		if got := w.put(t, limited, intent.Order{}); got.Generation != 2 {
			t.Errorf("nothing new: generation %d", got.Generation)
		}
		w.store.fault = errors.New("the disk is full")
		if _, err := w.PutDomain(t.Context(), field("b:1"), intent.Order{}); err == nil {
			t.Error("registered without being durable")
		}
		if _, err := w.DrainDomain(t.Context(), "field", true); err == nil {
			t.Error("drains without being durable")
		}
		if _, err := w.RemoveDomain(t.Context(), "field"); err == nil {
			t.Error("removed without being durable")
		}
		if terms := w.Terms("field"); terms.Closed != "" || w.sites["b:1"].lines() != 0 {
			t.Errorf("after a full disk: %+v", terms)
		}
	})
}

func TestRestartRemembers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "a:1", "b:1")
		full := field("a:1")
		full.Labels, full.Capacity = map[string]string{"place": "north"}, intent.Capacity{Ports: 7}
		full.Credentials.File = "/etc/field"
		w.put(t, full, intent.Order{})
		if _, err := w.DrainDomain(t.Context(), "field", true); err != nil {
			t.Fatal(err)
		}
		before, err := w.VerifyDomain(t.Context(), "field")
		if err != nil {
			t.Fatal(err)
		}
		w.start(t)
		after, err := w.VerifyDomain(t.Context(), "field")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(before, after); diff != "" || after.Generation != 2 || !after.Draining {
			t.Errorf("after a restart (-before +after)\n%s", diff)
		}
		if terms := w.Terms("field"); terms.Closed != "it is draining" || terms.Capacity.Ports != 7 || terms.Static {
			t.Errorf("terms %+v", terms)
		}
		if text := string(w.store.values["field"]); strings.Contains(text, "1450") || strings.Contains(text, "Reachable") {
			t.Errorf("facts are stored: %s", text)
		}
		w.sites["a:1"].does(func() { w.sites["a:1"].hold = make(chan struct{}) })
		close(w.sites["a:1"].hold)
		if _, err := w.Domain("field").Apply(t.Context(), nil); err != nil {
			t.Errorf("a call after the restart: %v", err)
		}
	})
}

func TestStaticDomains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "a:1", "b:1")
		w.cfg.Static = []intent.Registration{field("a:1")}
		w.start(t)
		have, err := w.Registration(t.Context(), "field")
		if err != nil || !have.Static || have.Generation != 1 {
			t.Fatalf("%+v, %v", have, err)
		}
		if existed, err := w.RemoveDomain(t.Context(), "field"); !existed || slice.KindOf(err) != slice.Conflict {
			t.Errorf("removed: %t, %v", existed, err)
		}
		if _, err := w.PutDomain(t.Context(), field("b:1"), intent.Order{}); slice.KindOf(err) != slice.Conflict {
			t.Errorf("moved: %v", err)
		}
		limited := field("a:1")
		limited.Capacity.Networks = 5
		w.put(t, limited, intent.Order{})
		// The command line has another address, and the limit stays.
		w.cfg.Static = []intent.Registration{field("b:1")}
		w.start(t)
		have, err = w.Registration(t.Context(), "field")
		if err != nil || have.Addresses[0] != "b:1" || have.Capacity.Networks != 5 || !have.Static {
			t.Errorf("%+v, %v", have, err)
		}
		w.cfg.Static = nil
		w.start(t)
		if w.Domain("field") != nil {
			t.Error("a static domain stays without its flag")
		}
	})
}

// A dead domain must not outlive its slices.
func TestRemoveOfDeadDomain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "a:1")
		w.put(t, field("a:1"), intent.Order{})
		w.use["field"] = intent.Use{Usage: intent.Usage{Slices: 1}, Left: 2}
		if _, err := w.RemoveDomain(t.Context(), "field"); slice.KindOf(err) != slice.Conflict {
			t.Errorf("removed while it is being cleared: %v", err)
		}
		w.sites["a:1"].does(func() { w.sites["a:1"].err = errors.New("dead") })
		if existed, err := w.RemoveDomain(t.Context(), "field"); !existed || err != nil {
			t.Errorf("%t, %v", existed, err)
		}
	})
}
