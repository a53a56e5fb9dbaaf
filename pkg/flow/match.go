package flow

import (
	"fmt"

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
)

// String returns the name that ovs-ofctl gives the field.
func (f Field) String() string {
	return [...]string{"in_port", "metadata", "tun_id", "vlan_tci", "dl_src", "dl_dst", "dl_type"}[f]
}

// A Match is one condition on a frame: the bits of the field that the mask
// selects equal those of the value.
type Match struct {
	Field Field
	Value uint64
	Mask  uint64 // all bits of the field for an exact match
}

// vlanPresent is the bit that says that there is a tag (OpenFlow 1.3.5,
// section 7.2.3.7, OFPVID_PRESENT).
const vlanPresent = 0x1000

// exact holds the mask of each field that means "all of it".
var exact = map[Field]uint64{
	FieldInPort: 0xffffffff, FieldMetadata: 1<<64 - 1, FieldTunnel: 1<<64 - 1,
	FieldVLAN: 0x1fff, FieldEthSrc: 1<<48 - 1, FieldEthDst: 1<<48 - 1, FieldEthType: 0xffff,
}

// Exact reports whether the condition is on all bits of its field.
func (m Match) Exact() bool { return m.Mask == exact[m.Field] }

// InPort matches frames that came in by a port.
func InPort(p slice.Port) Match { return is(FieldInPort, uint64(p)) }

// InNetwork matches frames that an earlier table gave to a network.
func InNetwork(n slice.Network) Match { return is(FieldMetadata, uint64(n)) }

// VNI matches frames that came through a tunnel with a network's number.
func VNI(n slice.Network) Match { return is(FieldTunnel, uint64(n)) }

// Label matches frames with an 802.1Q tag of this VLAN.
func Label(v slice.VLAN) Match { return is(FieldVLAN, vlanPresent|uint64(v)) }

// Tagged matches frames with any 802.1Q tag.
func Tagged() Match { return Match{FieldVLAN, vlanPresent, vlanPresent} }

// From matches frames sent by an address.
func From(m slice.MAC) Match { return is(FieldEthSrc, number(m)) }

// FromMasked matches frames sent by the addresses that agree in the bits of a
// mask.
func FromMasked(m, mask slice.MAC) Match { return Match{FieldEthSrc, number(m), number(mask)} }

// To matches frames for an address.
func To(m slice.MAC) Match { return is(FieldEthDst, number(m)) }

// ToMasked matches frames for the addresses that agree in the bits of a mask.
func ToMasked(m, mask slice.MAC) Match { return Match{FieldEthDst, number(m), number(mask)} }

// EthType matches frames of an EtherType.
func EthType(t uint16) Match { return is(FieldEthType, uint64(t)) }

func is(f Field, v uint64) Match { return Match{f, v, exact[f]} }

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
		return fmt.Sprintf("%s=%s", m.Field, m.text(m.Value))
	default:
		return fmt.Sprintf("%s=%s/%s", m.Field, m.text(m.Value), m.text(m.Mask))
	}
}

func (m Match) text(v uint64) string {
	switch m.Field {
	case FieldInPort:
		return fmt.Sprint(v)
	case FieldEthSrc, FieldEthDst:
		return MACOf(v).String()
	default:
		return fmt.Sprintf("%#x", v)
	}
}
