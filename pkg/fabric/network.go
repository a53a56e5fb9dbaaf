package fabric

import (
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

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
	Paths         []Path            `json:"paths,omitempty"`
	// Mirror is a port of a guest that gets a copy of every frame. No node: none.
	Mirror Attachment `json:"mirror,omitzero"`
}

// An Attachment is one port of a network: a workload's, or a hand-off to the
// other fabric over the patch pair of the node.
type Attachment struct {
	Node  slice.Node `json:"node"`
	Label slice.VLAN `json:"label,omitempty"` // hand-off: its label on the patch pair
	Port  slice.Port `json:"port,omitempty"`  // of a guest, which numbers its ports itself
	// Behind are the addresses known to be behind the port.
	Behind []slice.MAC `json:"behind,omitempty"`

	Workload  slice.Workload `json:"workload,omitempty"`
	Interface string         `json:"interface,omitempty"`
	Address   netip.Prefix   `json:"address,omitzero"`
	Address6  netip.Prefix   `json:"address6,omitzero"` // IPv6 beside IPv4
}

// A Link is a pair of nodes with a tunnel between them.
type Link struct {
	Name string     `json:"name,omitempty"`
	A    slice.Node `json:"a"`
	B    slice.Node `json:"b"`
	Cost uint32     `json:"cost,omitempty"`

	CapacityKbps uint32        `json:"capacityKbps,omitempty"` // 0: not told, and taken to be enough
	Latency      time.Duration `json:"latency,omitempty"`      // of one way; 0: not told
	// Wire tells a link whose ports are joined without a tunnel: numbers pass as
	// 802.1Q labels.
	Wire bool `json:"wire,omitempty"`
}

// network is a network with what the fabric knows of it.
type network struct {
	Network
	Number slice.Network `json:"number"`
	Backup slice.Network `json:"backup,omitempty"` // the second number of a protected network
	Copies slice.Network `json:"copies,omitempty"` // the number of copies for a mirror port
	// Reserved are kilobits a second, by the name of the link.
	Reserved map[string]uint32 `json:"reserved,omitempty"`
	// Numbers are those of the workloads' ports, in the order of Attachments.
	Numbers []slice.Port `json:"numbers,omitempty"`
	// Unsettled tells that switches may hold other rules of the number than
	// those that come of what is stored.
	Unsettled bool `json:"unsettled,omitempty"`

	now     pipeline.Plan   // that its switches should have
	older   []pipeline.Plan // that some switch may have instead
	move    *move           // to other ways; nil while it stays
	kept    []Link          // links of before, until nothing takes them any more
	fault   error           // why it could not be compiled
	whole   bool            // it was compiled as it is
	without map[pair]bool   // links that were down when its ways were found
	learned slice.Network   // number under which the learner knows it
}

// mirrored reports whether frames of the network are copied to a port.
func (n Network) mirrored() bool { return n.Mirror.Node != "" }

// ends returns all ports that only this network can have.
func (n Network) ends() []Attachment {
	if !n.mirrored() {
		return n.Attachments
	}
	return append(slices.Clip(n.Attachments), n.Mirror)
}

// checkName refuses names that do not fit into the keys of ports.
func checkName(id slice.NetworkID) error {
	s, n := string(id.Slice), string(id.Network)
	if s == "" || n == "" || strings.Contains(s+n, "/") {
		return slice.Errorf(slice.Invalid, "network id %q: both names must be there and hold no slash", id)
	}
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

// renew gives ports to what networks need, compiles all of them and tells the
// nodes. Ports come first: rules name their numbers.
func (f *Fabric) renew() {
	if err := f.recount(); err != nil {
		f.cfg.Logger.Error("ports were not renewed", "reason", err.Error())
	}
	f.compile(f.ids())
	f.wake()
}

// compile turns networks into rules and hands them to the engine. A network
// that cannot be compiled keeps the rules that it has.
func (f *Fabric) compile(ids []slice.NetworkID) {
	if f.atlas == nil { // else a move that is over has its network compiled again
		f.atlas = &atlas{}
		defer func() { f.atlas = nil }()
	}
	for _, id := range ids {
		n := f.networks[id]
		plan, err := f.plan(n)
		if f.blame(n, err); err != nil {
			continue
		}
		f.pass(n, plan)
	}
}

func (f *Fabric) plan(n *network) (pipeline.Plan, error) {
	wanted := pipeline.Network{Number: n.Number, Type: n.Type, BandwidthKbps: n.BandwidthKbps, Backup: n.Backup, Copies: n.Copies}
	if n.mirrored() {
		at, err := f.attachment(n, n.Mirror)
		if err != nil {
			return pipeline.Plan{}, err
		}
		wanted.Mirror = topology.End{Switch: at.Switch, Port: at.Port}
	}
	for _, a := range n.Attachments {
		at, err := f.attachment(n, a)
		if err != nil {
			return pipeline.Plan{}, err
		}
		wanted.Attachments = append(wanted.Attachments, at)
	}
	for _, p := range n.Paths {
		path, err := f.path(p)
		if err != nil {
			return pipeline.Plan{}, err
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
	if a.Port != 0 {
		return f.guestAttachment(node, n, a)
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
	return pipeline.Attachment{Switch: f.dpid(node), Port: port, Label: a.Label, Behind: a.Behind, Addresses: a.bound()}, nil
}

// bound returns the addresses for which the port may speak: all of them, if it
// was told one.
func (a Attachment) bound() []netip.Addr {
	var all []netip.Addr
	for _, p := range []netip.Prefix{a.Address, a.Address6} {
		if p.IsValid() {
			all = append(all, p.Addr())
		}
	}
	return all
}

// labelled returns the other network that has a label on a node. One that is
// at fault itself does not stand in the way: two that exchange labels would
// wait for each other.
func (f *Fabric) labelled(node slice.Node, label slice.VLAN, but *network) *network {
	return f.other(place{node: node, label: label}, but.ID, (*network).owns)
}

// graph returns the links that a network may use.
func (f *Fabric) graph(n *network) topology.Graph {
	if s, ok := f.atlas.find(n); ok && !f.cfg.Mesh {
		n.without = s.without
		return s.graph
	}
	var g topology.Graph
	n.without = nil
	var promised map[pair]uint32
	if n.reserves() {
		promised = f.promised(n)
	}
	scope := f.scope(n)
	for _, name := range scope {
		g.Switches = append(g.Switches, f.dpid(f.nodes[name]))
	}
	for _, l := range f.linksOf(n) {
		a, b := f.nodes[l.A], f.nodes[l.B]
		if a == nil || b == nil || a.Ports[tunnelKey(l.B)] == 0 || b.Ports[tunnelKey(l.A)] == 0 {
			continue
		}
		if p := l.pair(); f.live.down(p) != "" {
			if n.without == nil {
				n.without = map[pair]bool{}
			}
			n.without[p] = true
			continue
		}
		g.Links = append(g.Links, f.link(l, a, b, promised))
	}
	if f.cfg.Mesh {
		return g
	}
	return f.atlas.enter(n, scope, g)
}

// linksOf returns the links that a network may use: its own, and in a mesh
// all pairs of nodes.
func (f *Fabric) linksOf(n *network) []Link {
	if !f.cfg.Mesh {
		return n.Links
	}
	var all []Link
	names := f.scope(n)
	for i, a := range names {
		for _, b := range names[i+1:] {
			if !f.joins(a, b) {
				continue
			}
			all = append(all, Link{Name: string(a) + "-" + string(b), A: a, B: b})
		}
	}
	return all
}

// scope returns the nodes among which the ways of a network are looked for, in
// a fixed order: those that it names, and in a mesh where all of these are
// joined no others, because no way is better than the link between two.
func (f *Fabric) scope(n *network) []slice.Node {
	if n == nil || len(n.Paths) > 0 {
		return f.names()
	}
	named := map[slice.Node]bool{}
	for _, a := range n.ends() {
		named[a.Node] = true
	}
	for _, l := range n.Links {
		named[l.A], named[l.B] = true, true
	}
	var all []slice.Node
	for name := range named {
		if f.nodes[name] != nil {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	if f.cfg.Mesh && !f.meshed(all) {
		return f.names()
	}
	return all
}

// meshed reports whether there is a link between all of some nodes.
func (f *Fabric) meshed(nodes []slice.Node) bool {
	for i, a := range nodes {
		for _, b := range nodes[i+1:] {
			x, y := f.nodes[a], f.nodes[b]
			if x.Guest != 0 || y.Guest != 0 || x.Ports[tunnelKey(b)] == 0 || y.Ports[tunnelKey(a)] == 0 || f.live.down(pairOf(a, b)) != "" {
				return false
			}
		}
	}
	return true
}

// names returns the nodes in a fixed order. Nodes never leave.
func (f *Fabric) names() []slice.Node {
	if len(f.sorted) != len(f.nodes) {
		f.sorted = slices.Sorted(maps.Keys(f.nodes))
	}
	return f.sorted
}

func notJoined(n slice.Node) error {
	return slice.Errorf(slice.Unavailable, "node %s has not joined yet", n)
}
