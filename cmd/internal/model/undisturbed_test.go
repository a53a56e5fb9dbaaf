package model_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/cmd/internal/model"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/sco"
	"github.com/l2sces/l2sces/pkg/slice"
)

var prefix = netip.MustParsePrefix

// shaped is a slice over three domains with a network between all of them, one
// between two and one inside of one.
func shaped(shape intent.Shape) intent.Intents {
	in := intent.Intents{
		Slice: intent.Slice{
			ID: "shaped", Tenant: "blue",
			Domains: []intent.Domain{{Name: "field"}, {Name: "fire"}, {Name: "private"}},
			Networks: []intent.Network{
				{Name: "every", CIDR: prefix("192.0.2.0/26"), CIDR6: prefix("2001:db8::/64"), Split: true, Members: []intent.Member{
					{Name: "cam", Domain: "field"}, {Name: "tablet", Domain: "fire"}, {Name: "recorder", Domain: "private"},
				}},
				{Name: "two", CIDR: prefix("192.0.2.64/26"), Members: []intent.Member{{Name: "cam", Domain: "field"}, {Name: "video-wall", Domain: "fire"}}},
				{Name: "single", Members: []intent.Member{{Name: "sim", Domain: "private"}, {Name: "recorder", Domain: "private"}}},
			},
		},
		Overlay: intent.Overlay{Shape: shape},
	}
	if shape == intent.Explicit {
		in.Overlay.Links = []intent.Link{{From: "field", To: "fire"}, {From: "fire", To: "private"}, {From: "field", To: "private", Cost: 5}}
	}
	return in
}

// joined is the same with a fourth domain and a network that reaches it.
func joined(shape intent.Shape) intent.Intents {
	in := shaped(shape)
	in.Slice.Domains = append(in.Slice.Domains, intent.Domain{Name: "hospital"})
	in.Slice.Networks = append(in.Slice.Networks, intent.Network{
		Name: "ward", CIDR: prefix("192.0.2.128/26"),
		Members: []intent.Member{{Name: "sip-hospital", Domain: "hospital"}, {Name: "sip-fire", Domain: "fire"}},
	})
	if shape == intent.Explicit {
		in.Overlay.Links = append(in.Overlay.Links, intent.Link{From: "field", To: "hospital"}, intent.Link{From: "fire", To: "hospital", Cost: 3})
	}
	return in
}

// rulesByOwner returns the rules of each network on each switch, written out.
func (w *world) rulesByOwner() map[string]map[slice.Network][]string {
	all := map[string]map[slice.Network][]string{}
	for _, s := range w.Switches {
		name := s.Bridge + " on " + string(s.Node)
		all[name] = map[slice.Network][]string{}
		rules := s.Memory.Held()
		note := func(owner slice.Network, rule fmt.Stringer) {
			all[name][owner] = append(all[name][owner], rule.String())
		}
		for _, f := range rules.Flows {
			note(f.Owner, f)
		}
		for _, g := range rules.Groups {
			note(g.Owner, g)
		}
		for _, m := range rules.Meters {
			note(m.Owner, m)
		}
	}
	return all
}

// plans returns the stored plans of the networks of a slice, and what each
// domain is asked for, as they are written.
func (w *world) plans(id slice.ID) map[string]string {
	w.t.Helper()
	stored, err := w.Stores[len(w.Stores)-1].List("slices")
	if err != nil {
		w.t.Fatal(err)
	}
	var record struct {
		Plan sco.Plan `json:"plan"`
	}
	if err := json.Unmarshal(stored[string(id)], &record); err != nil {
		w.t.Fatalf("%s: %v", id, err)
	}
	out := map[string]string{}
	note := func(name string, v any) {
		text, err := json.Marshal(v)
		if err != nil {
			w.t.Fatal(err)
		}
		out[name] = string(text)
	}
	for _, n := range record.Plan.Networks {
		note("network "+string(n.Name), n)
	}
	for d := range w.Domains {
		for _, s := range record.Plan.Segments(id, d) {
			note(fmt.Sprintf("segment of %s in %s", s.ID.Network, d), s)
		}
	}
	return out
}

// A domain joins a slice and leaves it, with its links and a network of its
// own. The plans of all other networks stay as they are to the byte, and no
// switch gets a change for them.
func TestDomainDisturbsNobody(t *testing.T) {
	for _, shape := range []intent.Shape{intent.Mesh, intent.Star, intent.Tree, intent.Explicit} {
		t.Run(string(shape), func(t *testing.T) {
			w := three(t, model.Config{})
			w.ready(template(t, "press"))
			w.ready(shaped(shape))
			plans, rules := w.plans("shaped"), w.rulesByOwner()
			for _, step := range []struct {
				name string
				in   intent.Intents
			}{{"joins", joined(shape)}, {"leaves", shaped(shape)}} {
				mods := w.mods()
				w.ready(step.in)
				after := w.plans("shaped")
				for what, want := range plans {
					if after[what] != want {
						t.Errorf("a domain %s: %s was %s, is %s", step.name, what, want, after[what])
					}
				}
				own := 0
				for name, owners := range w.rulesByOwner() {
					for owner, have := range owners {
						before, was := rules[name][owner]
						if !was {
							own += len(have)
							continue
						}
						if diff := cmp.Diff(before, have); diff != "" {
							t.Errorf("a domain %s: network %d on %s (-before +after)\n%s", step.name, owner, name, diff)
						}
					}
				}
				if step.name == "joins" && (own == 0 || w.mods()-mods != own) {
					t.Errorf("a domain joins: %d changes of switches, its network has %d rules", w.mods()-mods, own)
				}
				if step.name == "leaves" && own > 0 {
					t.Errorf("a domain has left, and %d rules are still there", own)
				}
			}
		})
	}
}

// A link that no network takes comes and goes, and gets another cost: no
// switch but those at its ends gets anything, and no network a change.
func TestLinkDisturbsNobody(t *testing.T) {
	w := three(t, model.Config{})
	w.ready(template(t, "press"))
	with := shaped(intent.Explicit)
	w.ready(with)
	plans, rules, mods := w.plans("shaped"), w.rulesByOwner(), w.mods()
	without, dearer := with, with
	without.Overlay.Links = with.Overlay.Links[:2]
	dearer.Overlay.Links = append(append([]intent.Link{}, with.Overlay.Links[:2]...), intent.Link{From: "private", To: "field", Cost: 9})
	mesh := shaped(intent.Mesh)
	mesh.Overlay.Links = []intent.Link{{From: "private", To: "field", Cost: 5}}
	for i, in := range []intent.Intents{without, with, dearer, mesh} {
		if s := w.ready(in); !s.Changed {
			t.Errorf("step %d changes nothing", i)
		}
		if diff := cmp.Diff(plans, w.plans("shaped")); diff != "" {
			t.Errorf("step %d (-before +after)\n%s", i, diff)
		}
		if diff := cmp.Diff(rules, w.rulesByOwner()); diff != "" || w.mods() != mods {
			t.Errorf("step %d: %d changes of switches (-before +after)\n%s", i, w.mods()-mods, diff)
		}
	}
}
