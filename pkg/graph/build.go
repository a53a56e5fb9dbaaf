package graph

import (
	"cmp"
	"slices"

	"github.com/l2sces/l2sces/pkg/descriptor"
)

// A builder adds parts and edges to the nodes that are known.
type builder struct {
	Graph
	byID map[string]int
}

// whole is the part of an end that means the node itself.
const whole = -1

// node returns the node of an id, or makes one that is missing.
func (b *builder) node(kind Kind, id string) int {
	if i, ok := b.byID[key(kind, id)]; ok {
		return i
	}
	b.Nodes = append(b.Nodes, Node{Kind: kind, ID: id, Missing: true})
	b.byID[key(kind, id)] = len(b.Nodes) - 1
	return len(b.Nodes) - 1
}

// add gives a node a part, and returns its end.
func (b *builder) add(node int, p Part) End {
	b.Nodes[node].Parts = append(b.Nodes[node].Parts, p)
	return End{node, len(b.Nodes[node].Parts) - 1}
}

// part returns the end of a part by name, or makes one that is missing. A node
// that is missing itself needs no parts.
func (b *builder) part(node int, name string) End {
	if b.Nodes[node].Missing {
		return End{node, whole}
	}
	if i := slices.IndexFunc(b.Nodes[node].Parts, func(p Part) bool { return p.Name == name }); i >= 0 {
		return End{node, i}
	}
	return b.add(node, Part{Name: name, Note: "is named, but not there", Missing: true})
}

func (b *builder) join(from, to End, relation Relation, label string) {
	missing := b.Nodes[to.Node].Missing || b.lost(from) || b.lost(to)
	b.Edges = append(b.Edges, Edge{from, to, relation, label, missing})
}

// lost reports whether an end is a part that is missing.
func (b *builder) lost(e End) bool { return e.Part != whole && b.Nodes[e.Node].Parts[e.Part].Missing }

// vnfd shows where a function is reached, and what Kubernetes runs of it.
func (b *builder) vnfd(i int, body descriptor.Node) {
	for _, c := range body.Get("ext-cpd").Items() {
		net := c.Get("k8s-cluster-net").Text()
		b.add(i, Part{Name: "cp " + c.Get("id").Text(), Note: cmp.Or(net, c.Get("int-cpd").Get("vdu-id").Text())})
	}
	for _, k := range body.Get("kdu").Items() {
		b.add(i, Part{Name: "kdu " + k.Get("name").Text(), Note: cmp.Or(k.Get("helm-chart").Text(), k.Get("juju-bundle").Text())})
	}
}

// nsdParts shows where slices join a service.
func (b *builder) nsdParts(i int, body descriptor.Node) {
	links := ids(body.Get("virtual-link-desc"))
	for _, s := range body.Get("sapd").Items() {
		link := s.Get("virtual-link-desc").Text()
		b.add(i, Part{Name: "sapd " + s.Get("id").Text(), Note: "link " + link, Missing: !slices.Contains(links, link)})
	}
}

// nsdEdges ties a service's members to functions, and their links to connection
// points. OSM uses the first flavour only.
func (b *builder) nsdEdges(i int, body descriptor.Node) {
	links := ids(body.Get("virtual-link-desc"))
	used := map[string]bool{}
	for _, df := range first(body.Get("df").Items()) {
		for _, p := range df.Get("vnf-profile").Items() {
			function := p.Get("vnfd-id").Text()
			used[function] = true
			to := b.node(VNFD, function)
			b.join(b.add(i, Part{Name: "member " + p.Get("id").Text()}), End{to, whole}, VNFDID, "vnfd-id")
			for _, c := range p.Get("virtual-link-connectivity").Items() {
				link := c.Get("virtual-link-profile-id").Text()
				for _, cpd := range c.Get("constituent-cpd-id").Items() {
					from := b.add(i, Part{Name: "link " + link, Missing: !slices.Contains(links, link), Indent: true})
					b.join(from, b.part(to, "cp "+cpd.Get("constituent-cpd-id").Text()), CPD, link)
				}
			}
		}
	}
	for _, v := range body.Get("vnfd-id").Items() {
		if !used[v.Text()] {
			b.join(End{i, whole}, End{b.node(VNFD, v.Text()), whole}, VNFDID, "vnfd-id")
		}
	}
}

// nst ties a template's subnets to services, and its links to their sapd.
func (b *builder) nst(i int, body descriptor.Node) {
	services := map[string]string{}
	for _, s := range body.Get("netslice-subnet").Items() {
		id, service := s.Get("id").Text(), s.Get("nsd-ref").Text()
		services[id] = service
		note := ""
		if s.Get("is-shared-nss").Bool() {
			note = "shared"
		}
		b.join(b.add(i, Part{Name: "subnet " + id, Note: note}), End{b.node(NSD, service), whole}, NSDRef, "nsd-ref")
	}
	for _, l := range body.Get("netslice-vld").Items() {
		id := l.Get("id").Text()
		b.add(i, Part{Name: "link " + id, Note: l.Get("type").Text()})
		for _, p := range l.Get("nss-connection-point-ref").Items() {
			subnet, point := p.Get("nss-ref").Text(), p.Get("nsd-connection-point-ref").Text()
			service, known := services[subnet]
			from := b.add(i, Part{Name: "at " + subnet, Missing: !known, Indent: true})
			if !known {
				b.join(from, End{b.node(NSD, "subnet "+subnet), whole}, SAPD, id)
				continue
			}
			b.join(from, b.part(b.node(NSD, service), "sapd "+point), SAPD, id)
		}
	}
}

// ids returns the ids of a list's elements.
func ids(list descriptor.Node) []string {
	var all []string
	for _, item := range list.Items() {
		all = append(all, item.Get("id").Text())
	}
	return all
}

func first(items []descriptor.Node) []descriptor.Node {
	return items[:min(1, len(items))]
}
