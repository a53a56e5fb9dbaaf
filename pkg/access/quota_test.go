package access_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/access"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

func TestQuotas(t *testing.T) {
	tests := map[string]struct {
		quota intent.Quota
		order intent.Intents
		want  string // of the fault; empty: it fits
	}{
		"no quota":             {intent.Quota{}, intents("red", "new", 50, 50), ""},
		"another's quota":      {intent.Quota{Tenant: "blue", Slices: 1}, intents("red", "new"), ""},
		"slices":               {intent.Quota{Slices: 1}, intents("red", "new"), "tenant red would have 2 slices of 1"},
		"slices, the same":     {intent.Quota{Slices: 1}, intents("red", "mine", 2, 2), ""},
		"networks":             {intent.Quota{Networks: 2}, intents("red", "new", 0, 0), "3 networks of 2"},
		"ports":                {intent.Quota{Ports: 3}, intents("red", "mine", 2, 2), "4 ports of 3"},
		"bandwidth":            {intent.Quota{BandwidthKbps: 500}, intents("red", "new", 4), "600 kbit/s of 500"},
		"less than before":     {intent.Quota{Ports: 1, Networks: 1}, intents("red", "mine", 1), ""},
		"as before, over it":   {intent.Quota{Ports: 1}, intents("red", "mine", 2), ""},
		"all at once":          {intent.Quota{Slices: 1, Ports: 1}, intents("red", "new", 1), "2 slices of 1, 3 ports of 1"},
		"uncapped, no members": {intent.Quota{BandwidthKbps: 900}, uncapped(intents("red", "new", 0)), ""},
		"uncapped":             {intent.Quota{BandwidthKbps: 900}, uncapped(intents("red", "new", 1)), "slice.networks[0].bandwidthKbps: network n0 has no cap"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			h := newHouse(intents("red", "mine", 2))
			g := gate(t, h)
			if test.quota.Tenant == "" {
				test.quota.Tenant = "red"
			}
			_, err := g.Admin(nil).PutQuota(as(t, "root", "", access.Admin), test.quota)
			must(t, err)
			// Whoever orders, the tenant of the slice pays.
			for _, ctx := range []access.Caller{{Name: "a", Tenant: "red", Role: access.Tenant}, {Name: "plugin", Role: access.Operator}} {
				_, err = g.Slices(h).Apply(access.With(t.Context(), ctx), test.order, intent.Order{DryRun: true})
				if test.want == "" {
					must(t, err)
				} else if slice.KindOf(err) != slice.Exhausted || !strings.Contains(err.Error(), test.want) {
					t.Errorf("got %v, want %q", err, test.want)
				}
			}
		})
	}
}

func uncapped(in intent.Intents) intent.Intents {
	for i := range in.Slice.Networks {
		in.Slice.Networks[i].BandwidthKbps = 0
	}
	return in
}

func TestQuotaOfEdits(t *testing.T) {
	h := newHouse(intents("red", "mine", 2))
	g := gate(t, h, func(c *access.Config) {
		c.Policy = policy(t, access.Policy{Tenants: map[slice.Tenant]access.TenantTerms{"red": {Quota: intent.Capacity{Ports: 3}}}})
	})
	red := as(t, "user/r", "red", access.Tenant)
	add := func(name slice.Workload) []intent.Edit {
		return []intent.Edit{{AddMember: &intent.MemberEdit{Network: "n0", Member: intent.Member{Name: name, Domain: "fire"}}}}
	}
	_, err := g.Slices(h).Edit(red, "mine", add("a"), intent.Order{})
	must(t, err)
	if _, err := g.Slices(h).Edit(red, "mine", add("b"), intent.Order{}); slice.KindOf(err) != slice.Exhausted || !strings.Contains(err.Error(), "4 ports of 3") {
		t.Errorf("got %v", err)
	}
	_, err = g.Slices(h).Edit(red, "mine", []intent.Edit{{RemoveNetwork: "n0"}}, intent.Order{})
	must(t, err)
	got, err := g.Admin(nil).Quotas(red)
	must(t, err)
	if diff := cmp.Diff([]intent.Quota{{Tenant: "red", Ports: 3, Used: &intent.Usage{Slices: 1}}}, got); diff != "" {
		t.Error(diff)
	}
}

// TestQuotaUnderConcurrentCreates has more creates at once than the quota has
// room for, all of them under way until the last has been looked at.
func TestQuotaUnderConcurrentCreates(t *testing.T) {
	const at, most = 60, 7
	h := newHouse()
	h.hold = make(chan struct{})
	g := gate(t, h)
	_, err := g.Admin(nil).PutQuota(as(t, "root", "", access.Admin), intent.Quota{Tenant: "red", Slices: most})
	must(t, err)
	var refused, made atomic.Int32
	var wait sync.WaitGroup
	all := make(chan struct{})
	for i := range at {
		wait.Go(func() {
			_, err := g.Slices(h).Apply(as(t, "user/r", "red", access.Tenant), intents("red", slice.ID(fmt.Sprintf("s%d", i)), 1), intent.Order{New: true})
			switch {
			case err == nil:
				made.Add(1)
			case slice.KindOf(err) == slice.Exhausted:
				if refused.Add(1) == at-most {
					close(all)
				}
			default:
				t.Error(err)
			}
		})
	}
	<-all
	close(h.hold)
	wait.Wait()
	if made.Load() != most {
		t.Errorf("%d were made, the quota is %d", made.Load(), most)
	}
	red := as(t, "user/r", "red", access.Tenant)
	if _, err := g.Slices(h).Delete(red, "absent", intent.Order{}); err != nil {
		t.Error(err)
	}
	for id := range h.slices {
		_, err := g.Slices(h).Delete(red, id, intent.Order{})
		must(t, err)
		break
	}
	_, err = g.Slices(h).Apply(red, intents("red", "again"), intent.Order{New: true})
	must(t, err)
}

func TestQuotasAreDurable(t *testing.T) {
	kept := &memory{}
	h := newHouse(intents("blue", "theirs", 3))
	for range 2 {
		g := gate(t, h, func(c *access.Config) { c.Store = kept })
		_, err := g.Admin(nil).PutQuota(as(t, "root", "", access.Admin), intent.Quota{Tenant: "red", Slices: 4})
		must(t, err)
	}
	g := gate(t, h, func(c *access.Config) { c.Store = kept })
	got, err := g.Admin(nil).Quotas(as(t, "root", "", access.Admin))
	must(t, err)
	want := []intent.Quota{
		{Tenant: "blue", Used: &intent.Usage{Slices: 1, Networks: 1, Ports: 3, BandwidthKbps: 300}},
		{Tenant: "red", Slices: 4, Used: &intent.Usage{}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := g.Admin(nil).PutQuota(as(t, "root", "", access.Admin), intent.Quota{Tenant: "No Name"}); slice.KindOf(err) != slice.Invalid {
		t.Errorf("an odd tenant: %v", err)
	}
}
