package sco_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/sco"
	"github.com/l2sces/l2sces/pkg/slice"
)

// condition returns a condition by its type.
func condition(t *testing.T, all []intent.Condition, kind string) intent.Condition {
	t.Helper()
	i := slices.IndexFunc(all, func(c intent.Condition) bool { return c.Type == kind })
	if i < 0 {
		t.Fatalf("there is no condition %s among %+v", kind, all)
	}
	return all[i]
}

func TestConditions(t *testing.T) {
	in(t, sco.Config{}, func(w *world) {
		w.ready(three("s"))
		w.loop()
		s := w.status("s")
		tests := []struct {
			all          []intent.Condition
			kind, reason string
		}{
			{s.Conditions, "Ready", "AllReady"},
			{s.Conditions, "Reconciled", "Applied"},
			{s.Domains[1].Conditions, "Reachable", "Answers"},
			{s.Domains[1].Conditions, "Ready", "SegmentsReady"},
			{s.Links[0].Conditions, "Up", "TunnelUp"},
			{s.Networks[0].Conditions, "Ready", "Ready"},
			{s.Networks[0].Conditions, "Joined", "OneDomain"},
			{s.Networks[1].Conditions, "Joined", "Joined"},
			{s.Networks[1].Conditions, "Attached", "AllAttached"},
			{s.Networks[1].Members[0].Conditions, "Attached", "Attached"},
		}
		for _, c := range tests {
			if got := condition(t, c.all, c.kind); !got.Status || got.Reason != c.reason || got.Since.IsZero() || got.ObservedGeneration != 1 {
				t.Errorf("got %+v, want it true for %s", got, c.reason)
			}
		}
	})
}

// The date of a condition moves with its status, and with nothing else; not
// with a restart either.
func TestSince(t *testing.T) {
	in(t, sco.Config{}, func(w *world) {
		w.ready(three("s"))
		w.loop()
		first := condition(t, w.status("s").Conditions, "Ready")
		w.rounds()
		w.restart()
		if now := condition(t, w.status("s").Conditions, "Ready"); now.Status && !now.Since.Equal(first.Since) {
			t.Errorf("right after a restart since %s, want %s", now.Since, first.Since)
		}
		w.loop()
		if now := condition(t, w.status("s").Conditions, "Ready"); !now.Status || !now.Since.Equal(first.Since) {
			t.Errorf("after a restart %+v, want since %s", now, first.Since)
		}
		w.domains["b"].away()
		w.rounds()
		away := w.status("s")
		lost := condition(t, away.Conditions, "Ready")
		reach := condition(t, away.Domains[1].Conditions, "Reachable")
		if lost.Status || !lost.Since.After(first.Since) || reach.Status || reach.Reason != "DoesNotAnswer" {
			t.Errorf("while b is away: %+v, %+v", lost, reach)
		}
		w.rounds()
		if now := condition(t, w.status("s").Conditions, "Ready"); !now.Since.Equal(lost.Since) {
			t.Errorf("still away since %s, want %s", now.Since, lost.Since)
		}
		w.domains["b"].heals()
		w.rounds()
		if now := condition(t, w.status("s").Conditions, "Ready"); !now.Status || !now.Since.After(lost.Since) {
			t.Errorf("it is back: %+v", now)
		}
		w.tells("s", "Accepted", "Ready", "Degraded", "Repaired")
	})
}

// tells fails unless exactly these things have happened to a slice, in order.
func (w *world) tells(id slice.ID, reasons ...string) {
	w.t.Helper()
	all, err := w.Events(w.ctx, intent.EventQuery{Slice: id})
	if err != nil {
		w.t.Fatal(err)
	}
	var got []string
	for _, e := range all {
		got = append(got, e.Reason)
	}
	if !slices.Equal(got, reasons) {
		w.t.Errorf("slice %s: %v, want %v", id, got, reasons)
	}
}

// A slice that is being deleted names what is left, and where.
func TestDeletingNamesWhatIsLeft(t *testing.T) {
	in(t, sco.Config{}, func(w *world) {
		w.ready(three("s"))
		w.loop()
		w.domains["b"].away()
		if _, err := w.Delete(w.ctx, "s", intent.Order{}); err == nil {
			t.Fatal("deleted while b is away")
		}
		w.rounds()
		s := w.status("s")
		if !strings.Contains(s.Message, "domain b: segments of video, voice are left") {
			t.Errorf("message %q", s.Message)
		}
		left := condition(t, s.Domains[1].Conditions, "Gone")
		if left.Status || left.Reason != "SegmentsLeft" || !condition(t, s.Domains[0].Conditions, "Gone").Status {
			t.Errorf("domains %+v", s.Domains)
		}
		w.domains["b"].heals()
		w.rounds()
		w.clean()
		w.tells("s", "Accepted", "Ready", "Deleting", "Deleted")
	})
}

// The same in a row is one event with a count; numbers grow, also over a
// restart, and a watcher hears each of them.
func TestEvents(t *testing.T) {
	in(t, sco.Config{}, func(w *world) {
		w.loop()
		bad := three("s")
		bad.Slice.Networks[0].MTU = 1
		for range 5 {
			if _, err := w.Apply(w.ctx, bad, intent.Order{}); slice.KindOf(err) != slice.Invalid {
				t.Fatal(err)
			}
		}
		w.domains["c"].away()
		w.rounds()
		w.domains["c"].heals()
		w.rounds()
		all, err := w.Events(w.ctx, intent.EventQuery{})
		if err != nil || len(all) != 3 || all[0].Reason != "Refused" || all[0].Count != 5 || !all[0].Warning || all[1].Reason != "DomainAway" || all[2].Reason != "DomainBack" {
			t.Fatalf("%+v, %v", all, err)
		}
		if mine, err := w.Events(w.ctx, intent.EventQuery{Tenant: "blue"}); err != nil || len(mine) != 1 {
			t.Errorf("a tenant sees %+v, %v", mine, err)
		}
		last := all[2].Number
		w.restart()
		w.loop()
		var told []intent.Event
		ctx, cancel := context.WithCancel(w.ctx)
		go func() {
			_ = w.WatchEvents(ctx, intent.EventQuery{After: last}, func(e intent.Event) error { told = append(told, e); return nil })
		}()
		w.ready(three("s"))
		w.rounds()
		cancel()
		synctest.Wait()
		if len(told) != 2 || told[0].Reason != "Accepted" || told[0].Number <= last || told[1].Reason != "Ready" {
			t.Errorf("told %+v after %d", told, last)
		}
		if again, err := w.Events(w.ctx, intent.EventQuery{Limit: 1}); err != nil || len(again) != 1 || again[0].Reason != "Ready" {
			t.Errorf("the last one: %+v, %v", again, err)
		}
	})
}

// A slice that cannot be made true is tried less and less often, and does not
// keep another one waiting.
func TestBackOff(t *testing.T) {
	in(t, sco.Config{}, func(w *world) {
		w.ready(three("good"))
		calls := 0
		bad := intent.Intents{Slice: intent.Slice{
			ID: "bad", Tenant: "blue", Domains: []intent.Domain{{Name: "b"}},
			Networks: []intent.Network{{Name: "one", Domains: []slice.Domain{"b"}}},
		}}
		w.domains["b"].fails(slice.Errorf(slice.Unavailable, "not now"), apply)
		w.domains["b"].does(func() { w.domains["b"].called = func(c call) { calls += map[call]int{apply: 1}[c] } })
		if s, err := w.Apply(w.ctx, bad, intent.Order{}); err != nil || s.Phase != intent.Pending {
			t.Fatalf("%+v, %v", s, err)
		}
		w.loop()
		<-time.After(10 * time.Minute)
		synctest.Wait()
		w.domains["b"].does(func() {
			if calls < 10 || calls > 40 {
				t.Errorf("%d tries in twelve minutes", calls)
			}
		})
		if s := w.status("good"); s.Phase != intent.Ready {
			t.Errorf("the other slice is %s: %s", s.Phase, s.Message)
		}
		w.domains["b"].heals()
		w.rounds()
		if s := w.status("bad"); s.Phase != intent.Ready {
			t.Errorf("it is %s: %s", s.Phase, s.Message)
		}
	})
}
