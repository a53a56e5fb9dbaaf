package intent_test

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// ring returns intents over four domains in a ring, with a path that leads
// around it.
func ring() intent.Intents {
	in := intent.Intents{
		Slice: intent.Slice{
			ID: "s", Tenant: "t", Domains: []intent.Domain{{Name: "a"}, {Name: "b"}, {Name: "c"}, {Name: "d"}},
			Networks: []intent.Network{
				{Name: "voice", Members: []intent.Member{{Name: "x", Domain: "a"}, {Name: "y", Domain: "b"}, {Name: "z", Domain: "c"}}},
				{Name: "line", Type: slice.VLink, Members: []intent.Member{{Name: "x", Domain: "a"}, {Name: "z", Domain: "c"}}},
			},
		},
		Overlay: intent.Overlay{Shape: intent.Ring, Links: []intent.Link{{From: "a", To: "d", Cost: 4}}},
		Paths: []intent.Path{
			{Network: "voice", From: "a", To: "b", Hops: []slice.Domain{"a", "b"}, Avoid: []slice.Domain{"d"}},
			{Network: "line", From: "a", To: "c", Hops: []slice.Domain{"a", "b", "c"}},
		},
	}
	intent.Default(&in)
	return in
}

var exact = cmp.Options{
	cmpopts.EquateEmpty(),
	cmp.Comparer(func(x, y netip.Addr) bool { return x == y }),
	cmp.Comparer(func(x, y netip.Prefix) bool { return x == y }),
}

func TestWith(t *testing.T) {
	explicit := func(in *intent.Intents, links ...intent.Link) {
		in.Overlay.Shape, in.Overlay.Links = intent.Explicit, links
	}
	member := intent.Member{Name: "w", Domain: "d", Interface: "voice"}
	tests := map[string]struct {
		edits []intent.Edit
		want  func(in *intent.Intents)
	}{
		"nothing": {nil, func(*intent.Intents) {}},
		"a domain, which all networks reach that can": {
			[]intent.Edit{{AddDomain: &intent.DomainEdit{Domain: intent.Domain{Name: "e", Gateway: "e-1"}}}},
			func(in *intent.Intents) {
				in.Slice.Domains = append(in.Slice.Domains, intent.Domain{Name: "e", Gateway: "e-1"})
				in.Slice.Networks[0].Domains = append(in.Slice.Networks[0].Domains, "e")
				in.Overlay.Links = nil // the ring does not join a and d any more
			},
		},
		"a domain with links, networks and members": {
			[]intent.Edit{{AddDomain: &intent.DomainEdit{
				Domain: intent.Domain{Name: "e"}, Links: []intent.Link{{From: "a", To: "e", Cost: 2}}, Networks: []slice.NetworkName{"voice"},
				Members: []intent.MemberEdit{{Network: "voice", Member: intent.Member{Name: "v"}}},
			}}},
			func(in *intent.Intents) {
				in.Slice.Domains = append(in.Slice.Domains, intent.Domain{Name: "e"})
				n := &in.Slice.Networks[0]
				n.Domains, n.Members = append(n.Domains, "e"), append(n.Members, intent.Member{Name: "v", Domain: "e", Interface: "voice"})
				explicit(
					in, intent.Link{From: "a", To: "b"}, intent.Link{From: "b", To: "c"}, intent.Link{From: "c", To: "d"},
					intent.Link{From: "d", To: "e"}, intent.Link{From: "a", To: "e", Cost: 2},
				)
			},
		},
		"a domain that is there": {
			[]intent.Edit{{AddDomain: &intent.DomainEdit{Domain: intent.Domain{Name: "a"}, Networks: []slice.NetworkName{"voice"}}}},
			func(*intent.Intents) {},
		},
		"no domain": {
			[]intent.Edit{{RemovePath: &intent.Path{Network: "line", From: "c", To: "a"}}, {RemoveDomain: "d"}},
			func(in *intent.Intents) {
				in.Slice.Domains = in.Slice.Domains[:3]
				in.Overlay.Links, in.Paths = nil, in.Paths[:1]
				in.Paths[0].Avoid = nil
			},
		},
		"no domain that nobody knows": {[]intent.Edit{{RemoveDomain: "nowhere"}}, func(*intent.Intents) {}},
		"a link": {
			[]intent.Edit{{AddLink: &intent.Link{From: "c", To: "a", Cost: 9}}},
			func(in *intent.Intents) {
				explicit(
					in, intent.Link{From: "a", To: "b"}, intent.Link{From: "b", To: "c"}, intent.Link{From: "c", To: "d"},
					intent.Link{From: "a", To: "d", Cost: 4}, intent.Link{From: "a", To: "c", Cost: 9},
				)
			},
		},
		"a link that is there at another cost": {
			[]intent.Edit{{AddLink: &intent.Link{From: "b", To: "a", Cost: 9}}},
			func(in *intent.Intents) {
				explicit(
					in, intent.Link{From: "a", To: "b", Cost: 9}, intent.Link{From: "b", To: "c"}, intent.Link{From: "c", To: "d"},
					intent.Link{From: "a", To: "d", Cost: 4},
				)
			},
		},
		"a link as it is": {[]intent.Edit{{AddLink: &intent.Link{From: "b", To: "a", Cost: 1}}}, func(*intent.Intents) {}},
		"no link": {
			[]intent.Edit{{RemoveLink: &intent.Link{From: "d", To: "a"}}},
			func(in *intent.Intents) {
				explicit(in, intent.Link{From: "a", To: "b"}, intent.Link{From: "b", To: "c"}, intent.Link{From: "c", To: "d"})
			},
		},
		"no link that nobody knows": {[]intent.Edit{{RemoveLink: &intent.Link{From: "a", To: "c"}}}, func(*intent.Intents) {}},
		"a network": {
			[]intent.Edit{{AddNetwork: &intent.Network{Name: "video", Members: []intent.Member{{Name: "x", Domain: "a"}}}}},
			func(in *intent.Intents) {
				in.Slice.Networks = append(in.Slice.Networks, intent.Network{
					Name: "video", Type: slice.VNet, Domains: []slice.Domain{"a"}, Members: []intent.Member{{Name: "x", Domain: "a", Interface: "video"}},
				})
			},
		},
		"a network that is there": {
			[]intent.Edit{{AddNetwork: &ring().Slice.Networks[0]}}, func(*intent.Intents) {},
		},
		"no network, and none of its paths": {
			[]intent.Edit{{RemoveNetwork: "line"}, {RemoveNetwork: "nothing"}},
			func(in *intent.Intents) { in.Slice.Networks, in.Paths = in.Slice.Networks[:1], in.Paths[:1] },
		},
		"a member in a new domain of its network, twice": {
			[]intent.Edit{
				{AddMember: &intent.MemberEdit{Network: "voice", Member: intent.Member{Name: "w", Domain: "d"}}},
				{AddMember: &intent.MemberEdit{Network: "voice", Member: member}},
			},
			func(in *intent.Intents) {
				n := &in.Slice.Networks[0]
				n.Domains, n.Members = append(n.Domains, "d"), append(n.Members, member)
			},
		},
		"no member": {
			[]intent.Edit{
				{RemoveMember: &intent.MemberEdit{Network: "voice", Member: intent.Member{Name: "z", Domain: "c"}}},
				{RemoveMember: &intent.MemberEdit{Network: "voice", Member: intent.Member{Name: "nobody"}}},
				{RemoveMember: &intent.MemberEdit{Network: "nothing", Member: intent.Member{Name: "nobody"}}},
			},
			func(in *intent.Intents) { in.Slice.Networks[0].Members = in.Slice.Networks[0].Members[:2] },
		},
		"a path moved": {
			[]intent.Edit{{SetPath: &intent.Path{Network: "line", From: "c", To: "a", Hops: []slice.Domain{"c", "d", "a"}}}},
			func(in *intent.Intents) {
				in.Paths[1] = intent.Path{
					Network: "line", From: "c", To: "a", Hops: []slice.Domain{"c", "d", "a"}, Mode: intent.PathExplicit, Protection: intent.NoProtection,
				}
			},
		},
		"a member moved, in two edits": {
			[]intent.Edit{
				{RemoveMember: &intent.MemberEdit{Network: "voice", Member: intent.Member{Name: "y"}}},
				{AddMember: &intent.MemberEdit{Network: "voice", Member: intent.Member{Name: "y", Domain: "c"}}},
			},
			func(in *intent.Intents) { in.Slice.Networks[0].Members[1].Domain = "c" },
		},
		"a domain and its link in two edits": { // between them the intents are wrong
			[]intent.Edit{
				{RemoveLink: &intent.Link{From: "c", To: "d"}},
				{AddDomain: &intent.DomainEdit{Domain: intent.Domain{Name: "e"}}},
				{AddLink: &intent.Link{From: "e", To: "d"}},
			},
			func(in *intent.Intents) {
				in.Slice.Domains = append(in.Slice.Domains, intent.Domain{Name: "e"})
				in.Slice.Networks[0].Domains = append(in.Slice.Networks[0].Domains, "e")
				explicit(
					in, intent.Link{From: "a", To: "b"}, intent.Link{From: "b", To: "c"},
					intent.Link{From: "a", To: "d", Cost: 4}, intent.Link{From: "e", To: "d"},
				)
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			have, want := ring(), ring()
			test.want(&want)
			got, err := have.With(test.edits...)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want.Canonical(), got.Canonical(), exact); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if diff := cmp.Diff(ring(), have, exact); diff != "" {
				t.Errorf("the intents before have changed\n%s", diff)
			}
			again, err := got.With(test.edits...)
			if idempotent := name != "a member moved, in two edits"; err != nil && idempotent || idempotent && !intent.Equal(got, again) {
				t.Errorf("the same edits once more: %v", err)
			}
		})
	}
}

func TestWithRefuses(t *testing.T) {
	tests := map[string]struct {
		edits []intent.Edit
		kind  slice.Kind
		want  string // that the error begins with
	}{
		"nothing said": {[]intent.Edit{{}}, slice.Invalid, "edits[0]: it says nothing"},
		"two things said": {
			[]intent.Edit{{RemoveDomain: "d"}, {RemoveDomain: "a", RemoveNetwork: "voice"}},
			slice.Invalid,
			"edits[1]: it says [removeDomain removeNetwork]",
		},
		"too many": {make([]intent.Edit, intent.MaxEdits+1), slice.Invalid, "edits: 1001 are more than 1000"},
		"another gateway": {
			[]intent.Edit{{AddDomain: &intent.DomainEdit{Domain: intent.Domain{Name: "a", Gateway: "a-9"}}}},
			slice.Conflict,
			"edits[0].addDomain.domain.gateway: domain a is in the slice with gateway \"\"",
		},
		"an unknown network of a domain": {
			[]intent.Edit{{AddDomain: &intent.DomainEdit{Domain: intent.Domain{Name: "e"}, Networks: []slice.NetworkName{"voice", "vidoe"}}}},
			slice.Invalid,
			`edits[0].addDomain.networks[1]: there is no network "vidoe"`,
		},
		"a member of another domain": {
			[]intent.Edit{{AddDomain: &intent.DomainEdit{Domain: intent.Domain{Name: "e"}, Members: []intent.MemberEdit{{Network: "voice", Member: intent.Member{Name: "v", Domain: "a"}}}}}},
			slice.Invalid, "edits[0].addDomain.members[0].member.domain: a is not e",
		},
		"another network of the name": {
			[]intent.Edit{{RemoveNetwork: "line"}, {AddNetwork: &intent.Network{Name: "voice", Domains: []slice.Domain{"a"}}}},
			slice.Conflict,
			"edits[1].addNetwork.name: network voice is there already",
		},
		"an unknown network of a member": {
			[]intent.Edit{{RemoveDomain: "nowhere"}, {RemoveDomain: "nowhere"}, {AddMember: &intent.MemberEdit{Network: "vidoe"}}},
			slice.Invalid,
			`edits[2].addMember.network: there is no network "vidoe"`,
		},
		"another member of the name": {
			[]intent.Edit{{AddMember: &intent.MemberEdit{Network: "voice", Member: intent.Member{Name: "x", Domain: "b"}}}},
			slice.Conflict,
			"edits[0].addMember.member.name: workload x is in network voice already",
		},
		"a member that is elsewhere": {
			[]intent.Edit{{RemoveMember: &intent.MemberEdit{Network: "voice", Member: intent.Member{Name: "x", Domain: "b"}}}},
			slice.Conflict,
			"edits[0].removeMember.member.domain: workload x is in domain a",
		},
		"a path of no network": {
			[]intent.Edit{{SetPath: &intent.Path{Network: "vidoe"}}}, slice.Invalid, `edits[0].setPath.network: there is no network "vidoe"`,
		},
		"a domain that a path passes": {
			[]intent.Edit{{RemoveNetwork: "nothing"}, {RemoveDomain: "b"}},
			slice.Invalid,
			`edits[1].removeDomain: paths[0].hops[1]: domain "b" is not in the slice`,
		},
		"a domain that cuts a network": {
			[]intent.Edit{{RemoveLink: &intent.Link{From: "a", To: "b"}}, {RemoveLink: &intent.Link{From: "c", To: "b"}}},
			slice.Invalid,
			"edits[1].removeLink: slice.networks[0].domains[1]: no link of the overlay leads from a to b",
		},
		"a member that a vlink needs": {
			[]intent.Edit{{RemoveMember: &intent.MemberEdit{Network: "line", Member: intent.Member{Name: "x"}}}},
			slice.Invalid,
			"edits[0].removeMember: slice.networks[1].members: a vlink has two members",
		},
		"a path over no link": {
			[]intent.Edit{{SetPath: &intent.Path{Network: "line", From: "a", To: "c", Hops: []slice.Domain{"a", "c"}}}},
			slice.Invalid,
			"edits[0].setPath: paths[1].hops[1]: there is no link a-c (add the link to the overlay or take another way)",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			have := ring()
			got, err := have.With(test.edits...)
			if slice.KindOf(err) != test.kind || err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v of kind %s, want %q of kind %s", err, slice.KindOf(err), test.want, test.kind)
			}
			if diff := cmp.Diff(ring(), got, exact); diff != "" {
				t.Errorf("some of it was done\n%s", diff)
			}
			var faults intent.Faults
			if strings.Contains(test.want, ": slice.") && !errors.As(err, &faults) {
				t.Errorf("%T has no faults", err)
			}
		})
	}
}

// Faults that were there before the edits are not blamed on them.
func TestWithWrongBefore(t *testing.T) {
	in := ring()
	in.Slice.Tenant = "No"
	_, err := in.With(intent.Edit{RemoveNetwork: "line"}, intent.Edit{RemoveLink: &intent.Link{From: "a", To: "d"}})
	if err == nil || !strings.HasPrefix(err.Error(), "slice.tenant: ") {
		t.Errorf("got %v", err)
	}
}

// step draws an edit that may be carried out.
func step(t *rapid.T) intent.Edit {
	domain := rapid.SampledFrom([]slice.Domain{"a", "b", "c", "d", "e"})
	network := rapid.SampledFrom([]slice.NetworkName{"voice", "line", "video"})
	workload := rapid.SampledFrom([]slice.Workload{"x", "y", "z"})
	d, to, n := domain.Draw(t, "domain"), domain.Draw(t, "to"), network.Draw(t, "network")
	link := &intent.Link{From: d, To: to, Cost: rapid.Uint32Range(0, 2).Draw(t, "cost")}
	member := &intent.MemberEdit{Network: n, Member: intent.Member{Name: workload.Draw(t, "workload"), Domain: d}}
	return rapid.SampledFrom([]intent.Edit{
		{AddDomain: &intent.DomainEdit{Domain: intent.Domain{Name: d}}},
		{AddDomain: &intent.DomainEdit{Domain: intent.Domain{Name: d}, Links: []intent.Link{*link}, Networks: []slice.NetworkName{n}}},
		{RemoveDomain: d},
		{AddLink: link},
		{RemoveLink: link},
		{AddNetwork: &intent.Network{Name: n, Domains: []slice.Domain{d}}},
		{RemoveNetwork: n},
		{AddMember: member},
		{RemoveMember: member},
		{SetPath: &intent.Path{Network: n, From: d, To: to}},
		{RemovePath: &intent.Path{Network: n, From: d, To: to}},
	}).Draw(t, "edit")
}

// Edits one by one come to the same as all at once, what they come to is valid,
// and what is refused changes nothing.
func TestWithInSteps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		start := ring()
		start.Overlay.Shape = rapid.SampledFrom([]intent.Shape{intent.Mesh, intent.Ring, intent.Star, intent.Tree}).Draw(t, "shape")
		start.Overlay.Links = nil
		start.Paths = nil
		one := start
		var done []intent.Edit
		for range rapid.IntRange(1, 12).Draw(t, "edits") {
			e := step(t)
			next, err := one.With(e)
			if err != nil {
				if !intent.Equal(next, one) || slice.KindOf(err) == slice.Internal || !strings.Contains(err.Error(), "edits[0].") {
					t.Fatalf("%+v is refused with %v and leaves %+v", e, err, next)
				}
				continue
			}
			one, done = next, append(done, e)
		}
		all, err := start.With(done...)
		if err != nil {
			t.Fatalf("what goes in steps is refused together: %v", err)
		}
		if diff := cmp.Diff(one.Canonical(), all.Canonical(), exact); diff != "" {
			t.Fatalf("in steps and together (-steps +together)\n%s", diff)
		}
		if err := all.Validate(); err != nil {
			t.Fatal(err)
		}
	})
}

// Links that an edit has not named stay as they are.
func TestWithKeepsLinks(t *testing.T) {
	for _, s := range []intent.Shape{intent.Mesh, intent.Ring, intent.Star, intent.Tree} {
		in := ring()
		in.Overlay = intent.Overlay{Shape: s, Encryption: intent.NoEncryption}
		in.Paths = nil
		before := names(in)
		got, err := in.With(intent.Edit{AddLink: &intent.Link{From: "b", To: "d", Cost: 7}})
		if err != nil {
			t.Fatal(err)
		}
		after := slices.DeleteFunc(names(got), func(n string) bool { return n == "b-d" })
		if diff := cmp.Diff(slices.DeleteFunc(before, func(n string) bool { return n == "b-d" }), after); diff != "" {
			t.Errorf("%s (-before +after)\n%s", s, diff)
		}
	}
}

func names(in intent.Intents) []string {
	var all []string
	for _, l := range in.Overlay.Expand(in.Slice.Domains) {
		all = append(all, fmt.Sprintf("%s-%s", min(l.From, l.To), max(l.From, l.To)))
	}
	slices.Sort(all)
	return all
}

func TestMasked(t *testing.T) {
	given := intent.Intents{
		Slice:   intent.Slice{ID: "other", Tenant: "other", QoS: intent.QoS{ID: 5}, Domains: []intent.Domain{{Name: "x"}}},
		Overlay: intent.Overlay{Shape: intent.Star, Measured: true},
	}
	tests := map[string]func(in *intent.Intents){
		"overlay":          func(in *intent.Intents) { in.Overlay = given.Overlay },
		"overlay.shape":    func(in *intent.Intents) { in.Overlay.Shape = intent.Star },
		"overlay.measured": func(in *intent.Intents) { in.Overlay.Measured = true },
		"overlay.links":    func(in *intent.Intents) { in.Overlay.Links = nil },
		"paths":            func(in *intent.Intents) { in.Paths = nil },
		"slice.qos":        func(in *intent.Intents) { in.Slice.QoS.ID = 5 },
		"slice.domains":    func(in *intent.Intents) { in.Slice.Domains = given.Slice.Domains },
		"slice.networks":   func(in *intent.Intents) { in.Slice.Networks = nil },
		"slice": func(in *intent.Intents) {
			in.Slice = given.Slice
			in.Slice.ID, in.Slice.Tenant = "s", "t"
		},
	}
	for path, change := range tests {
		want := ring()
		change(&want)
		got, err := ring().Masked(given, []string{path})
		if diff := cmp.Diff(want, got, exact); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got)\n%s", path, err, diff)
		}
	}
	_, err := ring().Masked(given, []string{"overlay", "slice.tenant"})
	if slice.KindOf(err) != slice.Invalid || err == nil || !strings.Contains(err.Error(), `order.mask[1]: there is no field "slice.tenant"`) || !strings.Contains(err.Error(), "slice.qos") {
		t.Errorf("an unknown path: %v", err)
	}
}
