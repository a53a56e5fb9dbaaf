package sco_test

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/sco"
	"github.com/l2sces/l2sces/pkg/slice"
)

// pair is three without its domain c.
func pair(id slice.ID) intent.Intents {
	in := three(id)
	in.Slice.Domains = in.Slice.Domains[:2]
	n := in.Slice.Networks
	n[0].Members, n[0].Domains = n[0].Members[:2], n[0].Domains[:2]
	in.Slice.Networks = n[:2]
	return in
}

func TestEdit(t *testing.T) {
	in(t, sco.Config{}, func(w *world) {
		w.ready(pair("s"))
		want, before := segments(t, pair("s"), sco.Plan{})
		local := three("s").Slice.Networks[2]
		s, err := w.Edit(w.ctx, "s", []intent.Edit{
			{AddDomain: &intent.DomainEdit{
				Domain: intent.Domain{Name: "c"}, Networks: []slice.NetworkName{"voice"},
				Members: []intent.MemberEdit{{Network: "voice", Member: intent.Member{Name: "wc"}}},
			}},
			{AddNetwork: &local},
		}, intent.Order{})
		ok(t, err)
		if s.Phase != intent.Ready || !s.Changed || s.Generation != 2 || s.PhasesMs["plan"] > 1 {
			t.Errorf("got %+v", s)
		}
		if got := w.status("s"); got.Intents == nil || !intent.Equal(*got.Intents, three("s")) {
			t.Errorf("the intents are %+v", got.Intents)
		}
		w.holds(three("s"), before)

		s, err = w.Edit(w.ctx, "s", []intent.Edit{{RemoveNetwork: "local"}, {RemoveDomain: "c"}}, intent.Order{})
		ok(t, err)
		if s.Phase != intent.Ready || s.Generation != 3 {
			t.Errorf("got %+v", s)
		}
		if diff := gocmp.Diff(want, w.everything().Segments, apart); diff != "" {
			t.Errorf("and back (-want +got)\n%s", diff)
		}
		s, err = w.Edit(w.ctx, "s", []intent.Edit{{RemoveNetwork: "local"}, {RemoveDomain: "c"}}, intent.Order{})
		if err != nil || s.Changed || s.Generation != 3 {
			t.Errorf("the same again: %+v, %v", s, err)
		}
	})
}

func TestEditRefused(t *testing.T) {
	in(t, sco.Config{}, func(w *world) {
		w.ready(three("s"))
		before := w.everything()
		refused := func(name, want string, kind slice.Kind, edits ...intent.Edit) {
			t.Helper()
			_, err := w.Edit(w.ctx, "s", edits, intent.Order{})
			if slice.KindOf(err) != kind || err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want %q of kind %s", name, err, want, kind)
			}
			if diff := gocmp.Diff(before, w.everything(), apart); diff != "" {
				t.Errorf("%s: it changed something\n%s", name, diff)
			}
		}
		refused("second edit", "edits[1].addMember.network: there is no network", slice.Invalid,
			intent.Edit{RemoveNetwork: "local"}, intent.Edit{AddMember: &intent.MemberEdit{Network: "no"}})
		refused("unknown domain", "domain d is not known here", slice.Invalid, intent.Edit{AddDomain: &intent.DomainEdit{Domain: intent.Domain{Name: "d"}}})
		w.domains["b"].fails(slice.Errorf(slice.Exhausted, "no label is free"), apply)
		more := intent.Edit{AddNetwork: &intent.Network{Name: "extra", Domains: []slice.Domain{"b"}}}
		if _, err := w.Edit(w.ctx, "s", []intent.Edit{more}, intent.Order{}); slice.KindOf(err) != slice.Exhausted {
			t.Errorf("by a domain: %v", err)
		}
		w.domains["b"].heals()
		w.loop()
		if diff := gocmp.Diff(before, w.everything(), apart); diff != "" {
			t.Errorf("by a domain: it is not as before\n%s", diff)
		}
	})
}

func TestEditDryRun(t *testing.T) {
	in(t, sco.Config{}, func(w *world) {
		w.ready(three("s"))
		before := w.everything()
		dry := intent.Order{DryRun: true, RequestID: "r"}
		s, err := w.Edit(w.ctx, "s", []intent.Edit{{RemoveNetwork: "local"}}, dry)
		if err != nil || !s.Changed || s.Generation != 2 || len(s.Networks) != 2 {
			t.Errorf("got %+v, %v", s, err)
		}
		if was, err := w.Delete(w.ctx, "s", dry); !was || err != nil {
			t.Errorf("delete: %v, %v", was, err)
		}
		if s, err := w.Pause(w.ctx, "s", true, dry); err != nil || !s.Changed || !s.Paused {
			t.Errorf("pause: %+v, %v", s, err)
		}
		if diff := gocmp.Diff(before, w.everything(), apart); diff != "" {
			t.Errorf("it changed something\n%s", diff)
		}
	})
}

// Any sequence of edits comes to what applying the last intents comes to.
func TestEditsEqualApply(t *testing.T) {
	in(t, sco.Config{}, func(w *world) {
		rapid.Check(t, func(t *rapid.T) {
			for _, n := range w.ready(flat("s")).Networks {
				if !n.Ready {
					t.Fatalf("%+v", n)
				}
			}
			for range rapid.IntRange(1, 8).Draw(t, "edits") {
				_, err := w.Edit(w.ctx, "s", []intent.Edit{someEdit(t)}, intent.Order{})
				if err != nil && slice.KindOf(err) != slice.Invalid && slice.KindOf(err) != slice.Conflict {
					t.Fatal(err)
				}
			}
			s := w.status("s")
			if s.Phase != intent.Ready {
				t.Fatalf("%s: %s", s.Phase, s.Message)
			}
			got := w.everything()
			w.gone("s")
			w.ready(*s.Intents)
			want := w.everything()
			if diff := gocmp.Diff(want.Segments, got.Segments, apart); diff != "" {
				t.Fatalf("segments (-applied +edited)\n%s", diff)
			}
			for _, networks := range [][]slice.NetworkID{want.Networks, got.Networks} {
				slices.SortFunc(networks, func(a, b slice.NetworkID) int { return cmp.Compare(a.String(), b.String()) })
			}
			if diff := gocmp.Diff(want.Networks, got.Networks); diff != "" {
				t.Fatalf("networks of the NEDs (-applied +edited)\n%s", diff)
			}
			w.gone("s")
		})
		w.clean()
	})
}

// flat is three without addresses, which depend on what was there before.
func flat(id slice.ID) intent.Intents {
	in := three(id)
	for i := range in.Slice.Networks {
		n := &in.Slice.Networks[i]
		n.CIDR = intent.Network{}.CIDR
		for j := range n.Members {
			n.Members[j].MAC = slice.MAC{}
		}
	}
	return in
}

func someEdit(t *rapid.T) intent.Edit {
	domain := rapid.SampledFrom([]slice.Domain{"a", "b", "c"})
	n := rapid.SampledFrom([]slice.NetworkName{"voice", "video", "local", "late"}).Draw(t, "network")
	d, to := domain.Draw(t, "domain"), domain.Draw(t, "to")
	member := &intent.MemberEdit{Network: n, Member: intent.Member{Name: rapid.SampledFrom([]slice.Workload{"wa", "wb", "wx"}).Draw(t, "workload"), Domain: d}}
	return rapid.SampledFrom([]intent.Edit{
		{AddDomain: &intent.DomainEdit{Domain: intent.Domain{Name: d}}},
		{RemoveDomain: d},
		{AddLink: &intent.Link{From: d, To: to, Cost: 2}},
		{RemoveLink: &intent.Link{From: d, To: to}},
		{AddNetwork: &intent.Network{Name: n, Domains: []slice.Domain{d, to}[:1+len(d)%2]}},
		{RemoveNetwork: n},
		{AddMember: member},
		{RemoveMember: &intent.MemberEdit{Network: n, Member: intent.Member{Name: member.Member.Name}}},
		{SetPath: &intent.Path{Network: n, From: d, To: to, Protection: intent.FastFailover}},
		{RemovePath: &intent.Path{Network: n, From: d, To: to}},
	}).Draw(t, "edit")
}
