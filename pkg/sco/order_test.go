package sco_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/sco"
	"github.com/l2sces/l2sces/pkg/slice"
)

// An order is one of those that change a slice.
type order func(w *world, o intent.Order) (intent.Status, error)

func applies(in intent.Intents) order {
	return func(w *world, o intent.Order) (intent.Status, error) { return w.Apply(w.ctx, in, o) }
}

func edits(all ...intent.Edit) order {
	return func(w *world, o intent.Order) (intent.Status, error) { return w.Edit(w.ctx, "s", all, o) }
}

func pauses(w *world, o intent.Order) (intent.Status, error) { return w.Pause(w.ctx, "s", true, o) }

func deletes(w *world, o intent.Order) (intent.Status, error) {
	_, err := w.Delete(w.ctx, "s", o)
	return intent.Status{}, err
}

// orders are all kinds of them.
var orders = map[string]order{
	"apply": applies(quiet("s")), "edit": edits(intent.Edit{RemoveNetwork: "local"}), "pause": pauses, "delete": deletes,
}

func TestPreconditions(t *testing.T) {
	tests := map[string]struct {
		there bool
		order intent.Order
		kind  map[string]slice.Kind // by order; absent: it is carried out
		want  string
	}{
		"old generation": {
			true,
			intent.Order{Generation: 1},
			map[string]slice.Kind{"apply": slice.Stale, "edit": slice.Stale, "pause": slice.Stale, "delete": slice.Stale},
			"slice s has generation 2, you have seen 1",
		},
		"this generation": {true, intent.Order{Generation: 2, Old: true}, nil, ""},
		"must be new": {
			true,
			intent.Order{New: true},
			map[string]slice.Kind{"apply": slice.Conflict, "edit": slice.Conflict, "pause": slice.Conflict, "delete": slice.Conflict},
			"is there already",
		},
		"must be old": {
			false,
			intent.Order{Old: true},
			map[string]slice.Kind{"apply": slice.NotFound, "edit": slice.NotFound, "pause": slice.NotFound, "delete": slice.NotFound},
			"there is no slice s",
		},
		"not there": {false, intent.Order{}, map[string]slice.Kind{"edit": slice.NotFound, "pause": slice.NotFound}, "there is no slice s"},
		"not there any more": {
			false, intent.Order{Generation: 3}, map[string]slice.Kind{"apply": slice.Stale, "edit": slice.Stale, "pause": slice.NotFound}, "slice s",
		},
		"a long request id": {
			true,
			intent.Order{RequestID: strings.Repeat("x", 129)},
			map[string]slice.Kind{"apply": slice.Invalid, "edit": slice.Invalid, "pause": slice.Invalid, "delete": slice.Invalid},
			"order.requestId: 129 bytes",
		},
	}
	for name, test := range tests {
		for what, order := range orders {
			t.Run(name+" "+what, func(t *testing.T) {
				in(t, sco.Config{}, func(w *world) {
					if test.there {
						w.ready(changed("s"))
						w.ready(three("s"))
						w.rounds() // until what the change has left behind is gone
					}
					before := w.everything()
					_, err := order(w, test.order)
					kind, refused := test.kind[what]
					if !refused {
						ok(t, err)
						return
					}
					if slice.KindOf(err) != kind || err == nil || !strings.Contains(err.Error(), test.want) {
						t.Errorf("got %v of kind %s, want %q of kind %s", err, slice.KindOf(err), test.want, kind)
					}
					if diff := cmp.Diff(before, w.everything(), apart); diff != "" {
						t.Errorf("it changed something\n%s", diff)
					}
				})
			})
		}
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// An order that comes twice, because the answer to the first was lost, counts
// once, also after a restart.
func TestF20DuplicateRequest(t *testing.T) {
	for what, order := range orders {
		for _, restart := range []bool{false, true} {
			t.Run(fmt.Sprint(what, restart), func(t *testing.T) {
				in(t, sco.Config{}, func(w *world) {
					w.ready(three("s"))
					first, err := order(w, intent.Order{RequestID: "r1"})
					ok(t, err)
					before := w.everything()
					segments, mods := w.changes()
					if restart {
						w.restart()
						mods = 0
					}
					again, err := order(w, intent.Order{RequestID: "r1"})
					ok(t, err)
					if again.Changed != first.Changed || again.Generation != first.Generation || again.Paused != first.Paused {
						t.Errorf("first %+v, then %+v", first, again)
					}
					if s, m := w.changes(); s != segments || m != mods {
						t.Errorf("it was carried out twice: %d segments and %d mods", s-segments, m-mods)
					}
					if diff := cmp.Diff(before, w.everything(), apart); diff != "" {
						t.Errorf("it changed something\n%s", diff)
					}
				})
			})
		}
	}
}

// A request id that was another order's is refused, whatever the order is.
func TestF20RequestIDTwice(t *testing.T) {
	in(t, sco.Config{}, func(w *world) {
		_, err := w.Apply(w.ctx, three("s"), intent.Order{RequestID: "r1", New: true})
		ok(t, err)
		before := w.everything()
		for what, order := range orders {
			_, err := order(w, intent.Order{RequestID: "r1"})
			if slice.KindOf(err) != slice.Conflict || !strings.Contains(err.Error(), `"r1" was another order of slice s`) {
				t.Errorf("%s: %v", what, err)
			}
		}
		_, err = w.Apply(w.ctx, three("s"), intent.Order{RequestID: "r1"})
		if slice.KindOf(err) != slice.Conflict {
			t.Errorf("the same intents, not as new: %v", err)
		}
		if diff := cmp.Diff(before, w.everything(), apart); diff != "" {
			t.Errorf("it changed something\n%s", diff)
		}
		s, err := w.Apply(w.ctx, three("s"), intent.Order{RequestID: "r1", New: true})
		if err != nil || !s.Changed || s.Generation != 1 {
			t.Errorf("the first order again: %+v, %v", s, err)
		}
		_, err = w.Apply(w.ctx, three("s2"), intent.Order{RequestID: "r1", New: true})
		ok(t, err) // each slice has its own
	})
}

// What a request made does not come back when its slice is gone.
func TestF20RepeatAfterDelete(t *testing.T) {
	in(t, sco.Config{}, func(w *world) {
		create, end := intent.Order{RequestID: "r1", New: true}, intent.Order{RequestID: "r2"}
		_, err := w.Apply(w.ctx, three("s"), create)
		ok(t, err)
		was, err := w.Delete(w.ctx, "s", end)
		if !was || err != nil {
			t.Fatal(was, err)
		}
		w.restart()
		if _, err := w.Apply(w.ctx, three("s"), create); slice.KindOf(err) != slice.NotFound || !strings.Contains(err.Error(), "deleted since") {
			t.Errorf("create again: %v", err)
		}
		if was, err := w.Delete(w.ctx, "s", end); !was || err != nil {
			t.Errorf("delete again: %v, %v, want the first answer", was, err)
		}
		w.clean()
		_, err = w.Apply(w.ctx, three("s"), intent.Order{RequestID: "r3"})
		ok(t, err)
		if was, err := w.Delete(w.ctx, "s", end); !was || err != nil {
			t.Errorf("a late copy of the delete: %v, %v", was, err)
		}
		if s := w.status("s"); s.Phase != intent.Ready {
			t.Errorf("a late copy of a delete has deleted the next slice: %+v", s)
		}
		other := three("s")
		other.Slice.Tenant = "red"
		w.gone("s")
		_, err = w.Apply(w.ctx, other, create)
		ok(t, err) // another tenant's ids are its own
	})
}

// The ids of the last requests are kept, and no more.
func TestRequestsAreBounded(t *testing.T) {
	in(t, sco.Config{}, func(w *world) {
		for i := range 100 {
			_, err := w.Apply(w.ctx, three("s"), intent.Order{RequestID: fmt.Sprint("r", i)})
			ok(t, err)
		}
		if n := len(w.everything().Slices["s"]); n > 12_000 {
			t.Errorf("the record has %d bytes", n)
		}
		if _, err := w.Apply(w.ctx, quiet("s"), intent.Order{RequestID: "r99"}); slice.KindOf(err) != slice.Conflict {
			t.Errorf("the last one: %v", err)
		}
		_, err := w.Apply(w.ctx, quiet("s"), intent.Order{RequestID: "r0"})
		ok(t, err)
	})
}

func TestMask(t *testing.T) {
	in(t, sco.Config{}, func(w *world) {
		w.ready(three("s"))
		given := intent.Intents{Slice: intent.Slice{ID: "s", Tenant: "blue", QoS: intent.QoS{ID: 5}}, Overlay: intent.Overlay{Shape: intent.Star}}
		s, err := w.Apply(w.ctx, given, intent.Order{Mask: []string{"overlay.shape", "slice.qos"}})
		ok(t, err)
		want := three("s")
		want.Overlay.Shape, want.Slice.QoS.ID = intent.Star, 5
		if got := w.status("s"); !s.Changed || s.Generation != 2 || got.Phase != intent.Ready || !intent.Equal(*got.Intents, want) {
			t.Errorf("got %+v with %+v", s, got.Intents)
		}
		if _, err := w.Apply(w.ctx, given, intent.Order{Mask: []string{"slice.id"}}); slice.KindOf(err) != slice.Invalid || !strings.Contains(err.Error(), "order.mask[0]") {
			t.Errorf("an unknown field: %v", err)
		}
		given.Slice.ID = "t"
		if _, err := w.Apply(w.ctx, given, intent.Order{Mask: []string{"overlay"}}); slice.KindOf(err) != slice.Invalid || !strings.Contains(err.Error(), "slice.domains") {
			t.Errorf("a new one that is not whole: %v", err)
		}
		if _, err := w.Edit(w.ctx, "s", nil, intent.Order{Mask: []string{"overlay"}}); slice.KindOf(err) != slice.Invalid {
			t.Errorf("a mask of edits: %v", err)
		}
	})
}

// Faults name the indices of who asks, and nobody's intents are touched.
func TestFaultsNameTheirIndices(t *testing.T) {
	in(t, sco.Config{}, func(w *world) {
		wrong := three("s")
		wrong.Slice.Networks[0].MTU = 1 // voice, which is last in canonical order
		wrong.Slice.Networks[1].Type = ""
		for name, call := range map[string]func() error{
			"apply": func() error { _, err := w.Apply(w.ctx, wrong, intent.Order{}); return err },
			"mask":  func() error { _, err := w.Apply(w.ctx, wrong, intent.Order{Mask: []string{"slice"}}); return err },
			"plan":  func() error { _, err := w.Plan(w.ctx, wrong); return err },
		} {
			if err := call(); err == nil || !strings.HasPrefix(err.Error(), "slice.networks[0].mtu: ") {
				t.Errorf("%s: %v", name, err)
			}
		}
		if wrong.Slice.Networks[1].Type != "" {
			t.Errorf("the intents have changed: %+v", wrong)
		}
	})
}
