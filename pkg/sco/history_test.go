package sco_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/sco"
	"github.com/l2sces/l2sces/pkg/slice"
)

type who struct{}

// named has the SCO know its callers.
var named = sco.Config{Caller: func(ctx context.Context) string {
	name, _ := ctx.Value(who{}).(string)
	return name
}}

// told returns the history of s in words.
func (w *world) told() []string {
	w.t.Helper()
	all, err := w.History(w.ctx, "s")
	if err != nil {
		w.t.Fatal(err)
	}
	var lines []string
	for _, r := range all {
		lines = append(lines, fmt.Sprintf("%d %s by %s: %d networks", r.Generation, r.What, r.By, len(r.Intents.Slice.Networks)))
	}
	return lines
}

func TestHistory(t *testing.T) {
	in(t, named, func(w *world) {
		as := func(name string) context.Context { return context.WithValue(w.ctx, who{}, name) }
		do := func(_ intent.Status, err error) { t.Helper(); ok(t, err); <-time.After(time.Second) }
		do(w.Apply(as("ann"), three("s"), intent.Order{}))
		do(w.Apply(as("bob"), three("s"), intent.Order{})) // changes nothing
		do(w.Apply(as("bob"), changed("s"), intent.Order{}))
		do(w.Edit(as("cat"), "s", []intent.Edit{{RemoveNetwork: "late"}}, intent.Order{}))
		do(w.Pause(as("ann"), "s", true, intent.Order{}))
		do(w.Pause(as("ann"), "s", false, intent.Order{}))
		want := []string{
			"3 resume by ann: 2 networks", "3 pause by ann: 2 networks", "3 edit by cat: 2 networks",
			"2 update by bob: 3 networks", "1 create by ann: 3 networks",
		}
		if diff := cmp.Diff(want, w.told()); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		w.restart()
		if diff := cmp.Diff(want, w.told()); diff != "" {
			t.Errorf("after a restart (-want +got)\n%s", diff)
		}
		_, err := w.Delete(as("dan"), "s", intent.Order{})
		do(intent.Status{}, err)
		want = append([]string{"3 delete by dan: 2 networks"}, want...)
		w.restart()
		if diff := cmp.Diff(want, w.told()); diff != "" {
			t.Errorf("after the delete (-want +got)\n%s", diff)
		}
		do(w.Apply(as("eve"), three("s"), intent.Order{}))
		want = append([]string{"1 create by eve: 3 networks"}, want...)
		if diff := cmp.Diff(want, w.told()); diff != "" {
			t.Errorf("made again (-want +got)\n%s", diff)
		}
		all, err := w.History(w.ctx, "s")
		ok(t, err)
		for i := 1; i < len(all); i++ {
			if !all[i].Time.Before(all[i-1].Time) {
				t.Errorf("%+v is not older than %+v", all[i], all[i-1])
			}
		}
		if _, err := w.History(w.ctx, "nothing"); slice.KindOf(err) != slice.NotFound {
			t.Errorf("of nothing: %v", err)
		}
	})
}

// What was refused, and so never was, is not in the history.
func TestHistoryWithoutRefusals(t *testing.T) {
	in(t, named, func(w *world) {
		w.refused(three("s"))
		if all, err := w.History(w.ctx, "s"); slice.KindOf(err) != slice.NotFound {
			t.Errorf("of a slice that never was: %+v, %v", all, err)
		}
		w.ready(three("s"))
		w.refused(changed("s"))
		w.loop()
		w.ready(quiet("s"))
		want := []string{"2 update by : 3 networks", "1 create by : 3 networks"}
		if diff := cmp.Diff(want, w.told()); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
}

// The id of a slice that is gone may be another tenant's next.
func TestA18HistoryOfAnotherTenant(t *testing.T) {
	in(t, named, func(w *world) {
		w.ready(three("s"))
		w.gone("s")
		red := three("s")
		red.Slice.Tenant = "red"
		w.ready(red)
		if diff := cmp.Diff([]string{"1 create by : 3 networks"}, w.told()); diff != "" {
			t.Errorf("red sees (-want +got)\n%s", diff)
		}
	})
}

func TestHistoryIsBounded(t *testing.T) {
	in(t, named, func(w *world) {
		small := func(kbps uint32, id slice.ID) intent.Intents {
			i := intent.Intents{Slice: intent.Slice{
				ID: id, Tenant: "blue", Domains: []intent.Domain{{Name: "a"}},
				Networks: []intent.Network{{Name: "n", Domains: []slice.Domain{"a"}, BandwidthKbps: kbps}},
			}}
			intent.Default(&i)
			return i
		}
		for i := range 250 {
			w.ready(small(uint32(i+1), "s"))
		}
		all, err := w.History(w.ctx, "s")
		ok(t, err)
		if len(all) != 100 || all[0].Generation != 250 || all[99].Generation != 151 {
			t.Errorf("got %d from %d to %d", len(all), all[0].Generation, all[len(all)-1].Generation)
		}
		w.gone("s")
		for i := range 1005 {
			id := slice.ID(fmt.Sprint("t", i))
			w.ready(small(1, id))
			w.gone(id)
			<-time.After(time.Second)
		}
		w.ready(small(1, "live"))
		w.ready(small(2, "live"))
		stored, err := w.store.List("slice-history")
		ok(t, err)
		if len(stored) != 2*1000+1 { // create and delete of those that are gone, create of the other
			t.Errorf("%d revisions are stored", len(stored))
		}
		for id, want := range map[slice.ID]slice.Kind{"s": slice.NotFound, "t4": slice.NotFound, "t5": slice.Internal, "t1004": slice.Internal, "live": slice.Internal} {
			if _, err := w.History(w.ctx, id); slice.KindOf(err) != want || want == slice.Internal && err != nil {
				t.Errorf("history of %s: %v", id, err)
			}
		}
	})
}
