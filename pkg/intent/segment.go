package intent

import (
	"net/netip"
	"time"

	"github.com/l2sces/l2sces/pkg/slice"
)

// A Segment is the part of a network that lies in one domain: what the SCO
// asks of that domain's SDN controller. A domain never learns the numbers of
// another one.
type Segment struct {
	ID            slice.NetworkID   `json:"id"`
	Type          slice.NetworkType `json:"type"`
	MTU           uint32            `json:"mtu"` // bytes of an IP packet
	BandwidthKbps uint32            `json:"bandwidthKbps,omitempty"`
	Ports         []SegmentPort     `json:"ports,omitempty"`
	HandOff       bool              `json:"handOff"` // the network goes on in other domains
	Gateway       slice.Node        `json:"gateway,omitempty"`
	Remote        []slice.MAC       `json:"remote,omitempty"` // known addresses behind the hand-off
}

// A SegmentPort attaches one workload of the domain.
type SegmentPort struct {
	Workload  slice.Workload `json:"workload"`
	Interface string         `json:"interface"`
	MAC       slice.MAC      `json:"mac"`
	Address   netip.Prefix   `json:"address,omitzero"`  // with the length of the network's prefix
	Address6  netip.Prefix   `json:"address6,omitzero"` // IPv6 beside IPv4
}

// A SegmentStatus is what the domain made of a segment.
type SegmentStatus struct {
	ID      slice.NetworkID     `json:"id"`
	Label   slice.VLAN          `json:"label,omitempty"` // of the hand-off, on the gateway's patch pair
	Gateway slice.Node          `json:"gateway,omitempty"`
	Ports   []SegmentPortStatus `json:"ports,omitempty"`
	Ready   bool                `json:"ready"`
	Message string              `json:"message,omitempty"` // why it is not ready
	Digest  string              `json:"digest,omitempty"`  // of the segment as it was asked for
}

// A SegmentPortStatus tells where a workload was attached.
type SegmentPortStatus struct {
	Workload slice.Workload `json:"workload"`
	Node     slice.Node     `json:"node"`
	Ready    bool           `json:"ready"`
	Message  string         `json:"message,omitempty"`
}

// A DomainInfo is what a domain says of itself.
type DomainInfo struct {
	Name    slice.Domain     `json:"name"`
	Gateway slice.Node       `json:"gateway,omitempty"`
	MTU     uint32           `json:"mtu"` // largest IP packet that every node's tunnels carry
	Nodes   []slice.Node     `json:"nodes,omitempty"`
	Members []slice.Workload `json:"members,omitempty"` // workloads that can be attached

	Version     string       `json:"version,omitempty"`     // of the API that it speaks, as APIVersion
	Encryptions []Encryption `json:"encryptions,omitempty"` // that its tunnels to other domains can have
	Time        time.Time    `json:"time,omitzero"`         // by its clock, when it answered
}

// A Precondition lets a segment be changed, or not; have is what is there, nil
// if nothing is.
type Precondition func(id slice.NetworkID, have *Segment) error
