package fabric

import (
	"maps"
	"strings"

	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/ipam"
	"github.com/l2sces/l2sces/pkg/pipeline"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/topology"
)

// A guest is a switch that no agent of ours keeps: it has its ports from
// somebody else, and the fabric gives it rules and nothing else. Whether it
// drops what no rule allows while it has no controller, nobody can see from
// here. Its links are those that somebody finds (SetLink).

// guestPrefix begins the name of a guest; the identifier of the switch follows.
const guestPrefix = "of:"

// GuestName returns the name of a guest as a node.
func GuestName(d slice.DPID) slice.Node { return slice.Node(guestPrefix + d.String()) }

// GuestDPID is the inverse of GuestName.
func GuestDPID(n slice.Node) (slice.DPID, bool) {
	text, ok := strings.CutPrefix(string(n), guestPrefix)
	var d slice.DPID
	return d, ok && d.UnmarshalText([]byte(text)) == nil && GuestName(d) == n
}

// Guest makes a switch without an agent a node of the fabric. Nobody vouches
// for such a switch: it is refused where its identifier is that of another
// node's switch.
func (f *Fabric) Guest(d slice.DPID) error {
	added, err := f.enter(d)
	if added && f.cfg.Joined != nil {
		f.cfg.Joined()
	}
	return err
}

func (f *Fabric) enter(d slice.DPID) (added bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	name := GuestName(d)
	have := f.nodeOf(d)
	switch {
	case d == 0:
		return false, slice.Errorf(slice.Invalid, "datapath id 0 is that of no switch")
	case have != nil && have.Name == name:
		return false, nil
	case have != nil:
		return false, slice.Errorf(slice.Denied, "switch %s is that of node %s, whose agent speaks for it", d, have.Name)
	}
	n := &node{Name: name, Guest: d, Ports: map[string]slice.Port{}, Ring: ipam.Ring{First: 1, Last: maxPort}}
	if err := f.saveNode(n); err != nil {
		return false, err
	}
	f.nodes[name] = n
	f.cfg.Logger.Info("switch without an agent joined", "node", string(name), "dpid", d.String())
	f.renew()
	f.tell()
	return true, nil
}

// setGuestLink notes a link between guests, whose ports nobody has asked for.
// It reports whether it is one. A port that a network has is a tenant's and
// becomes no link.
func (f *Fabric) setGuestLink(a, b topology.End, up bool) bool {
	x, y := f.nodeOf(a.Switch), f.nodeOf(b.Switch)
	if x == nil || y == nil || x == y || x.Guest == 0 || y.Guest == 0 {
		return false
	}
	same := x.Ports[tunnelKey(y.Name)] == a.Port && y.Ports[tunnelKey(x.Name)] == b.Port
	if same || !up {
		return same
	}
	for _, end := range []Attachment{{Node: x.Name, Port: a.Port}, {Node: y.Name, Port: b.Port}} {
		if user := f.userOf(end); user != nil {
			f.cfg.Logger.Warn("a port of a network is no link", "node", string(end.Node), "port", uint32(end.Port), "network", user.ID.String())
			return false
		}
	}
	x.link(y.Name, a.Port)
	y.link(x.Name, b.Port)
	for _, n := range []*node{x, y} {
		if err := f.saveNode(n); err != nil { // it is found again after a restart
			f.cfg.Logger.Error("link was not saved", "node", string(n.Name), "reason", err.Error())
		}
	}
	f.renew()
	return true
}

// link makes a port the one that leads to a peer, and to no other.
func (n *node) link(peer slice.Node, p slice.Port) {
	ports := maps.Clone(n.Ports)
	maps.DeleteFunc(ports, func(_ string, have slice.Port) bool { return have == p })
	ports[tunnelKey(peer)] = p
	n.Ports = ports
}

// userOf returns the network that has a port of a guest, or nil.
func (f *Fabric) userOf(at Attachment) *network {
	return f.other(place{node: at.Node, port: at.Port}, slice.NetworkID{}, func(*network) bool { return true })
}

// joins reports whether a tunnel between two nodes can be wished for, or is
// there: nobody can ask a guest for one.
func (f *Fabric) joins(a, b slice.Node) bool {
	x, y := f.nodes[a], f.nodes[b]
	return x.Guest == 0 && y.Guest == 0 || x.Ports[tunnelKey(b)] != 0 && y.Ports[tunnelKey(a)] != 0
}

// guestPort returns the state of a port of a guest, which only the switch
// itself can tell.
func (f *Fabric) guestPort(n *node, number slice.Port) bridge.PortState {
	if !f.engine.Connected(n.Guest) {
		return bridge.PortState{Message: "the switch is not connected"}
	}
	return bridge.PortState{Number: number}
}

// guestAttachment returns a port of a guest. One that another network has, or
// that leads to another switch, is not to be had.
func (f *Fabric) guestAttachment(at *node, n *network, a Attachment) (pipeline.Attachment, error) {
	if at.Guest == 0 {
		return pipeline.Attachment{}, slice.Errorf(slice.Invalid, "node %s has an agent, which numbers its ports", a.Node)
	}
	if other := f.other(place{node: a.Node, port: a.Port}, n.ID, (*network).owns); other != nil {
		return pipeline.Attachment{}, slice.Errorf(slice.Conflict, "port %d of %s is in network %s", a.Port, a.Node, other.ID)
	}
	return pipeline.Attachment{Switch: at.Guest, Port: a.Port, Behind: a.Behind, Addresses: a.bound(), Unbound: true}, nil
}
