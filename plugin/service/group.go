package service

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A node is one network of one service, by their places in a composition.
type node struct{ service, network int }

// A Composition says which networks of services are one, and which slices of the
// SCO come of it. It depends on the services alone, not on their order.
type Composition struct {
	services []Service
	at       map[Key]int
	ids      []slice.ID // of the slice of each service if nothing joins
	parts    map[slice.ID]part
	places   map[node]slice.NetworkID
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
	c := &Composition{
		services: slices.Clone(services), at: map[Key]int{}, parts: map[slice.ID]part{},
		places: map[node]slice.NetworkID{}, notes: map[Key][]string{}, clashes: map[Key]slice.ID{},
	}
	slices.SortFunc(c.services, func(a, b Service) int {
		return cmp.Or(cmp.Compare(a.Number, b.Number), cmp.Compare(a.Key.String(), b.Key.String()))
	})
	for i, s := range c.services {
		c.at[s.Key] = i
	}
	c.name()
	g := newGroups()
	c.byTags(g)
	c.byJoins(g)
	c.place(g)
	return c
}

// groups are sets of nodes that are joined.
type groups struct{ up map[node]node }

func newGroups() *groups { return &groups{up: map[node]node{}} }

func (g *groups) of(n node) node {
	for {
		up, ok := g.up[n]
		if !ok {
			return n
		}
		n = up
	}
}

// join makes two sets one. The head of a set is found again whatever the order.
func (g *groups) join(a, b node) {
	if a, b = g.of(a), g.of(b); a != b {
		g.up[b] = a
	}
}

// A tag is what a tenant's network is called at the hand-off of a domain.
type tag struct {
	tenant slice.Tenant
	domain slice.Domain
	vlan   slice.VLAN
}

// byTags joins networks that a domain hands over by one tag.
func (c *Composition) byTags(g *groups) {
	claimed, first := map[tag]node{}, map[tag]node{}
	for i, s := range c.services {
		for _, h := range s.HandOffs {
			n, ok := c.node(i, h.Network)
			if !ok || h.VLAN == 0 {
				continue
			}
			t := tag{s.Tenant, h.Domain, h.VLAN}
			if owner, taken := claimed[t]; h.Claims && taken && owner != n {
				c.note(s.Key, "domain %s, VLAN %d: it belongs to %s, so network %s stays apart from it", h.Domain, h.VLAN, c.services[owner.service].Key, h.Network)
				continue
			}
			if h.Claims {
				claimed[t] = n
			}
			if other, ok := first[t]; ok {
				g.join(other, n)
			} else {
				first[t] = n
			}
		}
	}
}

// byJoins joins networks of services that say so.
func (c *Composition) byJoins(g *groups) {
	for i, s := range c.services {
		for _, j := range s.Joins {
			n, ok := c.node(i, j.Network)
			with, there := c.at[j.With]
			if !ok || !there || c.services[with].Tenant != s.Tenant {
				continue
			}
			of := j.Of
			if networks := c.services[with].Intents.Slice.Networks; of == "" && len(networks) == 1 {
				of = networks[0].Name
			}
			if other, ok := c.node(with, of); ok {
				g.join(n, other)
			}
		}
	}
}

// node finds a network of a service that has not lost its slice.
func (c *Composition) node(service int, name slice.NetworkName) (node, bool) {
	if _, lost := c.clashes[c.services[service].Key]; lost {
		return node{}, false
	}
	for k, n := range c.services[service].Intents.Slice.Networks {
		if n.Name == name {
			return node{service, k}, true
		}
	}
	return node{}, false
}

// name gives every service the id of its slice. Of two that want the same one the
// older gets it, and the other has no networks.
func (c *Composition) name() {
	owner := map[slice.ID]Key{}
	for _, s := range c.services {
		id := sliceOf(s)
		c.ids = append(c.ids, id)
		if first, taken := owner[id]; taken {
			c.clashes[s.Key] = id
			c.note(s.Key, "slice %s belongs to %s", id, first)
			continue
		}
		owner[id] = s.Key
	}
}

// place gives every set a network of one of its services: of an instance of OSM if
// there is one, else of the oldest.
func (c *Composition) place(g *groups) {
	heads := map[node]node{}
	c.each(func(n node) {
		root := g.of(n)
		if have, ok := heads[root]; !ok || c.rank(n) < c.rank(have) {
			heads[root] = n
		}
	})
	c.each(func(n node) {
		head := heads[g.of(n)]
		id := c.ids[head.service]
		p := c.parts[id]
		p.service = head.service
		if head == n {
			p.networks = append(p.networks, n.network)
		} else {
			p.folded = append(p.folded, fold{n, head.network})
		}
		c.parts[id] = p
		c.places[n] = slice.NetworkID{Slice: id, Network: c.network(head).Name}
	})
}

func (c *Composition) network(n node) intent.Network {
	return c.services[n.service].Intents.Slice.Networks[n.network]
}

// rank is lower for networks that others fold into.
func (c *Composition) rank(n node) int {
	if c.services[n.service].Key.Door == NSI {
		return -1
	}
	return n.service
}

func (c *Composition) each(f func(node)) {
	for i, s := range c.services {
		if _, lost := c.clashes[s.Key]; lost {
			continue
		}
		for k := range s.Intents.Slice.Networks {
			f(node{i, k})
		}
	}
}

func (c *Composition) note(k Key, format string, args ...any) {
	c.notes[k] = append(c.notes[k], fmt.Sprintf(format, args...))
}

// sliceOf returns the id of the slice of a service if nothing joins.
func sliceOf(s Service) slice.ID {
	if s.Intents.Slice.ID != "" {
		return s.Intents.Slice.ID
	}
	sum := sha256.Sum256([]byte(s.Key.String()))
	return slice.ID(slice.Label(s.Key.Door) + "-" + hex.EncodeToString(sum[:8]))
}
