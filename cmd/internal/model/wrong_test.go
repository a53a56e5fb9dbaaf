package model_test

import (
	"net/netip"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/l2sces/l2sces/cmd/internal/model"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/ipam"
	"github.com/l2sces/l2sces/pkg/lab"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/translate"
)

var values = cmp.Options{cmpopts.EquateComparable(netip.Addr{}, netip.Prefix{}), cmpopts.EquateEmpty()}

// extra is a third slice, which is right: the tests spoil it.
func extra() intent.Intents {
	return intent.Intents{Slice: intent.Slice{
		ID: "extra", Tenant: "blue",
		Domains: []intent.Domain{{Name: "field"}, {Name: "fire"}, {Name: "private"}},
		Networks: []intent.Network{
			{Name: "one", CIDR: netip.MustParsePrefix("192.0.2.0/25"), Members: []intent.Member{
				{Name: "cam", Domain: "field"}, {Name: "tablet", Domain: "fire"},
			}},
			{Name: "two", CIDR: netip.MustParsePrefix("192.0.2.128/25"), Members: []intent.Member{
				{Name: "cam", Domain: "field"}, {Name: "recorder", Domain: "private"},
			}},
		},
	}}
}

// Bad input meets a clear error and changes nothing.
func TestWrong(t *testing.T) {
	numbers := model.Config{Numbers: ipam.Ring{First: 1, Last: 7}} // the two slices have six
	labels := model.Config{Labels: ipam.Ring{First: 1, Last: 6}}   // and five in each domain
	spoilt := func(spoil func(in *intent.Intents)) func(w *world) error {
		return func(w *world) error {
			in := extra()
			spoil(&in)
			_, err := w.SCO.Apply(w.ctx, in, intent.Order{})
			return err
		}
	}
	tests := map[string]struct {
		cfg  model.Config
		do   func(w *world) error
		kind slice.Kind
		says []string
	}{
		"domain outside the slice": {do: spoilt(func(in *intent.Intents) {
			in.Slice.Networks[1].Domains = []slice.Domain{"field", "private", "mars"}
		}), says: []string{"slice.networks[1].domains[2]", "mars"}},
		"member in such a domain": {do: spoilt(func(in *intent.Intents) {
			in.Slice.Networks[1].Members[1].Domain = "mars"
		}), says: []string{"slice.networks[1]", "mars"}},
		"domain that nobody knows": {do: spoilt(func(in *intent.Intents) {
			in.Slice.Domains = append(in.Slice.Domains, intent.Domain{Name: "mars"})
		}), says: []string{"slice.domains[3].name", "mars", "field fire hospital private"}},
		"path over no link": {do: spoilt(func(in *intent.Intents) {
			in.Overlay = intent.Overlay{Shape: intent.Explicit, Links: []intent.Link{{From: "field", To: "fire"}, {From: "fire", To: "private"}}}
			in.Paths = []intent.Path{{Network: "two", From: "field", To: "private", Hops: []slice.Domain{"field", "private"}}}
		}), says: []string{"paths[0].hops[1]", "there is no link field-private", "add the link"}},
		"overlapping prefixes": {do: spoilt(func(in *intent.Intents) {
			in.Slice.Networks[1].CIDR = netip.MustParsePrefix("192.0.2.64/26")
		}), says: []string{"slice.networks[1].cidr", "192.0.2.64/26 overlaps 192.0.2.0/25 of network one"}},
		"one hardware address twice": {do: spoilt(func(in *intent.Intents) {
			for i := range in.Slice.Networks[0].Members {
				in.Slice.Networks[0].Members[i].MAC = slice.MAC{2, 0, 0, 0, 0, 9}
			}
		}), says: []string{"slice.networks[0].members[1].mac", "02:00:00:00:00:09", "cam"}},
		"name of 300 letters": {do: spoilt(func(in *intent.Intents) {
			in.Slice.ID = slice.ID(strings.Repeat("a", 300))
		}), says: []string{"slice.id", "300 bytes", "1 to 63"}},
		"packets that no tunnel carries": {do: spoilt(func(in *intent.Intents) {
			in.Slice.Networks[0].MTU = 1451
		}), says: []string{"network one", "1451", "carries 1450"}},
		"interface of another slice": {do: spoilt(func(in *intent.Intents) {
			in.Slice.Networks[0].Members[0].Interface = "video"
		}), kind: slice.Conflict, says: []string{"domain field", "workload cam", "fire-emergency/video"}},
		"id of another tenant": {do: spoilt(func(in *intent.Intents) {
			in.Slice.ID = "press"
		}), kind: slice.Conflict, says: []string{"press", "another tenant"}},
		"VNIs are used up":  {cfg: numbers, do: spoilt(func(*intent.Intents) {}), kind: slice.Exhausted, says: []string{"extra/two", "all 7 numbers"}},
		"VLANs are used up": {cfg: labels, do: spoilt(func(*intent.Intents) {}), kind: slice.Exhausted, says: []string{"domain field", "extra/two", "all 6 numbers"}},
		"change that uses VNIs up": {cfg: numbers, do: func(w *world) error {
			in := template(w.t, "press")
			in.Slice.Networks = append(in.Slice.Networks, extra().Slice.Networks...)
			_, err := w.SCO.Apply(w.ctx, in, intent.Order{})
			return err
		}, kind: slice.Exhausted, says: []string{"press/", "all 7 numbers"}},
		"truncated template": {do: func(w *world) error {
			return w.translated("nst:\n- id: [a\n")
		}, says: []string{"nst.yaml:"}},
		"unknown keys": {do: func(w *world) error {
			return w.translated("nst:\n- id: a\n  colour: red\n")
		}, says: []string{"nst.yaml:3:3", "colour"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := three(t, test.cfg)
			w.ready(template(t, "fire-emergency"))
			w.ready(template(t, "press"))
			before := w.everything()
			if test.kind == slice.Internal {
				test.kind = slice.Invalid
			}
			err := test.do(w)
			if slice.KindOf(err) != test.kind {
				t.Fatalf("got %v, want kind %s", err, test.kind)
			}
			for _, want := range test.says {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
			if len(err.Error()) > 400 {
				t.Errorf("an error of %d bytes: %s", len(err.Error()), err)
			}
			if diff := cmp.Diff(before, w.everything(), values); diff != "" {
				t.Errorf("it changed something (-before +after)\n%s", diff)
			}
		})
	}
}

// translated translates a template and applies what that gives.
func (w *world) translated(text string) error {
	in, _, err := translate.File(fstest.MapFS{"nst.yaml": {Data: []byte(text)}}, translate.Files{Template: "nst.yaml"})
	if err != nil {
		return err
	}
	_, err = w.SCO.Apply(w.ctx, in, intent.Order{})
	return err
}

// What is not wrong, and changes nothing either.
func TestNothingToDo(t *testing.T) {
	w := three(t, model.Config{})
	w.ready(template(t, "fire-emergency"))
	w.ready(template(t, "press"))
	before := w.everything()
	mods := w.mods()
	if s := w.ready(template(t, "press")); s.Changed || s.Generation != 1 {
		t.Errorf("the same slice twice: %+v", s)
	}
	if was, err := w.SCO.Delete(w.ctx, "absent", intent.Order{}); was || err != nil {
		t.Errorf("an absent slice: %v, %v", was, err)
	}
	if s, err := w.SCO.Apply(w.ctx, extra(), intent.Order{DryRun: true}); err != nil || !s.Changed {
		t.Errorf("a dry run: %+v, %v", s, err)
	}
	if diff := cmp.Diff(before, w.everything(), values); diff != "" || w.mods() != mods {
		t.Errorf("%d mods (-before +after)\n%s", w.mods()-mods, diff)
	}
	w.ready(extra()) // it is right, and would have been seen
	if cmp.Equal(before, w.everything(), values) {
		t.Error("a third slice changes nothing")
	}
}

func (w *world) mods() int {
	n := 0
	for _, s := range w.Switches {
		n += s.Memory.Mods()
	}
	return n
}

func TestTwiceOneNode(t *testing.T) {
	l := lab.Lab{Domains: []lab.Domain{{Name: "d", Gateway: "n", Nodes: []lab.Node{{Name: "n"}, {Name: "n"}}}}}
	w, err := model.New(t.Context(), l, model.Config{})
	if err == nil || !strings.Contains(err.Error(), "node n") {
		t.Errorf("a lab with one node twice: %v, %v", w, err)
	}
}
