// Package sps is the agent of a Slice Packet Switch: it keeps br-sps of one
// node and plugs the node's workloads into it. A workload is a network
// namespace, in which it gets an interface, or an interface that is there
// already. Which frames may pass is decided by flows, elsewhere.
//
//	sps.New(db, client, sps.Plugger{Workloads: workloads, Links: links, Interfaces: interfaces}, cfg).Run(ctx)
package sps

import (
	"context"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/l2sces/l2sces/pkg/agent"
	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/slice"
)

// New returns the agent of a Slice Packet Switch.
func New(sw agent.Switch, ctl agent.Controller, plug Plugger, cfg agent.Config) *agent.Agent {
	cfg.Bridge = bridge.SPS
	return agent.New(sw, plug, ctl, cfg)
}

// A Place says where a workload is: in a namespace, or behind an interface.
// One of the two is set.
type Place struct {
	Namespace string // named network namespace
	Interface string // of the namespace in which the switch runs
}

// ParseWorkload reads NAME=netns:NAMESPACE or NAME=if:INTERFACE.
func ParseWorkload(s string) (slice.Workload, Place, error) {
	name, rest, _ := strings.Cut(s, "=")
	kind, where, _ := strings.Cut(rest, ":")
	switch {
	case name == "" || where == "":
	case kind == "netns":
		return slice.Workload(name), Place{Namespace: where}, nil
	case kind == "if":
		return slice.Workload(name), Place{Interface: where}, nil
	}
	return "", Place{}, slice.Errorf(slice.Invalid, "workload %q is neither NAME=netns:NAMESPACE nor NAME=if:INTERFACE", s)
}

// Inside is what a workload in a namespace sees of a port.
type Inside struct {
	Namespace, Interface string
	MAC                  slice.MAC
	Addresses            []netip.Prefix
	MTU                  int
}

// Links joins ports with namespaces. All can be repeated.
type Links interface {
	// Plug reports whether it made the port now.
	Plug(port string, in Inside) (fresh bool, err error)
	Unplug(port string) error
	Present(namespace string) bool
}

// Interfaces lends interfaces that are there to the switch, under the name of
// a port. All can be repeated.
type Interfaces interface {
	// Borrow reports whether it lent the interface now.
	Borrow(ifname, port string) (fresh bool, err error)
	GiveBack(ifname, port string) error
}

// A Plugger plugs workloads whose places are known.
type Plugger struct {
	Workloads  map[slice.Workload]Place
	Links      Links
	Interfaces Interfaces
}

// Plug makes what lies behind a port. It does so each time it is called, so a
// namespace that went and came back is plugged again.
func (g Plugger) Plug(_ context.Context, p bridge.Port) (fresh bool, err error) {
	place, ok := g.Workloads[p.Workload]
	switch {
	case !ok:
		return false, slice.Errorf(slice.NotFound, "workload %s does not live on this node", p.Workload)
	case place.Interface != "":
		return g.Interfaces.Borrow(place.Interface, p.Name)
	case !g.Links.Present(place.Namespace):
		return false, slice.Errorf(slice.NotFound, "namespace %s of workload %s is not there", place.Namespace, p.Workload)
	case p.Interface == "":
		return false, slice.Errorf(slice.Invalid, "port %s does not say which interface workload %s gets", p.Name, p.Workload)
	}
	return g.Links.Plug(p.Name, Inside{
		Namespace: place.Namespace, Interface: p.Interface, MAC: p.MAC, Addresses: addresses(p), MTU: int(p.MTU),
	})
}

// addresses returns those of a port, without the places where there is none.
func addresses(p bridge.Port) []netip.Prefix {
	return slices.DeleteFunc([]netip.Prefix{p.Address, p.Address6}, func(a netip.Prefix) bool { return !a.IsValid() })
}

// Unplug takes away what Plug made.
func (g Plugger) Unplug(_ context.Context, p bridge.Port) error {
	if place := g.Workloads[p.Workload]; place.Interface != "" {
		return g.Interfaces.GiveBack(place.Interface, p.Name)
	}
	return g.Links.Unplug(p.Name)
}

// Members returns the workloads that are here now, sorted. A workload whose
// interface is lent to the switch is here as well; its own name for the
// interface is gone meanwhile, so interfaces always count.
func (g Plugger) Members() []slice.Workload {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(g.Workloads)), func(w slice.Workload) bool {
		place := g.Workloads[w]
		return place.Interface == "" && !g.Links.Present(place.Namespace)
	})
}
