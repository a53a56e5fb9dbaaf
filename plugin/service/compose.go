package service

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// Slices returns the ids of the slices that come of the services, sorted.
func (c *Composition) Slices() []slice.ID {
	var all []slice.ID
	for id := range c.parts {
		all = append(all, id)
	}
	slices.Sort(all)
	return all
}

// Place returns where a network of a service is.
func (c *Composition) Place(k Key, name slice.NetworkName) (slice.NetworkID, bool) {
	i, ok := c.at[k]
	if !ok {
		return slice.NetworkID{}, false
	}
	n, ok := c.number(i, name)
	if !ok {
		return slice.NetworkID{}, false
	}
	return c.places[n], true
}

// Notes tell what was taken of a service and does otherwise than it looks.
func (c *Composition) Notes(k Key) []string { return c.notes[k] }

// names reports whether a slice is made of a service that changes.
func (c *Composition) names(id slice.ID, some change) bool {
	p := c.parts[id]
	if p == nil {
		return false
	}
	if _, is := some[c.services[p.service].Key]; is {
		return true
	}
	return slices.ContainsFunc(p.folded, func(f fold) bool {
		_, is := some[c.services[f.from.service].Key]
		return is
	})
}

// Intents returns what is wanted of a slice, with defaults, in canonical order,
// and what of it a service asked for and does not get.
func (c *Composition) Intents(id slice.ID) (intent.Intents, map[Key][]string) {
	p := c.parts[id]
	m := merger{c: c, part: *p, notes: map[Key][]string{}}
	owner := c.services[p.service]
	m.out = owner.Intents.Clone()
	m.out.Slice.ID, m.out.Slice.Tenant = id, owner.Tenant
	intent.Default(&m.out)
	m.keep()
	for _, f := range p.folded {
		m.fold(f)
	}
	m.fit()
	intent.Default(&m.out)
	return m.out.Canonical(), m.notes
}

// A merger makes the intents of one slice.
type merger struct {
	c     *Composition
	part  part
	out   intent.Intents
	notes map[Key][]string
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
	from := m.c.services[f.from.service]
	other := from.Intents.Clone()
	intent.Default(&other)
	source := other.Slice.Networks[f.from.network]
	name := m.c.network(node{m.part.service, f.into}).Name
	i := slices.IndexFunc(m.out.Slice.Networks, func(n intent.Network) bool { return n.Name == name })
	into := &m.out.Slice.Networks[i]
	m.reach(other, source)
	for _, d := range source.Domains {
		if !slices.Contains(into.Domains, d) {
			into.Domains = append(into.Domains, d)
		}
	}
	m.address(from.Key, into, source)
	into.MTU, into.BandwidthKbps = least(into.MTU, source.MTU), least(into.BandwidthKbps, source.BandwidthKbps)
	if source.Type != slice.VLink && into.Type == slice.VLink {
		into.Type = source.Type
	}
	for _, w := range source.Members {
		m.member(from.Key, into, w)
	}
	m.strict(from.Key, other.Overlay)
	for _, p := range other.Paths {
		if p.Network == source.Name {
			p.Network = name
			m.path(p)
		}
	}
}

// reach adds the domains of a network to the slice.
func (m *merger) reach(other intent.Intents, n intent.Network) {
	s := &m.out.Slice
	for _, d := range n.Domains {
		if slices.ContainsFunc(s.Domains, func(o intent.Domain) bool { return o.Name == d }) {
			continue
		}
		added := intent.Domain{Name: d}
		if i := slices.IndexFunc(other.Slice.Domains, func(o intent.Domain) bool { return o.Name == d }); i >= 0 {
			added = other.Slice.Domains[i]
		}
		s.Domains = append(s.Domains, added)
		if m.out.Overlay.Shape == intent.Explicit {
			m.link(d)
		}
	}
}

// link joins a domain that is new in an explicit overlay to its first domain, for
// nobody has said how.
func (m *merger) link(d slice.Domain) {
	first := m.out.Slice.Domains[0].Name
	m.out.Overlay.Links = append(m.out.Overlay.Links, intent.Link{From: first, To: d})
	m.note(m.c.services[m.part.service].Key, "domain %s is joined by a link to %s, as the overlay is explicit and does not name it", d, first)
}

// address takes addresses over, where there are none yet.
func (m *merger) address(from Key, into *intent.Network, source intent.Network) {
	switch {
	case !source.CIDR.IsValid():
	case !into.CIDR.IsValid() && into.CIDR6 == (netip.Prefix{}):
		into.CIDR, into.CIDR6, into.Reserved, into.Ranges, into.Split = source.CIDR, source.CIDR6, source.Reserved, source.Ranges, source.Split
	case into.CIDR == source.CIDR:
		for _, s := range source.Reserved {
			if !slices.Contains(into.Reserved, s) {
				into.Reserved = append(into.Reserved, s)
			}
		}
	default:
		m.note(from, "cidr %s: the network that it is one with has %s", source.CIDR, into.CIDR)
	}
}

// member adds a member, once.
func (m *merger) member(from Key, into *intent.Network, w intent.Member) {
	if slices.ContainsFunc(into.Members, func(o intent.Member) bool { return o.Name == w.Name }) {
		return
	}
	taken := func(a netip.Addr) bool {
		return slices.ContainsFunc(into.Members, func(o intent.Member) bool { return o.Address == a || o.Address6 == a })
	}
	fits := func(a netip.Addr) bool { return !a.IsValid() || into.CIDR.Contains(a) && !taken(a) }
	if !fits(w.Address) {
		m.note(from, "member %s: address %s is not to be had in %s, so another is planned", w.Name, w.Address, into.CIDR)
		w.Address = netip.Addr{}
	}
	if w.Address6.IsValid() && (!into.CIDR6.Contains(w.Address6) || taken(w.Address6)) {
		w.Address6 = netip.Addr{}
	}
	if !w.MAC.IsZero() && slices.ContainsFunc(into.Members, func(o intent.Member) bool { return o.MAC == w.MAC }) {
		w.MAC = slice.MAC{}
	}
	into.Members = append(into.Members, w)
}

// strict lets the stricter encryption count.
func (m *merger) strict(from Key, o intent.Overlay) {
	have := &m.out.Overlay
	if have.Encryption == intent.NoEncryption && o.Encryption != intent.NoEncryption {
		have.Encryption = o.Encryption
		m.note(from, "its encryption, %s, holds for all of slice %s", o.Encryption, m.out.Slice.ID)
	}
	have.Measured = have.Measured || o.Measured
}

// path adds a path unless the two domains have one.
func (m *merger) path(p intent.Path) {
	same := func(o intent.Path) bool {
		return o.Network == p.Network && (o.From == p.From && o.To == p.To || o.From == p.To && o.To == p.From)
	}
	if !slices.ContainsFunc(m.out.Paths, same) {
		m.out.Paths = append(m.out.Paths, p)
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
