// Package slice holds the nouns that every other package speaks: names,
// numbers and kinds of error. It imports nothing of the house and does
// nothing: a value of these types is a name.
//
//	at := pipeline.Attachment{Switch: 0x11, Port: 3}
package slice

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// An ID names a slice. It is unique in one SCO.
type ID string

// A Tenant owns slices.
type Tenant string

// A Domain names one Kubernetes cluster, or one bare site.
type Domain string

// A Node names one machine of a domain. It is unique in one fabric.
type Node string

// A NetworkName names one network inside its slice.
type NetworkName string

// A Workload names what is attached to a network: a pod, a host, a namespace.
type Workload string

// A Network numbers one layer-2 network in one fabric. Two ports hear each
// other only if they belong to the same network. It is also the network's VNI
// on the tunnels of that fabric (RFC 7348, section 5): 1 to 16,777,215.
type Network uint32

// MaxNetwork is the highest number that there is. No network gets it: a
// controller's own frames pass through tunnels under it.
const MaxNetwork Network = 1<<24 - 1

// LastNetwork is the highest number that a network gets.
const LastNetwork = MaxNetwork - 1

// A VLAN is the label of a network on the patch pair between an SPS and a NED
// (IEEE 802.1Q, 1 to 4094). Zero is no label.
type VLAN uint16

// MaxVLAN is the highest label.
const MaxVLAN VLAN = 4094

// A Port is the number of a port on one switch. It means nothing on another.
type Port uint32

// A NetworkID names a network among all slices.
type NetworkID struct {
	Slice   ID
	Network NetworkName
}

// String returns the slice and the network, joined by a slash.
func (n NetworkID) String() string { return string(n.Slice) + "/" + string(n.Network) }

// MarshalText returns the same as String.
func (n NetworkID) MarshalText() ([]byte, error) { return []byte(n.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (n *NetworkID) UnmarshalText(text []byte) error {
	id, network, ok := strings.Cut(string(text), "/")
	if !ok {
		return Errorf(Invalid, "network id %q is not SLICE/NETWORK", text)
	}
	*n = NetworkID{Slice: ID(id), Network: NetworkName(network)}
	return nil
}

// A NetworkType says how many ports a network takes and what may be behind
// them.
type NetworkType string

// The types of a network.
const (
	VNet    NetworkType = "vnet"     // any number of ports
	VLink   NetworkType = "vlink"    // exactly two ports
	ExtVNet NetworkType = "ext-vnet" // a vnet with ports whose addresses are not known in advance
)

// A DPID is the datapath identifier of a switch (OpenFlow 1.3.5, section
// 7.3.1).
type DPID uint64

// DPIDOf derives the identifier of a bridge from its place, so that a
// controller knows a switch before it connects.
func DPIDOf(d Domain, n Node, bridge string) DPID {
	sum := sha256.Sum256([]byte(string(d) + "/" + string(n) + "/" + bridge))
	return DPID(binary.BigEndian.Uint64(sum[:8]))
}

// String returns the identifier as sixteen hexadecimal digits.
func (d DPID) String() string { return fmt.Sprintf("%016x", uint64(d)) }

// MarshalText returns the same as String.
func (d DPID) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads sixteen hexadecimal digits.
func (d *DPID) UnmarshalText(text []byte) error {
	v, err := strconv.ParseUint(string(text), 16, 64)
	if err != nil || len(text) != 16 {
		return Errorf(Invalid, "datapath id %q is not sixteen hexadecimal digits", text)
	}
	*d = DPID(v)
	return nil
}
