package fabric

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/ipam"
	"github.com/l2sces/l2sces/pkg/slice"
)

// The highest port number that Open vSwitch takes (OFPP_MAX of OpenFlow 1.0,
// which it keeps in all versions).
const maxPort = 65279

// patchKey names the hand-off port among the ports of a node.
const patchKey = "patch"

// tunnelPrefix begins the key of a tunnel port; the peer follows.
const tunnelPrefix = "tunnel/"

// workloadPrefix begins the key of a workload's port.
const workloadPrefix = "workload/"

func tunnelKey(peer slice.Node) string { return tunnelPrefix + string(peer) }

func workloadKey(id slice.NetworkID, w slice.Workload) string {
	return workloadPrefix + id.String() + "/" + string(w)
}

// ofWorkload is the inverse of workloadKey. No part of the key but the last
// can hold a slash.
func ofWorkload(key string) (slice.NetworkID, slice.Workload) {
	parts := strings.SplitN(key, "/", 4)
	return slice.NetworkID{Slice: slice.ID(parts[1]), Network: slice.NetworkName(parts[2])}, slice.Workload(parts[3])
}

// node is one node of the fabric. What is exported outlives a restart: a
// controller that comes back compiles the same rules before any node reports.
type node struct {
	Name    slice.Node            `json:"name"`
	Domain  slice.Domain          `json:"domain"`
	Tunnel  netip.Addr            `json:"tunnel"`
	MTU     uint32                `json:"mtu"`
	Members []slice.Workload      `json:"members,omitempty"`
	Ports   map[string]slice.Port `json:"ports"` // numbers by what is behind them
	Ring    ipam.Ring             `json:"ring"`  // of port numbers
	Guest   slice.DPID            `json:"guest,omitzero"`

	used     map[slice.Port]bool         // numbers of ports; nil until somebody asks
	revision uint32                      // of the bridge that it should have; 0 until somebody asks
	seen     map[string]bridge.PortState // ports of the last report by name; nil until somebody asks

	report bridge.Report // the last one
	line   *line         // to its agent; nil when it is away
}

// line is an agent that is connected.
type line struct {
	node slice.Node
	wake chan struct{}
	gone chan struct{} // closed when another line has taken its place
}

// A NodeInfo is a node as others may know it.
type NodeInfo struct {
	Name    slice.Node
	Domain  slice.Domain
	DPID    slice.DPID
	MTU     uint32
	Members []slice.Workload
	Online  bool
	Guest   bool // a switch without an agent
}

// Nodes returns the nodes that ever joined, by name.
func (f *Fabric) Nodes() []NodeInfo {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []NodeInfo
	for _, name := range f.names() {
		n := f.nodes[name]
		all = append(all, NodeInfo{n.Name, n.Domain, f.dpid(n), n.MTU, slices.Clone(n.Members), n.line != nil, n.Guest != 0})
	}
	return all
}

func (f *Fabric) dpid(n *node) slice.DPID {
	if n.Guest != 0 {
		return n.Guest
	}
	return slice.DPIDOf(n.Domain, n.Name, f.cfg.Bridge)
}

// Keep serves one agent until its line breaks: it takes what the agent
// reports, the greeting first, and sends the bridge that is wanted, now and
// whenever it changes. A newer line of the same node ends it.
func (f *Fabric) Keep(ctx context.Context, reports <-chan bridge.Report, send func(bridge.Wanted) error) error {
	var me *line
	select {
	case <-ctx.Done():
		return ctx.Err()
	case r, ok := <-reports:
		if !ok {
			return nil
		}
		me = &line{node: r.Node, wake: make(chan struct{}, 1), gone: make(chan struct{})}
		if err := f.join(r, me); err != nil {
			return err
		}
	}
	defer f.leave(me)
	out := sender{f: f, node: me.node, send: send}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-me.gone:
			return replaced(me.node)
		case r, ok := <-reports:
			if !ok {
				return nil
			}
			if err := f.report(r, me); err != nil {
				return err
			}
			continue
		case <-out.rest:
			out.rest = nil
		case <-me.wake:
			out.due = true
		}
		if err := out.bring(); err != nil {
			return err
		}
	}
}

// A sender sends a node its bridge whenever that changes.
type sender struct {
	f    *Fabric
	node slice.Node
	send func(bridge.Wanted) error
	sent uint32           // revision of the last one
	rest <-chan time.Time // until the next may be sent; nil: it may
	due  bool
}

// bring sends the bridge that is wanted, if it is another one than the last.
func (s *sender) bring() error {
	if !s.due || s.rest != nil {
		return nil
	}
	s.due = false
	w := s.f.wanted(s.node)
	if w.Revision == s.sent {
		return nil
	}
	if err := s.send(w); err != nil {
		return fmt.Errorf("send bridge to node %s: %w", s.node, err)
	}
	s.sent, s.rest = w.Revision, restAfter(w.Bridge)
	return nil
}

// restAfter returns when the next bridge may be sent. A bridge is sent whole:
// one with many ports must not be sent for each of many changes.
func restAfter(b bridge.Bridge) <-chan time.Time {
	const few, perPort = 200, 20 * time.Microsecond
	if len(b.Ports) <= few {
		return nil
	}
	return time.After(time.Duration(len(b.Ports)) * perPort)
}

func replaced(n slice.Node) error {
	return slice.Errorf(slice.Conflict, "another agent has taken the place of that of node %s", n)
}

// join enters a line with its greeting. The newest line of a node is the one
// that counts.
func (f *Fabric) join(r bridge.Report, me *line) error {
	f.mu.Lock()
	_, err := f.take(r)
	if err != nil {
		f.mu.Unlock()
		return err
	}
	n := f.nodes[r.Node]
	if n.line != nil {
		close(n.line.gone)
	}
	n.line, n.report, n.seen = me, r, nil
	poke(me.wake)
	f.goOn()
	f.tell()
	f.mu.Unlock()
	f.joined()
	return nil
}

// report takes a later report of a line in.
func (f *Fabric) report(r bridge.Report, me *line) error {
	f.mu.Lock()
	n := f.nodes[me.node]
	switch {
	case r.Node != me.node:
		f.mu.Unlock()
		return slice.Errorf(slice.Invalid, "the agent of node %s reports for node %s", me.node, r.Node)
	case n.line != me:
		f.mu.Unlock()
		return replaced(me.node)
	}
	changed, err := f.take(r)
	if err == nil {
		f.nodes[me.node].report, f.nodes[me.node].seen = r, nil
		f.goOn()
		f.tell()
	}
	f.mu.Unlock()
	if changed {
		f.joined()
	}
	return err
}

func (f *Fabric) joined() {
	if f.cfg.Joined != nil {
		f.cfg.Joined()
	}
}

// take makes what a node says of itself durable, and tells whether it is new.
func (f *Fabric) take(r bridge.Report) (changed bool, err error) {
	n, known := f.nodes[r.Node]
	switch {
	case r.Node == "" || r.Domain == "":
		return false, slice.Errorf(slice.Invalid, "a report from node %q of domain %q: both names must be there", r.Node, r.Domain)
	case known && n.Domain != r.Domain:
		return false, slice.Errorf(slice.Conflict, "node %s is in domain %s already, and reports from %s", r.Node, n.Domain, r.Domain)
	case !known:
		n = &node{Name: r.Node, Domain: r.Domain, Ports: map[string]slice.Port{}, Ring: ipam.Ring{First: 1, Last: maxPort}}
	case n.Tunnel == r.Tunnel && n.MTU == r.MTU && slices.Equal(n.Members, r.Members):
		return false, nil
	}
	next := *n
	next.Tunnel, next.MTU, next.Members = r.Tunnel, r.MTU, slices.Clone(r.Members)
	if err := f.saveNode(&next); err != nil {
		return false, err
	}
	f.nodes[r.Node] = &next
	switch {
	case !known:
		f.renew()
	case n.Tunnel != r.Tunnel:
		f.wake() // the other ends of its tunnels
	}
	return true, nil
}

func (f *Fabric) leave(me *line) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n := f.nodes[me.node]; n.line == me {
		n.line = nil
		f.goOn()
		f.tell()
	}
}

// wanted returns the bridge that a node should have. Its revision is a hash,
// so that a restarted controller asks for the same.
func (f *Fabric) wanted(name slice.Node) bridge.Wanted {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.wantedOf(f.nodes[name])
}

func (f *Fabric) wantedOf(n *node) bridge.Wanted {
	b := bridge.Bridge{Name: f.cfg.Bridge, DPID: f.dpid(n), Controllers: f.cfg.Controllers}
	b.Ports = make([]bridge.Port, 0, len(n.Ports))
	for key, number := range n.Ports {
		if !isWorkload(key) {
			b.Ports = append(b.Ports, f.port(key, number))
		}
	}
	for id := range f.register.nodes[n.Name] {
		nw := f.networks[id]
		for _, a := range nw.Attachments {
			key := nw.key(a)
			if a.Node == n.Name && isWorkload(key) && n.Ports[key] != 0 {
				b.Ports = append(b.Ports, workloadPort(nw, a, f.name(key), n.Ports[key]))
			}
		}
	}
	slices.SortFunc(b.Ports, func(x, y bridge.Port) int { return strings.Compare(x.Name, y.Name) })
	if n.revision == 0 {
		h := fnv.New32a()
		_ = json.NewEncoder(h).Encode(b) // a hash takes everything
		n.revision = max(h.Sum32(), 1)   // an agent without a bridge reports zero
	}
	return bridge.Wanted{Revision: n.revision, Bridge: b}
}

// revisionOf returns the revision of the bridge that a node should have.
func (f *Fabric) revisionOf(n *node) uint32 {
	if n.revision == 0 {
		return f.wantedOf(n).Revision
	}
	return n.revision
}

// port returns the port behind a key.
func (f *Fabric) port(key string, number slice.Port) bridge.Port {
	switch {
	case key == patchKey:
		peer := bridge.PatchPeer
		if f.cfg.Bridge == bridge.NED {
			peer = bridge.PatchName
		}
		return bridge.Port{Name: f.name(key), Kind: bridge.Patch, Number: number, Peer: peer}
	case strings.HasPrefix(key, tunnelPrefix):
		peer := slice.Node(strings.TrimPrefix(key, tunnelPrefix))
		return bridge.Port{Name: f.name(key), Kind: bridge.Tunnel, Number: number, Remote: f.nodes[peer].Tunnel, BFD: uint32(f.cfg.BFD.Milliseconds())} //nolint:gosec // some seconds at most
	}
	id, workload := ofWorkload(key)
	nw := f.networks[id]
	i := slices.IndexFunc(nw.Attachments, func(a Attachment) bool { return a.Label == 0 && a.Workload == workload })
	return workloadPort(nw, nw.Attachments[i], f.name(key), number)
}

// name returns the name of the port behind a key.
func (f *Fabric) name(key string) string {
	switch {
	case key == patchKey && f.cfg.Bridge == bridge.NED:
		return bridge.PatchPeer
	case key == patchKey:
		return bridge.PatchName
	case strings.HasPrefix(key, tunnelPrefix):
		return portName("x", key)
	}
	return portName("v", key)
}

func workloadPort(nw *network, a Attachment, name string, number slice.Port) bridge.Port {
	p := bridge.Port{
		Name: name, Kind: bridge.Workload, Number: number,
		Workload: a.Workload, Interface: a.Interface, Address: a.Address, Address6: a.Address6, MTU: nw.MTU,
	}
	if len(a.Behind) > 0 {
		p.MAC = a.Behind[0]
	}
	return p
}

// portName returns a name of eleven bytes: a device name holds fifteen, and
// the names of slices are longer.
func portName(prefix, key string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(key)) // a hash takes everything
	return fmt.Sprintf("%s%010x", prefix, h.Sum64()&0xffffffffff)
}

// poke wakes whoever waits on a channel of one place.
func poke(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
