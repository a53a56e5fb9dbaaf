package flow

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"

	"github.com/l2sces/l2sces/pkg/slice"
)

// The EtherTypes and protocols whose insides a flow may match.
const (
	EtherIPv4 uint16 = 0x0800
	EtherARP  uint16 = 0x0806
	EtherIPv6 uint16 = 0x86dd

	ProtoUDP    uint8 = 17
	ProtoICMPv6 uint8 = 58

	// The messages of neighbour discovery (RFC 4861, section 4).
	RouterAdvertisement    uint8 = 134
	NeighbourSolicitation  uint8 = 135
	NeighbourAdvertisement uint8 = 136
	Redirect               uint8 = 137
)

// IPProto matches packets of a protocol, of IPv4 or IPv6.
func IPProto(p uint8) Match { return is(FieldIPProto, uint64(p)) }

// IPFrom matches packets sent by an address; EtherType has to say of which
// kind.
func IPFrom(a netip.Addr) Match {
	if a.Is4() {
		return is(FieldIPv4Src, ipv4(a))
	}
	return long(FieldIPv6Src, a)
}

// UDPFrom matches datagrams from a port.
func UDPFrom(p uint16) Match { return is(FieldUDPSrc, uint64(p)) }

// UDPTo matches datagrams for a port.
func UDPTo(p uint16) Match { return is(FieldUDPDst, uint64(p)) }

// ARPOp matches ARP messages of a kind: 1 asks, 2 answers.
func ARPOp(op uint16) Match { return is(FieldARPOp, uint64(op)) }

// ARPSender matches ARP messages that name an IPv4 address as their sender's.
func ARPSender(a netip.Addr) Match { return is(FieldARPSender, ipv4(a)) }

// ARPHardware matches ARP messages that name a hardware address as their
// sender's.
func ARPHardware(m slice.MAC) Match { return is(FieldARPHardware, number(m)) }

// ICMPv6 matches ICMPv6 messages of a type.
func ICMPv6(t uint8) Match { return is(FieldICMPv6Type, uint64(t)) }

// NDTarget matches solicitations and advertisements of an address.
func NDTarget(a netip.Addr) Match { return long(FieldNDTarget, a) }

// NDSource matches solicitations that name a hardware address as their
// sender's. The zero address stands for one that names none.
func NDSource(m slice.MAC) Match { return is(FieldNDSource, number(m)) }

// NDOwner matches advertisements that name a hardware address as the target's.
// The zero address stands for one that names none.
func NDOwner(m slice.MAC) Match { return is(FieldNDOwner, number(m)) }

func ipv4(a netip.Addr) uint64 {
	b := a.As4()
	return uint64(binary.BigEndian.Uint32(b[:]))
}

func long(f Field, a netip.Addr) Match {
	b := a.As16()
	return Match{
		Field: f, High: binary.BigEndian.Uint64(b[:8]), Value: binary.BigEndian.Uint64(b[8:]),
		HighMask: kinds[f].high, Mask: kinds[f].low,
	}
}

// needs holds what a flow must say before it may match a field: one of these
// values of another one (OpenFlow 1.3.5, section 7.2.3.6).
var needs = map[Field]struct {
	field  Field
	values []uint64
}{
	FieldIPProto:     {FieldEthType, []uint64{uint64(EtherIPv4), uint64(EtherIPv6)}},
	FieldIPv4Src:     {FieldEthType, []uint64{uint64(EtherIPv4)}},
	FieldIPv6Src:     {FieldEthType, []uint64{uint64(EtherIPv6)}},
	FieldUDPSrc:      {FieldIPProto, []uint64{uint64(ProtoUDP)}},
	FieldUDPDst:      {FieldIPProto, []uint64{uint64(ProtoUDP)}},
	FieldARPOp:       {FieldEthType, []uint64{uint64(EtherARP)}},
	FieldARPSender:   {FieldEthType, []uint64{uint64(EtherARP)}},
	FieldARPHardware: {FieldEthType, []uint64{uint64(EtherARP)}},
	FieldICMPv6Type:  {FieldIPProto, []uint64{uint64(ProtoICMPv6)}},
	FieldNDTarget:    {FieldICMPv6Type, []uint64{uint64(NeighbourSolicitation), uint64(NeighbourAdvertisement)}},
	FieldNDSource:    {FieldICMPv6Type, []uint64{uint64(NeighbourSolicitation)}},
	FieldNDOwner:     {FieldICMPv6Type, []uint64{uint64(NeighbourAdvertisement)}},
}

// checkNeeds reports a condition that lacks the one that gives it its meaning.
func checkNeeds(t *Table, list []Match) error {
	for _, m := range list {
		n, ok := needs[m.Field]
		if ok && !slices.ContainsFunc(list, func(o Match) bool {
			return o.Field == n.field && o.Exact() && slices.Contains(n.values, o.Value)
		}) {
			return fmt.Errorf("table %s: %s needs a %s that has it", t.Name, m.Field, n.field)
		}
	}
	return nil
}
