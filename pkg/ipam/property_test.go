package ipam_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"github.com/l2sces/l2sces/pkg/ipam"
	"github.com/l2sces/l2sces/pkg/slice"
)

// operations is how many changes the plans of TestManyOperations see.
func operations() int {
	if testing.Short() {
		return 10_000
	}
	return 100_000
}

// bed is one network while members come and go.
type bed struct {
	*testing.T
	rand    *rand.Rand
	plan    ipam.Plan
	members []ipam.Member
	refused int
}

func spans(texts ...string) []slice.Span {
	all := make([]slice.Span, len(texts))
	for i, text := range texts {
		if err := all[i].UnmarshalText([]byte(text)); err != nil {
			panic(err)
		}
	}
	return all
}

func ranges(pairs ...string) []ipam.Range {
	var all []ipam.Range
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, ipam.Range{Domain: slice.Domain(pairs[i]), CIDR: netip.MustParsePrefix(pairs[i+1])})
	}
	return all
}

// beds are the kinds of network that there are.
func beds() map[string]ipam.Plan {
	prefix := netip.MustParsePrefix
	split := []slice.Domain{"a", "b", "c"}
	return map[string]ipam.Plan{
		"plain":  {Prefix: prefix("192.0.2.0/26")},
		"six":    {Prefix: prefix("2001:db8::/122"), Reserved: spans("2001:db8::10-2001:db8::1f")},
		"dual":   {Prefix: prefix("192.0.2.0/25"), Second: prefix("2001:db8::/64"), Reserved: spans("192.0.2.1", "2001:db8::1")},
		"ranges": {Prefix: prefix("192.0.2.0/24"), Ranges: ranges("a", "192.0.2.64/27", "b", "192.0.2.128/26")},
		"split":  {Prefix: prefix("192.0.2.0/25"), Split: split, Reserved: spans("192.0.2.8-192.0.2.10")},
		"both": {
			Prefix: prefix("198.51.100.0/24"), Second: prefix("2001:db8:1::/64"), Split: split,
			Ranges: ranges("a", "198.51.100.0/27", "b", "2001:db8:1::/96"), Reserved: spans("198.51.100.128/26"),
		},
		"huge":  {Prefix: prefix("10.0.0.0/8"), Reserved: spans("10.0.0.0/9"), Split: split},
		"layer": {},
	}
}

// Through 100,000 changes no address is given twice, none is that of a network
// or of everybody in it, none is reserved or in the range of another domain,
// who stays keeps what it has, and in the end all that was freed can be had.
func TestManyOperations(t *testing.T) {
	all := beds()
	for name, plan := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := &bed{T: t, rand: rand.New(rand.NewPCG(1, uint64(len(name)))), plan: plan} //nolint:gosec // a test that repeats
			for range operations() / len(all) {
				b.step()
			}
			if b.refused > operations()/len(all)/4 {
				t.Errorf("%d operations were refused: the test does not test much", b.refused)
			}
			b.drained(plan)
		})
	}
}

// step lets one member come, go or ask for something else.
func (b *bed) step() {
	b.Helper()
	members := slices.Clone(b.members)
	const most = 40
	switch i := len(members); {
	case i < most && b.rand.IntN(2) == 0:
		m := ipam.Member{Domain: slice.Domain([]string{"a", "b", "c"}[b.rand.IntN(3)]), Workload: slice.Workload(fmt.Sprint("w", b.rand.IntN(2*most)))}
		if b.rand.IntN(5) == 0 {
			m.Address = b.some(b.plan.Prefix)
		}
		if b.rand.IntN(5) == 0 {
			m.Address6 = b.some(b.plan.Second)
		}
		if !slices.ContainsFunc(members, func(o ipam.Member) bool { return o.Domain == m.Domain && o.Workload == m.Workload }) {
			members = append(members, m)
		}
	case i > 0:
		j := b.rand.IntN(i)
		members = slices.Delete(members, j, j+1)
	}
	next, err := b.plan.Assign(voice, members)
	if err != nil {
		if k := slice.KindOf(err); k != slice.Invalid && k != slice.Conflict && k != slice.Exhausted {
			b.Fatalf("%v", err)
		}
		b.refused++
		return
	}
	b.check(next, members)
	b.plan, b.members = next, members
}

// some returns an address of the beginning of a prefix.
func (b *bed) some(p netip.Prefix) netip.Addr {
	if !p.IsValid() {
		return netip.Addr{}
	}
	a := p.Addr()
	for range b.rand.IntN(100) {
		a = a.Next()
	}
	return a
}

// check compares a plan with the one before.
func (b *bed) check(next ipam.Plan, members []ipam.Member) {
	b.Helper()
	if len(next.Leases) != len(members) {
		b.Fatalf("%d leases of %d members", len(next.Leases), len(members))
	}
	had := map[string]ipam.Lease{}
	for _, l := range b.plan.Leases {
		had[string(l.Domain)+"/"+string(l.Workload)] = l
	}
	taken := map[netip.Addr]bool{}
	macs := map[slice.MAC]bool{}
	for i, l := range next.Leases {
		if old, ok := had[string(l.Domain)+"/"+string(l.Workload)]; ok && old != l {
			b.Fatalf("%v has become %v", old, l)
		}
		if macs[l.MAC] || l.MAC.IsZero() || l.MAC.IsGroup() {
			b.Fatalf("%v: the hardware address is shared or none", l)
		}
		macs[l.MAC] = true
		b.address(next, next.Prefix, l.Domain, l.Address, members[i].Address, taken)
		b.address(next, next.Second, l.Domain, l.Address6, members[i].Address6, taken)
	}
	b.apart(next)
}

// address checks one address that a member of a domain got.
func (b *bed) address(p ipam.Plan, prefix netip.Prefix, d slice.Domain, a, asked netip.Addr, taken map[netip.Addr]bool) {
	b.Helper()
	if !prefix.IsValid() {
		if a.IsValid() {
			b.Fatalf("%s without a prefix", a)
		}
		return
	}
	whole := slice.SpanOf(prefix)
	if !prefix.Contains(a) || a == whole.First || a.Is4() && a == whole.Last || taken[a] {
		b.Fatalf("%s of %s is shared, or no host's", a, prefix)
	}
	taken[a] = true
	for _, s := range p.Reserved {
		if s.Contains(a) {
			b.Fatalf("%s is reserved", a)
		}
	}
	for _, r := range p.Ranges {
		if r.CIDR.Contains(a) && r.Domain != d {
			b.Fatalf("%s of domain %s is in the range %s of %s", a, d, r.CIDR, r.Domain)
		}
	}
	own := slices.ContainsFunc(p.Ranges, func(r ipam.Range) bool { return r.Domain == d && !r.Cut && r.CIDR.Overlaps(prefix) })
	inside := slices.ContainsFunc(p.Ranges, func(r ipam.Range) bool { return r.Domain == d && r.CIDR.Contains(a) })
	if own && !inside && a != asked {
		b.Fatalf("%s of domain %s is in none of its ranges %v", a, d, p.Ranges)
	}
}

// apart wants ranges inside of the prefixes that share nothing.
func (b *bed) apart(p ipam.Plan) {
	b.Helper()
	for i, r := range p.Ranges {
		if span := slice.SpanOf(r.CIDR); !span.Within(p.Prefix) && !span.Within(p.Second) || r.CIDR != r.CIDR.Masked() {
			b.Fatalf("range %v is outside of %s and %s", r, p.Prefix, p.Second)
		}
		for _, o := range p.Ranges[:i] {
			if o.CIDR.Overlaps(r.CIDR) {
				b.Fatalf("ranges %v and %v overlap", o, r)
			}
		}
	}
}

// drained lets all members go and fills the network as if nobody had ever been
// there.
func (b *bed) drained(fresh ipam.Plan) {
	b.Helper()
	empty, err := b.plan.Assign(voice, nil)
	if err != nil || len(empty.Leases) > 0 {
		b.Fatalf("%v, %v", empty.Leases, err)
	}
	free := func(p ipam.Plan) int {
		n := 0
		for n < 200 {
			var members []ipam.Member
			for i := range n + 1 {
				members = append(members, ipam.Member{Domain: "c", Workload: slice.Workload(fmt.Sprint("w", i))})
			}
			if _, err := p.Assign(voice, members); err != nil {
				return n
			}
			n++
		}
		return n
	}
	for i := range empty.Ranges { // those that were cut for the others stay theirs
		if empty.Ranges[i].Cut {
			empty.Ranges, empty.Split, fresh.Split = empty.Ranges[:i], nil, nil
			break
		}
	}
	if have, want := free(empty), free(fresh); have != want {
		b.Errorf("%d addresses are free, %d were at first", have, want)
	}
}

// BenchmarkAssign plans one more member beside many, in a large prefix of which
// the lower half is reserved.
func BenchmarkAssign(b *testing.B) {
	for _, many := range []int{100, 10_000} {
		b.Run(fmt.Sprint(many), func(b *testing.B) {
			plan := beds()["huge"]
			members := make([]ipam.Member, many)
			for i := range members {
				members[i] = ipam.Member{Domain: "a", Workload: slice.Workload(fmt.Sprint("w", i))}
			}
			for b.Loop() {
				if _, err := plan.Assign(voice, members); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*many), "ns/lease")
		})
	}
}
