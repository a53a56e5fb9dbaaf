package pipeline

import (
	"net/netip"
	"slices"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/slice"
)

// The levels of Guard at which a port with bound addresses is looked at: what
// it may say stands above what nobody may, and both above what is not looked
// at. Ports without bound addresses pass at higher levels.
const (
	ownMAC       flow.Priority = flow.Default - 50
	noSource     flow.Priority = flow.Default - 40
	ownSource    flow.Priority = flow.Default - 30
	noNeighbour  flow.Priority = flow.Default - 20
	ownNeighbour flow.Priority = flow.Default - 10
)

// The ports of address servers and their clients (RFC 2131, section 4.1; RFC
// 8415, section 7.2).
const (
	portDHCPServer   = 67
	portDHCPClient   = 68
	portDHCPv6Server = 547
)

// arpRequest is the operation of a question (RFC 826).
const arpRequest = 1

// strangers drops what speaks for an address that is not bound to its port.
func strangers() []flow.Flow {
	var all []flow.Flow
	for _, t := range []uint16{flow.EtherARP, flow.EtherIPv4, flow.EtherIPv6} {
		all = append(all, flow.Flow{Table: Guard, Priority: noSource, Match: []flow.Match{flow.EthType(t)}})
	}
	for _, t := range []uint8{flow.NeighbourSolicitation, flow.NeighbourAdvertisement} {
		all = append(all, flow.Flow{Table: Guard, Priority: noNeighbour, Match: icmpv6(t)})
	}
	return all
}

// bound reports whether it is known for which addresses the port may speak.
func (a Attachment) bound() bool { return len(a.Addresses) > 0 && len(a.Behind) > 0 }

// A speaker is one hardware address behind a port, and all that it may say.
type speaker struct {
	n   Network
	at  Attachment
	mac slice.MAC
}

// passes lets a frame on that its sender may send.
func (s speaker) passes(level flow.Priority, more ...flow.Match) flow.Flow {
	f := known(s.n, Guard, append([]flow.Match{flow.InPort(s.at.Port), flow.From(s.mac)}, more...), flow.Goto(Limit))
	f.Priority = level
	return f
}

// flows lets frames pass that name addresses of the port, and no other, as
// their sender's. What is neither IP nor ARP passes by its hardware address.
func (s speaker) flows() []flow.Flow {
	all := []flow.Flow{s.passes(ownMAC)}
	own := []netip.Addr{LinkLocal(s.mac)}
	for _, a := range slices.Compact(slices.Clone(s.at.Addresses)) {
		switch {
		case a.Is4():
			all = append(all, s.passes(ownSource, flow.EthType(flow.EtherIPv4), flow.IPFrom(a)), s.arp(flow.ARPSender(a)))
		case a != own[0]:
			own = append(own, a)
		}
	}
	all = append(all, s.arp(flow.ARPSender(netip.IPv4Unspecified()), flow.ARPOp(arpRequest)), s.asksForAddress())
	return append(append(all, s.overIPv6(own)...), s.neighbour(own)...)
}

// arp lets messages pass that name the hardware address as their sender's.
// Nobody's address is that of a probe (RFC 5227, section 1.1).
func (s speaker) arp(more ...flow.Match) flow.Flow {
	return s.passes(ownSource, append(more, flow.EthType(flow.EtherARP), flow.ARPHardware(s.mac))...)
}

// asksForAddress lets a client speak to address servers before it has one.
func (s speaker) asksForAddress() flow.Flow {
	return s.passes(ownSource, flow.EthType(flow.EtherIPv4), flow.IPFrom(netip.IPv4Unspecified()),
		flow.IPProto(flow.ProtoUDP), flow.UDPFrom(portDHCPClient), flow.UDPTo(portDHCPServer))
}

// overIPv6 lets packets from own addresses pass, and the messages by which an
// address is taken (RFC 4862, section 5.4).
func (s speaker) overIPv6(own []netip.Addr) []flow.Flow {
	all := []flow.Flow{s.passes(ownSource, flow.EthType(flow.EtherIPv6), flow.IPFrom(netip.IPv6Unspecified()), flow.IPProto(flow.ProtoICMPv6))}
	for _, a := range own {
		all = append(all, s.passes(ownSource, flow.EthType(flow.EtherIPv6), flow.IPFrom(a)))
	}
	return all
}

// neighbour lets solicitations pass that name the hardware address, or none,
// as their sender's, and advertisements of own addresses that name it, or
// none, as the target's. An advertisement comes from its target or from the
// link-local address.
func (s speaker) neighbour(own []netip.Addr) []flow.Flow {
	asks := func(from netip.Addr, names slice.MAC) flow.Flow {
		return s.passes(ownNeighbour, append(icmpv6(flow.NeighbourSolicitation), flow.IPFrom(from), flow.NDSource(names))...)
	}
	all := []flow.Flow{asks(netip.IPv6Unspecified(), slice.MAC{})}
	for _, a := range own {
		all = append(all, asks(a, s.mac), asks(a, slice.MAC{}))
	}
	tells := func(from, target netip.Addr) {
		for _, names := range []slice.MAC{s.mac, {}} {
			all = append(all, s.passes(ownNeighbour,
				append(icmpv6(flow.NeighbourAdvertisement), flow.IPFrom(from), flow.NDTarget(target), flow.NDOwner(names))...))
		}
	}
	for _, a := range own {
		tells(a, a)
		if a != own[0] {
			tells(own[0], a)
		}
	}
	return all
}

// LinkLocal returns the address that an interface gives itself from its
// hardware address (RFC 4291, appendix A).
func LinkLocal(m slice.MAC) netip.Addr {
	return netip.AddrFrom16([16]byte{0: 0xfe, 1: 0x80, 8: m[0] ^ 2, 9: m[1], 10: m[2], 11: 0xff, 12: 0xfe, 13: m[3], 14: m[4], 15: m[5]})
}
