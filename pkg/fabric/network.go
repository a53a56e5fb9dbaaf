package fabric

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"

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

	now   pipeline.Plan // that its switches should have
	move  *move         // to other ways; nil while it stays
	kept  []Link        // links of before, until nothing takes them any more
	fault error         // why it could not be compiled
}

// Put makes a network, or changes it, and hands it to switches and nodes; it
// does not wait for them (Wait does). It returns the number of the network. An
// error leaves everything as it was. A network that is right but cannot be
// compiled yet, because a node has not joined or another network has its
// label, is taken, and Status says why it is not ready.
func (f *Fabric) Put(n Network) (slice.Network, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := checkName(n.ID); err != nil {
		return 0, err
	}
	have := f.networks[n.ID]
	if have != nil && have.fault == nil && reflect.DeepEqual(have.Network, n) {
		return have.Number, nil
	}
	next := &network{Network: n}
	if have != nil {
		next.Number, next.now, next.move = have.Number, have.now, have.move
		next.kept = slices.Concat(have.kept, have.Links)
	} else {
		number, err := f.numbers.Take(f.taken)
		if err != nil {
			return 0, fmt.Errorf("number for network %s: %w", n.ID, err)
		}
		next.Number = slice.Network(number)
	}
	if err := f.replace(have, next); err != nil {
		return 0, err
	}
	f.compile(append([]slice.NetworkID{n.ID}, f.faulty()...))
	if next.move == nil && next.fault == nil {
		f.release(next)
	}
	f.wake()
	f.tell()
	return next.Number, nil
}

// replace puts a network into the place of another, or of none, with the ports
// that it needs. The ports become durable first: one without a network is
// found and taken back at the next start.
func (f *Fabric) replace(have, next *network) error {
	f.networks[next.ID] = next
	delete(f.leaving, next.ID)
	ports, _ := f.allot() // should one be short here, the plan says so
	before := f.grant(ports)
	_, err := f.plan(next)
	// What is not Invalid or used up can become true without another Put.
	if kind := slice.KindOf(err); kind != slice.Invalid && kind != slice.Exhausted {
		err = f.savePorts(ports)
	}
	if err == nil {
		err = f.saveNetwork(next, have)
	}
	if err != nil {
		f.restore(next.ID, have)
		f.grant(before)
		return fmt.Errorf("network %s: %w", next.ID, err)
	}
	return nil
}

// checkName refuses names that do not fit into the keys of ports.
func checkName(id slice.NetworkID) error {
	s, n := string(id.Slice), string(id.Network)
	if s == "" || n == "" || strings.Contains(s+n, "/") {
		return slice.Errorf(slice.Invalid, "network id %q: both names must be there and hold no slash", id)
	}
	return nil
}

// Remove takes a network off switches and nodes; it does not wait for them
// (Gone does). Removing an absent one does nothing.
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
	numbers := f.stop(have)
	before := f.portNames()
	// The ports that are left over on disk go at the next start if they cannot
	// go now; the network is gone in any case.
	if err := f.renumber(); err != nil {
		f.cfg.Logger.Error("ports were not renewed", "reason", err.Error())
	}
	f.leaving[id] = f.departure(numbers, before)
	f.compile(f.faulty())
	f.wake()
	f.tell()
	return nil
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
		if n.Number == slice.Network(number) || n.move != nil && n.move.from == slice.Network(number) {
			return true
		}
	}
	return f.engine.Holds(slice.Network(number))
}

// renew gives ports to what networks need, compiles all of them and tells the
// nodes. Ports come first: rules name their numbers.
func (f *Fabric) renew() {
	if err := f.renumber(); err != nil {
		f.cfg.Logger.Error("ports were not renewed", "reason", err.Error())
	}
	f.compile(f.ids())
	f.wake()
}

// faulty returns the networks that could not be compiled, in a fixed order: a
// change of another one may have cured them.
func (f *Fabric) faulty() []slice.NetworkID {
	return slices.DeleteFunc(f.ids(), func(id slice.NetworkID) bool { return f.networks[id].fault == nil })
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
		f.pass(n, plan)
	}
}

func (f *Fabric) plan(n *network) (pipeline.Plan, error) {
	wanted := pipeline.Network{Number: n.Number, Type: n.Type, BandwidthKbps: n.BandwidthKbps}
	for _, a := range n.Attachments {
		at, err := f.attachment(n, a)
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

func (f *Fabric) attachment(n *network, a Attachment) (pipeline.Attachment, error) {
	node, ok := f.nodes[a.Node]
	if !ok {
		return pipeline.Attachment{}, notJoined(a.Node)
	}
	key := patchKey
	if a.Label == 0 {
		key = workloadKey(n.ID, a.Workload)
	} else if other := f.labelled(a.Node, a.Label, n); other != nil {
		return pipeline.Attachment{}, slice.Errorf(slice.Conflict, "label %d on node %s is that of network %s", a.Label, a.Node, other.ID)
	}
	port, ok := node.Ports[key]
	if !ok {
		return pipeline.Attachment{}, slice.Errorf(slice.Exhausted, "node %s has no number for a port", a.Node)
	}
	return pipeline.Attachment{Switch: f.dpid(node), Port: port, Label: a.Label, Behind: a.Behind}, nil
}

// labelled returns the other network that has a label on a node. One that is
// at fault itself does not stand in the way: two that exchange labels would
// wait for each other.
func (f *Fabric) labelled(node slice.Node, label slice.VLAN, but *network) *network {
	for _, o := range f.networks {
		if o.ID != but.ID && o.fault == nil && slices.ContainsFunc(o.Attachments, func(a Attachment) bool {
			return a.Node == node && a.Label == label
		}) {
			return o
		}
	}
	return nil
}

// graph returns the links that a network may use.
func (f *Fabric) graph(n *network) topology.Graph {
	var g topology.Graph
	for _, name := range f.names() {
		g.Switches = append(g.Switches, f.dpid(f.nodes[name]))
	}
	for _, l := range f.linksOf(n) {
		a, b := f.nodes[l.A], f.nodes[l.B]
		if a == nil || b == nil || a.Ports[tunnelKey(l.B)] == 0 || b.Ports[tunnelKey(l.A)] == 0 {
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
