package sco_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/sco"
	"github.com/l2sces/l2sces/pkg/slice"
)

// holds fails unless the domains have exactly the segments of some intents.
func (w *world) holds(in intent.Intents, before sco.Plan) sco.Plan {
	w.t.Helper()
	want, p := segments(w.t, in, before)
	if diff := cmp.Diff(want, w.everything().Segments, apart); diff != "" {
		w.t.Errorf("segments of %s (-want +got)\n%s", in.Slice.ID, diff)
	}
	return p
}

func TestApply(t *testing.T) {
	in(t, sco.Config{}, func(w *world) {
		s := w.ready(three("s"))
		if !s.Changed || s.Generation != 1 || len(s.Networks) != 3 {
			t.Errorf("a new slice: %+v", s)
		}
		for _, phase := range []string{"plan", "domains", "overlay", "a", "b", "c"} {
			if _, ok := s.PhasesMs[phase]; !ok {
				t.Errorf("phase %s was not measured", phase)
			}
		}
		for _, n := range s.Networks {
			if inter := n.Name != "local"; inter != (n.Number != 0) || !n.Ready || n.MTU != 1450 {
				t.Errorf("network %+v", n)
			}
		}
		w.holds(three("s"), sco.Plan{})

		segments, mods := w.changes()
		again := w.ready(three("s"))
		if again.Changed || again.Generation != 1 {
			t.Errorf("the same again: %+v", again)
		}
		w.loop()
		if s, m := w.changes(); s != segments || m != mods {
			t.Errorf("the same again sent %d segments and %d mods", s-segments, m-mods)
		}
	})
}

func TestChange(t *testing.T) {
	in(t, sco.Config{}, func(w *world) {
		w.ready(three("s"))
		before := w.holds(three("s"), sco.Plan{})
		s := w.ready(changed("s"))
		if !s.Changed || s.Generation != 2 {
			t.Errorf("a change: %+v", s)
		}
		w.holds(changed("s"), before)
		if got := w.everything().Networks; len(got) != 2 {
			t.Errorf("the NEDs have %v, want voice and video", got)
		}
		s = w.ready(three("s"))
		if s.Generation != 3 {
			t.Errorf("and back: generation %d", s.Generation)
		}
		w.gone("s")
		w.clean()
	})
}

func (w *world) gone(id slice.ID) {
	w.t.Helper()
	if was, err := w.Delete(w.ctx, id, intent.Order{}); err != nil || !was {
		w.t.Errorf("delete %s: %v, %v", id, was, err)
	}
}

func TestDelete(t *testing.T) {
	in(t, sco.Config{}, func(w *world) {
		w.ready(three("s"))
		w.gone("s")
		w.clean()
		if was, err := w.Delete(w.ctx, "s", intent.Order{}); was || err != nil {
			t.Errorf("delete what is gone: %v, %v", was, err)
		}
		if _, err := w.Status(w.ctx, "s"); slice.KindOf(err) != slice.NotFound {
			t.Errorf("status of what is gone: %v", err)
		}
		w.ready(three("s"))
	})
}

func TestDryRun(t *testing.T) {
	in(t, sco.Config{}, func(w *world) {
		empty := w.everything()
		dry := func(in intent.Intents) intent.Status {
			t.Helper()
			s, err := w.Apply(w.ctx, in, intent.Order{DryRun: true})
			if err != nil || !strings.HasPrefix(s.Message, "a dry run") {
				t.Errorf("dry run: %+v, %v", s, err)
			}
			return s
		}
		if s := dry(three("s")); !s.Changed || s.Phase != intent.Pending || s.Networks[2].Members[0].Address.String() != "192.0.2.1" {
			t.Errorf("a new one: %+v", s)
		}
		if diff := cmp.Diff(empty, w.everything(), apart); diff != "" {
			t.Errorf("it changed something\n%s", diff)
		}
		w.ready(three("s"))
		before := w.everything()
		if s := dry(three("s")); s.Changed || s.Phase != intent.Ready {
			t.Errorf("the same: %+v", s)
		}
		if s := dry(changed("s")); !s.Changed || s.Phase != intent.Pending || s.Generation != 2 {
			t.Errorf("a change: %+v", s)
		}
		if diff := cmp.Diff(before, w.everything(), apart); diff != "" {
			t.Errorf("it changed something\n%s", diff)
		}
	})
}

func TestTenants(t *testing.T) {
	in(t, sco.Config{}, func(w *world) {
		w.ready(three("s"))
		before := w.everything()
		other := three("s")
		other.Slice.Tenant = "red"
		if _, err := w.Apply(w.ctx, other, intent.Order{}); slice.KindOf(err) != slice.Conflict || !strings.Contains(err.Error(), "choose another id") {
			t.Errorf("the id of another tenant: %v", err)
		}
		if diff := cmp.Diff(before, w.everything(), apart); diff != "" {
			t.Errorf("it changed something\n%s", diff)
		}
	})
}

func TestUnsupported(t *testing.T) {
	tests := map[string]struct {
		change func(in *intent.Intents)
		want   []string
	}{
		"encryption":     {func(in *intent.Intents) { in.Overlay.Encryption = intent.WireGuard }, []string{"overlay.encryption", "wireguard", "use none"}},
		"measured":       {func(in *intent.Intents) { in.Overlay.Measured = true }, []string{"overlay.measured", "leave it out"}},
		"ext-vnet":       {func(in *intent.Intents) { in.Slice.Networks[0].Type = slice.ExtVNet }, []string{"slice.networks", "].type", "use vnet"}},
		"unknown domain": {func(in *intent.Intents) { in.Slice.Domains[2].Name = "d"; in.Slice.Networks = in.Slice.Networks[1:2] }, []string{"slice.domains[2].name", "domain d is not known here", "[a b c]"}},
	}
	in(t, sco.Config{}, func(w *world) {
		before := w.everything()
		for name, test := range tests {
			wrong := three("s")
			test.change(&wrong)
			_, err := w.Apply(w.ctx, wrong, intent.Order{})
			if slice.KindOf(err) != slice.Invalid {
				t.Errorf("%s: got %v, want Invalid", name, err)
				continue
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%s: %q does not name %q", name, err, want)
				}
			}
		}
		if diff := cmp.Diff(before, w.everything(), apart); diff != "" {
			t.Errorf("it changed something\n%s", diff)
		}
	})
}

// Applies and deletes of the same slice and of different ones, side by side,
// with the loop and readers among them.
func TestConcurrency(t *testing.T) {
	in(t, sco.Config{}, func(w *world) {
		go w.Run(w.ctx)
		var wait sync.WaitGroup
		for i := range 50 {
			id := slice.ID(fmt.Sprintf("s%d", i%5)) // ten callers for each slice
			wait.Go(func() {
				var err error
				switch i / 5 % 3 {
				case 0:
					_, err = w.Apply(w.ctx, three(id), intent.Order{})
				case 1:
					_, err = w.Apply(w.ctx, changed(id), intent.Order{})
				default:
					_, err = w.Delete(w.ctx, id, intent.Order{})
				}
				if err != nil {
					t.Errorf("caller %d: %v", i, err)
				}
				if _, err := w.List(w.ctx, intent.Query{}); err != nil {
					t.Error(err)
				}
				_ = w.Ready()
			})
		}
		wait.Wait()
		for i := range 5 {
			w.ready(three(slice.ID(fmt.Sprintf("s%d", i))))
		}
		w.rounds()
		numbers := map[slice.Network]string{}
		for i := range 5 {
			id := slice.ID(fmt.Sprintf("s%d", i))
			for _, n := range w.status(id).Networks {
				name := string(id) + "/" + string(n.Name)
				if other, twice := numbers[n.Number]; twice && n.Number != 0 {
					t.Errorf("%s and %s share number %d", name, other, n.Number)
				}
				numbers[n.Number] = name
			}
			w.gone(id)
		}
		w.clean()
	})
}
