package fabric

import (
	"context"
	"fmt"
	"slices"

	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/slice"
)

// leaving is what a network that was removed may still have somewhere.
type leaving struct {
	numbers []slice.Network
	ports   map[slice.Node][]string // names of ports that only it needed
}

// portNames returns the names of the ports that every node should have.
func (f *Fabric) portNames() map[slice.Node][]string {
	all := map[slice.Node][]string{}
	for name, n := range f.nodes {
		for key := range n.Ports {
			all[name] = append(all[name], f.name(key))
		}
	}
	return all
}

// departure returns what a network leaves behind: its numbers, and the ports
// that were there before and are not needed any more.
func (f *Fabric) departure(numbers []slice.Network, before map[slice.Node][]string) leaving {
	l := leaving{numbers: numbers, ports: map[slice.Node][]string{}}
	now := f.portNames()
	for name, ports := range before {
		for _, p := range ports {
			if !slices.Contains(now[name], p) {
				l.ports[name] = append(l.ports[name], p)
			}
		}
	}
	return l
}

// Gone returns when nothing of some removed networks is left on the switches
// and nodes that are connected, or with what is left when ctx ends. Those that
// are away lose it when they return.
func (f *Fabric) Gone(ctx context.Context, ids ...slice.NetworkID) error {
	return f.until(ctx, func() string { return f.remains(ids) })
}

// remains names the first thing that is left, and forgets the networks of
// which nothing is.
func (f *Fabric) remains(ids []slice.NetworkID) string {
	for _, id := range ids {
		l, ok := f.leaving[id]
		if !ok {
			continue
		}
		if slices.ContainsFunc(l.numbers, f.engine.Holds) {
			return fmt.Sprintf("network %s still has rules on a switch", id)
		}
		for name, ports := range l.ports {
			if p := f.stillThere(name, ports); p != "" {
				return fmt.Sprintf("network %s still has port %s on node %s", id, p, name)
			}
		}
		delete(f.leaving, id)
	}
	return ""
}

func (f *Fabric) stillThere(name slice.Node, ports []string) string {
	n := f.nodes[name]
	if n == nil || n.line == nil {
		return ""
	}
	again := f.portNames()[name] // another network may have needed them again since
	i := slices.IndexFunc(n.report.Ports, func(p bridge.PortState) bool {
		return slices.Contains(ports, p.Name) && !slices.Contains(again, p.Name)
	})
	if i < 0 {
		return ""
	}
	return n.report.Ports[i].Name
}
