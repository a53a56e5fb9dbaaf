package fabric

import (
	"context"
	"fmt"
	"slices"

	"github.com/l2sces/l2sces/pkg/slice"
)

// leaving is what a network that was removed may still have somewhere.
type leaving struct {
	numbers []slice.Network
	ports   map[slice.Node][]string // names of ports that only it needed
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
	var again map[string]bool // another network may have needed them again since
	for _, p := range ports {
		if _, there := n.state(p); !there {
			continue
		}
		if again == nil {
			again = map[string]bool{}
			for key := range n.Ports {
				again[f.name(key)] = true
			}
		}
		if !again[p] {
			return p
		}
	}
	return ""
}
