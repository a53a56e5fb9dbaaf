package intent

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/l2sces/l2sces/pkg/slice"
)

// asked is an address that a member asks for, and the prefix that has it.
type asked struct {
	field string
	addr  netip.Addr
	in    netip.Prefix
}

// second checks the IPv6 prefix beside an IPv4 one and returns the lowest MTU
// that it allows.
func (v *validator) second(path string, n *Network) uint32 {
	if n.CIDR6 == (netip.Prefix{}) {
		return 0
	}
	if !n.CIDR.Addr().Is4() || !n.CIDR6.Addr().Is6() {
		v.faults.add(path, "give cidr an IPv4 prefix and cidr6 an IPv6 one; a single prefix of either kind goes into cidr",
			"%s is not an IPv6 prefix beside an IPv4 one", n.CIDR6)
		return 0
	}
	return v.cidr(path, n.CIDR6)
}

// holds reports whether one of the network's prefixes has all of a span.
func (n *Network) holds(s slice.Span) bool {
	return n.CIDR.IsValid() && s.Within(n.CIDR) || n.CIDR6.IsValid() && s.Within(n.CIDR6)
}

// parts checks what is reserved, and what belongs to domains.
func (v *validator) parts(path string, n *Network) {
	const remedy = "give the network a cidr that has it"
	if n.Split && !n.CIDR.IsValid() {
		v.faults.add(path+".split", "give the network a cidr", "the network has no addresses to split")
	}
	for i, s := range n.Reserved {
		if !n.holds(s) {
			v.faults.add(fmt.Sprintf("%s.reserved[%d]", path, i), remedy, "%s is not in the network's prefix", s)
		}
	}
	for i, r := range n.Ranges {
		here := fmt.Sprintf("%s.ranges[%d]", path, i)
		if v.known(here+".domain", r.Domain) && !slices.Contains(n.Domains, r.Domain) {
			v.faults.add(here+".domain", "add the domain to the network's domains", "network %s does not reach domain %s", n.Name, r.Domain)
		}
		switch {
		case !r.CIDR.IsValid():
			v.faults.add(here+".cidr", "", "not a prefix")
			continue
		case r.CIDR != r.CIDR.Masked():
			v.faults.add(here+".cidr", fmt.Sprintf("write %s", r.CIDR.Masked()), "%s has bits behind its length", r.CIDR)
			continue
		case !n.holds(slice.SpanOf(r.CIDR)):
			v.faults.add(here+".cidr", remedy, "%s is not in the network's prefix", r.CIDR)
		}
		for _, o := range n.Ranges[:i] {
			if o.CIDR.Overlaps(r.CIDR) {
				v.faults.add(here+".cidr", "give each domain addresses of its own", "%s overlaps %s of domain %s", r.CIDR, o.CIDR, o.Domain)
				break
			}
		}
	}
}

// free wants an address that is neither reserved nor another domain's.
func (v *validator) free(path string, n *Network, d slice.Domain, a netip.Addr) {
	if i := slices.IndexFunc(n.Reserved, func(s slice.Span) bool { return s.Contains(a) }); i >= 0 {
		v.faults.add(path, "take another one, or out of reserved what the member shall have", "%s is reserved (%s)", a, n.Reserved[i])
	}
	if i := slices.IndexFunc(n.Ranges, func(r Range) bool { return r.Domain != d && r.CIDR.Contains(a) }); i >= 0 {
		v.faults.add(path, "take one of the member's own domain", "%s is in the range %s of domain %s", a, n.Ranges[i].CIDR, n.Ranges[i].Domain)
	}
}
