package fabric

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"

	"github.com/l2sces/l2sces/pkg/pipeline"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/topology"
)

// A Network is one segment as it is wanted on this fabric.
type Network struct {
	ID            slice.NetworkID   `json:"id"`
	Type          slice.NetworkType `json:"type"`
	MTU           uint32            `json:"mtu"` // bytes of an IP packet
	BandwidthKbps uint32            `json:"bandwidthKbps,omitempty"`
	Attachments   []Attachment      `json:"attachments,omitempty"`
	Links         []Link            `json:"links,omitempty"` // that it may use; of a mesh: none means all
	Paths         [][]slice.Node    `json:"paths,omitempty"` // explicit: every pair of neighbours is a link
}

// An Attachment is one port of a network: a workload's, or a hand-off to the
// other fabric over the patch pair of the node.
type Attachment struct {
	Node  slice.Node `json:"node"`
	Label slice.VLAN `json:"label,omitempty"` // hand-off: its label on the patch pair
	// Behind are the addresses known to be behind the port.
	Behind []slice.MAC `json:"behind,omitempty"`

	Workload  slice.Workload `json:"workload,omitempty"`
	Interface string         `json:"interface,omitempty"`
	Address   netip.Prefix   `json:"address,omitzero"`
}

// A Link is a pair of nodes with a tunnel between them.
type Link struct {
	Name string     `json:"name,omitempty"`
	A    slice.Node `json:"a"`
	B    slice.Node `json:"b"`
	Cost uint32     `json:"cost,omitempty"`
}

// network is a network with what the fabric knows of it.
type network struct {
	Network
	Number slice.Network `json:"number"`

	links []string // that carry it
	fault error    // why it could not be compiled
}

// Put makes a network, or changes it, and hands it to switches and nodes; it
// does not wait for them (Wait does). It returns the number of the network.
// When the network is durable and correct but cannot be compiled yet, because
// a node has not joined, Put succeeds and Status says why.
func (f *Fabric) Put(n Network) (slice.Network, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	have := f.networks[n.ID]
	if have != nil && have.fault == nil && reflect.DeepEqual(have.Network, n) {
		return have.Number, nil
	}
	next := &network{Network: n}
	if have != nil {
		next.Number = have.Number
	} else {
		number, err := f.numbers.Take(f.taken)
		if err != nil {
			return 0, fmt.Errorf("number for network %s: %w", n.ID, err)
		}
		next.Number = slice.Network(number)
	}
	f.networks[n.ID] = next
	if err := f.saveNetwork(next, have); err != nil {
		f.restore(n.ID, have)
		return 0, err
	}
	f.renew([]slice.NetworkID{n.ID})
	return next.Number, nil
}

// Remove takes a network off switches and nodes; it does not wait for them
// (WaitGone does). Removing an absent one does nothing.
func (f *Fabric) Remove(id slice.NetworkID) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	have, ok := f.networks[id]
	if !ok {
		return nil
	}
	if err := f.cfg.Store.Delete(bucketNetworks, id.String()); err != nil {
		return fmt.Errorf("forget network %s: %w", id, err)
	}
	delete(f.networks, id)
	f.engine.Set(have.Number, nil)
	return f.renumber()
}

// Networks returns the networks that are wanted, by number.
func (f *Fabric) Networks() []Network {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []Network
	for _, id := range f.ids() {
		all = append(all, f.networks[id].Network)
	}
	return all
}

func (f *Fabric) restore(id slice.NetworkID, have *network) {
	if have == nil {
		delete(f.networks, id)
		return
	}
	f.networks[id] = have
}

func (f *Fabric) taken(number uint32) bool {
	for _, n := range f.networks {
		if n.Number == slice.Network(number) {
			return true
		}
	}
	return f.engine.Holds(slice.Network(number))
}

// renew gives ports to what networks need, compiles the named ones and tells
// the nodes. Ports come first: rules name their numbers.
func (f *Fabric) renew(ids []slice.NetworkID) {
	if err := f.renumber(); err != nil {
		f.cfg.Logger.Error("ports were not saved", "error", err.Error())
	}
	f.compile(ids)
}

// compile turns networks into rules and hands them to the engine. A network
// that cannot be compiled keeps the rules that it has.
func (f *Fabric) compile(ids []slice.NetworkID) {
	for _, id := range ids {
		n := f.networks[id]
		plan, err := f.plan(n)
		if n.fault = err; err != nil {
			continue
		}
		n.links = plan.Links
		f.engine.Set(n.Number, plan.Rules)
	}
}

func (f *Fabric) plan(n *network) (pipeline.Plan, error) {
	wanted := pipeline.Network{Number: n.Number, Type: n.Type, BandwidthKbps: n.BandwidthKbps}
	for _, a := range n.Attachments {
		at, err := f.attachment(n.ID, a)
		if err != nil {
			return pipeline.Plan{}, err
		}
		wanted.Attachments = append(wanted.Attachments, at)
	}
	for _, p := range n.Paths {
		var path []slice.DPID
		for _, name := range p {
			node, ok := f.nodes[name]
			if !ok {
				return pipeline.Plan{}, notJoined(name)
			}
			path = append(path, f.dpid(node))
		}
		wanted.Paths = append(wanted.Paths, path)
	}
	return pipeline.Compile(wanted, f.graph(n))
}

func (f *Fabric) attachment(id slice.NetworkID, a Attachment) (pipeline.Attachment, error) {
	node, ok := f.nodes[a.Node]
	if !ok {
		return pipeline.Attachment{}, notJoined(a.Node)
	}
	key := patchKey
	if a.Label == 0 {
		key = workloadKey(id, a.Workload)
	}
	return pipeline.Attachment{Switch: f.dpid(node), Port: node.Ports[key], Label: a.Label, Behind: a.Behind}, nil
}

// graph returns the links that a network may use.
func (f *Fabric) graph(n *network) topology.Graph {
	var g topology.Graph
	for _, name := range f.names() {
		g.Switches = append(g.Switches, f.dpid(f.nodes[name]))
	}
	for _, l := range f.linksOf(n) {
		a, b := f.nodes[l.A], f.nodes[l.B]
		if a == nil || b == nil {
			continue
		}
		g.Links = append(g.Links, topology.Link{
			Name: l.Name, Cost: l.Cost,
			A: topology.End{Switch: f.dpid(a), Port: a.Ports[tunnelKey(l.B)]},
			B: topology.End{Switch: f.dpid(b), Port: b.Ports[tunnelKey(l.A)]},
		})
	}
	return g
}

// linksOf returns the links that a network may use: its own, and in a mesh
// all pairs of nodes.
func (f *Fabric) linksOf(n *network) []Link {
	if !f.cfg.Mesh {
		return n.Links
	}
	var all []Link
	names := f.names()
	for i, a := range names {
		for _, b := range names[i+1:] {
			all = append(all, Link{Name: string(a) + "-" + string(b), A: a, B: b})
		}
	}
	return all
}

// names returns the nodes in a fixed order.
func (f *Fabric) names() []slice.Node {
	var names []slice.Node
	for name := range f.nodes {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func notJoined(n slice.Node) error {
	return slice.Errorf(slice.Unavailable, "node %s has not joined yet", n)
}
