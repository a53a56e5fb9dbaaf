package fabric

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/l2sces/l2sces/pkg/ipam"
	"github.com/l2sces/l2sces/pkg/slice"
)

// numbering are the port numbers of one node.
type numbering struct {
	ports map[string]slice.Port
	ring  ipam.Ring
}

// allot computes a number for every port that the networks need, and none for
// one that none needs any more. It returns the nodes where this changes
// something; those whose numbers are used up get what there is.
func (f *Fabric) allot() (map[slice.Node]numbering, error) {
	needed := f.needed()
	next := map[slice.Node]numbering{}
	var faults []error
	for _, name := range f.names() {
		n := f.nodes[name]
		m := numbering{maps.Clone(n.Ports), n.Ring}
		maps.DeleteFunc(m.ports, func(key string, _ slice.Port) bool { return !needed[name][key] })
		for _, key := range slices.Sorted(maps.Keys(needed[name])) {
			if _, ok := m.ports[key]; ok {
				continue
			}
			// What is still in use counts: its rules may be there for a while.
			number, err := m.ring.Take(func(number uint32) bool { return uses(n.Ports, number) || uses(m.ports, number) })
			if err != nil {
				faults = append(faults, fmt.Errorf("port on node %s: %w", name, err))
				break
			}
			m.ports[key] = slice.Port(number)
		}
		if !maps.Equal(n.Ports, m.ports) {
			next[name] = m
		}
	}
	return next, errors.Join(faults...)
}

func uses(ports map[string]slice.Port, number uint32) bool {
	for _, p := range ports {
		if p == slice.Port(number) {
			return true
		}
	}
	return false
}

// grant makes numbers the ones that count, and returns those that counted
// before.
func (f *Fabric) grant(next map[slice.Node]numbering) (before map[slice.Node]numbering) {
	before = map[slice.Node]numbering{}
	for name, m := range next {
		n := f.nodes[name]
		before[name] = numbering{n.Ports, n.Ring}
		n.Ports, n.Ring = m.ports, m.ring
	}
	return before
}

// savePorts makes the numbers of some nodes durable.
func (f *Fabric) savePorts(of map[slice.Node]numbering) error {
	for _, name := range slices.Sorted(maps.Keys(of)) {
		if err := f.saveNode(f.nodes[name]); err != nil {
			return err
		}
	}
	return nil
}

// renumber allots, grants and saves, as far as it can.
func (f *Fabric) renumber() error {
	next, fault := f.allot()
	f.grant(next)
	return errors.Join(fault, f.savePorts(next))
}

// wake has every connected node look at the bridge that it should have.
func (f *Fabric) wake() {
	for _, n := range f.nodes {
		if n.line != nil {
			poke(n.line.wake)
		}
	}
}

// needed returns the keys of the ports that the networks need, by node.
func (f *Fabric) needed() map[slice.Node]map[string]bool {
	needed := map[slice.Node]map[string]bool{}
	for name := range f.nodes {
		needed[name] = map[string]bool{}
	}
	need := func(name slice.Node, key string) {
		if keys, ok := needed[name]; ok {
			keys[key] = true
		}
	}
	tunnel := func(l Link) {
		if f.nodes[l.A] != nil && f.nodes[l.B] != nil {
			need(l.A, tunnelKey(l.B))
			need(l.B, tunnelKey(l.A))
		}
	}
	if f.cfg.Mesh {
		for _, l := range f.linksOf(nil) {
			tunnel(l)
		}
	}
	for id, n := range f.networks {
		for _, l := range slices.Concat(n.Links, n.kept) {
			tunnel(l)
		}
		for _, a := range n.Attachments {
			if a.Label != 0 {
				need(a.Node, patchKey)
				continue
			}
			need(a.Node, workloadKey(id, a.Workload))
		}
	}
	return needed
}
