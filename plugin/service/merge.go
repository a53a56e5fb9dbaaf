package service

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A merger makes the intents of one slice. What its own service asks for counts
// first; what folds into it is taken as far as it agrees, and the rest is told.
type merger struct {
	c     *Composition
	part  *part
	out   intent.Intents
	paths []folded // of services that fold
	notes map[Key][]string
}

// A folded path is one of another service.
type folded struct {
	from Key
	path intent.Path
}

func (m *merger) note(k Key, format string, args ...any) {
	m.notes[k] = append(m.notes[k], fmt.Sprintf(format, args...))
}

// keep drops the networks that another slice holds, with their paths.
func (m *merger) keep() {
	networks := m.c.services[m.part.service].Intents.Slice.Networks
	here := func(name slice.NetworkName) bool {
		return slices.ContainsFunc(m.part.networks, func(k int) bool { return networks[k].Name == name })
	}
	s := &m.out.Slice
	s.Networks = slices.DeleteFunc(s.Networks, func(n intent.Network) bool { return !here(n.Name) })
	m.out.Paths = slices.DeleteFunc(m.out.Paths, func(p intent.Path) bool { return !here(p.Network) })
}

// fold puts a network of another service into one of the slice.
func (m *merger) fold(f fold) {
	from := m.c.services[f.from.service].clone()
	other := from.Intents
	intent.Default(&other)
	source := other.Slice.Networks[f.from.network]
	name := m.c.network(node{m.part.service, f.into}).Name
	i := slices.IndexFunc(m.out.Slice.Networks, func(n intent.Network) bool { return n.Name == name })
	into := &m.out.Slice.Networks[i]
	m.reach(other, source, into)
	m.address(from.Key, into, source)
	into.MTU, into.BandwidthKbps = least(into.MTU, source.MTU), least(into.BandwidthKbps, source.BandwidthKbps)
	if wider := slices.Index(types, source.Type) > slices.Index(types, into.Type); wider {
		into.Type = source.Type
	}
	for _, w := range source.Members {
		m.member(from.Key, into, w)
	}
	m.overlay(from.Key, other.Overlay)
	for _, p := range other.Paths {
		if p.Network == source.Name {
			p.Network = name
			m.paths = append(m.paths, folded{from.Key, p})
		}
	}
}

// types of networks, each with room for more than the one before.
var types = []slice.NetworkType{slice.VLink, slice.VNet, slice.ExtVNet}

// reach adds the domains of a network to another one, and to the slice.
func (m *merger) reach(other intent.Intents, n intent.Network, into *intent.Network) {
	s := &m.out.Slice
	for _, d := range n.Domains {
		if slices.Contains(into.Domains, d) {
			continue
		}
		into.Domains = append(into.Domains, d)
		named := func(o intent.Domain) bool { return o.Name == d }
		if slices.ContainsFunc(s.Domains, named) {
			continue
		}
		added := intent.Domain{Name: d}
		if i := slices.IndexFunc(other.Slice.Domains, named); i >= 0 {
			added = other.Slice.Domains[i]
		}
		s.Domains = append(s.Domains, added)
		if m.out.Overlay.Shape == intent.Explicit && into.Domains[0] != d {
			m.link(into.Domains[0], d)
		}
	}
}

// link joins a domain that is new in an explicit overlay, as nobody has said how.
func (m *merger) link(first, d slice.Domain) {
	m.out.Overlay.Links = append(m.out.Overlay.Links, intent.Link{From: first, To: d})
	m.note(m.c.services[m.part.service].Key, "domain %s is joined by a link to %s, as the overlay is explicit and does not name it", d, first)
}

// address takes a range of addresses over where there is none yet, and what is
// reserved in the same one.
func (m *merger) address(from Key, into *intent.Network, source intent.Network) {
	switch {
	case !source.CIDR.IsValid():
	case into.CIDR == source.CIDR && (into.CIDR6 == source.CIDR6 || !source.CIDR6.IsValid()):
		for _, s := range source.Reserved {
			m.reserve(from, into, s)
		}
	case into.CIDR.IsValid():
		m.note(from, "cidr %s: the network that it is one with has %s", ranges(source), ranges(*into))
	case m.overlaps(source):
		m.note(from, "cidr %s: another network of slice %s has these addresses", ranges(source), m.out.Slice.ID)
	default:
		into.CIDR, into.CIDR6, into.Reserved, into.Ranges, into.Split = source.CIDR, source.CIDR6, source.Reserved, source.Ranges, source.Split
	}
}

// ranges shows the prefixes of a network.
func ranges(n intent.Network) string {
	if n.CIDR6.IsValid() {
		return fmt.Sprintf("%s and %s", n.CIDR, n.CIDR6)
	}
	return n.CIDR.String()
}

// overlaps reports whether the slice has some of a network's addresses already.
func (m *merger) overlaps(n intent.Network) bool {
	return slices.ContainsFunc(m.out.Slice.Networks, func(o intent.Network) bool {
		for _, p := range []netip.Prefix{n.CIDR, n.CIDR6} {
			if p.IsValid() && (o.CIDR.IsValid() && p.Overlaps(o.CIDR) || o.CIDR6.IsValid() && p.Overlaps(o.CIDR6)) {
				return true
			}
		}
		return false
	})
}

// reserve keeps addresses free, unless a member has asked for one of them.
func (m *merger) reserve(from Key, into *intent.Network, s slice.Span) {
	if slices.Contains(into.Reserved, s) {
		return
	}
	asks := func(w intent.Member) bool { return s.Contains(w.Address) || s.Contains(w.Address6) }
	if i := slices.IndexFunc(into.Members, asks); i >= 0 {
		m.note(from, "%s is not reserved: member %s has an address of it", s, into.Members[i].Name)
		return
	}
	into.Reserved = append(into.Reserved, s)
}

// member adds a member, once.
func (m *merger) member(from Key, into *intent.Network, w intent.Member) {
	if i := slices.IndexFunc(into.Members, func(o intent.Member) bool { return o.Name == w.Name }); i >= 0 {
		if have := into.Members[i]; have.Domain != w.Domain {
			m.note(from, "member %s of domain %s is left out: the network has one of that name, of domain %s", w.Name, w.Domain, have.Domain)
		}
		return
	}
	for _, a := range []struct {
		asked *netip.Addr
		in    netip.Prefix
	}{{&w.Address, into.CIDR}, {&w.Address6, into.CIDR6}} {
		if a.asked.IsValid() && !free(*into, w.Domain, a.in, *a.asked) {
			m.note(from, "member %s: address %s is not to be had, so another is planned", w.Name, a.asked)
			*a.asked = netip.Addr{}
		}
	}
	if !w.MAC.IsZero() && slices.ContainsFunc(into.Members, func(o intent.Member) bool { return o.MAC == w.MAC }) {
		m.note(from, "member %s: %s is another member's, so another is planned", w.Name, w.MAC)
		w.MAC = slice.MAC{}
	}
	if m.named(into.Name, w) {
		w.Interface = "" // that of the network
	}
	into.Members = append(into.Members, w)
}

// free reports whether a member of a domain can have an address.
func free(n intent.Network, d slice.Domain, in netip.Prefix, a netip.Addr) bool {
	if !in.IsValid() || !in.Contains(a) {
		return false
	}
	if all := slice.SpanOf(in); a == all.First || a == all.Last {
		return false
	}
	return !slices.ContainsFunc(n.Reserved, func(s slice.Span) bool { return s.Contains(a) }) &&
		!slices.ContainsFunc(n.Ranges, func(r intent.Range) bool { return r.Domain != d && r.CIDR.Contains(a) }) &&
		!slices.ContainsFunc(n.Members, func(o intent.Member) bool { return o.Address == a || o.Address6 == a })
}

// named reports whether a workload has an interface of that name in another network of
// the slice.
func (m *merger) named(name slice.NetworkName, w intent.Member) bool {
	return slices.ContainsFunc(m.out.Slice.Networks, func(n intent.Network) bool {
		return n.Name != name && slices.ContainsFunc(n.Members, func(o intent.Member) bool {
			return o.Name == w.Name && o.Domain == w.Domain && o.Interface == w.Interface
		})
	})
}

// overlay lets the stricter encryption count. Else the slice's own overlay does.
func (m *merger) overlay(from Key, o intent.Overlay) {
	have := &m.out.Overlay
	switch {
	case have.Encryption == o.Encryption || o.Encryption == intent.NoEncryption:
	case have.Encryption == intent.NoEncryption:
		have.Encryption = o.Encryption
		m.note(from, "its encryption, %s, holds for all of slice %s", o.Encryption, m.out.Slice.ID)
	default:
		m.note(from, "encryption %s: slice %s has %s", o.Encryption, m.out.Slice.ID, have.Encryption)
	}
	have.Measured = have.Measured || o.Measured
	if o.Shape != intent.Mesh && o.Shape != have.Shape || len(o.Links) > 0 && m.c.services[m.part.service].Key != from {
		m.note(from, "its overlay does not count: that of slice %s does", m.out.Slice.ID)
	}
}

// steer adds the paths of services that fold, as far as they can be had.
func (m *merger) steer() {
	for _, f := range m.paths {
		p := f.path
		same := func(o intent.Path) bool {
			return o.Network == p.Network && (o.From == p.From && o.To == p.To || o.From == p.To && o.To == p.From)
		}
		before := m.out.Paths
		if !slices.ContainsFunc(before, same) {
			m.out.Paths = append(slices.Clip(before), p)
			if m.out.Validate() == nil {
				continue
			}
		}
		m.out.Paths = before
		m.note(f.from, "its path from %s to %s does not count: slice %s has another, or other links", p.From, p.To, m.out.Slice.ID)
	}
}

// fit makes a network of two ends, to which more came, one of many.
func (m *merger) fit() {
	for i := range m.out.Slice.Networks {
		n := &m.out.Slice.Networks[i]
		if n.Type == slice.VLink && len(n.Members) != 2 && len(n.Members) != 0 {
			n.Type = slice.VNet
		}
	}
}

// least returns the lower one; 0 says nothing.
func least(a, b uint32) uint32 {
	if a == 0 || b == 0 {
		return cmp.Or(a, b)
	}
	return min(a, b)
}
