// Package lab builds domains on one machine: network namespaces in the place
// of nodes, switches and workloads, a private Open vSwitch per node and the
// real programs of the house. It decides what has to be there and in which
// order; it makes nothing itself, but through the hands that a Keeper is given.
//
//	keeper := lab.Keeper{Network: ns, Processes: ps, Certificates: ca, Health: admin, Say: say}
//	err := keeper.Up(ctx, plan)
package lab

import (
	"net/netip"
	"regexp"

	"github.com/l2sces/l2sces/pkg/slice"
)

// A Lab is the file that describes one.
type Lab struct {
	Name     string       `json:"name"`
	Prefix   string       `json:"prefix,omitempty"`  // begins the name of every namespace; l2s
	Underlay netip.Prefix `json:"underlay,omitzero"` // a /16: nodes and controllers; 10.210.0.0/16
	Switches netip.Prefix `json:"switches,omitzero"` // a /16: tunnel ends of the switches; 10.218.0.0/16
	Domains  []Domain     `json:"domains"`
}

// A Domain is one site with its own SDN controller, which runs on the first
// node.
type Domain struct {
	Name    slice.Domain `json:"name"`
	Gateway slice.Node   `json:"gateway"` // the node with the NED
	Nodes   []Node       `json:"nodes"`
}

// A Node is one machine of a domain.
type Node struct {
	Name      slice.Node       `json:"name"`
	Workloads []slice.Workload `json:"workloads,omitempty"`
}

const (
	maxNodes  = 200 // one byte of the address, with room for the controllers
	maxSocket = 107 // bytes in a UNIX socket path (unix(7))
	maxNames  = 40  // bytes in a name
)

var name = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)

// WithDefaults returns the lab with its empty fields filled in.
func (l Lab) WithDefaults() Lab {
	if l.Prefix == "" {
		l.Prefix = "l2s"
	}
	if !l.Underlay.IsValid() {
		l.Underlay = netip.MustParsePrefix("10.210.0.0/16")
	}
	if !l.Switches.IsValid() {
		l.Switches = netip.MustParsePrefix("10.218.0.0/16")
	}
	return l
}

// Validate reports the first fault of a lab whose defaults are filled in.
func (l Lab) Validate() error {
	for _, p := range []netip.Prefix{l.Underlay, l.Switches} {
		if !p.Addr().Is4() || p.Bits() != 16 || p != p.Masked() {
			return slice.Errorf(slice.Invalid, "lab %s: %s is not an IPv4 /16", l.Name, p)
		}
	}
	if l.Underlay == l.Switches {
		return slice.Errorf(slice.Invalid, "lab %s: underlay and switches are both %s", l.Name, l.Underlay)
	}
	seen := map[string]bool{"core": true}
	for _, n := range []string{l.Name, l.Prefix} {
		if err := checkName(n); err != nil {
			return err
		}
	}
	nodes := 0
	for _, d := range l.Domains {
		if err := d.validate(seen); err != nil {
			return err
		}
		nodes += len(d.Nodes)
	}
	if nodes == 0 || nodes > maxNodes {
		return slice.Errorf(slice.Invalid, "lab %s has %d nodes: 1 to %d are possible", l.Name, nodes, maxNodes)
	}
	return nil
}

// validate checks the names of a domain. Nodes, their switches and workloads
// share the names of namespaces, so each may be used once in the lab.
func (d Domain) validate(seen map[string]bool) error {
	names := []string{}
	gateway := false
	for _, n := range d.Nodes {
		gateway = gateway || n.Name == d.Gateway
		names = append(names, string(n.Name), string(n.Name)+switchSuffix)
		for _, w := range n.Workloads {
			names = append(names, string(w))
		}
	}
	if !gateway {
		return slice.Errorf(slice.Invalid, "domain %s: gateway %q is not one of its nodes", d.Name, d.Gateway)
	}
	if err := checkName(string(d.Name)); err != nil {
		return err
	}
	for _, n := range names {
		if err := checkName(n); err != nil {
			return err
		}
		if seen[n] {
			return slice.Errorf(slice.Invalid, "domain %s: the name %s is used twice in the lab", d.Name, n)
		}
		seen[n] = true
	}
	return nil
}

func checkName(n string) error {
	if !name.MatchString(n) || len(n) > maxNames {
		return slice.Errorf(slice.Invalid, "name %.50q: use up to %d small letters, digits and dashes", n, maxNames)
	}
	return nil
}
