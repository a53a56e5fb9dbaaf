// Package chaos says what must be so in a fabric to which anything may happen:
// a scene is drawn from a seed, and predicts from its graph and its members
// alone who hears whom. The tests of the package bring faults about and compare
// what they measure. It shares no code with what computes rules.
//
//	scene := chaos.NewScene(rand.New(rand.NewPCG(seed, 0)))
//	heard := scene.Hears(port, slice.Broadcast)
package chaos

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/l2sces/l2sces/pkg/fabric"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A Port is one attachment as a probe sees it: who sends and hears there.
type Port struct {
	Network  slice.NetworkName
	Node     slice.Node
	Workload slice.Workload // empty: a hand-off
	Label    slice.VLAN
	MAC      slice.MAC
}

// String names a port by its network and its workload or node.
func (p Port) String() string {
	if p.Workload == "" {
		return fmt.Sprintf("%s/%s:%d", p.Network, p.Node, p.Label)
	}
	return fmt.Sprintf("%s/%s", p.Network, p.Workload)
}

// A Scene is a fabric as it should be.
type Scene struct {
	Nodes    []slice.Node
	Mesh     bool
	Links    []fabric.Link   // that there are; of a mesh all pairs
	Cut      map[string]bool // links that are down, by name
	Networks map[slice.NetworkName]fabric.Network
}

// Names returns the networks of a scene, in order.
func (s *Scene) Names() []slice.NetworkName { return slices.Sorted(maps.Keys(s.Networks)) }

// Ports returns all ports of all networks, in a fixed order.
func (s *Scene) Ports() []Port {
	var all []Port
	for _, name := range s.Names() {
		all = append(all, PortsOf(s.Networks[name])...)
	}
	return all
}

// PortsOf returns the ports of one network.
func PortsOf(n fabric.Network) []Port {
	var all []Port
	for _, a := range n.Attachments {
		all = append(all, Port{n.ID.Network, a.Node, a.Workload, a.Label, a.Behind[0]})
	}
	slices.SortFunc(all, func(x, y Port) int { return cmp.Compare(x.String(), y.String()) })
	return all
}

// Text returns a network in one line.
func Text(n *fabric.Network) string {
	if n == nil {
		return "none"
	}
	text := fmt.Sprintf("%s %s", n.ID.Network, n.Type)
	for _, p := range PortsOf(*n) {
		text += fmt.Sprintf(" %s=%d", p, p.MAC[5])
	}
	for i, l := range n.Links {
		text += map[bool]string{true: " over ", false: ","}[i == 0] + l.Name
	}
	if len(n.Paths) > 0 {
		text += fmt.Sprint(" by ", n.Paths)
	}
	return text
}

// Hears returns the ports that must hear a frame which a port sends to an
// address: for a group all others of its network, for an address of its
// network that one, else nobody. Those to which no way is left hear nothing.
func (s *Scene) Hears(from Port, to slice.MAC) []Port {
	n, ok := s.Networks[from.Network]
	if !ok {
		return nil
	}
	reached := s.reached(n, from.Node)
	var heard []Port
	for _, p := range PortsOf(n) {
		if p != from && (to.IsGroup() || to == p.MAC) && reached[p.Node] {
			heard = append(heard, p)
		}
	}
	return heard
}

// Whole reports whether every port of a network can reach every other.
func (s *Scene) Whole(n fabric.Network) bool {
	if len(n.Attachments) == 0 {
		return true
	}
	reached := s.reached(n, n.Attachments[0].Node)
	return !slices.ContainsFunc(n.Attachments, func(a fabric.Attachment) bool { return !reached[a.Node] })
}

// Lives reports whether a network can do without the links that are down: its
// ports and the nodes of its explicit paths reach each other, and no path needs
// one that is down.
func (s *Scene) Lives(n fabric.Network) bool {
	for _, p := range n.Paths {
		for _, name := range p.Hops {
			n.Attachments = append(slices.Clip(n.Attachments), fabric.Attachment{Node: name})
		}
		for i := range len(p.Hops) - 1 {
			a, b := min(p.Hops[i], p.Hops[i+1]), max(p.Hops[i], p.Hops[i+1])
			if s.Cut[string(a)+"-"+string(b)] {
				return false
			}
		}
	}
	return s.Whole(n)
}

// reached returns the nodes to which links that a network may use lead from
// one.
func (s *Scene) reached(n fabric.Network, from slice.Node) map[slice.Node]bool {
	links := n.Links
	if s.Mesh {
		links = s.Links
	}
	at := map[slice.Node]bool{from: true}
	for range s.Nodes { // as often as the longest way is long
		for _, l := range links {
			if !s.Cut[l.Name] && (at[l.A] || at[l.B]) {
				at[l.A], at[l.B] = true, true
			}
		}
	}
	return at
}
