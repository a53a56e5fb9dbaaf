package fabric

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/topology"
)

// A LinkState is what somebody has found out about a link.
type LinkState struct {
	Up            bool
	Reason        string // why it is down
	Latency       time.Duration
	Loss          float64 // share of frames, 0 to 1
	BandwidthKbps uint64  // capacity; 0: not known
}

// A LinkInfo is a link as others may know it.
type LinkInfo struct {
	Name         string
	A, B         topology.End
	NodeA, NodeB slice.Node
	LinkState
}

// A pair names a link by the nodes at its ends, the lesser one first.
type pair struct{ a, b slice.Node }

func pairOf(a, b slice.Node) pair {
	if b < a {
		a, b = b, a
	}
	return pair{a, b}
}

func (l Link) pair() pair { return pairOf(l.A, l.B) }

// liveness is what is known of links that exist. What nobody has spoken of is
// taken to be up: a controller that has just begun must not change a thing.
type liveness struct {
	states map[pair]LinkState
	cuts   map[tunnelEnd]string // ends that are down, and why
	// recalled are links that were down when the controller ended, and of which
	// nobody has spoken since.
	recalled map[pair]bool
}

// A tunnelEnd is the port of a node that leads to a peer.
type tunnelEnd struct{ node, peer slice.Node }

// down says why frames should not take a link, or nothing.
func (l liveness) down(p pair) string {
	if s, ok := l.states[p]; ok && !s.Up {
		return cmp.Or(s.Reason, "it is down")
	}
	return cmp.Or(l.cuts[tunnelEnd{p.a, p.b}], l.cuts[tunnelEnd{p.b, p.a}])
}

// forget drops what is known of a link that is no more.
func (l liveness) forget(p pair) {
	delete(l.states, p)
	delete(l.cuts, tunnelEnd{p.a, p.b})
	delete(l.cuts, tunnelEnd{p.b, p.a})
}

// SetLink tells what was found out about the link between two ends. Networks
// leave a link that goes down, and those that had to leave it return when it
// comes up, before anything breaks that still works. One that cannot do
// without the link keeps the rules that it has, and its status says why. Ends
// that are not those of a link are passed over.
func (f *Fabric) SetLink(a, b topology.End, s LinkState) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.setGuestLink(a, b, s.Up)
	x, y := f.tunnelAt(a), f.tunnelAt(b)
	if x.node == "" || x.node != y.peer || x.peer != y.node {
		return
	}
	p := pairOf(x.node, x.peer)
	f.change(p, func() { f.live.states[p] = s })
}

// PortDown tells that a port of a switch has gone down or come up again, as
// the switch says itself: by its port status, or because nobody answers at
// the other end of the tunnel. A port that is not the end of a link is passed
// over.
func (f *Fabric) PortDown(d slice.DPID, p slice.Port, down bool, why string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	end := f.tunnelAt(topology.End{Switch: d, Port: p})
	if end.node == "" {
		return
	}
	f.change(pairOf(end.node, end.peer), func() {
		if down {
			f.live.cuts[end] = cmp.Or(why, "a port is down")
			return
		}
		delete(f.live.cuts, end)
		if p := pairOf(end.node, end.peer); f.live.recalled[p] {
			delete(f.live.states, p)
		}
	})
}

// remember makes durable that a link is down, so that a controller that
// begins finds the same ways, or that it is up again.
func (f *Fabric) remember(p pair, why string) {
	delete(f.live.recalled, p)
	key := string(p.a) + "/" + string(p.b)
	var err error
	if why == "" {
		err = f.cfg.Store.Delete(bucketLinks, key)
	} else {
		err = f.save(bucketLinks, key, why)
	}
	if err != nil {
		f.cfg.Logger.Error("state of the link was not saved", "a", string(p.a), "b", string(p.b), "reason", err.Error())
	}
}

// recallLink takes a link to be down that was down when the controller ended.
func (f *Fabric) recallLink(key string, why *string) {
	a, b, _ := strings.Cut(key, "/")
	p := pairOf(slice.Node(a), slice.Node(b))
	f.live.states[p], f.live.recalled[p] = LinkState{Reason: *why}, true
}

// change carries out what was learned of a link, and takes the networks that
// it concerns to other ways.
func (f *Fabric) change(p pair, learn func()) {
	before := f.live.down(p)
	learn()
	now := f.live.down(p)
	switch {
	case before == "" && now != "":
		f.remember(p, now)
		f.cfg.Logger.Warn("link is down", "a", string(p.a), "b", string(p.b), "reason", now)
		f.compile(f.usersOf(p))
	case before != "" && now == "":
		f.remember(p, "")
		f.cfg.Logger.Info("link is up", "a", string(p.a), "b", string(p.b))
		f.compile(f.exiles(p))
	}
	f.tell()
}

// Overlay returns the ports of a switch that lead to other switches, the only
// ones on which links may be looked for.
func (f *Fabric) Overlay(d slice.DPID) []slice.Port {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.nodeOf(d)
	if n == nil {
		return nil
	}
	var ports []slice.Port
	for key, p := range n.Ports {
		if strings.HasPrefix(key, tunnelPrefix) {
			ports = append(ports, p)
		}
	}
	slices.Sort(ports)
	return ports
}

// Links returns the links that have a port at both ends, by name.
func (f *Fabric) Links() []LinkInfo {
	f.mu.Lock()
	defer f.mu.Unlock()
	names := f.linkNames()
	var all []LinkInfo
	for _, name := range f.names() {
		n := f.nodes[name]
		for key, port := range n.Ports {
			peer, ok := strings.CutPrefix(key, tunnelPrefix)
			other := f.nodes[slice.Node(peer)]
			if !ok || other == nil || other.Name < name || other.Ports[tunnelKey(name)] == 0 {
				continue
			}
			p := pairOf(name, other.Name)
			info := LinkInfo{
				Name:  names[p],
				A:     topology.End{Switch: f.dpid(n), Port: port},
				B:     topology.End{Switch: f.dpid(other), Port: other.Ports[tunnelKey(name)]},
				NodeA: name, NodeB: other.Name, LinkState: f.live.states[p],
			}
			info.Reason = f.live.down(p)
			info.Up = info.Reason == ""
			all = append(all, info)
		}
	}
	slices.SortFunc(all, func(x, y LinkInfo) int {
		return cmp.Or(cmp.Compare(x.Name, y.Name), cmp.Compare(x.NodeA, y.NodeA), cmp.Compare(x.NodeB, y.NodeB))
	})
	return all
}

// LinkFault says why no frame passes between two nodes that a link joins, or
// nothing.
func (f *Fabric) LinkFault(a, b slice.Node) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if why := f.live.down(pairOf(a, b)); why != "" {
		return why
	}
	for _, end := range [][2]slice.Node{{a, b}, {b, a}} {
		if p := f.state(end[0], tunnelKey(end[1])); p.Message != "" {
			return fmt.Sprintf("tunnel from %s to %s: %s", end[0], end[1], p.Message)
		}
	}
	return ""
}

// linkNames returns what the networks call the links that they name, and the
// names of those of a mesh.
func (f *Fabric) linkNames() map[pair]string {
	names := map[pair]string{}
	for _, id := range f.ids() {
		n := f.networks[id]
		for _, l := range n.Links {
			if names[l.pair()] == "" {
				names[l.pair()] = l.Name
			}
		}
	}
	for _, l := range f.meshLinks() {
		names[l.pair()] = l.Name
	}
	return names
}

// meshLinks returns the links of a mesh, or none if there is no mesh.
func (f *Fabric) meshLinks() []Link {
	if !f.cfg.Mesh {
		return nil
	}
	return f.linksOf(nil)
}

// usersOf returns the networks whose frames take a link, in a fixed order.
func (f *Fabric) usersOf(p pair) []slice.NetworkID {
	return slices.DeleteFunc(f.ids(), func(id slice.NetworkID) bool {
		n := f.networks[id]
		return !slices.ContainsFunc(f.linksOf(n), func(l Link) bool {
			return l.pair() == p && (slices.Contains(n.now.Links, l.Name) || slices.Contains(n.now.Detours, l.Name) || n.move != nil && slices.Contains(n.move.old.Links, l.Name))
		})
	})
}

// exiles returns the networks whose ways were found while a link was down, in
// a fixed order.
func (f *Fabric) exiles(p pair) []slice.NetworkID {
	return slices.DeleteFunc(f.ids(), func(id slice.NetworkID) bool { return !f.networks[id].without[p] })
}

// tunnelAt returns the tunnel at an end, or nothing.
func (f *Fabric) tunnelAt(e topology.End) tunnelEnd {
	n := f.nodeOf(e.Switch)
	if n == nil {
		return tunnelEnd{}
	}
	for key, p := range n.Ports {
		if peer, ok := strings.CutPrefix(key, tunnelPrefix); ok && p == e.Port {
			return tunnelEnd{n.Name, slice.Node(peer)}
		}
	}
	return tunnelEnd{}
}

// nodeOf returns the node of a switch, or nil.
func (f *Fabric) nodeOf(d slice.DPID) *node {
	for _, name := range slices.Sorted(maps.Keys(f.nodes)) {
		if f.dpid(f.nodes[name]) == d {
			return f.nodes[name]
		}
	}
	return nil
}
