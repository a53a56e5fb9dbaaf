package fabric

import (
	"fmt"
	"maps"

	"github.com/l2sces/l2sces/pkg/slice"
)

// renumber gives a number to every port that the networks need, takes it from
// every one that none needs any more, and wakes the nodes that this concerns.
func (f *Fabric) renumber() error {
	needed := f.needed()
	var fault error
	for _, name := range f.names() {
		n := f.nodes[name]
		before := maps.Clone(n.Ports)
		maps.DeleteFunc(n.Ports, func(key string, _ slice.Port) bool { return !needed[name][key] })
		for key := range needed[name] {
			if _, ok := n.Ports[key]; ok {
				continue
			}
			number, err := n.Ring.Take(n.uses)
			if err != nil {
				fault = fmt.Errorf("port on node %s: %w", name, err)
				continue
			}
			n.Ports[key] = slice.Port(number)
		}
		if !maps.Equal(before, n.Ports) {
			if err := f.saveNode(n); err != nil {
				fault = err
			}
		}
		if n.line != nil {
			poke(n.line.wake)
		}
	}
	return fault
}

func (n *node) uses(number uint32) bool {
	for _, p := range n.Ports {
		if p == slice.Port(number) {
			return true
		}
	}
	return false
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
		for _, l := range n.Links {
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
