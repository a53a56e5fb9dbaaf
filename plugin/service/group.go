package service

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A node is one network of one service, by their places in a composition.
type node struct{ service, network int }

// A Composition says which networks of services are one, and which slices of the
// SCO come of it. It depends on the services alone, not on their order. It does not
// change.
type Composition struct {
	services []*Service
	ids      []slice.ID // of the slice of each service if nothing joins
	at       map[Key]int
	first    []int // number of each service's first node, among all
	nodes    []node
	places   []slice.NetworkID // of each node; none: the service has lost its slice
	parts    map[slice.ID]*part
	notes    map[Key][]string
	clashes  map[Key]slice.ID // services that lost the id of their slice to an older one
}

// A part is what one slice is made of.
type part struct {
	service  int    // whose slice it is
	networks []int  // of that service; another slice may hold some of them
	folded   []fold // of others, which are one with one of these
}

// A fold is a network that is one with another one.
type fold struct {
	from node
	into int // network of the part's service
}

// Compose joins services.
func Compose(services []Service) *Composition {
	all := make([]*Service, len(services))
	for i := range services {
		all[i] = &services[i]
	}
	return compose(all)
}

func compose(services []*Service) *Composition {
	c := &Composition{
		services: services, at: make(map[Key]int, len(services)), parts: make(map[slice.ID]*part, len(services)),
		notes: map[Key][]string{}, clashes: map[Key]slice.ID{},
	}
	slices.SortFunc(c.services, func(a, b *Service) int { return cmp.Or(byNumber(a, b), a.Key.compare(b.Key)) })
	for i, s := range c.services {
		c.at[s.Key] = i
		c.first = append(c.first, len(c.nodes))
		for k := range s.Intents.Slice.Networks {
			c.nodes = append(c.nodes, node{i, k})
		}
	}
	c.places = make([]slice.NetworkID, len(c.nodes))
	c.name()
	g := newGroups(len(c.nodes))
	c.claim(g)
	c.byTags(g)
	c.byJoins(g)
	c.place(g)
	return c
}

// groups are sets of nodes that are joined, by their numbers. Two that claim one tag
// are never in one set.
type groups struct {
	up     []int
	claims []map[tag]int // by the head of a set: who of it claims a tag
}

func newGroups(n int) *groups {
	g := &groups{up: make([]int, n), claims: make([]map[tag]int, n)}
	for i := range g.up {
		g.up[i] = i
	}
	return g
}

func (g *groups) of(n int) int {
	for g.up[n] != n {
		g.up[n] = g.up[g.up[n]]
		n = g.up[n]
	}
	return n
}

// claim notes that a node wants a tag for itself, whether or not it gets it.
func (g *groups) claim(n int, t tag) {
	if g.claims[n] == nil {
		g.claims[n] = map[tag]int{}
	}
	g.claims[n][t] = n
}

// join makes two sets one, unless rivals would be in it. Which service heads it is
// decided later.
func (g *groups) join(a, b int) bool {
	if a, b = g.of(a), g.of(b); a == b {
		return true
	}
	for t, n := range g.claims[b] {
		if other, both := g.claims[a][t]; both && other != n {
			return false
		}
	}
	if g.claims[a] == nil {
		g.claims[a] = g.claims[b]
	} else {
		maps.Copy(g.claims[a], g.claims[b])
	}
	g.up[b], g.claims[b] = a, nil
	return true
}

// name gives every service the id of its slice. Of two that want the same one the
// older gets it, and the other has no networks.
func (c *Composition) name() {
	taken := make(map[slice.ID]bool, len(c.services))
	c.ids = make([]slice.ID, len(c.services))
	for i, s := range c.services {
		c.ids[i] = sliceOf(s)
		if taken[c.ids[i]] {
			c.clashes[s.Key] = c.ids[i]
			c.note(s.Key, "slice %s belongs to another service", c.ids[i])
			continue
		}
		taken[c.ids[i]] = true
	}
}

// sliceOf returns the id of a service's slice if nothing joins.
func sliceOf(s *Service) slice.ID {
	if s.Intents.Slice.ID != "" {
		return s.Intents.Slice.ID
	}
	sum := sha256.Sum256([]byte(s.Key.path() + " " + string(s.Tenant)))
	return slice.ID(slice.Label(s.Key.Door) + "-" + hex.EncodeToString(sum[:8]))
}

// A tag is what a tenant's network is called at the hand-off of a domain.
type tag struct {
	tenant slice.Tenant
	domain slice.Domain
	vlan   slice.VLAN
}

// claim notes who claims which tag.
func (c *Composition) claim(g *groups) {
	c.handOffs(func(n int, t tag, claims bool) {
		if claims {
			g.claim(n, t)
		}
	})
}

// byTags joins networks that a domain hands over by one tag.
func (c *Composition) byTags(g *groups) {
	claimed, first := map[tag]int{}, map[tag]int{}
	c.handOffs(func(n int, t tag, claims bool) {
		owner, taken := claimed[t]
		if claims && taken && owner != n {
			c.note(c.key(n), "domain %s, VLAN %d: it belongs to %s, so network %s stays apart from it", t.domain, t.vlan, c.key(owner), c.network(c.nodes[n]).Name)
			return
		}
		if claims {
			claimed[t] = n
		}
		if other, ok := first[t]; !ok {
			first[t] = n
		} else if !g.join(other, n) {
			c.apart(n, other)
		}
	})
}

// handOffs calls f with every hand-off that has a tag, the oldest service first.
func (c *Composition) handOffs(f func(n int, t tag, claims bool)) {
	for i, s := range c.services {
		for _, h := range s.HandOffs {
			if n, ok := c.number(i, h.Network); ok && h.VLAN != 0 {
				f(n, tag{s.Tenant, h.Domain, h.VLAN}, h.Claims)
			}
		}
	}
}

// apart says why two nodes are not joined.
func (c *Composition) apart(n, other int) {
	c.note(c.key(n), "network %s stays apart from that of %s: else two services that claim one tag would be one", c.network(c.nodes[n]).Name, c.key(other))
}

func (c *Composition) key(n int) Key { return c.services[c.nodes[n].service].Key }

// byJoins joins networks of services that say so.
func (c *Composition) byJoins(g *groups) {
	for i, s := range c.services {
		for _, j := range s.Joins {
			n, ok := c.number(i, j.Network)
			with, there := c.at[j.With]
			if !ok || !there || c.services[with].Tenant != s.Tenant {
				continue
			}
			of := j.Of
			if networks := c.services[with].Intents.Slice.Networks; of == "" && len(networks) == 1 {
				of = networks[0].Name
			}
			if other, ok := c.number(with, of); ok && !g.join(n, other) {
				c.apart(n, other)
			}
		}
	}
}

// number finds the node of a network, of a service that has not lost its slice.
func (c *Composition) number(service int, name slice.NetworkName) (int, bool) {
	s := c.services[service]
	if _, lost := c.clashes[s.Key]; lost {
		return 0, false
	}
	k := slices.IndexFunc(s.Intents.Slice.Networks, func(n intent.Network) bool { return n.Name == name })
	return c.first[service] + k, k >= 0
}

// place gives every set a network of one of its services: of an instance of OSM if
// there is one, else of the oldest.
func (c *Composition) place(g *groups) {
	heads := make([]int, len(c.nodes))
	for i := range heads {
		heads[i] = -1
	}
	c.each(func(n int) {
		root := g.of(n)
		if heads[root] < 0 || c.rank(n) < c.rank(heads[root]) {
			heads[root] = n
		}
	})
	c.each(func(n int) {
		head := heads[g.of(n)]
		at := c.nodes[head]
		id := c.ids[at.service]
		p := c.parts[id]
		if p == nil {
			p = &part{service: at.service}
			c.parts[id] = p
		}
		if head == n {
			p.networks = append(p.networks, at.network)
		} else {
			p.folded = append(p.folded, fold{c.nodes[n], at.network})
		}
		c.places[n] = slice.NetworkID{Slice: id, Network: c.network(at).Name}
	})
}

func (c *Composition) network(n node) *intent.Network {
	return &c.services[n.service].Intents.Slice.Networks[n.network]
}

// rank is lower for networks that others fold into.
func (c *Composition) rank(n int) int {
	if c.key(n).Door == NSI {
		return -1
	}
	return n
}

// each calls f for every node of services that have not lost their slice.
func (c *Composition) each(f func(int)) {
	for n, at := range c.nodes {
		if len(c.clashes) > 0 {
			if _, lost := c.clashes[c.services[at.service].Key]; lost {
				continue
			}
		}
		f(n)
	}
}

func (c *Composition) note(k Key, format string, args ...any) {
	c.notes[k] = append(c.notes[k], fmt.Sprintf(format, args...))
}

// alike reports whether two compositions make a slice of the same networks of the
// same services.
func (c *Composition) alike(o *Composition, id slice.ID) bool {
	p, q := c.parts[id], o.parts[id]
	if p == nil || q == nil {
		return p == q
	}
	return c.services[p.service].Key == o.services[q.service].Key && slices.Equal(p.networks, q.networks) &&
		slices.EqualFunc(p.folded, q.folded, func(x, y fold) bool {
			return x.into == y.into && x.from.network == y.from.network && c.services[x.from.service].Key == o.services[y.from.service].Key
		})
}
