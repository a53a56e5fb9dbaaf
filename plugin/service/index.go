package service

import (
	"maps"
	"slices"

	"github.com/l2sces/l2sces/pkg/slice"
)

// A bond is something by which services can have to do with each other: a tag at
// a domain, a service that is joined, the id of a slice. What comes of a service
// depends on those alone that share a bond with it, or with one that does.
type bond struct {
	tag   tag
	key   Key
	slice slice.ID
}

// bonds are those of a service, which may be nil.
func (s *Service) bonds() []bond {
	if s == nil {
		return nil
	}
	all := []bond{{key: s.Key}, {slice: sliceOf(s)}}
	for _, h := range s.HandOffs {
		if h.VLAN != 0 {
			all = append(all, bond{tag: tag{s.Tenant, h.Domain, h.VLAN}})
		}
	}
	for _, j := range s.Joins {
		all = append(all, bond{key: j.With})
	}
	return all
}

// An index finds services by their bonds.
type index map[bond][]Key

func (x index) add(s *Service) {
	for _, b := range s.bonds() {
		if !slices.Contains(x[b], s.Key) {
			x[b] = append(x[b], s.Key)
		}
	}
}

func (x index) drop(s *Service) {
	for _, b := range s.bonds() {
		x[b] = slices.DeleteFunc(x[b], func(k Key) bool { return k == s.Key })
		if len(x[b]) == 0 {
			delete(x, b)
		}
	}
}

// A change is what services become: nil where one is taken out.
type change map[Key]*Service

// region returns the keys of all services, old and new, that have to do with a
// change.
func (b *Book) region(c change) map[Key]bool {
	seen, looked := map[Key]bool{}, map[bond]bool{}
	todo := slices.Collect(maps.Keys(c))
	for len(todo) > 0 {
		k := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen[k] {
			continue
		}
		seen[k] = true
		for _, one := range append(b.services[k].bonds(), c[k].bonds()...) {
			if !looked[one] {
				looked[one] = true
				todo = append(todo, b.index[one]...)
			}
		}
	}
	return seen
}

// A regional is what comes of a change, and what it replaces: what is outside of its
// region has no part in it.
type regional struct {
	before, after *Composition
	region        map[Key]bool
}

func (b *Book) compose(c change) regional {
	region := b.region(c)
	var old, fresh []*Service
	for k := range region {
		have := b.services[k]
		if have != nil {
			old = append(old, have)
		}
		if next, changed := c[k]; changed {
			have = next
		}
		if have != nil {
			fresh = append(fresh, have)
		}
	}
	return regional{compose(old), compose(fresh), region}
}

// touched returns the slices, sorted, that are made of other services than before, or
// of services that have changed.
func (r regional) touched(c change) []slice.ID {
	var all []slice.ID
	for _, id := range union(r.before.Slices(), r.after.Slices()) {
		if r.before.names(id, c) || r.after.names(id, c) || !r.before.alike(r.after, id) {
			all = append(all, id)
		}
	}
	return all
}

func union(a, b []slice.ID) []slice.ID {
	all := append(slices.Clone(a), b...)
	slices.Sort(all)
	return slices.Compact(all)
}
