package access

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

const bucketQuotas = "quotas"

// quotas keep tenants within their limits.
type quotas struct {
	store    Store
	holdings Holdings

	mu      sync.Mutex
	set     map[slice.Tenant]intent.Capacity
	pending map[slice.ID]claim // orders that are being carried out
}

// claim is what a slice will have when an order is through.
type claim struct {
	tenant slice.Tenant
	usage  intent.Usage
}

func loadQuotas(store Store, holdings Holdings) (*quotas, error) {
	q := &quotas{store: store, holdings: holdings, set: map[slice.Tenant]intent.Capacity{}, pending: map[slice.ID]claim{}}
	stored, err := store.List(bucketQuotas)
	if err != nil {
		return nil, fmt.Errorf("load the quotas: %w", err)
	}
	for tenant, text := range stored {
		var c intent.Capacity
		if err := json.Unmarshal(text, &c); err != nil {
			return nil, fmt.Errorf("load the quota of tenant %s: %w", tenant, err)
		}
		q.set[slice.Tenant(tenant)] = c
	}
	return q, nil
}

// put sets a quota. It takes away nothing that is there.
func (q *quotas) put(t slice.Tenant, c intent.Capacity) error {
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if err := q.store.Put(bucketQuotas, string(t), text); err != nil {
		return fmt.Errorf("save the quota of tenant %s: %w", t, err)
	}
	q.set[t] = c
	return nil
}

// of returns the quota of a tenant: what was set, or what the policy has.
func (q *quotas) of(p *Policy, t slice.Tenant) intent.Capacity {
	if c, ok := q.set[t]; ok {
		return c
	}
	return p.Tenants[t].Quota
}

// claim makes room for a slice as it will be, until release is called: then the
// slice itself counts, or what was refused is free again.
func (q *quotas) claim(p *Policy, in intent.Intents) (release func(), err error) {
	id, t := in.Slice.ID, in.Slice.Tenant
	q.mu.Lock()
	defer q.mu.Unlock()
	limit := q.of(p, t)
	if limit.Unlimited() {
		return func() {}, nil
	}
	if limit.BandwidthKbps > 0 {
		if err := capped(in, t, limit.BandwidthKbps); err != nil {
			return nil, err
		}
	}
	before, others := q.used(t, id)
	next := usage(in)
	if over := limit.Over(others.Plus(next), others.Plus(before)); over != "" {
		return nil, slice.Errorf(slice.Exhausted, "tenant %s would have %s: delete what it does not need, or have its quota raised", t, over)
	}
	q.pending[id] = claim{t, next}
	return func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		delete(q.pending, id)
	}, nil
}

// used returns what a tenant has in one slice, and in all others. Of a slice
// that is being changed the greater counts, of before and after.
func (q *quotas) used(t slice.Tenant, id slice.ID) (one, others intent.Usage) {
	seen := map[slice.ID]bool{}
	q.holdings.Each(func(in intent.Intents) {
		if in.Slice.Tenant != t {
			return
		}
		here := in.Slice.ID
		u := usage(in)
		if here == id {
			one = u
			return
		}
		seen[here] = true
		others = others.Plus(greater(u, q.pending[here].usage))
	})
	for other, c := range q.pending {
		if c.tenant == t && other != id && !seen[other] {
			others = others.Plus(c.usage)
		}
	}
	return one, others
}

// capped refuses ports whose bandwidth nobody limits, to a tenant whose own is.
func capped(in intent.Intents, t slice.Tenant, limit uint32) error {
	for i, n := range in.Slice.Networks {
		if n.BandwidthKbps == 0 && len(n.Members) > 0 {
			return slice.Errorf(slice.Exhausted, "slice.networks[%d].bandwidthKbps: network %s has no cap, and tenant %s may have %d kbit/s in all: give it one", i, n.Name, t, limit)
		}
	}
	return nil
}

// usage returns what a slice takes. Bandwidth is the sum of the caps of its
// ports.
func usage(in intent.Intents) intent.Usage {
	u := intent.Usage{Slices: 1}
	for _, n := range in.Slice.Networks {
		u = u.Plus(intent.Usage{Networks: 1})
		for range n.Members {
			u = u.Plus(intent.Usage{Ports: 1, BandwidthKbps: n.BandwidthKbps})
		}
	}
	return u
}

func greater(u, v intent.Usage) intent.Usage {
	return intent.Usage{
		Slices: max(u.Slices, v.Slices), Networks: max(u.Networks, v.Networks),
		Ports: max(u.Ports, v.Ports), BandwidthKbps: max(u.BandwidthKbps, v.BandwidthKbps),
	}
}

// list returns the limits and the use of all tenants that have either.
func (q *quotas) list(p *Policy) []intent.Quota {
	q.mu.Lock()
	defer q.mu.Unlock()
	used := map[slice.Tenant]intent.Usage{}
	q.holdings.Each(func(in intent.Intents) { used[in.Slice.Tenant] = used[in.Slice.Tenant].Plus(usage(in)) })
	tenants := map[slice.Tenant]bool{}
	for t := range used {
		tenants[t] = true
	}
	for t := range q.set {
		tenants[t] = true
	}
	for t := range p.Tenants {
		tenants[t] = true
	}
	out := make([]intent.Quota, 0, len(tenants))
	for _, t := range slices.Sorted(maps.Keys(tenants)) {
		c, u := q.of(p, t), used[t]
		out = append(out, intent.Quota{
			Tenant: t, Slices: c.Slices, Networks: c.Networks, Ports: c.Ports, BandwidthKbps: c.BandwidthKbps, Used: &u,
		})
	}
	return out
}
