package sco

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// Plan tells what an Apply would change.
func (s *SCO) Plan(ctx context.Context, in intent.Intents) (intent.Difference, error) {
	in, err := s.checked(in)
	if err != nil {
		return intent.Difference{}, err
	}
	a := ask{id: in.Slice.ID, tenant: in.Slice.Tenant}
	a.wanted = func(*record) (intent.Intents, error) { return in, nil }
	return s.differ(ctx, a)
}

// PlanEdits tells what an Edit would change.
func (s *SCO) PlanEdits(ctx context.Context, id slice.ID, edits []intent.Edit) (intent.Difference, error) {
	return s.differ(ctx, ask{id: id, wanted: s.edits(id, edits)})
}

// PlanDelete tells what a Delete would take away.
func (s *SCO) PlanDelete(_ context.Context, id slice.ID) (intent.Difference, error) {
	r := s.record(id)
	if r == nil {
		return intent.Difference{}, absent(id)
	}
	return differenceOf(id, r, nil), nil
}

// differ plans an order as if it were carried out now.
func (s *SCO) differ(ctx context.Context, a ask) (intent.Difference, error) {
	unlock, err := s.lock(ctx, a.id)
	if err != nil {
		return intent.Difference{}, err
	}
	defer unlock()
	before := s.record(a.id)
	if err := a.fits(before); err != nil {
		return intent.Difference{}, err
	}
	in, err := a.wanted(before)
	if err != nil {
		return intent.Difference{}, err
	}
	next, err := s.prepare(ctx, in, before)
	if err != nil {
		return intent.Difference{}, err
	}
	return differenceOf(a.id, before, next), nil
}

// A thing is one of those that a slice consists of.
type thing struct {
	domain slice.Domain
	kind   string
	name   string
}

// kindsOfThing are in the order in which a reader wants them.
var kindsOfThing = []string{"slice", "domain", "link", "network", "member", "path"}

func (t thing) compare(other thing) int {
	return cmp.Or(cmp.Compare(t.domain, other.domain),
		cmp.Compare(slices.Index(kindsOfThing, t.kind), slices.Index(kindsOfThing, other.kind)), cmp.Compare(t.name, other.name))
}

// differenceOf returns what leads from one record to another, of which one may
// be nil.
func differenceOf(id slice.ID, before, next *record) intent.Difference {
	out := intent.Difference{ID: id}
	if before != nil {
		out.Generation = before.Generation
	}
	if before == next {
		return out
	}
	have, want := before.things(), next.things()
	all := maps.Clone(have)
	maps.Copy(all, want)
	for _, t := range slices.SortedFunc(maps.Keys(all), thing.compare) {
		was, had := have[t]
		is, has := want[t]
		c := intent.Change{Domain: t.domain, Kind: t.kind, Name: t.name}
		switch {
		case !had:
			c.Action, c.Detail = intent.Add, is.String()
		case !has:
			c.Action = intent.Remove
		case maps.Equal(was, is):
			continue
		default:
			c.Action, c.Detail = intent.Alter, was.to(is)
		}
		out.Changes = append(out.Changes, c)
	}
	return out
}

// things are what a record consists of, domain by domain.
func (r *record) things() map[thing]facts {
	all := map[thing]facts{}
	if r == nil {
		return all
	}
	in := r.Intents
	whole := factsOf("", in.Slice)
	maps.Copy(whole, factsOf("overlay.", in.Overlay))
	for _, apart := range []string{"id", "domains", "networks", "overlay.links"} {
		delete(whole, apart)
	}
	all[thing{"", "slice", string(in.Slice.ID)}] = whole
	for _, d := range in.Slice.Domains {
		all[thing{d.Name, "domain", string(d.Name)}] = facts{"gateway": string(r.Plan.Gateways[d.Name])}
	}
	for _, l := range in.Overlay.Expand(in.Slice.Domains) {
		l.From, l.To, l.Cost = min(l.From, l.To), max(l.From, l.To), max(1, l.Cost)
		all[thing{"", "link", fmt.Sprintf("%s-%s", l.From, l.To)}] = factsOf("", l).without("from", "to")
	}
	for _, n := range in.Slice.Networks {
		r.network(all, n)
	}
	for _, p := range in.Paths {
		name := fmt.Sprintf("%s %s-%s", p.Network, min(p.From, p.To), max(p.From, p.To))
		all[thing{"", "path", name}] = factsOf("", p).without("network")
	}
	return all
}

// network adds a network, in each domain, and its members, as they are planned.
func (r *record) network(all map[thing]facts, n intent.Network) {
	plan := r.Plan.network(n.Name)
	if plan == nil {
		return // there is a plan for every network
	}
	of := factsOf("", n).without("name", "domains", "members")
	of["mtu"] = fmt.Sprint(plan.MTU)
	for _, d := range n.Domains {
		all[thing{d, "network", string(n.Name)}] = of
	}
	planned := map[slice.Workload]facts{}
	for _, l := range plan.Addresses.Leases {
		f := facts{"mac": l.MAC.String()}
		if l.Address.IsValid() {
			f["address"] = l.Address.String()
		}
		planned[l.Workload] = f
	}
	for _, m := range n.Members {
		f := factsOf("", m).without("name", "domain")
		maps.Copy(f, planned[m.Name])
		all[thing{m.Domain, "member", fmt.Sprintf("%s/%s", n.Name, m.Name)}] = f
	}
}

// facts say all of a thing: values by name.
type facts map[string]string

// factsOf returns the fields of a value by their JSON names. So a field that
// is new in the intents is in the differences as well.
func factsOf(prefix string, v any) facts {
	out := facts{}
	text, err := json.Marshal(v)
	if err != nil {
		return out // the same value was stored as JSON
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(text, &fields) != nil {
		return out // it is an object, or it has no fields
	}
	for name, value := range fields {
		out[prefix+name] = strings.NewReplacer(`"`, "", ",", ", ", ":", " ").Replace(string(value))
	}
	return out
}

func (f facts) without(names ...string) facts {
	for _, name := range names {
		delete(f, name)
	}
	return f
}

// String returns the facts that are given.
func (f facts) String() string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(f)) {
		if f[name] != "" {
			all = append(all, name+" "+f[name])
		}
	}
	return strings.Join(all, ", ")
}

// to returns what is different in other facts.
func (f facts) to(other facts) string {
	names := maps.Clone(f)
	maps.Copy(names, other)
	var all []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if f[name] != other[name] {
			all = append(all, fmt.Sprintf("%s %s -> %s", name, cmp.Or(f[name], "none"), cmp.Or(other[name], "none")))
		}
	}
	return strings.Join(all, ", ")
}
