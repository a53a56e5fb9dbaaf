package lint

import (
	"cmp"
	"math"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/l2sces/l2sces/pkg/descriptor"
)

// Bounds of what a link can be.
const (
	minMTU     = 68   // that IPv4 needs
	minMTU6    = 1280 // that IPv6 needs
	maxMTU     = 9216 // that switches carry
	maxSegment = 1<<24 - 1
)

// A planned is a prefix that a descriptor gives to a link.
type planned struct {
	prefix netip.Prefix
	node   descriptor.Node
	link   string
}

// plan looks at the addresses and sizes of all links of a flavour, and returns
// the prefix of each.
func (u *unit) plan(df descriptor.Node, link string) map[string]netip.Prefix {
	prefixes := map[string]netip.Prefix{}
	var all []planned
	for _, p := range df.Get("virtual-link-profile").Items() {
		data := p.Get("virtual-link-protocol-data")
		l3 := data.Get("l3-protocol-data")
		u.mtu(data.Get("l2-protocol-data").Get("mtu"), strings.Contains(l3.Get("cidr").Text(), ":"))
		prefix, ok := u.prefix(l3)
		if !ok {
			continue
		}
		id := p.Get(link).Text()
		prefixes[id] = prefix.Masked()
		all = append(all, planned{prefix.Masked(), l3.Get("cidr"), id})
	}
	u.overlaps(all)
	return prefixes
}

// overlaps tells of links that share addresses. Prefixes are nested or apart,
// so that neighbours in order tell.
func (u *unit) overlaps(all []planned) {
	slices.SortStableFunc(all, func(a, b planned) int {
		return cmp.Or(a.prefix.Addr().Compare(b.prefix.Addr()), cmp.Compare(a.prefix.Bits(), b.prefix.Bits()))
	})
	for i := 1; i < len(all); i++ {
		if a, b := all[i-1], all[i]; a.prefix.Overlaps(b.prefix) && a.link != b.link {
			u.add("cidr-overlap", b.node, "%s overlaps %s of link %s", b.prefix, a.prefix, quoted(a.link))
		}
	}
}

func (u *unit) mtu(n descriptor.Node, six bool) {
	mtu, ok := n.Uint()
	switch {
	case !ok || mtu > math.MaxUint16: // which the model refuses
	case mtu < minMTU || mtu > maxMTU:
		u.add("mtu", n, "an MTU of %d is not between %d and %d", mtu, minMTU, maxMTU)
	case six && mtu < minMTU6:
		u.add("mtu", n, "IPv6 needs an MTU of %d, this is %d", minMTU6, mtu)
	}
}

// prefix looks at the address plan of one link.
func (u *unit) prefix(l3 descriptor.Node) (netip.Prefix, bool) {
	n := l3.Get("cidr")
	if n.Text() == "" {
		return netip.Prefix{}, false
	}
	p, err := netip.ParsePrefix(n.Text())
	if err != nil {
		u.add("cidr", n, "%s is no prefix", quoted(n.Text()))
		return p, false
	}
	if p != p.Masked() {
		u.add("cidr-host-bits", n, "%s has bits set behind its length, %s has not", p, p.Masked())
	}
	if a := p.Addr(); a.IsMulticast() || a.IsLoopback() || a.IsLinkLocalUnicast() || a.IsUnspecified() {
		u.add("cidr-range", n, "%s holds no addresses for hosts", p)
	}
	if v := l3.Get("ip-version").Text(); v == "ipv4" && p.Addr().Is6() || v == "ipv6" && p.Addr().Is4() {
		u.add("cidr-version", n, "%s is not of version %s", p, v)
	}
	u.within(p, l3.Get("gateway-ip"))
	return p, true
}

// within wants an address that a link has.
func (u *unit) within(p netip.Prefix, n descriptor.Node) {
	if a, err := netip.ParseAddr(n.Text()); err == nil && p.IsValid() && !p.Contains(a) {
		u.add("cidr-outside", n, "%s is not in %s", a, p)
	}
}

// mac wants a hardware address of one card, and each once.
func (u *unit) mac(n descriptor.Node, seen map[string]bool) {
	a, err := net.ParseMAC(n.Text())
	const length = 6
	switch {
	case err != nil || len(a) != length:
		u.add("mac", n, "%s is no hardware address", quoted(n.Text()))
		return
	case a[0]&1 == 1:
		u.add("mac", n, "%s is the address of a group", a)
	case a.String() == "00:00:00:00:00:00":
		u.add("mac", n, "%s is the address of nobody", a)
	}
	if seen[a.String()] {
		u.add("mac-twice", n, "%s is given twice", a)
	}
	seen[a.String()] = true
}

// segments looks at the numbers of networks that exist.
func (u *unit) segments() {
	for _, path := range []string{"virtual-link-desc.provider-network", "int-virtual-link-desc.provider-network", "netslice-vld.provider-network"} {
		for _, p := range reach(u.body, path) {
			n := or(p.Get("segmentation_id"), p.Get("segmentation-id"))
			if id, ok := n.Uint(); ok && (id == 0 || id > maxSegment) {
				u.add("segment", n, "segment %d is not between 1 and %d", id, maxSegment)
			}
		}
	}
}
