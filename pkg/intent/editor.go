package intent

import (
	"fmt"
	"slices"

	"github.com/l2sces/l2sces/pkg/slice"
)

// addFirst is the remedy for an edit of what is not there.
const addFirst = "add it first, or correct the name"

// editor carries edits out on intents of its own.
type editor struct {
	in   Intents
	path string // of the edit
}

// edit carries one edit out.
func (e *editor) edit(edit Edit) error {
	if err := edit.check(); err != nil {
		return fault(slice.Invalid, e.path, "", "%s", err)
	}
	e.path += "." + edit.kind()
	switch {
	case edit.AddDomain != nil:
		return e.addDomain(*edit.AddDomain)
	case edit.RemoveDomain != "":
		e.removeDomain(edit.RemoveDomain)
	case edit.AddLink != nil:
		e.addLink(*edit.AddLink)
	case edit.RemoveLink != nil:
		e.removeLink(*edit.RemoveLink)
	case edit.AddNetwork != nil:
		return e.addNetwork(*edit.AddNetwork)
	case edit.RemoveNetwork != "":
		e.removeNetwork(edit.RemoveNetwork)
	case edit.AddMember != nil:
		return e.addMember(e.path, *edit.AddMember)
	case edit.RemoveMember != nil:
		return e.removeMember(*edit.RemoveMember)
	case edit.SetPath != nil:
		return e.setPath(*edit.SetPath)
	case edit.RemovePath != nil:
		e.removePath(*edit.RemovePath)
	}
	return nil
}

// fault is an error at a field of the edit.
func (e *editor) fault(kind slice.Kind, field, remedy, format string, args ...any) error {
	return fault(kind, e.path+"."+field, remedy, format, args...)
}

func fault(kind slice.Kind, path, remedy, format string, args ...any) error {
	return slice.Errorf(kind, "%w", Faults{{Path: path, Message: fmt.Sprintf(format, args...), Remedy: remedy}})
}

func (e *editor) addDomain(d DomainEdit) error {
	all := &e.in.Slice.Domains
	name := d.Domain.Name
	switch i := slices.IndexFunc(*all, func(have Domain) bool { return have.Name == name }); {
	case i < 0:
		*all = append(*all, d.Domain)
	case d.Domain.Gateway != "" && d.Domain.Gateway != (*all)[i].Gateway:
		return e.fault(slice.Conflict, "domain.gateway", "remove it first", "domain %s is in the slice with gateway %q", name, (*all)[i].Gateway)
	}
	e.prune()
	for _, l := range d.Links {
		e.addLink(l)
	}
	if err := e.reach(name, d.Networks); err != nil {
		return err
	}
	for i, m := range d.Members {
		path := fmt.Sprintf("%s.members[%d]", e.path, i)
		if m.Member.Domain == "" {
			m.Member.Domain = name
		}
		if m.Member.Domain != name {
			return fault(slice.Invalid, path+".member.domain", "use addMember", "%s is not %s, the domain that is added", m.Member.Domain, name)
		}
		if err := e.addMember(path, m); err != nil {
			return err
		}
	}
	return nil
}

// reach has networks reach a domain: those named, or all that can.
func (e *editor) reach(d slice.Domain, names []slice.NetworkName) error {
	for i, name := range names {
		n := e.network(name)
		if n == nil {
			return e.fault(slice.Invalid, fmt.Sprintf("networks[%d]", i), addFirst, "there is no network %.64q", string(name))
		}
		n.extend(d)
	}
	if len(names) > 0 {
		return nil
	}
	for i := range e.in.Slice.Networks {
		if n := &e.in.Slice.Networks[i]; n.Type != slice.VLink {
			n.extend(d)
		}
	}
	return nil
}

func (n *Network) extend(d slice.Domain) {
	if !slices.Contains(n.Domains, d) {
		n.Domains = append(n.Domains, d)
	}
}

// removeDomain removes a domain with all that is in it or leads to it. A path
// that has to pass it stays, and is at fault.
func (e *editor) removeDomain(d slice.Domain) {
	s := &e.in.Slice
	e.in.Overlay.Links = slices.DeleteFunc(e.in.Overlay.Links, func(l Link) bool { return l.From == d || l.To == d })
	s.Domains = slices.DeleteFunc(s.Domains, func(have Domain) bool { return have.Name == d })
	e.prune()
	for i := range s.Networks {
		n := &s.Networks[i]
		n.Domains = slices.DeleteFunc(n.Domains, func(have slice.Domain) bool { return have == d })
		n.Members = slices.DeleteFunc(n.Members, func(m Member) bool { return m.Domain == d })
		n.Ranges = slices.DeleteFunc(n.Ranges, func(r Range) bool { return r.Domain == d })
	}
	e.in.Paths = slices.DeleteFunc(e.in.Paths, func(p Path) bool { return p.From == d || p.To == d })
	for i := range e.in.Paths {
		p := &e.in.Paths[i]
		p.Avoid = slices.DeleteFunc(p.Avoid, func(have slice.Domain) bool { return have == d })
	}
}

// prune forgets what is said of links that the shape of the overlay does not
// make any more.
func (e *editor) prune() {
	o := &e.in.Overlay
	if o.Shape == Explicit {
		return
	}
	made := shape(o.Shape, e.in.Slice.Domains)
	o.Links = slices.DeleteFunc(o.Links, func(l Link) bool { return !slices.ContainsFunc(made, l.joins) })
}

// addLink adds a link, or gives one that is there its cost and limits.
func (e *editor) addLink(l Link) {
	links := e.links()
	switch i := slices.IndexFunc(links, l.joins); {
	case i < 0:
		links = append(links, l)
	case links[i].like(l):
		return // and the overlay keeps its shape
	default:
		links[i] = l
	}
	e.in.Overlay.Shape, e.in.Overlay.Links = Explicit, links
}

func (e *editor) removeLink(l Link) {
	links := e.links()
	if i := slices.IndexFunc(links, l.joins); i >= 0 {
		e.in.Overlay.Shape, e.in.Overlay.Links = Explicit, slices.Delete(links, i, i+1)
	}
}

// links returns the links of the overlay, as its own or as its shape makes them.
func (e *editor) links() []Link { return e.in.Overlay.Expand(e.in.Slice.Domains) }

// joins reports whether a link joins the same two domains.
func (l Link) joins(other Link) bool {
	return pairOf(l.From, l.To) == pairOf(other.From, other.To)
}

// like reports whether a link of the same domains is the same.
func (l Link) like(other Link) bool {
	l.From, l.To = other.From, other.To
	l.Cost, other.Cost = max(1, l.Cost), max(1, other.Cost)
	return l == other
}

func (e *editor) addNetwork(n Network) error {
	n.Domains, n.Members = slices.Clone(n.Domains), slices.Clone(n.Members)
	defaultNetwork(&n)
	have := e.network(n.Name)
	switch {
	case have == nil:
		e.in.Slice.Networks = append(e.in.Slice.Networks, n)
	case !sameNetwork(*have, n):
		return e.fault(slice.Conflict, "name", "remove it first", "network %s is there already, and is another", n.Name)
	}
	return nil
}

// sameNetwork reports whether two networks ask for the same.
func sameNetwork(a, b Network) bool {
	of := func(n Network) Intents { return Intents{Slice: Slice{Networks: []Network{n}}} }
	return Equal(of(a), of(b))
}

// removeNetwork removes a network with its paths.
func (e *editor) removeNetwork(name slice.NetworkName) {
	e.in.Slice.Networks = slices.DeleteFunc(e.in.Slice.Networks, func(n Network) bool { return n.Name == name })
	e.in.Paths = slices.DeleteFunc(e.in.Paths, func(p Path) bool { return p.Network == name })
}

func (e *editor) network(name slice.NetworkName) *Network {
	i := slices.IndexFunc(e.in.Slice.Networks, func(n Network) bool { return n.Name == name })
	if i < 0 {
		return nil
	}
	return &e.in.Slice.Networks[i]
}

// addMember adds a member, and has its network reach its domain.
func (e *editor) addMember(path string, m MemberEdit) error {
	n := e.network(m.Network)
	if n == nil {
		return fault(slice.Invalid, path+".network", addFirst, "there is no network %.64q", string(m.Network))
	}
	added := Network{Name: n.Name, Members: []Member{m.Member}}
	defaultNetwork(&added)
	n.extend(m.Member.Domain)
	i := n.member(m.Member.Name)
	if i < 0 {
		n.Members = append(n.Members, added.Members[0])
		return nil
	}
	if !sameNetwork(added, Network{Name: n.Name, Type: added.Type, Domains: added.Domains, Members: n.Members[i : i+1]}) {
		return fault(slice.Conflict, path+".member.name", "remove it first", "workload %s is in network %s already, in another way", m.Member.Name, n.Name)
	}
	return nil
}

// removeMember removes a member by its name. A domain, if one is given, must be
// the member's.
func (e *editor) removeMember(m MemberEdit) error {
	n := e.network(m.Network)
	if n == nil {
		return nil
	}
	i := n.member(m.Member.Name)
	switch {
	case i < 0:
		return nil
	case m.Member.Domain != "" && m.Member.Domain != n.Members[i].Domain:
		return e.fault(slice.Conflict, "member.domain", "leave the domain out, or correct it", "workload %s is in domain %s", m.Member.Name, n.Members[i].Domain)
	}
	n.Members = slices.Delete(n.Members, i, i+1)
	return nil
}

func (n *Network) member(name slice.Workload) int {
	return slices.IndexFunc(n.Members, func(m Member) bool { return m.Name == name })
}

// setPath adds a path, or replaces the one of the same network between the
// same domains.
func (e *editor) setPath(p Path) error {
	if e.network(p.Network) == nil {
		return e.fault(slice.Invalid, "network", addFirst, "there is no network %.64q", string(p.Network))
	}
	p.Hops, p.Avoid = slices.Clone(p.Hops), slices.Clone(p.Avoid)
	if i := slices.IndexFunc(e.in.Paths, p.replaces); i >= 0 {
		e.in.Paths[i] = p
		return nil
	}
	e.in.Paths = append(e.in.Paths, p)
	return nil
}

func (e *editor) removePath(p Path) {
	e.in.Paths = slices.DeleteFunc(e.in.Paths, p.replaces)
}

// replaces reports whether a path steers the same network between the same
// domains.
func (p Path) replaces(other Path) bool {
	return p.Network == other.Network && pairOf(p.From, p.To) == pairOf(other.From, other.To)
}
