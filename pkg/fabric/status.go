package fabric

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A Status is a network as it is on this fabric.
type Status struct {
	Number  slice.Network
	Links   []string // that carry it
	Ports   []PortStatus
	Ready   bool
	Message string // why it is not ready, or which limits it had to give up
}

// A PortStatus is an attachment as it is.
type PortStatus struct {
	Node     slice.Node
	Workload slice.Workload // empty for a hand-off
	Ready    bool
	Message  string
}

// Status tells how far a network is true. It is not found if none is wanted.
func (f *Fabric) Status(id slice.NetworkID) (Status, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n, ok := f.networks[id]
	if !ok {
		return Status{}, slice.Errorf(slice.NotFound, "network %s is not on this fabric", id)
	}
	return f.statusOf(n), nil
}

func (f *Fabric) statusOf(n *network) Status {
	s := Status{Number: n.Number, Links: slices.Clone(n.now.Links), Ready: true}
	not := func(format string, args ...any) {
		if s.Ready {
			s.Message = fmt.Sprintf(format, args...)
		}
		s.Ready = false
	}
	for _, a := range n.Attachments {
		p := f.portStatus(n.ID, a)
		s.Ports = append(s.Ports, p)
		if !p.Ready {
			not("%s", p.Message)
		}
	}
	for _, l := range f.carriers(n) {
		for _, end := range [][2]slice.Node{{l.A, l.B}, {l.B, l.A}} {
			if p := f.state(end[0], tunnelKey(end[1])); p.Message != "" {
				not("tunnel from %s to %s: %s", end[0], end[1], p.Message)
			}
		}
	}
	if n.fault != nil {
		not("%s", n.fault)
	}
	if why := f.engine.Pending(n.Number); why != "" {
		not("%s", why)
	}
	if n.move != nil {
		not("the network is moving to other ways")
	}
	if s.Ready && len(n.now.Degraded) > 0 {
		s.Message = "degraded: " + strings.Join(n.now.Degraded, "; ")
	}
	return s
}

// carriers returns the links whose tunnels a network needs: those that it
// names, or those of the mesh that its frames take.
func (f *Fabric) carriers(n *network) []Link {
	if !f.cfg.Mesh {
		return n.Links
	}
	return slices.DeleteFunc(f.linksOf(n), func(l Link) bool {
		return !slices.Contains(n.now.Links, l.Name) && !slices.Contains(n.now.Detours, l.Name)
	})
}

func (f *Fabric) portStatus(id slice.NetworkID, a Attachment) PortStatus {
	p := PortStatus{Node: a.Node, Workload: a.Workload}
	key, what := patchKey, "hand-off"
	if a.Label == 0 {
		key, what = workloadKey(id, a.Workload), "workload "+string(a.Workload)
	}
	if a.Port != 0 {
		what = fmt.Sprintf("port %d", a.Port)
	}
	state := f.state(a.Node, key)
	if key == patchKey && f.cfg.Bridge == bridge.SPS && state.Number != 0 {
		// The other half is made for the NED, which waits for this one.
		state.Message = ""
	}
	if state.Message != "" {
		p.Message = fmt.Sprintf("%s on node %s: %s", what, a.Node, state.Message)
	}
	p.Ready = p.Message == ""
	return p
}

// state returns a port as its node reports it, with a message unless it is as
// it should be.
func (f *Fabric) state(name slice.Node, key string) bridge.PortState {
	n := f.nodes[name]
	switch {
	case n == nil:
		return bridge.PortState{Message: "the node has not joined yet"}
	case n.Guest != 0:
		return f.guestPort(n, n.Ports[key])
	case n.line == nil:
		return bridge.PortState{Message: "the agent of the node is away"}
	}
	number, ok := n.Ports[key]
	if !ok {
		return bridge.PortState{Message: "the port waits for its other end"}
	}
	want := f.port(key, number)
	if have, there := n.state(want.Name); there {
		if have.Message == "" && have.Number != want.Number {
			have.Message = fmt.Sprintf("port %s has number %d, wanted %d", want.Name, have.Number, want.Number)
		}
		return have
	}
	message := "port " + want.Name + " is not there yet"
	if n.report.Message != "" {
		message += ": " + n.report.Message
	}
	return bridge.PortState{Message: message}
}

// state returns a port as the node has reported it last.
func (n *node) state(port string) (bridge.PortState, bool) {
	if n.seen == nil {
		n.seen = make(map[string]bridge.PortState, len(n.report.Ports))
		for _, p := range n.report.Ports {
			n.seen[p.Name] = p
		}
	}
	p, there := n.seen[port]
	return p, there
}

// Wait returns when a network is true on every switch and node that it
// concerns, or with what is missing when ctx ends.
func (f *Fabric) Wait(ctx context.Context, id slice.NetworkID) (Status, error) {
	for {
		f.mu.Lock()
		n, ok := f.networks[id]
		if !ok {
			f.mu.Unlock()
			return Status{}, slice.Errorf(slice.NotFound, "network %s is not on this fabric", id)
		}
		reported, applied := f.reported, f.engine.Changed()
		s := f.statusOf(n)
		f.mu.Unlock()
		if s.Ready {
			return s, nil
		}
		select {
		case <-ctx.Done():
			return s, nil
		case <-reported:
		case <-applied:
		}
	}
}

// Settle returns when every connected switch holds what is wanted of it and
// every connected node has the bridge that is wanted of it, or with what is
// missing when ctx ends. After Remove it tells that nothing is left.
func (f *Fabric) Settle(ctx context.Context) error { return f.until(ctx, f.unsettled) }

// until returns when nothing is missing any more, or with what is when ctx
// ends. It asks again with each report of a node and each step of a switch.
func (f *Fabric) until(ctx context.Context, missing func() string) error {
	for {
		f.mu.Lock()
		reported, applied := f.reported, f.engine.Changed()
		why := missing()
		f.mu.Unlock()
		if why == "" {
			return nil
		}
		select {
		case <-ctx.Done():
			return slice.Errorf(slice.Unavailable, "%s", why)
		case <-reported:
		case <-applied:
		}
	}
}

func (f *Fabric) unsettled() string {
	for _, name := range f.names() {
		n := f.nodes[name]
		if n.line != nil && n.report.Applied != f.revisionOf(n) {
			return strings.TrimSuffix(fmt.Sprintf("node %s has not got its bridge yet: %s", name, n.report.Message), ": ")
		}
	}
	return f.engine.Unsettled()
}
