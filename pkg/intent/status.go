package intent

import (
	"net/netip"
	"time"

	"github.com/l2sces/l2sces/pkg/slice"
)

// A Phase is where a slice is in its life.
type Phase string

// The phases.
const (
	Pending  Phase = "Pending"  // accepted, not yet true everywhere
	Ready    Phase = "Ready"    // true everywhere
	Degraded Phase = "Degraded" // was true, something is missing
	Deleting Phase = "Deleting" // being taken apart
)

// A Status is a slice as it is.
type Status struct {
	ID         slice.ID          `json:"id"`
	Tenant     slice.Tenant      `json:"tenant"`
	Generation uint32            `json:"generation"` // grows with each change of the intents
	Phase      Phase             `json:"phase"`
	Message    string            `json:"message,omitempty"` // what is missing, where
	Changed    bool              `json:"changed,omitempty"` // of an apply: whether the intents differ from the stored ones
	Networks   []NetworkStatus   `json:"networks,omitempty"`
	PhasesMs   map[string]uint32 `json:"phasesMs,omitempty"` // of an apply: milliseconds by name of the phase
	Since      time.Time         `json:"since,omitzero"`

	Paused     bool           `json:"paused,omitempty"` // nothing is repaired or changed
	Conditions []Condition    `json:"conditions,omitempty"`
	Domains    []DomainStatus `json:"domains,omitempty"`
	Links      []LinkStatus   `json:"links,omitempty"`
	Intents    *Intents       `json:"intents,omitempty"` // where one slice was asked for
}

// A NetworkStatus is a network as it is.
type NetworkStatus struct {
	Name    slice.NetworkName `json:"name"`
	Type    slice.NetworkType `json:"type"`
	Number  slice.Network     `json:"number"` // the VNI between domains
	CIDR    netip.Prefix      `json:"cidr,omitzero"`
	CIDR6   netip.Prefix      `json:"cidr6,omitzero"`
	Ranges  []Range           `json:"ranges,omitempty"` // that belong to domains
	MTU     uint32            `json:"mtu"`
	Links   []string          `json:"links,omitempty"` // links of the overlay that carry it
	Members []MemberStatus    `json:"members,omitempty"`
	Ready   bool              `json:"ready"`
	Message string            `json:"message,omitempty"`

	Conditions []Condition `json:"conditions,omitempty"`
}

// A MemberStatus is a port as it is.
type MemberStatus struct {
	Name    slice.Workload `json:"name"`
	Domain  slice.Domain   `json:"domain"`
	Node    slice.Node     `json:"node,omitempty"`
	Address netip.Addr     `json:"address,omitzero"`
	MAC     slice.MAC      `json:"mac"`
	// Address6 is the one beside an IPv4 address.
	Address6 netip.Addr `json:"address6,omitzero"`
	Ready    bool       `json:"ready"`
	Message  string     `json:"message,omitempty"`

	Conditions []Condition `json:"conditions,omitempty"`
}
