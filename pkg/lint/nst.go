package lint

import (
	"regexp"
	"strings"

	"github.com/l2sces/l2sces/pkg/descriptor"
)

var differentiator = regexp.MustCompile(`^[0-9A-Fa-f]{6}$`)

// nst holds a slice template to what OSM makes of it, and to what we do.
func (u *unit) nst() {
	u.identity("nst-identity", "name")
	n := u.body
	if sst := n.Get("SNSSAI-identifier").Get("slice-service-type"); sst.Text() == "" {
		u.add("nst-identity", n.Get("SNSSAI-identifier"), "SNSSAI-identifier.slice-service-type is missing")
	}
	q := n.Get("quality-of-service")
	if q.Get("id").Text() == "" {
		u.add("nst-identity", q, "quality-of-service.id is missing")
	}
	if sd := n.Get("SNSSAI-identifier").Get("slice-differentiator"); sd.Text() != "" && !differentiator.MatchString(sd.Text()) {
		u.add("nst-differentiator", sd, "%s is not six hexadecimal digits", quoted(sd.Text()))
	}
	if rate := q.Get("packet-error-rate"); rate.Text() != "" {
		if _, whole := rate.Uint(); !whole {
			u.add("nst-error-rate", rate, "OSM keeps nothing of an error rate of %s", quoted(rate.Text()))
		}
	}
	for _, key := range []string{"netslice-subnet", "netslice-vld"} {
		if len(n.Get(key).Items()) == 0 {
			u.add("nst-empty", n.Get(key), "the template has no %s", key)
		}
	}
	services := map[string]*unit{}
	for _, s := range n.Get("netslice-subnet").Items() {
		u.subnet(s)
		services[s.Get("id").Text()] = u.set.find(descriptor.KindNSD, s.Get("nsd-ref").Text())
	}
	joined := map[string]string{}
	for _, l := range n.Get("netslice-vld").Items() {
		u.link(l, services, joined)
	}
	u.segments()
	u.foreign()
	u.intents()
}

// subnet looks at one network service of a slice.
func (u *unit) subnet(s descriptor.Node) {
	id, ref, description := s.Get("id"), s.Get("nsd-ref"), s.Get("description")
	switch {
	case description.Text() == "":
		u.add("nst-description", description, "subnet %s has no description", quoted(id.Text()))
	case unfitDescription(description.Text()):
		u.add("nst-description", description, "the description of subnet %s has quotes or more than %d characters", quoted(id.Text()), maxName)
	}
	if strings.ContainsAny(id.Text(), unfit) {
		u.add("nst-subnet-name", id, "no service can be named after subnet %s", quoted(id.Text()))
	}
	if ref.Text() == "" {
		u.add("nst-service", ref, "subnet %s names no service", quoted(id.Text()))
		return
	}
	service := u.set.find(descriptor.KindNSD, ref.Text())
	if u.absent(descriptor.KindNSD, ref) || service == nil {
		return
	}
	if len(service.body.Get("sapd").Items()) == 0 && len(u.body.Get("netslice-vld").Items()) > 0 {
		u.add("nst-no-sapd", ref, "service %s has no sapd: no link can join it", quoted(ref.Text()))
	}
	u.parametersOf(s.Get("instantiation-parameters"), service)
}

// parametersOf holds the parameters of a service against its descriptor.
func (u *unit) parametersOf(p descriptor.Node, service *unit) {
	for _, part := range []struct{ from, to string }{
		{"vnf.member-vnf-index", "df.vnf-profile.id"},
		{"vld.name", "virtual-link-desc.id"},
		{"vld.vnfd-connection-point-ref.member-vnf-index-ref", "df.vnf-profile.id"},
	} {
		t := service.targets(part.to)
		for _, n := range reach(p, part.from) {
			if !t.known[n.Text()] {
				u.dangling("nst-parameters", n, part.from, part.to+" of "+service.id(), t.nodes)
			}
		}
	}
}

// link looks at one link of a slice.
func (u *unit) link(l descriptor.Node, services map[string]*unit, joined map[string]string) {
	id, name, points := l.Get("id"), l.Get("name"), l.Get("nss-connection-point-ref").Items()
	switch {
	case name.Text() == "":
		u.add("nst-link-name", name, "link %s has no name", quoted(id.Text()))
	case name.Text() != id.Text():
		u.add("nst-link-dropped", name, "name %s is not the id, %s", quoted(name.Text()), quoted(id.Text()))
	}
	const ends = 2
	switch {
	case len(points) < min(ends, max(len(u.body.Get("netslice-subnet").Items()), 1)): // a single service may be in several places itself
		u.add("nst-link-alone", l, "link %s joins %d points, which is fewer than two", quoted(id.Text()), len(points))
	case len(points) > ends && l.Get("type").Text() == "ELINE":
		u.add("nst-line", l.Get("type"), "a line has two ends, link %s has %d", quoted(id.Text()), len(points))
	}
	for _, p := range points {
		subnet, ref := p.Get("nss-ref").Text(), p.Get("nsd-connection-point-ref")
		if service := services[subnet]; service != nil && len(service.body.Get("sapd").Items()) > 0 {
			if t := service.targets("sapd.id"); !t.known[ref.Text()] && !u.full() {
				u.add("nst-sapd", or(ref, p), "service %s has no sapd %s%s", quoted(service.id()), quoted(ref.Text()), near(ref.Text(), t.nodes))
			}
		}
		key := subnet + " " + ref.Text()
		if other, twice := joined[key]; twice && other != id.Text() {
			u.add("nst-point-twice", or(ref, p), "point %s of subnet %s is joined to link %s already", quoted(ref.Text()), quoted(subnet), quoted(other))
		}
		joined[key] = id.Text()
	}
}
