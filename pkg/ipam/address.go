package ipam

import (
	"net/netip"

	"github.com/l2sces/l2sces/pkg/slice"
)

// asked returns the two addresses that a member asks for.
func (m Member) asked() [2]netip.Addr { return [2]netip.Addr{m.Address, m.Address6} }

// addresses returns the two addresses of a lease.
func (l Lease) addresses() [2]netip.Addr { return [2]netip.Addr{l.Address, l.Address6} }

// askAddresses gives a member the addresses that it asks for.
func (a *assignment) askAddresses(m Member) error {
	for i, addr := range m.asked() {
		if !addr.IsValid() {
			continue
		}
		p := a.pools[i]
		if p == nil {
			return slice.Errorf(slice.Invalid, "address %s of member %s: the network has no CIDR for it", addr, m.who())
		}
		if why := p.refuses(m.Domain, addr); why != "" {
			return slice.Errorf(slice.Invalid, "address %s of member %s %s", addr, m.who(), why)
		}
		if other, ok := p.taken[addr]; ok {
			return slice.Errorf(slice.Invalid, "address %s is asked for by members %s and %s", addr, other, m.who())
		}
		a.setAddress(m, i, addr)
	}
	return nil
}

// keepAddresses leaves a member the addresses that it has. If another asks for
// one of them now, somebody must decide. What was reserved meanwhile, or given
// to a domain, is lost.
func (a *assignment) keepAddresses(m Member) error {
	for i, has := range a.old[m.who()].addresses() {
		p := a.pools[i]
		if p == nil || !has.IsValid() || a.new[m.who()].addresses()[i].IsValid() || !p.fits(m.Domain, has) {
			continue
		}
		if other, ok := p.taken[has]; ok {
			return slice.Errorf(slice.Conflict, "address %s that member %s asks for is in use by member %s", has, other, m.who())
		}
		a.setAddress(m, i, has)
	}
	return nil
}

// findAddresses gives a member the lowest addresses that are free.
func (a *assignment) findAddresses(m Member) error {
	for i, p := range a.pools {
		if p == nil || a.new[m.who()].addresses()[i].IsValid() {
			continue
		}
		addr, ok := p.find(m.Domain)
		if !ok {
			return slice.Errorf(slice.Exhausted, "no address of %s is free for member %s", p.where(m.Domain), m.who())
		}
		a.setAddress(m, i, addr)
	}
	return nil
}

func (a *assignment) setAddress(m Member, i int, addr netip.Addr) {
	l := a.new[m.who()]
	if i == 0 {
		l.Address = addr
	} else {
		l.Address6 = addr
	}
	a.new[m.who()], a.pools[i].taken[addr] = l, m.who()
}

// usable reports whether a host may have an address of a prefix. The first
// names the network, and in IPv4 the last everybody in it; prefixes with no
// room for that give all they have (RFC 3021, RFC 6164).
func usable(p netip.Prefix, addr netip.Addr) bool {
	if !p.Contains(addr) {
		return false
	}
	if p.Bits() >= addr.BitLen()-1 {
		return true
	}
	if addr == p.Masked().Addr() {
		return false
	}
	return addr.Is6() || p.Contains(addr.Next())
}
