package model_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/cmd/internal/model"
	"github.com/l2sces/l2sces/pkg/flow/flowtest"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A point is a step of a process at which it ends, or a call that is cut.
type point struct {
	of   slice.Domain // whose process; empty: the SCO
	step string
	nth  int // time that the process takes such a step
	cut  bool
}

func (p point) String() string {
	who, how := "sdnc of "+string(p.of), "ends at"
	if p.of == "" {
		who = "sco"
	}
	if p.cut {
		how = "loses"
	}
	step := strings.ReplaceAll(p.step, "/", ":")
	return fmt.Sprintf("%s %s %s, time %d", who, how, step, p.nth)
}

var errCrash = errors.New("crash")

// A fuse watches the steps of all processes, and ends one at a point.
type fuse struct {
	mu    sync.Mutex
	lit   bool
	at    *point // nil: it only takes notes
	count map[point]int
	notes []point
	blown bool
}

// step is model.Config.Step.
func (f *fuse) step(of slice.Domain, step string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.lit || strings.HasSuffix(step, " list") || strings.HasPrefix(step, "put events") || strings.HasPrefix(step, "delete events") {
		return nil
	}
	key := point{of: of, step: step}
	f.count[key]++
	key.nth = f.count[key]
	f.notes = append(f.notes, key)
	if f.at == nil || f.blown || f.at.of != of || f.at.step != step || f.at.nth != key.nth {
		return nil
	}
	f.blown = true
	if f.at.cut {
		return model.ErrCut
	}
	return errCrash
}

func (f *fuse) light(lit bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lit = lit
}

// crossed is a slice over three domains: one network everywhere, one between
// two domains, one inside a domain.
func crossed() intent.Intents {
	return intent.Intents{Slice: intent.Slice{
		ID: "crossed", Tenant: "blue",
		Domains: []intent.Domain{{Name: "field"}, {Name: "fire"}, {Name: "private"}},
		Networks: []intent.Network{
			{Name: "whole", CIDR: netip.MustParsePrefix("192.0.2.0/25"), Members: []intent.Member{
				{Name: "cam", Domain: "field"}, {Name: "tablet", Domain: "fire"}, {Name: "recorder", Domain: "private"},
			}},
			{Name: "pair", Members: []intent.Member{{Name: "cam", Domain: "field"}, {Name: "recorder", Domain: "private"}}},
			{Name: "local", Members: []intent.Member{{Name: "tablet", Domain: "fire"}}},
		},
	}}
}

// altered is crossed after a change of everything.
func altered() intent.Intents {
	in := crossed()
	in.Slice.Networks = []intent.Network{
		{Name: "whole", CIDR: netip.MustParsePrefix("192.0.2.0/25"), BandwidthKbps: 9000, Members: []intent.Member{
			{Name: "cam", Domain: "field"}, {Name: "tablet", Domain: "fire"},
		}},
		{Name: "late", Members: []intent.Member{{Name: "tablet", Domain: "fire"}, {Name: "recorder", Domain: "private"}}},
		{Name: "local", Members: []intent.Member{{Name: "recorder", Domain: "private"}}},
	}
	return in
}

// An operation is what is interrupted.
type operation struct {
	name  string
	first bool // the slice is there already
	do    func(w *world) error
	wants []func() intent.Intents // any of these may be true after it, if it was not confirmed
	done  func() intent.Intents   // true if it was; nil: the slice is gone
}

var operations = []operation{
	{"create", false, func(w *world) error { return w.order(crossed()) }, []func() intent.Intents{nil, crossed}, crossed},
	{"update", true, func(w *world) error { return w.order(altered()) }, []func() intent.Intents{crossed, altered}, altered},
	{"delete", true, func(w *world) error {
		_, err := w.SCO.Delete(w.Alive(""), "crossed", intent.Order{})
		return err
	}, []func() intent.Intents{crossed, nil}, nil},
}

func (w *world) order(in intent.Intents) error {
	_, err := w.SCO.Apply(w.Alive(""), in, intent.Order{})
	return err
}

// The SCO, an SDN controller or a line between them ends at every single write,
// change of a switch and call of an order over three domains. What comes after
// it is what was ordered, or what was there before, whole; and when the slice
// is deleted nothing of it is left: no flow, number, label, address or port.
func TestF22CrashPoints(t *testing.T) {
	total := 0
	var known []reference
	synctest.Test(t, func(t *testing.T) { known = references(t) })
	for _, op := range operations {
		var points []point
		synctest.Test(t, func(t *testing.T) {
			f := &fuse{count: map[point]int{}}
			w := prepared(t, f, op.first)
			f.light(true)
			if err := op.do(w); err != nil {
				t.Fatal(err)
			}
			f.light(false)
			points = f.notes
		})
		for i, p := range points {
			if testing.Short() && i%9 != 0 {
				continue
			}
			run := func(p point) {
				t.Run(op.name+"/"+p.String(), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						if interrupt(t, p, op, known) {
							total++
						}
					})
				})
			}
			run(p)
			if !strings.HasPrefix(p.step, "call ") && !strings.HasPrefix(p.step, "answer ") {
				continue
			}
			p.cut = true
			run(p)
		}
	}
	t.Logf("%d crash points", total)
	if total < 60 && !testing.Short() {
		t.Errorf("only %d crash points: the orders are too small", total)
	}
}

// prepared returns a world whose loop runs, with the slice or without.
func prepared(t *testing.T, f *fuse, first bool) *world {
	t.Helper()
	w := three(t, model.Config{Step: f.step})
	w.Loop()
	if first {
		w.ready(crossed())
	}
	return w
}

// interrupt does one order that ends at a point, brings back what has ended,
// and looks at what comes of it. It tells whether it came to the point: what
// goes on side by side does not always take the same steps.
func interrupt(t *testing.T, p point, op operation, known []reference) bool {
	t.Helper()
	f := &fuse{count: map[point]int{}, at: &p}
	w := prepared(t, f, false)
	empty := w.everything()
	if op.first {
		w.ready(crossed())
	}
	f.light(true)
	err := op.do(w)
	f.light(false)
	if !f.blown {
		t.Log("this time it did not come to that step")
		return false
	}
	if !p.cut {
		w.Kill(p.of)
		if err := w.Start(w.ctx, p.of); err != nil {
			t.Fatal(err)
		}
		if p.of == "" {
			w.Loop()
		}
	}
	w.rounds()
	wants := op.wants
	if err == nil {
		wants = []func() intent.Intents{op.done}
	}
	w.whole(wants, known)
	if _, err := w.SCO.Delete(w.ctx, "crossed", intent.Order{}); err != nil {
		t.Errorf("delete: %v", err)
	}
	w.rounds()
	if diff := cmp.Diff(empty, w.everything(), values); diff != "" {
		t.Errorf("something is left (-want +got)\n%s", diff)
	}
	return true
}

// A reference is what undisturbed orders come to.
type reference struct {
	intents  intent.Intents
	segments []map[string]string
}

// references returns what the domains should have of crossed, and of altered
// after it.
func references(t *testing.T) []reference {
	t.Helper()
	w := three(t, model.Config{})
	var all []reference
	for _, in := range []intent.Intents{crossed(), altered()} {
		w.ready(in)
		s, err := w.SCO.Status(w.ctx, in.Slice.ID)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, reference{*s.Intents, w.segments()})
	}
	return all
}

// segments returns what the domains have in their stores, without labels.
func (w *world) segments() []map[string]string {
	w.t.Helper()
	var all []map[string]string
	for _, s := range w.Stores[:len(w.Stores)-1] {
		segments := map[string]string{}
		for id, text := range s.All()["segments"] {
			var v map[string]any
			if err := json.Unmarshal(text, &v); err != nil {
				w.t.Fatal(err)
			}
			delete(v, "label")
			clean, err := json.Marshal(v)
			if err != nil {
				w.t.Fatal(err)
			}
			segments[id] = string(clean)
		}
		all = append(all, segments)
	}
	return all
}

// rounds lets time go by for all that a round of the loop may wait for.
func (w *world) rounds() {
	<-time.After(3 * time.Minute)
	synctest.Wait()
}

// whole fails unless the slice is one of those that may be, and carries frames.
func (w *world) whole(wants []func() intent.Intents, references []reference) {
	w.t.Helper()
	s, err := w.SCO.Status(w.ctx, "crossed")
	if err != nil {
		if slice.KindOf(err) != slice.NotFound || !slices.ContainsFunc(wants, func(in func() intent.Intents) bool { return in == nil }) {
			w.t.Errorf("the slice is gone: %v", err)
		}
		return
	}
	fits := func(in func() intent.Intents) bool {
		if in == nil {
			return false
		}
		want := in()
		intent.Default(&want)
		return intent.Equal(want, *s.Intents)
	}
	if s.Phase != intent.Ready || s.Message != "" || !slices.ContainsFunc(wants, fits) {
		w.t.Errorf("the slice is %s, generation %d: %q", s.Phase, s.Generation, s.Message)
		return
	}
	i := slices.IndexFunc(references, func(r reference) bool { return intent.Equal(r.intents, *s.Intents) })
	if diff := cmp.Diff(references[i].segments, w.segments()); diff != "" {
		w.t.Errorf("the domains have other segments than without a crash (-want +got)\n%s", diff)
	}
	all := w.members(s)
	net := w.Net()
	for _, from := range all {
		var others []string
		for _, to := range all {
			if to.network == from.network && to.MAC != from.MAC {
				others = append(others, to.String())
			}
		}
		slices.Sort(others)
		got := where(all, net.Send(from.at.Switch, flowtest.Frame{Port: from.at.Port, From: from.MAC, To: slice.Broadcast, Type: 0x0800, Inside: flowtest.Packet{Source: from.Address}}))
		if diff := cmp.Diff(others, got, values); diff != "" {
			w.t.Errorf("a broadcast of %s (-want +got)\n%s", from, diff)
		}
	}
}
