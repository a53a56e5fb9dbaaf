package flow

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strconv"

	"github.com/l2sces/l2sces/pkg/slice"
)

// A Field is a part of a frame, or of what the switch remembers about it, that
// a flow may match.
type Field uint8

// The fields, in the order in which a flow prints them.
const (
	FieldInPort   Field = iota
	FieldMetadata       // the network that an earlier table wrote
	FieldTunnel         // VNI
	FieldVLAN           // a label; see Tagged and Label
	FieldEthSrc
	FieldEthDst
	FieldEthType
	FieldIPProto
	FieldIPv4Src
	FieldIPv6Src
	FieldUDPSrc
	FieldUDPDst
	FieldARPOp
	FieldARPSender   // the IPv4 address that it says is the sender's
	FieldARPHardware // and the hardware address
	FieldICMPv6Type
	FieldNDTarget
	FieldNDSource // the hardware address that a solicitation says is the sender's
	FieldNDOwner  // and the one that an advertisement says is the target's
	Fields        // how many there are
)

// A kind is what a field is called, which bits it has and how they are
// written.
type kind struct {
	name      string
	high, low uint64 // all of its bits
	form      form
}

type form uint8

const (
	asHex form = iota
	asNumber
	asMAC
	asIPv4
	asIPv6
)

var kinds = [Fields]kind{
	FieldInPort:      {"in_port", 0, 0xffffffff, asNumber},
	FieldMetadata:    {"metadata", 0, 1<<64 - 1, asHex},
	FieldTunnel:      {"tun_id", 0, 1<<64 - 1, asHex},
	FieldVLAN:        {"vlan_tci", 0, 0x1fff, asHex},
	FieldEthSrc:      {"dl_src", 0, 1<<48 - 1, asMAC},
	FieldEthDst:      {"dl_dst", 0, 1<<48 - 1, asMAC},
	FieldEthType:     {"dl_type", 0, 0xffff, asHex},
	FieldIPProto:     {"nw_proto", 0, 0xff, asNumber},
	FieldIPv4Src:     {"nw_src", 0, 1<<32 - 1, asIPv4},
	FieldIPv6Src:     {"ipv6_src", 1<<64 - 1, 1<<64 - 1, asIPv6},
	FieldUDPSrc:      {"udp_src", 0, 0xffff, asNumber},
	FieldUDPDst:      {"udp_dst", 0, 0xffff, asNumber},
	FieldARPOp:       {"arp_op", 0, 0xffff, asNumber},
	FieldARPSender:   {"arp_spa", 0, 1<<32 - 1, asIPv4},
	FieldARPHardware: {"arp_sha", 0, 1<<48 - 1, asMAC},
	FieldICMPv6Type:  {"icmpv6_type", 0, 0xff, asNumber},
	FieldNDTarget:    {"nd_target", 1<<64 - 1, 1<<64 - 1, asIPv6},
	FieldNDSource:    {"nd_sll", 0, 1<<48 - 1, asMAC},
	FieldNDOwner:     {"nd_tll", 0, 1<<48 - 1, asMAC},
}

// String returns the name that ovs-ofctl gives the field.
func (f Field) String() string { return f.kind().name }

func (f Field) kind() kind {
	if f < Fields {
		return kinds[f]
	}
	return kind{name: fmt.Sprintf("field_%d", uint8(f))}
}

// A Match is one condition on a frame: the bits of the field that the mask
// selects equal those of the value. Only an IPv6 address has a high half.
type Match struct {
	Field    Field
	Value    uint64
	Mask     uint64 // all bits of the field for an exact match
	High     uint64
	HighMask uint64
}

// vlanPresent is the bit that says that there is a tag (OpenFlow 1.3.5,
// section 7.2.3.7, OFPVID_PRESENT).
const vlanPresent = 0x1000

// Exact reports whether the condition is on all bits of its field.
func (m Match) Exact() bool {
	k := m.Field.kind()
	return m.Mask == k.low && m.HighMask == k.high
}

// InPort matches frames that came in by a port.
func InPort(p slice.Port) Match { return is(FieldInPort, uint64(p)) }

// InNetwork matches frames that an earlier table gave to a network.
func InNetwork(n slice.Network) Match { return is(FieldMetadata, uint64(n)) }

// VNI matches frames that came through a tunnel with a network's number.
func VNI(n slice.Network) Match { return is(FieldTunnel, uint64(n)) }

// Label matches frames with an 802.1Q tag of this VLAN.
func Label(v slice.VLAN) Match { return is(FieldVLAN, vlanPresent|uint64(v)) }

// Tagged matches frames with any 802.1Q tag.
func Tagged() Match { return masked(FieldVLAN, vlanPresent, vlanPresent) }

// From matches frames sent by an address.
func From(m slice.MAC) Match { return is(FieldEthSrc, number(m)) }

// FromMasked matches frames sent by the addresses that agree in the bits of a
// mask.
func FromMasked(m, mask slice.MAC) Match { return masked(FieldEthSrc, number(m), number(mask)) }

// To matches frames for an address.
func To(m slice.MAC) Match { return is(FieldEthDst, number(m)) }

// ToMasked matches frames for the addresses that agree in the bits of a mask.
func ToMasked(m, mask slice.MAC) Match { return masked(FieldEthDst, number(m), number(mask)) }

// EthType matches frames of an EtherType.
func EthType(t uint16) Match { return is(FieldEthType, uint64(t)) }

func is(f Field, v uint64) Match { return masked(f, v, kinds[f].low) }

func masked(f Field, v, mask uint64) Match { return Match{Field: f, Value: v, Mask: mask} }

func number(m slice.MAC) uint64 {
	var v uint64
	for _, b := range m {
		v = v<<8 | uint64(b)
	}
	return v
}

// MACOf returns the address in the low 48 bits of a number.
func MACOf(v uint64) slice.MAC {
	var a slice.MAC
	for i := range a {
		a[i] = byte(v >> (40 - 8*i))
	}
	return a
}

// String returns the condition in the syntax of ovs-ofctl.
func (m Match) String() string {
	switch {
	case m.Field == FieldVLAN && m.Exact() && m.Value&vlanPresent != 0:
		return fmt.Sprintf("dl_vlan=%d", m.Value&^vlanPresent)
	case m.Field == FieldVLAN: // a bare vlan_tci would match on the priority bits as well
		return fmt.Sprintf("%s=0x%04x/0x%04x", m.Field, m.Value, m.Mask)
	case m.Exact():
		return fmt.Sprintf("%s=%s", m.Field, text(m.Field, m.High, m.Value))
	default:
		return fmt.Sprintf("%s=%s/%s", m.Field, text(m.Field, m.High, m.Value), text(m.Field, m.HighMask, m.Mask))
	}
}

// text writes a value, or a mask, in the way of its field.
func text(f Field, high, low uint64) string {
	switch f.kind().form {
	case asNumber:
		return strconv.FormatUint(low, 10)
	case asMAC:
		return MACOf(low).String()
	case asIPv4:
		return netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, uint32(low)))).String()
	case asIPv6:
		return netip.AddrFrom16([16]byte(binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, high), low))).String()
	default:
		return fmt.Sprintf("%#x", low)
	}
}
