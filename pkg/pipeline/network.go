package pipeline

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/topology"
)

// A Network is one isolated segment in one fabric.
type Network struct {
	Number        slice.Network
	Type          slice.NetworkType
	BandwidthKbps uint32 // cap on what each tenant port sends; 0: none
	StormPps      uint32 // broadcast frames a second that each tenant port sends at most; 0: 1,000
	Attachments   []Attachment
	Paths         []Path // all traffic keeps to them
	// Backup is a second number. With it, frames for known addresses go around a
	// link that is down without waiting for anybody.
	Backup slice.Network
	// Mirror gets a copy of every frame that a port of the network sends and that
	// may pass. It sends nothing. Zero: there is none.
	Mirror topology.End
	Copies slice.Network // number of the copies on links
}

// An Attachment is one port of a network.
type Attachment struct {
	Switch slice.DPID
	Port   slice.Port
	Label  slice.VLAN  // 0: a tenant's port; else a hand-off, where frames carry this tag
	Behind []slice.MAC // addresses known to be there
	// Unbound is a port of a switch without an agent: any sender may be behind it.
	Unbound bool
	// Addresses are all that a tenant's port may speak for, besides the
	// link-local ones of its hardware addresses. None binds it to these alone.
	Addresses []netip.Addr
}

// tenant reports whether the port is one that is not to be trusted.
func (a Attachment) tenant() bool { return a.Label == 0 }

// open reports whether there may be addresses in the network that are not known:
// in an ext-vnet, or behind a port of which none was told.
func (n Network) open() bool {
	return n.Type == slice.ExtVNet ||
		slices.ContainsFunc(n.Attachments, func(a Attachment) bool { return len(a.Behind) == 0 })
}

// lastPort is the highest number of a real port; above are those with a meaning
// of their own, such as "all" (OpenFlow 1.3.5, section 7.2.1, OFPP_MAX).
const lastPort slice.Port = 0xffffff00

// lastTenantPort is the highest number of a tenant's port: its meters are told
// apart by what is added to that number.
const lastTenantPort slice.Port = 1<<16 - 1

// sorted returns the network with everything in an order that does not depend
// on the order it came in.
func (n Network) sorted() Network {
	at := slices.Clone(n.Attachments)
	for i, a := range at {
		at[i].Behind = slices.Clone(a.Behind)
		slices.SortFunc(at[i].Behind, compareMACs)
		at[i].Addresses = slices.Clone(a.Addresses)
		slices.SortFunc(at[i].Addresses, netip.Addr.Compare)
	}
	slices.SortFunc(at, func(x, y Attachment) int {
		return cmp.Or(cmp.Compare(x.Switch, y.Switch), cmp.Compare(x.Port, y.Port), cmp.Compare(x.Label, y.Label))
	})
	n.Attachments = at
	return n
}

func compareMACs(x, y slice.MAC) int { return slices.Compare(x[:], y[:]) }

// check reports what no fabric could carry.
func (n Network) check(g topology.Graph) error {
	switch n.Type {
	case slice.VNet, slice.ExtVNet:
	case slice.VLink:
		if len(n.Attachments) > 2 {
			return slice.Errorf(slice.Invalid, "network %d is a vlink and has %d ports, not two", n.Number, len(n.Attachments))
		}
	default:
		return slice.Errorf(slice.Invalid, "network %d: there is no network type %q", n.Number, n.Type)
	}
	if n.Number == 0 || n.Number > slice.LastNetwork {
		return slice.Errorf(slice.Invalid, "network number %d is not between 1 and %d", n.Number, slice.LastNetwork)
	}
	if n.Backup == n.Number || n.Backup > slice.LastNetwork {
		return slice.Errorf(slice.Invalid, "network %d: %d is no second number for it", n.Number, n.Backup)
	}
	return n.checkPorts(g)
}

// checkPorts reports a port that is not one, is named twice or is the end of a
// link, and an address that is not one or is named twice.
func (n Network) checkPorts(g topology.Graph) error {
	taken := map[topology.End]string{}
	for _, l := range g.Links {
		taken[l.A], taken[l.B] = "the end of link "+l.Name, "the end of link "+l.Name
	}
	owner := map[slice.MAC]topology.End{}
	for _, a := range n.Attachments {
		end := topology.End{Switch: a.Switch, Port: a.Port}
		switch what, ok := taken[end]; {
		case a.Port == 0 || a.Port > lastPort || a.tenant() && a.Port > lastTenantPort:
			return slice.Errorf(slice.Invalid, "network %d: %d is no number of a port", n.Number, a.Port)
		case a.Label > slice.MaxVLAN:
			return slice.Errorf(slice.Invalid, "network %d: label %d is above %d", n.Number, a.Label, slice.MaxVLAN)
		case ok:
			return slice.Errorf(slice.Invalid, "network %d: port %d of switch %s is %s", n.Number, a.Port, a.Switch, what)
		}
		for _, addr := range a.Addresses {
			if !addr.IsValid() || addr.Is4In6() || addr.Zone() != "" || addr.IsUnspecified() || addr.IsMulticast() {
				return slice.Errorf(slice.Invalid, "network %d: %s is not the address of one host", n.Number, addr)
			}
		}
		taken[end] = "in the network already"
		for _, mac := range a.Behind {
			first, ok := owner[mac]
			switch {
			case mac.IsGroup() || mac.IsZero():
				return slice.Errorf(slice.Invalid, "network %d: %s is not the address of one interface", n.Number, mac)
			case ok && first != end:
				return slice.Errorf(slice.Invalid, "network %d: address %s is behind port %d of switch %s and behind port %d of switch %s",
					n.Number, mac, first.Port, first.Switch, end.Port, end.Switch)
			}
			owner[mac] = end
		}
	}
	return n.checkMirror(taken)
}
