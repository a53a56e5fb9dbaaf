package access_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/access"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

func query() intent.Query { return intent.Query{} }

func nothing(intent.Moment) error { return nil }

// TestA18CreateOfATakenName looks at the one verb that cannot hide all.
func TestA18CreateOfATakenName(t *testing.T) {
	h := newHouse(intents("red", "mine", 1), intents("blue", "theirs", 1))
	g := gate(t, h)
	s := g.Slices(h)
	red := as(t, "user/ann", "red", access.Tenant)
	tests := map[string]struct {
		id   slice.ID
		of   slice.Tenant
		o    intent.Order
		want slice.Kind
		text string
	}{
		"new, another's":        {"theirs", "red", intent.Order{New: true}, slice.Conflict, "slice.id: theirs is not free: choose another id"},
		"new, own":              {"mine", "red", intent.Order{New: true}, slice.Conflict, "slice.id: mine is not free: choose another id"},
		"old, another's":        {"theirs", "red", intent.Order{Old: true}, slice.NotFound, "there is no slice theirs"},
		"old, absent":           {"absent", "red", intent.Order{Old: true}, slice.NotFound, "there is no slice absent"},
		"generation, another's": {"theirs", "red", intent.Order{Generation: 3}, slice.NotFound, "there is no slice theirs"},
		"generation, absent":    {"absent", "red", intent.Order{Generation: 3}, slice.NotFound, "there is no slice absent"},
		"either, another's":     {"theirs", "red", intent.Order{}, slice.NotFound, ""},
		"dry run, another's":    {"theirs", "red", intent.Order{DryRun: true}, slice.NotFound, ""},
		"for another, absent":   {"absent", "blue", intent.Order{}, slice.Denied, "slice.tenant: callers of tenant red order slices of red only"},
		"for another, theirs":   {"theirs", "blue", intent.Order{}, slice.Denied, "slice.tenant: callers of tenant red order slices of red only"},
		"for none, another's":   {"theirs", "green", intent.Order{}, slice.Denied, "slice.tenant: callers of tenant red order slices of red only"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := s.Apply(red, intents(test.of, test.id), test.o)
			if slice.KindOf(err) != test.want || test.text != "" && err.Error() != test.text {
				t.Errorf("got %s: %v", slice.KindOf(err), err)
			}
			if err != nil && strings.Contains(err.Error(), "blue") {
				t.Errorf("%v names the owner", err)
			}
		})
	}
	got, err := s.Apply(red, intents("", "fresh"), intent.Order{})
	if err != nil || got.Tenant != "red" {
		t.Errorf("a slice without a tenant becomes %q, %v", got.Tenant, err)
	}
	entries, err := g.Admin(nil).Audit(as(t, "ops", "", access.Operator), intent.AuditQuery{Caller: "user/ann"})
	must(t, err)
	told := 0
	for _, e := range entries {
		if strings.Contains(e.Detail, "belongs to tenant blue") {
			told++
		}
	}
	if len(entries) != len(tests)+1 || told != 5 {
		t.Errorf("%d entries, %d tell the owner", len(entries), told)
	}
}

// With prefixes not even a create tells which ids there are.
func TestA18Prefixes(t *testing.T) {
	h := newHouse(intents("blue", "blue-video", 1))
	p := access.Policy{Tenants: map[slice.Tenant]access.TenantTerms{"red": {Prefix: "red-"}, "blue": {Prefix: "blue-"}}}
	s := gate(t, h, func(c *access.Config) { c.Policy = policy(t, p) }).Slices(h)
	create := func(tenant slice.Tenant, id slice.ID) string {
		_, err := s.Apply(as(t, "user/x", tenant, access.Tenant), intents(tenant, id), intent.Order{New: true})
		if err == nil {
			return ""
		}
		return strings.ReplaceAll(err.Error(), string(id), "ID")
	}
	if got := create("red", "red-video"); got != "" {
		t.Error(got)
	}
	taken, free := create("green", "blue-video"), create("green", "blue-voice")
	if taken == "" || taken != free {
		t.Errorf("taken: %q, free: %q", taken, free)
	}
	if got := create("red", "blue-voice"); !strings.Contains(got, "ids of tenant red begin with red-") {
		t.Error(got)
	}
}

// A slice that changes hands is never that of the one before.
func TestHistoryByTenant(t *testing.T) {
	h := newHouse(intents("red", "video", 1))
	s := gate(t, h).Slices(h)
	red, blue := as(t, "user/r", "red", access.Tenant), as(t, "user/b", "blue", access.Tenant)
	if existed, err := s.Delete(red, "video", intent.Order{}); !existed || err != nil {
		t.Fatal(existed, err)
	}
	_, err := s.Apply(blue, intents("blue", "video", 2), intent.Order{New: true})
	must(t, err)
	for ctx, want := range map[string][]string{"red": {"delete"}, "blue": {"create"}} {
		all, err := s.History(as(t, "user/x", slice.Tenant(ctx), access.Viewer), "video")
		must(t, err)
		var got []string
		for _, r := range all {
			got = append(got, r.What)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", ctx, diff)
		}
	}
	if _, err := s.History(as(t, "user/x", "green", access.Viewer), "video"); err == nil || err.Error() != "there is no slice video" {
		t.Errorf("a third one: %v", err)
	}
	if existed, err := s.Delete(red, "video", intent.Order{}); existed || err != nil {
		t.Errorf("the one before deletes it: %t, %v", existed, err)
	}
	if _, there := h.Owner("video"); !there {
		t.Error("it is gone")
	}
}

func TestRulesAreComplete(t *testing.T) {
	seen := map[access.Verb]bool{}
	for _, r := range access.Rules {
		if seen[r.Verb] || r.Changes && r.Least < access.Tenant || r.Least < access.Operator && r.Scope == "" {
			t.Errorf("row %+v", r)
		}
		seen[r.Verb] = true
	}
}
