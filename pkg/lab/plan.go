package lab

import (
	"net/netip"

	"github.com/l2sces/l2sces/pkg/slice"
)

// A Plan is everything that makes a lab: what Up makes and Down removes.
type Plan struct {
	Lab          Lab           `json:"lab"`
	Dir          string        `json:"dir"` // run-time state; nobody else's
	Namespaces   []Namespace   `json:"namespaces"`
	Cables       []Cable       `json:"cables"`
	Routes       []Route       `json:"routes"`
	Certificates []Certificate `json:"certificates"`
	Processes    []Process     `json:"processes"` // in the order of their start
}

// A Namespace is one network namespace.
type Namespace struct {
	Name       string       `json:"name"`
	Address    netip.Prefix `json:"address,omitzero"` // on its loopback, besides the usual
	Forwarding bool         `json:"forwarding,omitempty"`
}

// A Cable joins two namespaces.
type Cable struct{ A, B Plug }

// A Plug is one end of a cable. Its sender computes checksums itself: a switch
// in the userspace datapath does not do it for others.
type Plug struct {
	Namespace string       `json:"namespace"`
	Interface string       `json:"interface"`
	Address   netip.Prefix `json:"address,omitzero"`
}

// A Route sends the packets of a namespace to a neighbour.
type Route struct {
	Namespace string       `json:"namespace"`
	To        netip.Prefix `json:"to"`
	Via       netip.Addr   `json:"via"`
}

// A Certificate is issued to an identity for some addresses.
type Certificate struct {
	Name     string   `json:"name"` // of its files in the pki folder
	Identity string   `json:"identity"`
	Hosts    []string `json:"hosts,omitempty"`
}

// A Process is one program that runs while the lab is up.
type Process struct {
	Name      string    `json:"name"`
	Namespace string    `json:"namespace"`
	Prepare   []Command `json:"prepare,omitempty"` // run to their end before each start
	Command   Command   `json:"command"`
	Log       string    `json:"log"`
	Admin     string    `json:"admin,omitempty"` // socket that answers /readyz
}

// A Command is a program with its arguments.
type Command struct {
	Args    []string `json:"args"`
	Env     []string `json:"env,omitempty"`     // besides what we have
	Creates string   `json:"creates,omitempty"` // not run if this file is there
}

// Places says where a lab finds the world that it runs in.
type Places struct {
	Run    string // folder of the lab's folder; /run
	Bin    string // folder of the programs of the house
	Schema string // of the switch's database; /usr/share/openvswitch/vswitch.ovsschema
}

const (
	switchSuffix = "-sw"
	controlPort  = "7001"
	domainPort   = "7002"
	switchPort   = "6653"
)

// A site is one node with what the plan needs to know of it.
type site struct {
	Node
	domain Domain
	index  uint8
}

// NewPlan computes what a lab consists of.
func NewPlan(l Lab, p Places) (Plan, error) {
	l = l.WithDefaults()
	if err := l.Validate(); err != nil {
		return Plan{}, err
	}
	if p.Run == "" {
		p.Run = "/run"
	}
	if p.Schema == "" {
		p.Schema = "/usr/share/openvswitch/vswitch.ovsschema"
	}
	plan := Plan{Lab: l, Dir: p.Run + "/" + l.Prefix + "-" + l.Name}
	b := builder{Plan: &plan, places: p}
	b.core()
	for _, s := range l.sites() {
		b.wires(s)
		b.database(s)
		b.vswitch(s)
	}
	b.controllers()
	for _, s := range l.sites() {
		b.agents(s)
	}
	return plan, b.err
}

// Namespace returns the name of the namespace of a node or a workload.
func (l Lab) Namespace(name string) string { return l.Prefix + "-" + name }

// SwitchNamespace returns the name of the namespace of a node's switch.
func (l Lab) SwitchNamespace(n slice.Node) string { return l.Namespace(string(n) + switchSuffix) }

// NodeDir returns the folder of a node: its switch's database and sockets.
func (p Plan) NodeDir(n slice.Node) string { return p.Dir + "/node/" + string(n) }

// Process returns the process of a name.
func (p Plan) Process(name string) (Process, error) {
	for _, q := range p.Processes {
		if q.Name == name {
			return q, nil
		}
	}
	return Process{}, slice.Errorf(slice.NotFound, "lab %s has no process %s", p.Lab.Name, name)
}

func (l Lab) sites() []site {
	var all []site
	for _, d := range l.Domains {
		for _, n := range d.Nodes {
			all = append(all, site{Node: n, domain: d, index: uint8(len(all) + 1)})
		}
	}
	return all
}

// host returns the address z of the y-th /24 of a /16.
func host(p netip.Prefix, y, z uint8) netip.Addr {
	a := p.Addr().As4()
	a[2], a[3] = y, z
	return netip.AddrFrom4(a)
}

func subnet(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, 24) }

// TunnelAddress returns the address of the tunnel end of a node's switch.
func (l Lab) TunnelAddress(n slice.Node) (netip.Addr, error) {
	for _, s := range l.sites() {
		if s.Name == n {
			return host(l.Switches, s.index, 2), nil
		}
	}
	return netip.Addr{}, slice.Errorf(slice.NotFound, "lab %s has no node %s", l.Name, n)
}
