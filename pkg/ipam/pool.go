package ipam

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/l2sces/l2sces/pkg/slice"
)

// A pool is one prefix of a network while addresses are given out.
type pool struct {
	prefix   netip.Prefix
	taken    map[netip.Addr]who
	reserved row
	ranges   []Range
	cursors  map[slice.Domain]*cursor // where the search goes on; see find
}

// A row is spans in order that share no address.
type row []slice.Span

// rowOf puts spans in order and joins those that overlap.
func rowOf(spans []slice.Span) row {
	spans = slices.Clone(spans)
	slices.SortFunc(spans, func(a, b slice.Span) int { return a.First.Compare(b.First) })
	var r row
	for _, s := range spans {
		if last := len(r) - 1; last >= 0 && r[last].Overlaps(s) {
			if r[last].Last.Less(s.Last) {
				r[last].Last = s.Last
			}
			continue
		}
		r = append(r, s)
	}
	return r
}

// at returns the span that holds an address.
func (r row) at(a netip.Addr) (slice.Span, bool) {
	i, found := slices.BinarySearchFunc(r, a, func(s slice.Span, a netip.Addr) int { return s.First.Compare(a) })
	if !found {
		i--
	}
	if i >= 0 && r[i].Contains(a) {
		return r[i], true
	}
	return slice.Span{}, false
}

func newPool(p Plan, prefix netip.Prefix) *pool {
	out := &pool{prefix: prefix, taken: map[netip.Addr]who{}, cursors: map[slice.Domain]*cursor{}}
	var reserved []slice.Span
	for _, s := range p.Reserved {
		if s.Overlaps(slice.SpanOf(prefix)) {
			reserved = append(reserved, s)
		}
	}
	out.reserved = rowOf(reserved)
	for _, r := range p.Ranges {
		if !r.Cut && prefix.Overlaps(r.CIDR) {
			out.ranges = append(out.ranges, r)
		}
	}
	return out
}

// refuses says why a member of a domain cannot have an address that it asks
// for, or nothing.
func (p *pool) refuses(d slice.Domain, addr netip.Addr) string {
	switch {
	case !p.prefix.Contains(addr):
		return fmt.Sprintf("is outside %s", p.prefix)
	case !usable(p.prefix, addr):
		return fmt.Sprintf("is the network's own in %s", p.prefix)
	}
	if s, ok := p.reserved.at(addr); ok {
		return fmt.Sprintf("is reserved (%s)", s)
	}
	for _, r := range p.ranges {
		if r.Domain != d && r.CIDR.Contains(addr) {
			return fmt.Sprintf("is in the range %s of domain %s", r.CIDR, r.Domain)
		}
	}
	return ""
}

// fits reports whether a member of a domain may keep an address: one that it
// did not ask for is in a range of its domain, if that has asked for some.
func (p *pool) fits(d slice.Domain, addr netip.Addr) bool {
	if p.refuses(d, addr) != "" {
		return false
	}
	own := p.of(d)
	return len(own) == 0 || slices.ContainsFunc(own, func(r Range) bool { return r.CIDR.Contains(addr) })
}

// of returns the ranges of a domain.
func (p *pool) of(d slice.Domain) []Range {
	var own []Range
	for _, r := range p.ranges {
		if r.Domain == d {
			own = append(own, r)
		}
	}
	return own
}

// where names the part of the prefix from which a domain gets its addresses.
func (p *pool) where(d slice.Domain) string {
	var own []string
	for _, r := range p.of(d) {
		own = append(own, r.CIDR.String())
	}
	if len(own) == 0 {
		return p.prefix.String()
	}
	return fmt.Sprintf("the range %s of domain %s", strings.Join(own, ", "), d)
}

// A cursor goes through the addresses that a domain can have, once.
type cursor struct {
	spaces []slice.Span
	barred row
	next   netip.Addr
}

// find returns the lowest address that is free for a domain. All searches of
// one domain together look at each address once, and pass over what is
// reserved at one go.
func (p *pool) find(d slice.Domain) (netip.Addr, bool) {
	own := p.of(d)
	if len(own) == 0 {
		d = "" // all domains without a range of their own share what no other has
	}
	c := p.cursors[d]
	if c == nil {
		c = p.cursor(own)
		p.cursors[d] = c
	}
	for len(c.spaces) > 0 {
		for a := c.next; a.IsValid() && c.spaces[0].Contains(a); a = a.Next() {
			if s, ok := c.barred.at(a); ok {
				a = s.Last
				continue
			}
			if _, taken := p.taken[a]; !taken && usable(p.prefix, a) {
				c.next = a
				return a, true
			}
			c.next = a
		}
		if c.spaces = c.spaces[1:]; len(c.spaces) > 0 {
			c.next = c.spaces[0].First
		}
	}
	return netip.Addr{}, false
}

func (p *pool) cursor(own []Range) *cursor {
	barred := []slice.Span(p.reserved)
	c := &cursor{}
	for _, r := range own {
		c.spaces = append(c.spaces, slice.SpanOf(r.CIDR))
	}
	if len(own) == 0 {
		c.spaces = []slice.Span{slice.SpanOf(p.prefix)}
		for _, r := range p.ranges {
			barred = append(slices.Clip(barred), slice.SpanOf(r.CIDR))
		}
	}
	c.barred, c.next = rowOf(barred), c.spaces[0].First
	return c
}
