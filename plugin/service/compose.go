package service

import (
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
	m := merger{c: c, part: p, notes: map[Key][]string{}}
	owner := c.services[p.service].clone()
	m.out = owner.Intents
	m.out.Slice.ID, m.out.Slice.Tenant = id, owner.Tenant
	intent.Default(&m.out)
	m.keep()
	for _, f := range p.folded {
		m.fold(f)
	}
	m.fit()
	intent.Default(&m.out)
	m.steer()
	return m.out.Canonical(), m.notes
}
