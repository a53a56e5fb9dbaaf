package slice

import (
	"net"
	"net/netip"
)

// A MAC is a hardware address that can be compared.
type MAC [6]byte

// Broadcast is the address of everybody.
var Broadcast = MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}

// MACOf returns the locally administered address of an IPv4 address: 02:00
// and its four bytes.
func MACOf(a netip.Addr) MAC {
	b := a.As4()
	return MAC{0x02, 0x00, b[0], b[1], b[2], b[3]}
}

// ParseMAC reads six pairs of hexadecimal digits.
func ParseMAC(s string) (MAC, error) {
	hw, err := net.ParseMAC(s)
	if err != nil || len(hw) != 6 {
		return MAC{}, Errorf(Invalid, "hardware address %q is not six pairs of hexadecimal digits", s)
	}
	return MAC(hw), nil
}

// String returns the address as six pairs of hexadecimal digits.
func (m MAC) String() string { return net.HardwareAddr(m[:]).String() }

// IsZero reports whether no address is set.
func (m MAC) IsZero() bool { return m == MAC{} }

// IsGroup reports whether the address names many: multicast or broadcast
// (IEEE 802, the least bit of the first byte).
func (m MAC) IsGroup() bool { return m[0]&1 == 1 }

// MarshalText returns the same as String.
func (m MAC) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads the same as ParseMAC.
func (m *MAC) UnmarshalText(text []byte) error {
	v, err := ParseMAC(string(text))
	*m = v
	return err
}
