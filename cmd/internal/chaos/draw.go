package chaos

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/l2sces/l2sces/pkg/fabric"
	"github.com/l2sces/l2sces/pkg/slice"
)

// Limits of a scene: few names and addresses, so that they are used again and
// again.
const (
	networks  = 5
	workloads = 3 // of each node
	addresses = 8
)

// NewScene draws a fabric of two to five nodes without networks.
func NewScene(r *rand.Rand) *Scene {
	s := &Scene{Cut: map[string]bool{}, Networks: map[slice.NetworkName]fabric.Network{}, Mesh: r.IntN(2) == 0}
	for i := range 2 + r.IntN(4) {
		s.Nodes = append(s.Nodes, slice.Node(fmt.Sprintf("n%d", i+1)))
	}
	for i, a := range s.Nodes {
		for _, b := range s.Nodes[i+1:] {
			s.Links = append(s.Links, fabric.Link{Name: string(a) + "-" + string(b), A: a, B: b})
		}
	}
	return s
}

// Name draws the name of a network.
func (s *Scene) Name(r *rand.Rand) slice.NetworkName {
	return slice.NetworkName(fmt.Sprintf("v%d", 1+r.IntN(networks)))
}

// Network draws a network. Its ports can all reach each other.
func (s *Scene) Network(r *rand.Rand, name slice.NetworkName) fabric.Network {
	n := fabric.Network{ID: slice.NetworkID{Slice: "s", Network: name}, Type: slice.VNet, MTU: 1400}
	if r.IntN(3) == 0 {
		n.BandwidthKbps = uint32(1+r.IntN(3)) * 100_000
	}
	macs := r.Perm(addresses)
	mac := func() slice.MAC {
		m := slice.MAC{2, 0, 0, 0, 0, byte(1 + macs[0])}
		macs = macs[1:]
		return m
	}
	for _, i := range r.Perm(len(s.Nodes) * workloads)[:r.IntN(min(7, len(s.Nodes)*workloads))] {
		node := s.Nodes[i/workloads]
		n.Attachments = append(n.Attachments, fabric.Attachment{
			Node: node, Workload: slice.Workload(fmt.Sprintf("%sw%d", node, i%workloads)), Interface: string(name), Behind: []slice.MAC{mac()},
		})
	}
	if r.IntN(4) == 0 {
		n.Attachments = append(n.Attachments, fabric.Attachment{
			Node: s.Nodes[r.IntN(len(s.Nodes))], Label: label(name), Behind: []slice.MAC{mac()},
		})
	}
	if len(n.Attachments) == 2 && r.IntN(2) == 0 {
		n.Type = slice.VLink
	}
	s.ways(r, &n)
	return n
}

// label returns the label that a network has on every patch pair.
func label(name slice.NetworkName) slice.VLAN { return slice.VLAN(name[1] - '0') }

// ways draws the links of a network, which make one graph of all nodes, and
// now and then a path.
func (s *Scene) ways(r *rand.Rand, n *fabric.Network) {
	if !s.Mesh {
		order := r.Perm(len(s.Links))
		for _, i := range order {
			if !s.Whole(everywhere(*n, s.Nodes)) || r.IntN(3) == 0 {
				n.Links = append(n.Links, s.Links[i])
			}
		}
	}
	if r.IntN(3) > 0 {
		return
	}
	if path := s.walk(r, *n); len(path) > 1 {
		n.Paths = []fabric.Path{fabric.Explicit(path...)}
	}
}

// walk draws a walk over links of a network that comes to no node twice.
func (s *Scene) walk(r *rand.Rand, n fabric.Network) []slice.Node {
	at := s.Nodes[r.IntN(len(s.Nodes))]
	path := []slice.Node{at}
	for range 1 + r.IntN(3) {
		next := s.beside(n, at)
		next = slices.DeleteFunc(next, func(o slice.Node) bool { return slices.Contains(path, o) })
		if len(next) == 0 {
			break
		}
		at = next[r.IntN(len(next))]
		path = append(path, at)
	}
	return path
}

// beside returns the nodes to which a network has a link from one.
func (s *Scene) beside(n fabric.Network, at slice.Node) []slice.Node {
	var all []slice.Node
	for _, l := range s.allowed(n) {
		switch at {
		case l.A:
			all = append(all, l.B)
		case l.B:
			all = append(all, l.A)
		}
	}
	return all
}

func (s *Scene) allowed(n fabric.Network) []fabric.Link {
	if s.Mesh {
		return s.Links
	}
	return n.Links
}

// everywhere returns a network with a port on every node.
func everywhere(n fabric.Network, nodes []slice.Node) fabric.Network {
	n.Attachments = nil
	for _, name := range nodes {
		n.Attachments = append(n.Attachments, fabric.Attachment{Node: name})
	}
	return n
}
