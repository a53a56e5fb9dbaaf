package slice

import (
	"net/netip"
	"strings"
)

// A Span is some addresses in a row. It is written as one address, as a prefix
// or as FIRST-LAST.
type Span struct{ First, Last netip.Addr }

// SpanOf returns all addresses of a prefix.
func SpanOf(p netip.Prefix) Span {
	p = p.Masked()
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	last, _ := netip.AddrFromSlice(b)
	return Span{p.Addr(), last}
}

// Contains reports whether an address is one of the span.
func (s Span) Contains(a netip.Addr) bool {
	return a.BitLen() == s.First.BitLen() && s.First.Compare(a) <= 0 && a.Compare(s.Last) <= 0
}

// Overlaps reports whether two spans share an address.
func (s Span) Overlaps(o Span) bool {
	return s.First.BitLen() == o.First.BitLen() && s.First.Compare(o.Last) <= 0 && o.First.Compare(s.Last) <= 0
}

// Within reports whether all addresses of the span are in a prefix.
func (s Span) Within(p netip.Prefix) bool { return p.Contains(s.First) && p.Contains(s.Last) }

// String returns the shortest form.
func (s Span) String() string {
	if s.First == s.Last {
		return s.First.String()
	}
	for bits := range s.First.BitLen() {
		if p := netip.PrefixFrom(s.First, bits); SpanOf(p) == s {
			return p.String()
		}
	}
	return s.First.String() + "-" + s.Last.String()
}

// MarshalText returns the same as String.
func (s Span) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads an address, a prefix or FIRST-LAST.
func (s *Span) UnmarshalText(text []byte) error {
	const form = "%q is neither an address, nor a prefix, nor FIRST-LAST"
	if p, err := netip.ParsePrefix(string(text)); err == nil {
		if p != p.Masked() {
			return Errorf(Invalid, "%s has bits behind its length: write %s", p, p.Masked())
		}
		*s = SpanOf(p)
		return nil
	}
	first, last, row := strings.Cut(string(text), "-")
	if !row {
		last = first
	}
	a, err := netip.ParseAddr(first)
	b, other := netip.ParseAddr(last)
	switch {
	case err != nil || other != nil || a.Zone()+b.Zone() != "":
		return Errorf(Invalid, form, text)
	case a.BitLen() != b.BitLen() || b.Less(a):
		return Errorf(Invalid, "the last address, %s, does not come after the first", last)
	}
	*s = Span{a, b}
	return nil
}
