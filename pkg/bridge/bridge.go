// Package bridge describes a virtual switch of a node as a value: its
// settings, its ports and the controllers that it obeys. Two bridges can be
// compared; the difference is a list of changes. Package ovs carries changes
// out, package agent decides when.
//
//	changes := bridge.Diff(have, want)
package bridge

import (
	"net/netip"

	"github.com/l2sces/l2sces/pkg/slice"
)

// The names of the bridges and of the patch pair that joins them.
const (
	SPS       = "br-sps"
	NED       = "br-ned"
	PatchName = "to-ned" // on br-sps
	PatchPeer = "to-sps" // on br-ned
)

// A Bridge is what one bridge of a node is, or should be. It is always
// fail-secure, without in-band control, and speaks OpenFlow 1.3: those are no
// choice and therefore no fields of the wanted value; Faults tells where a
// real bridge strays from them.
type Bridge struct {
	Name        string     `json:"name"`
	DPID        slice.DPID `json:"dpid"`
	Datapath    string     `json:"datapath,omitempty"`    // netdev or system; the agent fills it in
	Controllers []string   `json:"controllers,omitempty"` // OVS targets: ssl:192.0.2.1:6653
	Ports       []Port     `json:"ports,omitempty"`       // by name
	Faults      []string   `json:"faults,omitempty"`      // of a real bridge: settings that are not safe
}

// A Port is one port of a bridge. Which fields count depends on its kind.
type Port struct {
	Name   string     `json:"name"` // at most 15 bytes
	Kind   PortKind   `json:"kind"`
	Number slice.Port `json:"number"` // OpenFlow port number asked for, 1 to 65,279

	Remote netip.Addr `json:"remote,omitzero"` // tunnel: the other end; VXLAN with key=flow
	BFD    uint32     `json:"bfd,omitempty"`   // tunnel: milliseconds between two frames that watch it (RFC 5880); 0: none
	Peer   string     `json:"peer,omitempty"`  // patch: the port at the other end

	Workload  slice.Workload `json:"workload,omitempty"`  // workload: whose
	Interface string         `json:"interface,omitempty"` // workload: name inside
	MAC       slice.MAC      `json:"mac,omitzero"`        // workload
	Address   netip.Prefix   `json:"address,omitzero"`    // workload
	Address6  netip.Prefix   `json:"address6,omitzero"`   // workload: IPv6 beside IPv4
	MTU       uint32         `json:"mtu,omitempty"`       // workload: bytes of an IP packet
}

// A PortKind says what is at the other end of a port.
type PortKind string

// The kinds of port.
const (
	Workload PortKind = "workload" // one end of a veth pair whose other end a workload has
	Tunnel   PortKind = "tunnel"   // VXLAN to another node, VNI set by flows
	Patch    PortKind = "patch"    // the other bridge of the same node
)

// A Report is what an agent tells its controller: once as a greeting, and
// again whenever something changes.
type Report struct {
	Domain  slice.Domain     `json:"domain"`
	Node    slice.Node       `json:"node"`
	Bridge  string           `json:"bridge"`            // br-sps or br-ned
	Tunnel  netip.Addr       `json:"tunnel"`            // address of the node's tunnel end
	MTU     uint32           `json:"mtu"`               // largest IP packet that a tunnel carries
	Members []slice.Workload `json:"members,omitempty"` // workloads that can be attached here
	Applied uint32           `json:"applied"`           // revision of the wanted bridge that is in place
	Ports   []PortState      `json:"ports,omitempty"`   // by name
	Message string           `json:"message,omitempty"` // why the revision is not in place
}

// A PortState is a port as it is.
type PortState struct {
	Name    string     `json:"name"`
	Number  slice.Port `json:"number"` // 0: not there
	Up      bool       `json:"up"`
	Message string     `json:"message,omitempty"`

	// What was measured of a tunnel, from here to its other end; zero where
	// nothing was.
	LatencyMicros uint32 `json:"latencyMicros,omitempty"` // one way
	LossPPM       uint32 `json:"lossPpm,omitempty"`       // frames of a million
	BandwidthKbps uint32 `json:"bandwidthKbps,omitempty"`
}

// A Wanted is the bridge that a controller wants, with its revision.
type Wanted struct {
	Revision uint32 `json:"revision"`
	Bridge   Bridge `json:"bridge"`
}
