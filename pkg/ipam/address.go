package ipam

import (
	"net/netip"

	"github.com/l2sces/l2sces/pkg/slice"
)

// askAddress gives a member the address that it asks for.
func (a *assignment) askAddress(m Member) error {
	switch {
	case !m.Address.IsValid():
		return nil
	case !a.prefix.IsValid():
		return slice.Errorf(slice.Invalid, "address %s of member %s: the network has no CIDR", m.Address, m.who())
	case !a.prefix.Contains(m.Address):
		return slice.Errorf(slice.Invalid, "address %s of member %s is outside %s", m.Address, m.who(), a.prefix)
	case !usable(a.prefix, m.Address):
		return slice.Errorf(slice.Invalid, "address %s of member %s is the network's own in %s", m.Address, m.who(), a.prefix)
	}
	if other, ok := a.addr[m.Address]; ok {
		return slice.Errorf(slice.Invalid, "address %s is asked for by members %s and %s", m.Address, other, m.who())
	}
	a.setAddress(m, m.Address)
	return nil
}

// keepAddress leaves a member the address that it has. If another asks for it
// now, somebody must decide.
func (a *assignment) keepAddress(m Member) error {
	has := a.old[m.who()].Address
	if a.new[m.who()].Address.IsValid() || !has.IsValid() || !a.prefix.IsValid() || !usable(a.prefix, has) {
		return nil
	}
	if other, ok := a.addr[has]; ok {
		return slice.Errorf(slice.Conflict, "address %s that member %s asks for is in use by member %s", has, other, m.who())
	}
	a.setAddress(m, has)
	return nil
}

// findAddress gives a member the lowest address that is free.
func (a *assignment) findAddress(m Member) error {
	if a.new[m.who()].Address.IsValid() || !a.prefix.IsValid() {
		return nil
	}
	if !a.search.IsValid() {
		a.search = a.prefix.Addr()
	}
	for ; a.search.IsValid() && a.prefix.Contains(a.search); a.search = a.search.Next() {
		if _, taken := a.addr[a.search]; !taken && usable(a.prefix, a.search) {
			a.setAddress(m, a.search)
			return nil
		}
	}
	return slice.Errorf(slice.Exhausted, "no address of %s is free for member %s", a.prefix, m.who())
}

func (a *assignment) setAddress(m Member, addr netip.Addr) {
	l := a.new[m.who()]
	l.Address = addr
	a.new[m.who()], a.addr[addr] = l, m.who()
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
