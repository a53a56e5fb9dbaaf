package descriptor

import (
	"net/netip"

	"github.com/l2sces/l2sces/pkg/slice"
)

// A Refinement is what a template has no place for: addresses, paths,
// encryption. Annex and parameters both have this form; only parameters name a
// slice and a tenant. A zero field says nothing. The names of the fields are
// those of the intents, so that a complaint about an intent finds its source.
type Refinement struct {
	APIVersion string           `json:"apiVersion,omitempty"`
	Slice      slice.ID         `json:"slice,omitempty"`
	Tenant     slice.Tenant     `json:"tenant,omitempty"`
	Domains    []RefinedDomain  `json:"domains,omitempty"`
	Subnets    []RefinedSubnet  `json:"subnets,omitempty"`
	Networks   []RefinedNetwork `json:"networks,omitempty"`
	Overlay    RefinedOverlay   `json:"overlay,omitzero"`
	Paths      []RefinedPath    `json:"paths,omitempty"`
}

// A RefinedDomain adds a domain to the slice, or names its gateway.
type RefinedDomain struct {
	Name    slice.Domain `json:"name"`
	Gateway slice.Node   `json:"gateway,omitempty"`
}

// A RefinedSubnet says in which domain a netslice-subnet runs.
type RefinedSubnet struct {
	ID     string       `json:"id"`
	Domain slice.Domain `json:"domain"`
}

// A RefinedNetwork adds to the network of the netslice-vld of the same name.
type RefinedNetwork struct {
	Name          string            `json:"name"` // id of the netslice-vld, or its DNS label
	Type          slice.NetworkType `json:"type,omitempty"`
	CIDR          netip.Prefix      `json:"cidr,omitzero"`
	CIDR6         netip.Prefix      `json:"cidr6,omitzero"`
	Reserved      []slice.Span      `json:"reserved,omitempty"`
	Ranges        []RefinedRange    `json:"ranges,omitempty"`
	Split         bool              `json:"split,omitempty"`
	MTU           uint32            `json:"mtu,omitempty"`
	BandwidthKbps uint32            `json:"bandwidthKbps,omitempty"`
	Domains       []slice.Domain    `json:"domains,omitempty"`
	Members       []RefinedMember   `json:"members,omitempty"`
}

// A RefinedRange is the part of a network's prefix that belongs to one domain.
type RefinedRange struct {
	Domain slice.Domain `json:"domain"`
	CIDR   netip.Prefix `json:"cidr"`
}

// A RefinedMember is one port of a network.
type RefinedMember struct {
	Name      slice.Workload `json:"name"`
	Domain    slice.Domain   `json:"domain,omitempty"`
	Interface string         `json:"interface,omitempty"`
	Address   netip.Addr     `json:"address,omitzero"`
	Address6  netip.Addr     `json:"address6,omitzero"`
	MAC       slice.MAC      `json:"mac,omitzero"`
}

// A RefinedOverlay is the graph of tunnels.
type RefinedOverlay struct {
	Shape      string        `json:"shape,omitempty"`
	Links      []RefinedLink `json:"links,omitempty"`
	Encryption string        `json:"encryption,omitempty"`
	Measured   bool          `json:"measured,omitempty"`
}

// A RefinedLink joins two domains.
type RefinedLink struct {
	From slice.Domain `json:"from"`
	To   slice.Domain `json:"to"`
	Cost uint32       `json:"cost,omitempty"`

	CapacityKbps uint32 `json:"capacityKbps,omitempty"`
	LatencyMs    uint32 `json:"latencyMs,omitempty"`
}

// A RefinedPath steers a network between two domains.
type RefinedPath struct {
	Network          string         `json:"network"`
	From             slice.Domain   `json:"from"`
	To               slice.Domain   `json:"to"`
	Mode             string         `json:"mode,omitempty"`
	Hops             []slice.Domain `json:"hops,omitempty"`
	MaxLatencyMs     uint32         `json:"maxLatencyMs,omitempty"`
	MinBandwidthKbps uint32         `json:"minBandwidthKbps,omitempty"`
	Avoid            []slice.Domain `json:"avoid,omitempty"`
	Protection       string         `json:"protection,omitempty"`
	Policy           string         `json:"policy,omitempty"`
}

// Params are the parameters of an instantiation, as `osm nsi-create` takes
// them from a file.
type Params struct {
	Name        string `json:"nsiName,omitempty"`
	NST         string `json:"nstId,omitempty"`
	VIMAccount  string `json:"vimAccountId,omitempty"`
	Description string `json:"nsiDescription,omitempty"`
	Additional  struct {
		L2SCES Refinement `json:"l2sces"`
	} `json:"additionalParamsForNsi"`
	Subnets []ParamsSubnet `json:"netslice-subnet,omitempty"`
}

// A ParamsSubnet says where a netslice-subnet is instantiated.
type ParamsSubnet struct {
	ID         string `json:"id"`
	VIMAccount string `json:"vimAccountId,omitempty"`
}
