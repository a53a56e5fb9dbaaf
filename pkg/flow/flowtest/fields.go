package flowtest

import (
	"net/netip"

	"github.com/l2sces/l2sces/pkg/flow"
)

// A value is that of a field, as a switch would number it.
type value struct{ high, low uint64 }

func (v value) differs(m flow.Match) bool {
	return v.low&m.Mask != m.Value&m.Mask || v.high&m.HighMask != m.High&m.HighMask
}

type values [flow.Fields]value

// see notes what a condition on all bits of a field would ask for.
func (v *values) see(list ...flow.Match) {
	for _, m := range list {
		v[m.Field] = value{m.High, m.Value}
	}
}

// etherTagged is what a switch sees behind the outer of two tags: it looks no
// further.
const etherTagged = 0x8100

// fields returns what a match can see of a frame.
func fields(f Frame, r Result) values {
	var v values
	if len(f.Tags) > 1 {
		f.Type = etherTagged
	}
	v.see(flow.InPort(f.Port), flow.InNetwork(r.Marked), flow.VNI(f.Tunnel), flow.From(f.From), flow.To(f.To), flow.EthType(f.Type))
	if len(f.Tags) > 0 {
		v.see(flow.Label(f.Tags[0]))
	}
	v.inside(f.Type, f.Inside)
	return v
}

// inside notes what is behind the EtherType.
func (v *values) inside(ether uint16, p Packet) {
	switch ether {
	case flow.EtherARP:
		v.see(flow.ARPOp(p.ARPOp), flow.ARPSender(or4(p.Source)), flow.ARPHardware(p.ARPHardware))
	case flow.EtherIPv4:
		v.see(flow.IPProto(p.Proto), flow.IPFrom(or4(p.Source)))
	case flow.EtherIPv6:
		v.see(flow.IPProto(p.Proto), flow.IPFrom(or6(p.Source)))
	default:
		return
	}
	switch {
	case ether == flow.EtherARP:
	case p.Proto == flow.ProtoUDP:
		v.see(flow.UDPFrom(p.UDPFrom), flow.UDPTo(p.UDPTo))
	case p.Proto == flow.ProtoICMPv6 && ether == flow.EtherIPv6:
		v.neighbour(p)
	}
}

// neighbour notes what an ICMPv6 message says.
func (v *values) neighbour(p Packet) {
	v.see(flow.ICMPv6(p.ICMPv6))
	switch p.ICMPv6 {
	case flow.NeighbourSolicitation:
		v.see(flow.NDTarget(or6(p.Target)), flow.NDSource(p.NDSource))
	case flow.NeighbourAdvertisement:
		v.see(flow.NDTarget(or6(p.Target)), flow.NDOwner(p.NDOwner))
	}
}

// or4 and or6 put the address of nobody where none of the kind is.
func or4(a netip.Addr) netip.Addr {
	if a.Is4() {
		return a
	}
	return netip.IPv4Unspecified()
}

func or6(a netip.Addr) netip.Addr {
	if a.Is6() {
		return a
	}
	return netip.IPv6Unspecified()
}
