// Package intent holds what a tenant asks for: slice, overlay and path intents
// as values with one canonical YAML and JSON form. It knows neither the
// templates that intents are translated from (package translate) nor the
// switches that make them true (package fabric).
//
//	if err := intents.Validate(); err != nil { ... }
package intent

import (
	"net/netip"

	"github.com/l2sces/l2sces/pkg/slice"
)

// APIVersion names this form of the intents.
const APIVersion = "l2sces/v1"

// Intents are all that one slice asks for.
type Intents struct {
	APIVersion string  `json:"apiVersion"`
	Slice      Slice   `json:"slice"`
	Overlay    Overlay `json:"overlay"`
	Paths      []Path  `json:"paths,omitempty"`
}

// A Slice is a tenant's set of networks over some domains.
type Slice struct {
	ID       slice.ID     `json:"id"`
	Tenant   slice.Tenant `json:"tenant"`
	SNSSAI   SNSSAI       `json:"snssai"`
	QoS      QoS          `json:"qos"`
	Domains  []Domain     `json:"domains"`
	Networks []Network    `json:"networks"`
}

// SNSSAI identifies the kind of slice (3GPP TS 23.501, section 5.15.2).
type SNSSAI struct {
	SST string `json:"sst"`          // eMBB, URLLC or mMTC
	SD  string `json:"sd,omitempty"` // slice differentiator, free text in OSM's model
}

// QoS is the quality that the template names (3GPP TS 23.501, section 5.7).
type QoS struct {
	ID                  uint32 `json:"id"` // 5QI
	ResourceType        string `json:"resourceType,omitempty"`
	PriorityLevel       uint32 `json:"priorityLevel,omitempty"`
	PacketDelayBudgetMs uint32 `json:"packetDelayBudgetMs,omitempty"`
	PacketErrorRate     string `json:"packetErrorRate,omitempty"`
	MaxDataBurst        uint32 `json:"maxDataBurst,omitempty"`
}

// A Domain is one that the slice reaches.
type Domain struct {
	Name    slice.Domain `json:"name"`
	Gateway slice.Node   `json:"gateway,omitempty"` // empty: the domain's own choice
}

// A Network is one isolated Ethernet segment.
type Network struct {
	Name          slice.NetworkName `json:"name"`
	Type          slice.NetworkType `json:"type"`
	CIDR          netip.Prefix      `json:"cidr,omitzero"`           // none: a network without addresses
	CIDR6         netip.Prefix      `json:"cidr6,omitzero"`          // IPv6 beside an IPv4 cidr
	Reserved      []slice.Span      `json:"reserved,omitempty"`      // that no member gets: ADDRESS, PREFIX or FIRST-LAST
	Ranges        []Range           `json:"ranges,omitempty"`        // where members of a domain get their addresses, and no others
	Split         bool              `json:"split,omitempty"`         // give every other domain a range too, by need
	MTU           uint32            `json:"mtu,omitempty"`           // bytes of an IP packet; 0: the largest that fits
	BandwidthKbps uint32            `json:"bandwidthKbps,omitempty"` // cap per port; 0: none
	Domains       []slice.Domain    `json:"domains"`                 // where the network exists, with or without members
	Members       []Member          `json:"members,omitempty"`
}

// A Range is the part of a network's prefix that belongs to one domain.
type Range struct {
	Domain slice.Domain `json:"domain"`
	CIDR   netip.Prefix `json:"cidr"`
}

// A Member is one port of a network.
type Member struct {
	Name      slice.Workload `json:"name"`
	Domain    slice.Domain   `json:"domain"`
	Interface string         `json:"interface,omitempty"` // name inside the workload, at most 15 bytes; empty: the network's
	Address   netip.Addr     `json:"address,omitzero"`    // empty: planned from the CIDR
	Address6  netip.Addr     `json:"address6,omitzero"`   // the same for the IPv6 CIDR beside an IPv4 one
	MAC       slice.MAC      `json:"mac,omitzero"`        // empty: planned
}

// An Overlay is the graph of tunnels between the domains of a slice.
type Overlay struct {
	Shape      Shape      `json:"shape"`
	Links      []Link     `json:"links,omitempty"` // of an explicit overlay; else what is special about links that the shape makes
	Encryption Encryption `json:"encryption"`
	Measured   bool       `json:"measured,omitempty"`
}

// A Shape is a rule that makes links out of domains.
type Shape string

// The shapes. Star and tree take the first domain as their root.
const (
	Mesh     Shape = "mesh"
	Ring     Shape = "ring"
	Star     Shape = "star"
	Tree     Shape = "tree"
	Explicit Shape = "explicit"
)

// A Link joins two domains. It has no direction.
type Link struct {
	From slice.Domain `json:"from"`
	To   slice.Domain `json:"to"`
	Cost uint32       `json:"cost,omitempty"` // 0 means 1

	CapacityKbps uint32 `json:"capacityKbps,omitempty"` // that paths can reserve; 0: not told, and taken to be enough
	LatencyMs    uint32 `json:"latencyMs,omitempty"`    // of one way; 0: not told
}

// An Encryption says how tunnels between domains are kept from readers.
type Encryption string

// The encryptions.
const (
	NoEncryption Encryption = "none"
	WireGuard    Encryption = "wireguard"
	IPsec        Encryption = "ipsec"
)

// A Path steers one network between two domains.
type Path struct {
	Network          slice.NetworkName `json:"network"`
	From             slice.Domain      `json:"from"`
	To               slice.Domain      `json:"to"`
	Mode             PathMode          `json:"mode"`
	Hops             []slice.Domain    `json:"hops,omitempty"` // explicit: from, every hop, to; loose: those to pass, in this order
	MaxLatencyMs     uint32            `json:"maxLatencyMs,omitempty"`
	MinBandwidthKbps uint32            `json:"minBandwidthKbps,omitempty"` // reserved on every link of the path
	Avoid            []slice.Domain    `json:"avoid,omitempty"`
	Protection       Protection        `json:"protection"`
	Policy           Policy            `json:"policy,omitempty"` // empty is refuse
}

// A PathMode says how binding the hops are.
type PathMode string

// The modes.
const (
	PathExplicit PathMode = "explicit" // exactly these hops
	PathLoose    PathMode = "loose"    // through these hops, in this order
	PathAny      PathMode = "any"      // the controller's choice
)

// A Policy says what happens where a path cannot be had as it is asked for.
type Policy string

// The policies.
const (
	Refuse  Policy = "refuse"  // the order is refused; a path that was there keeps its ways
	Degrade Policy = "degrade" // the limits go, and then the hops; the status says so
)

// A Protection says what happens when a path breaks.
type Protection string

// The protections.
const (
	NoProtection Protection = "none"
	FastFailover Protection = "fast-failover"
)
