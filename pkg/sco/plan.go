package sco

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"github.com/l2sces/l2sces/pkg/fabric"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/ipam"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A Plan is what intents come to once everything open is decided: addresses,
// packet sizes, gateways. It is made without touching anything.
type Plan struct {
	Networks []NetworkPlan               `json:"networks"`
	Gateways map[slice.Domain]slice.Node `json:"gateways"`
	Links    []fabric.Link               `json:"links"` // of the overlay, between gateways
}

// A NetworkPlan is one network, decided.
type NetworkPlan struct {
	Name          slice.NetworkName         `json:"name"`
	Type          slice.NetworkType         `json:"type"`
	MTU           uint32                    `json:"mtu"`
	BandwidthKbps uint32                    `json:"bandwidthKbps,omitempty"`
	Addresses     ipam.Plan                 `json:"addresses"`
	Interfaces    map[slice.Workload]string `json:"interfaces,omitempty"`
	Domains       []slice.Domain            `json:"domains"`
	Paths         []fabric.Path             `json:"paths,omitempty"`
}

// MakePlan decides what intents leave open. What the plan before had stays
// where the intents do not contradict it. Infos are what the domains of the
// slice say of themselves.
func MakePlan(in intent.Intents, infos map[slice.Domain]intent.DomainInfo, before Plan) (Plan, error) {
	p := Plan{Gateways: map[slice.Domain]slice.Node{}}
	for _, d := range in.Slice.Domains {
		gateway := cmp.Or(d.Gateway, infos[d.Name].Gateway)
		if gateway == "" && len(in.Slice.Domains) > 1 {
			return p, slice.Errorf(slice.Invalid, "domain %s has no gateway: name one in the intents, or in the domain's SDN controller", d.Name)
		}
		p.Gateways[d.Name] = gateway
	}
	for _, l := range in.Overlay.Expand(in.Slice.Domains) {
		p.Links = append(p.Links, fabric.Link{
			Name: string(l.From) + "-" + string(l.To), Cost: l.Cost, A: p.Gateways[l.From], B: p.Gateways[l.To],
			CapacityKbps: l.CapacityKbps, Latency: milliseconds(l.LatencyMs),
		})
	}
	for _, n := range in.Slice.Networks {
		np, err := p.plan(in, n, infos, before.network(n.Name))
		if err != nil {
			return p, err
		}
		p.Networks = append(p.Networks, np)
	}
	return p, nil
}

func (p Plan) plan(in intent.Intents, n intent.Network, infos map[slice.Domain]intent.DomainInfo, before *NetworkPlan) (NetworkPlan, error) {
	np := NetworkPlan{
		Name: n.Name, Type: n.Type, BandwidthKbps: n.BandwidthKbps, Domains: n.Domains,
		Addresses: addresses(n, before), Interfaces: map[slice.Workload]string{},
	}
	var members []ipam.Member
	for _, m := range n.Members {
		members = append(members, ipam.Member{Domain: m.Domain, Workload: m.Name, Address: m.Address, Address6: m.Address6, MAC: m.MAC})
		np.Interfaces[m.Name] = m.Interface
	}
	var err error
	if np.Addresses, err = np.Addresses.Assign(slice.NetworkID{Slice: in.Slice.ID, Network: n.Name}, members); err != nil {
		return np, err
	}
	if np.MTU, err = packetSize(in, n, infos); err != nil {
		return np, err
	}
	for _, path := range in.Paths {
		if path.Network == n.Name && !free(path) {
			np.Paths = append(np.Paths, p.path(path))
		}
	}
	return np, nil
}

// addresses returns what the plan of a network's addresses begins with: what is
// asked for now, what was leased before and the ranges that were cut.
func addresses(n intent.Network, before *NetworkPlan) ipam.Plan {
	out := ipam.Plan{Prefix: n.CIDR, Second: n.CIDR6, Reserved: n.Reserved}
	for _, r := range n.Ranges {
		out.Ranges = append(out.Ranges, ipam.Range{Domain: r.Domain, CIDR: r.CIDR})
	}
	if n.Split {
		out.Split = n.Domains
	}
	if before == nil {
		return out
	}
	out.Leases = before.Addresses.Leases
	for _, r := range before.Addresses.Ranges {
		if r.Cut {
			out.Ranges = append(out.Ranges, r)
		}
	}
	return out
}

// path returns a path between domains as one between their gateways.
func (p Plan) path(in intent.Path) fabric.Path {
	gateways := func(domains []slice.Domain) []slice.Node {
		var all []slice.Node
		for _, d := range domains {
			all = append(all, p.Gateways[d])
		}
		return all
	}
	return fabric.Path{
		From: p.Gateways[in.From], To: p.Gateways[in.To], Hops: gateways(in.Hops), Loose: in.Mode == intent.PathLoose,
		MaxLatency: milliseconds(in.MaxLatencyMs), MinKbps: in.MinBandwidthKbps, Avoid: gateways(in.Avoid),
		Degrade: in.Policy == intent.Degrade, Protected: in.Protection == intent.FastFailover,
	}
}

// free reports whether a path asks for nothing.
func free(p intent.Path) bool {
	return p.Mode == intent.PathAny && p.MaxLatencyMs == 0 && p.MinBandwidthKbps == 0 && len(p.Avoid) == 0 && p.Protection == intent.NoProtection
}

func milliseconds(n uint32) time.Duration { return time.Duration(n) * time.Millisecond }

// packetSize returns the largest packet that passes everywhere the network may
// go, or what the intents ask for if that is less.
func packetSize(in intent.Intents, n intent.Network, infos map[slice.Domain]intent.DomainInfo) (uint32, error) {
	var least uint32
	var where slice.Domain
	for _, d := range in.Slice.Domains {
		if mtu := infos[d.Name].MTU; mtu != 0 && (least == 0 || mtu < least) {
			least, where = mtu, d.Name
		}
	}
	switch {
	case least == 0:
		return 0, slice.Errorf(slice.Unavailable, "no domain of slice %s knows the packet size of its tunnels yet: has no node joined?", in.Slice.ID)
	case n.MTU > least:
		return 0, slice.Errorf(slice.Invalid, "network %s wants an MTU of %d bytes; domain %s carries %d: ask for at most that", n.Name, n.MTU, where, least)
	}
	return cmp.Or(n.MTU, least), nil
}

func (p Plan) network(name slice.NetworkName) *NetworkPlan {
	i := slices.IndexFunc(p.Networks, func(n NetworkPlan) bool { return n.Name == name })
	if i < 0 {
		return nil
	}
	return &p.Networks[i]
}

// joins reports whether the NEDs carry a network: one of several domains.
func (p Plan) joins(name slice.NetworkName) bool {
	n := p.network(name)
	return n != nil && len(n.Domains) > 1
}

// has reports whether a network has a segment in a domain.
func (p Plan) has(name slice.NetworkName, d slice.Domain) bool {
	n := p.network(name)
	return n != nil && slices.Contains(n.Domains, d)
}

// Segments returns what to ask of a domain, in the order of the networks.
func (p Plan) Segments(id slice.ID, d slice.Domain) []intent.Segment {
	var all []intent.Segment
	for _, n := range p.Networks {
		if !slices.Contains(n.Domains, d) {
			continue
		}
		s := intent.Segment{
			ID: slice.NetworkID{Slice: id, Network: n.Name}, Type: n.Type, MTU: n.MTU, BandwidthKbps: n.BandwidthKbps,
			HandOff: len(n.Domains) > 1,
		}
		if s.HandOff {
			s.Gateway = p.Gateways[d]
		}
		for _, l := range n.Addresses.Leases {
			if l.Domain != d {
				s.Remote = append(s.Remote, l.MAC)
				continue
			}
			port := intent.SegmentPort{Workload: l.Workload, Interface: n.Interfaces[l.Workload], MAC: l.MAC}
			if l.Address.IsValid() {
				port.Address = netip.PrefixFrom(l.Address, n.Addresses.Prefix.Bits())
			}
			if l.Address6.IsValid() {
				port.Address6 = netip.PrefixFrom(l.Address6, n.Addresses.Second.Bits())
			}
			s.Ports = append(s.Ports, port)
		}
		all = append(all, s)
	}
	return all
}

// Joint returns what joins the segments of a network over the NEDs. Labels are
// those of the hand-offs, by domain. A network of one domain has no joint.
func (p Plan) Joint(id slice.ID, n NetworkPlan, labels map[slice.Domain]slice.VLAN) (fabric.Network, bool, error) {
	if len(n.Domains) < 2 {
		return fabric.Network{}, false, nil
	}
	out := fabric.Network{
		ID: slice.NetworkID{Slice: id, Network: n.Name}, Type: n.Type, MTU: n.MTU,
		Links: p.Links, Paths: n.Paths,
	}
	for _, d := range n.Domains {
		if labels[d] == 0 {
			return out, true, slice.Errorf(slice.Unavailable, "domain %s has not given network %s a label yet", d, n.Name)
		}
		at := fabric.Attachment{Node: p.Gateways[d], Label: labels[d]}
		for _, l := range n.Addresses.Leases {
			if l.Domain == d {
				at.Behind = append(at.Behind, l.MAC)
			}
		}
		out.Attachments = append(out.Attachments, at)
	}
	return out, true, nil
}

// supported refuses what intents can say and this release cannot do.
func supported(in intent.Intents) error {
	if e := in.Overlay.Encryption; e != intent.NoEncryption {
		return slice.Errorf(slice.Invalid, "overlay.encryption: %s is not available in this release: use none", e)
	}
	if in.Overlay.Measured {
		return slice.Errorf(slice.Invalid, "overlay.measured: not available in this release: leave it out")
	}
	for i, n := range in.Slice.Networks {
		if n.Type == slice.ExtVNet {
			return slice.Errorf(slice.Invalid, "slice.networks[%d].type: ext-vnet is not available in this release: use vnet", i)
		}
	}
	return nil
}
