package lab

import (
	"net/netip"
)

// coreNet is the number of the underlay's /24 in which the core has its own
// address.
const coreNet = 255

func (l Lab) scoAddress() netip.Addr { return host(l.Underlay, coreNet, 2) }

func (l Lab) nodeAddress(s site) netip.Addr { return host(l.Underlay, s.index, 2) }

// core makes the router between the nodes, where the SCO lives as well.
func (b *builder) core() {
	b.Namespaces = append(b.Namespaces, Namespace{
		Name:       b.Lab.Namespace("core"),
		Address:    netip.PrefixFrom(b.Lab.scoAddress(), 32),
		Forwarding: true,
	})
}

// wires makes the namespaces of a node, and the cables from core to node and
// from node to switch. The agent moves the switch's own address onto br-phy,
// so that the far plug of the second cable has none.
func (b *builder) wires(s site) {
	l := b.Lab
	core, node, sw := l.Namespace("core"), l.Namespace(string(s.Name)), l.SwitchNamespace(s.Name)
	b.Namespaces = append(b.Namespaces, Namespace{Name: node, Forwarding: true}, Namespace{Name: sw})
	for _, w := range s.Workloads {
		b.Namespaces = append(b.Namespaces, Namespace{Name: l.Namespace(string(w))})
	}
	router := host(l.Underlay, s.index, 1)
	b.Cables = append(
		b.Cables,
		Cable{
			A: Plug{Namespace: core, Interface: "node" + itoa(s.index), Address: subnet(router)},
			B: Plug{Namespace: node, Interface: "eth0", Address: subnet(l.nodeAddress(s))},
		},
		Cable{
			A: Plug{Namespace: node, Interface: "sw", Address: subnet(host(l.Switches, s.index, 1))},
			B: Plug{Namespace: sw, Interface: "eth0"},
		},
	)
	b.Routes = append(
		b.Routes,
		Route{Namespace: node, To: netip.PrefixFrom(netip.IPv4Unspecified(), 0), Via: router},
		Route{Namespace: core, To: subnet(host(l.Switches, s.index, 0)), Via: l.nodeAddress(s)},
	)
}
