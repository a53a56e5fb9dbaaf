package ipam

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
	"slices"

	"github.com/l2sces/l2sces/pkg/slice"
)

// leastRange is how many addresses a range has at least that is cut by need.
const leastRange = 8

// cut returns the ranges of the plan: those that were asked for, those that
// were cut before and are still right, and new ones for domains whose members
// have no room. A range holds no address of another domain, and none ever
// moves.
func (a *assignment) cut(p Plan, members []Member) ([]Range, error) {
	ranges := slices.DeleteFunc(slices.Clone(p.Ranges), func(r Range) bool { return r.Cut })
	for i, pool := range a.pools {
		if pool == nil || len(p.Split) == 0 {
			continue
		}
		asked, held, need := len(pool.ranges), pool.held(), a.lacking(members, i)
		pool.recall(p, held)
		for _, d := range p.Split {
			if has(pool.ranges[:asked], d) {
				continue
			}
			if err := pool.provide(held, d, need[d]); err != nil {
				return nil, err
			}
		}
		cut := slices.Clone(pool.ranges[asked:])
		slices.SortFunc(cut, func(x, y Range) int { return x.CIDR.Addr().Compare(y.CIDR.Addr()) })
		ranges = append(ranges, cut...)
	}
	return ranges, nil
}

// lacking counts the members of each domain that have no address of a prefix
// yet.
func (a *assignment) lacking(members []Member, i int) map[slice.Domain]int {
	n := map[slice.Domain]int{}
	for _, m := range members {
		if !a.new[m.who()].addresses()[i].IsValid() {
			n[m.Domain]++
		}
	}
	return n
}

func has(ranges []Range, d slice.Domain) bool {
	return slices.ContainsFunc(ranges, func(r Range) bool { return r.Domain == d })
}

// recall takes in the ranges that were cut before, unless somebody else has
// got a part of one since, or the domain has asked for others.
func (p *pool) recall(plan Plan, held []netip.Addr) {
	asked := p.ranges
	for _, r := range plan.Ranges {
		span := slice.SpanOf(r.CIDR)
		switch {
		case !r.Cut || !span.Within(p.prefix) || !slices.Contains(plan.Split, r.Domain) || has(asked, r.Domain):
		case slices.ContainsFunc(p.ranges, func(o Range) bool { return o.CIDR.Overlaps(r.CIDR) }):
		case p.foreign(held, r.Domain, span):
		default:
			p.ranges = append(p.ranges, r)
		}
	}
}

// held returns the addresses that are taken, in order.
func (p *pool) held() []netip.Addr {
	all := make([]netip.Addr, 0, len(p.taken))
	for a := range p.taken {
		all = append(all, a)
	}
	slices.SortFunc(all, netip.Addr.Compare)
	return all
}

// from returns those of some addresses in order that are in a span.
func from(held []netip.Addr, s slice.Span) []netip.Addr {
	i, _ := slices.BinarySearchFunc(held, s.First, netip.Addr.Compare)
	j, found := slices.BinarySearchFunc(held, s.Last, netip.Addr.Compare)
	if found {
		j++
	}
	return held[i:j]
}

// foreign reports whether a member of another domain has an address of a span.
func (p *pool) foreign(held []netip.Addr, d slice.Domain, s slice.Span) bool {
	return slices.ContainsFunc(from(held, s), func(a netip.Addr) bool { return p.taken[a].domain != d })
}

// provide cuts ranges for a domain until so many more members have room. Each
// has room for twice as many as need it, if there is so much.
func (p *pool) provide(held []netip.Addr, d slice.Domain, need int) error {
	own := p.of(d)
	for _, r := range own {
		need -= p.room(held, slice.SpanOf(r.CIDR))
	}
	for size := max(leastRange, 2*need); need > 0 || len(own) == 0 && size > 0; {
		r, ok := p.carve(held, d, size)
		switch {
		case ok:
			p.ranges = append(p.ranges, r)
			own = append(own, r)
			need -= p.room(held, slice.SpanOf(r.CIDR))
		case size > 1:
			size /= 2
		case need > 0:
			return slice.Errorf(slice.Exhausted, "%s has no room for a range with %d more members of domain %s", p.prefix, need, d)
		default:
			return nil
		}
	}
	return nil
}

// room returns how many addresses of a span are free for hosts.
func (p *pool) room(held []netip.Addr, s slice.Span) int {
	n := sizeOf(s)
	for _, r := range p.reserved {
		if r.Overlaps(s) {
			n -= sizeOf(slice.Span{First: later(r.First, s.First), Last: earlier(r.Last, s.Last)})
		}
	}
	whole := slice.SpanOf(p.prefix)
	for _, a := range []netip.Addr{whole.First, whole.Last} {
		if _, barred := p.reserved.at(a); s.Contains(a) && !usable(p.prefix, a) && !barred {
			n--
		}
	}
	return n - len(from(held, s))
}

// carve returns the lowest range of a size that no other domain has a part of,
// and that has room for half of its size at least.
func (p *pool) carve(held []netip.Addr, d slice.Domain, size int) (Range, bool) {
	length := p.prefix.Addr().BitLen()
	for room := 1; room < size && length > p.prefix.Bits(); room *= 2 {
		length--
	}
	given := make([]slice.Span, len(p.ranges))
	for i, r := range p.ranges {
		given[i] = slice.SpanOf(r.CIDR)
	}
	row := rowOf(given)
	for c, ok := netip.PrefixFrom(p.prefix.Addr(), length), true; ok && p.prefix.Contains(c.Addr()); {
		span := slice.SpanOf(c)
		past := span.Last
		if s, barred := p.reserved.at(span.First); barred && s.Contains(span.Last) {
			past = s.Last
		} else if s, given := row.last(span); given {
			past = later(past, s.Last)
		} else if !p.foreign(held, d, span) && 2*p.room(held, span) >= min(size, sizeOf(span)) {
			return Range{Domain: d, CIDR: c, Cut: true}, true
		}
		c, ok = following(past, length)
	}
	return Range{}, false
}

// last returns the last span of the row that overlaps another one.
func (r row) last(s slice.Span) (slice.Span, bool) {
	i, found := slices.BinarySearchFunc(r, s.Last, func(s slice.Span, a netip.Addr) int { return s.First.Compare(a) })
	if !found {
		i--
	}
	if i >= 0 && r[i].Overlaps(s) {
		return r[i], true
	}
	return slice.Span{}, false
}

// following returns the first prefix of a length that lies behind an address.
func following(a netip.Addr, length int) (netip.Prefix, bool) {
	p := netip.PrefixFrom(a, length).Masked()
	next := slice.SpanOf(p).Last.Next()
	return netip.PrefixFrom(next, length), next.IsValid()
}

// sizeOf returns how many addresses a span has, or that they are very many.
func sizeOf(s slice.Span) int {
	const many = 1 << 30
	a, b := s.First.As16(), s.Last.As16()
	low, borrow := bits.Sub64(binary.BigEndian.Uint64(b[8:]), binary.BigEndian.Uint64(a[8:]), 0)
	high, _ := bits.Sub64(binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(a[:8]), borrow)
	if high != 0 || low >= many {
		return many
	}
	return int(low) + 1 //nolint:gosec // less than many
}

func later(a, b netip.Addr) netip.Addr {
	if a.Less(b) {
		return b
	}
	return a
}

func earlier(a, b netip.Addr) netip.Addr {
	if b.Less(a) {
		return b
	}
	return a
}
