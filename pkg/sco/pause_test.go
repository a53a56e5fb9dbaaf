package sco_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/sco"
	"github.com/l2sces/l2sces/pkg/slice"
)

func TestPause(t *testing.T) {
	in(t, sco.Config{}, func(w *world) {
		w.ready(three("s"))
		w.loop()
		s, err := w.Pause(w.ctx, "s", true, intent.Order{})
		if err != nil || !s.Paused || !s.Changed || s.Generation != 1 {
			t.Fatalf("got %+v, %v", s, err)
		}
		s, err = w.Pause(w.ctx, "s", true, intent.Order{})
		if err != nil || !s.Paused || s.Changed {
			t.Errorf("once more: %+v, %v", s, err)
		}
		before := w.everything()
		for _, what := range []string{"apply", "edit"} {
			for _, o := range []intent.Order{{}, {DryRun: true}} {
				_, err := orders[what](w, o)
				if slice.KindOf(err) != slice.Conflict || !strings.Contains(err.Error(), "l2sces slice resume s") {
					t.Errorf("%s while it is paused: %v", what, err)
				}
			}
		}
		lost := slice.NetworkID{Slice: "s", Network: "voice"}
		w.domains["b"].does(func() { delete(w.domains["b"].segments, lost) })
		w.restart()
		w.loop()
		if _, repaired := w.domains["b"].has()[lost]; repaired || !w.status("s").Paused {
			t.Errorf("repaired: %v, %+v", repaired, w.status("s"))
		}
		if diff := cmp.Diff(before.Flows, w.everything().Flows); diff != "" {
			t.Errorf("its frames are held up\n%s", diff)
		}
		s, err = w.Pause(w.ctx, "s", false, intent.Order{})
		if err != nil || s.Paused || !s.Changed {
			t.Errorf("resumed: %+v, %v", s, err)
		}
		w.rounds()
		w.holds(three("s"), sco.Plan{})
		if s := w.status("s"); s.Phase != intent.Ready || s.Generation != 1 {
			t.Errorf("afterwards: %+v", s)
		}
		w.ready(changed("s"))
	})
}

func TestPausedCanBeDeleted(t *testing.T) {
	in(t, sco.Config{}, func(w *world) {
		w.ready(three("s"))
		_, err := w.Pause(w.ctx, "s", true, intent.Order{})
		ok(t, err)
		w.domains["b"].away()
		if _, err := w.Delete(w.ctx, "s", intent.Order{}); slice.KindOf(err) != slice.Unavailable {
			t.Errorf("while b is away: %v", err)
		}
		if _, err := w.Pause(w.ctx, "s", true, intent.Order{}); slice.KindOf(err) != slice.Conflict {
			t.Errorf("pause while it is being deleted: %v", err)
		}
		w.domains["b"].heals()
		w.loop()
		w.clean()
	})
}
