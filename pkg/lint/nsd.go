package lint

import (
	"net/netip"

	"github.com/l2sces/l2sces/pkg/descriptor"
)

// nsd holds a service descriptor to what OSM makes of it.
func (u *unit) nsd() {
	u.identity("nsd-identity", "name", "version")
	u.flavours("nsd-flavour", "nsd-flavours")
	n := u.body
	for _, id := range n.Get("vnfd-id").Items() {
		u.absent(descriptor.KindVNFD, id)
	}
	for _, key := range []string{"nested-nsd-id", "pnfd-id"} {
		if list := n.Get(key); len(list.Items()) > 0 {
			u.add("nsd-ignored", list, "OSM makes nothing of %s", key)
		}
	}
	u.circle()
	for _, s := range n.Get("sapd").Items() {
		if !s.Get("virtual-link-desc").Exists() && !s.Get("vnf").Exists() && !s.Get("pnf").Exists() && !s.Get("ns").Exists() {
			u.add("nsd-sapd-link", s, "sapd %s leads to no link", quoted(s.Get("id").Text()))
		}
	}
	u.segments()
	u.instances()
	u.members()
	u.linkUse()
	u.mgmtProfiles()
	if c := n.Get("ns-configuration"); c.Exists() {
		u.config(c, []string{})
	}
	u.artifacts()
	u.foreign()
}

// absent tells of a package that is not among those looked at, and reports
// whether it is not.
func (u *unit) absent(kind descriptor.Kind, id descriptor.Node) bool {
	if id.Text() == "" || u.set.find(kind, id.Text()) != nil || u.full() {
		return false
	}
	var known []descriptor.Node
	for _, other := range u.set.byID[kind] {
		known = append(known, other.body.Get("id"))
	}
	u.add("package-absent", id, "no %s %s is among the packages given%s", kind, quoted(id.Text()), near(id.Text(), known))
	return true
}

// circle refuses services that hold themselves.
func (u *unit) circle() {
	tried := map[string]bool{}
	for _, id := range u.body.Get("nested-nsd-id").Items() {
		if tried[id.Text()] {
			continue
		}
		tried[id.Text()] = true
		seen := map[string]bool{}
		for todo := []string{id.Text()}; len(todo) > 0; todo = todo[1:] {
			if todo[0] == u.id() {
				u.add("nsd-circle", id, "service %s holds itself by way of %s", quoted(u.id()), quoted(id.Text()))
				break
			}
			if other := u.set.find(descriptor.KindNSD, todo[0]); other != nil && !seen[todo[0]] {
				seen[todo[0]] = true
				for _, next := range other.body.Get("nested-nsd-id").Items() {
					todo = append(todo, next.Text())
				}
			}
		}
	}
}

// members looks at the members of a service and how they are joined.
func (u *unit) members() {
	used := map[string]bool{}
	for i, df := range u.body.Get("df").Items() {
		prefixes := u.plan(df, "virtual-link-desc-id")
		taken := map[string]string{}
		for _, p := range df.Get("vnf-profile").Items() {
			used[p.Get("vnfd-id").Text()] = true
			u.member(p, prefixes, taken)
		}
		if i == 0 && len(df.Get("vnf-profile").Items()) == 0 {
			u.add("nsd-empty", df, "the service has no vnf-profile: nothing is deployed")
		}
	}
	for _, id := range u.body.Get("vnfd-id").Items() {
		if !used[id.Text()] && len(used) > 0 {
			u.add("nsd-function-unused", id, "no vnf-profile uses function %s", quoted(id.Text()))
		}
	}
}

// member looks at one member: each of its connectivities joins one of its
// connection points to a link.
func (u *unit) member(p descriptor.Node, prefixes map[string]netip.Prefix, taken map[string]string) {
	joined := map[string]bool{}
	function := u.set.find(descriptor.KindVNFD, p.Get("vnfd-id").Text())
	for _, c := range p.Get("virtual-link-connectivity").Items() {
		link := c.Get("virtual-link-profile-id").Text()
		points := c.Get("constituent-cpd-id")
		switch len(points.Items()) {
		case 0:
			u.add("nsd-points", c, "link %s joins no connection point here", quoted(link))
		case 1:
		default:
			u.add("nsd-points", points.Items()[1], "one connection point of a connectivity counts, these are %d", len(points.Items()))
		}
		for _, cpd := range points.Items() {
			u.point(p, cpd, function)
			id := cpd.Get("constituent-cpd-id")
			if joined[id.Text()] {
				u.add("nsd-point-twice", id, "connection point %s is joined already", quoted(id.Text()))
			}
			joined[id.Text()] = true
			for _, a := range reach(cpd, "ip-address") {
				u.fixed(a, link, prefixes[link], taken)
			}
		}
	}
	if len(p.Get("virtual-link-connectivity").Items()) == 0 {
		u.add("nsd-unconnected", p, "member %s is joined to no link", quoted(p.Get("id").Text()))
	} else if function != nil {
		if m := function.body.Get("mgmt-cp").Text(); m != "" && !joined[m] {
			u.add("nsd-management", p, "connection point %s, by which %s is managed, is joined to no link", quoted(m), quoted(p.Get("id").Text()))
		}
	}
}

// point holds a connection point of a member against the member and its
// function.
func (u *unit) point(p, cpd descriptor.Node, function *unit) {
	element, id := cpd.Get("constituent-base-element-id"), cpd.Get("constituent-cpd-id")
	if element.Text() != p.Get("id").Text() {
		u.add("nsd-element", or(element, cpd), "%s is not the id of this member, %s", quoted(element.Text()), quoted(p.Get("id").Text()))
	}
	if function == nil {
		return
	}
	if points := function.targets("ext-cpd.id"); id.Text() != "" && !points.known[id.Text()] && !u.full() {
		u.add("nsd-point", id, "function %s has no ext-cpd %s%s", quoted(function.id()), quoted(id.Text()), near(id.Text(), points.nodes))
	}
}

// fixed looks at an address that a member is given.
func (u *unit) fixed(n descriptor.Node, link string, prefix netip.Prefix, taken map[string]string) {
	u.within(prefix, n)
	key := link + " " + n.Text()
	if other, twice := taken[key]; twice {
		u.add("address-twice", n, "%s is given already, on %s", quoted(n.Text()), other)
		return
	}
	taken[key] = n.At().String()
}

// linkUse tells of links that nobody joins.
func (u *unit) linkUse() {
	used := words(append(reach(u.body, "df.vnf-profile.virtual-link-connectivity.virtual-link-profile-id"), reach(u.body, "sapd.virtual-link-desc")...))
	for _, l := range u.body.Get("virtual-link-desc").Items() {
		if id := l.Get("id"); id.Text() != "" && !used[id.Text()] {
			u.add("nsd-link-unused", id, "neither a member nor a sapd joins link %s", quoted(id.Text()))
		}
	}
}

// mgmtProfiles refuses address plans of management links, and two plans of one
// link.
func (u *unit) mgmtProfiles() {
	mgmt := map[string]bool{}
	for _, l := range u.body.Get("virtual-link-desc").Items() {
		mgmt[l.Get("id").Text()] = l.Get("mgmt-network").Bool()
	}
	for _, df := range u.body.Get("df").Items() {
		seen := map[string]bool{}
		for _, p := range df.Get("virtual-link-profile").Items() {
			link := p.Get("virtual-link-desc-id")
			if data := p.Get("virtual-link-protocol-data"); data.Exists() && mgmt[link.Text()] {
				u.add("nsd-management-profile", data, "link %s is a management network: OSM takes no protocol data for it", quoted(link.Text()))
			}
			if seen[link.Text()] && link.Exists() {
				u.add("nsd-profile-twice", link, "link %s has a profile already", quoted(link.Text()))
			}
			seen[link.Text()] = true
			if !link.Exists() {
				u.add("nsd-profile-link", p, "the profile is of no link")
			}
		}
	}
}
