package intent

import (
	"time"

	"github.com/l2sces/l2sces/pkg/slice"
)

// An Order says how a change of a slice is meant.
type Order struct {
	// RequestID makes an order count once: the same one again gets the answer
	// of the first. Empty: every order counts.
	RequestID string `json:"requestId,omitempty"`
	// Generation that the slice must have, so that nobody's change is lost. 0: any.
	Generation uint32 `json:"generation,omitempty"`
	DryRun     bool   `json:"dryRun,omitempty"` // check and plan only
	New        bool   `json:"new,omitempty"`    // the slice must not be there yet
	Old        bool   `json:"old,omitempty"`    // the slice must be there
	// Mask names the fields of the intents that are given, as paths like
	// "overlay" or "slice.networks"; the others stay. Empty: all are given.
	Mask []string `json:"mask,omitempty"`
	// Force registers a domain although it does not verify.
	Force bool `json:"force,omitempty"`
}

// An Edit is one change of a slice at run time. Exactly one field is given.
type Edit struct {
	AddDomain     *DomainEdit       `json:"addDomain,omitempty"`
	RemoveDomain  slice.Domain      `json:"removeDomain,omitempty"` // with its members and links
	AddLink       *Link             `json:"addLink,omitempty"`      // of an explicit overlay; one that is there gets the new cost
	RemoveLink    *Link             `json:"removeLink,omitempty"`
	AddNetwork    *Network          `json:"addNetwork,omitempty"`
	RemoveNetwork slice.NetworkName `json:"removeNetwork,omitempty"` // with its paths
	AddMember     *MemberEdit       `json:"addMember,omitempty"`
	RemoveMember  *MemberEdit       `json:"removeMember,omitempty"`
	SetPath       *Path             `json:"setPath,omitempty"` // made, or moved while frames flow
	RemovePath    *Path             `json:"removePath,omitempty"`
}

// A DomainEdit brings a domain into a slice.
type DomainEdit struct {
	Domain   Domain              `json:"domain"`
	Links    []Link              `json:"links,omitempty"`    // of an explicit overlay
	Networks []slice.NetworkName `json:"networks,omitempty"` // that reach it; none: all but those of type vlink
	Members  []MemberEdit        `json:"members,omitempty"`
}

// A MemberEdit is a member with its network.
type MemberEdit struct {
	Network slice.NetworkName `json:"network"`
	Member  Member            `json:"member"`
}

// A Query chooses slices.
type Query struct {
	IDs       []slice.ID   `json:"ids,omitempty"`
	Tenant    slice.Tenant `json:"tenant,omitempty"`
	Phase     Phase        `json:"phase,omitempty"`
	Domain    slice.Domain `json:"domain,omitempty"` // that the slice reaches
	PageSize  uint32       `json:"pageSize,omitempty"`
	PageToken string       `json:"pageToken,omitempty"`
}

// A Page is a part of a list. Next is empty on the last one.
type Page struct {
	Slices []Status `json:"slices,omitempty"`
	Next   string   `json:"nextPageToken,omitempty"`
}

// A Difference is what an order would change.
type Difference struct {
	ID         slice.ID `json:"id"`
	Generation uint32   `json:"generation"` // that the slice has now; 0: there is none
	Changes    []Change `json:"changes,omitempty"`
}

// An Action is what happens to something.
type Action string

// The actions.
const (
	Add    Action = "add"
	Alter  Action = "change"
	Remove Action = "remove"
)

// A Change is one difference, in one domain or, without one, between them.
type Change struct {
	Domain slice.Domain `json:"domain,omitempty"`
	Kind   string       `json:"kind"` // slice, domain, link, network, member, path
	Name   string       `json:"name"`
	Action Action       `json:"action"`
	Detail string       `json:"detail,omitempty"` // before and after, for a reader
}

// A Revision is one generation of a slice as it was ordered.
type Revision struct {
	Generation uint32    `json:"generation"`
	Time       time.Time `json:"time"`
	By         string    `json:"by,omitempty"` // who ordered it
	What       string    `json:"what"`         // create, update, edit, pause, resume, delete
	Intents    Intents   `json:"intents"`
}

// A Moment is what a watcher is told: a slice as it is now, or that it is gone.
type Moment struct {
	Kind  string `json:"kind"` // SYNC (what was there at the start has been told), CHANGED or GONE
	Slice Status `json:"slice"`
}

// The kinds of a moment.
const (
	Sync    = "SYNC"
	Changed = "CHANGED"
	Gone    = "GONE"
)

// A Condition is one thing that is true of an object or not, in the manner of
// Kubernetes' API conventions.
type Condition struct {
	Type               string    `json:"type"` // Ready, Planned, Joined, Attached, Reachable, Paused ...
	Status             bool      `json:"status"`
	Reason             string    `json:"reason,omitempty"` // one word in CamelCase
	Message            string    `json:"message,omitempty"`
	ObservedGeneration uint32    `json:"observedGeneration,omitempty"`
	Since              time.Time `json:"since,omitzero"`
}

// A DomainStatus is a domain as a slice sees it.
type DomainStatus struct {
	Name       slice.Domain `json:"name"`
	Gateway    slice.Node   `json:"gateway,omitempty"`
	Conditions []Condition  `json:"conditions,omitempty"`
}

// A LinkStatus is a link of the overlay as it is.
type LinkStatus struct {
	Name       string      `json:"name"`
	Cost       uint32      `json:"cost,omitempty"`
	Conditions []Condition `json:"conditions,omitempty"`
}

// An Event is something that happened to an object.
type Event struct {
	Number  uint32       `json:"number"` // grows by one
	Time    time.Time    `json:"time"`
	Slice   slice.ID     `json:"slice,omitempty"`
	Tenant  slice.Tenant `json:"tenant,omitempty"`
	Domain  slice.Domain `json:"domain,omitempty"`
	Object  string       `json:"object,omitempty"` // KIND/NAME
	Warning bool         `json:"warning,omitempty"`
	Reason  string       `json:"reason"` // one word in CamelCase
	Message string       `json:"message,omitempty"`
	Count   uint32       `json:"count,omitempty"` // how often the same happened in a row
}

// An EventQuery chooses events.
type EventQuery struct {
	Slice  slice.ID     `json:"slice,omitempty"`
	Tenant slice.Tenant `json:"tenant,omitempty"`
	Domain slice.Domain `json:"domain,omitempty"`
	After  uint32       `json:"after,omitempty"` // only those with a greater number
	Limit  uint32       `json:"limit,omitempty"` // the newest so many; 0: 500
}

// A Registration is a domain that slices can use.
type Registration struct {
	Name        slice.Domain      `json:"name"`
	Driver      string            `json:"driver"`    // direct
	Addresses   []string          `json:"addresses"` // HOST:PORT of the SDN controller and its replicas
	Credentials Credentials       `json:"credentials,omitzero"`
	Labels      map[string]string `json:"labels,omitempty"`
	Capacity    Capacity          `json:"capacity,omitzero"`
	Draining    bool              `json:"draining,omitempty"` // no new slice uses it
	Generation  uint32            `json:"generation,omitempty"`
	Static      bool              `json:"static,omitempty"` // given on the command line: it cannot be removed
	Info        DomainInfo        `json:"info,omitzero"`
	Conditions  []Condition       `json:"conditions,omitempty"` // Reachable, Compatible, ClockInSync, Draining
	Slices      uint32            `json:"slices,omitempty"`     // that use it
}

// Credentials name where secrets are; they are never stored or told here. An
// empty one is the SCO's own certificate.
type Credentials struct {
	File   string `json:"file,omitempty"`   // folder with tls.crt, tls.key and ca.crt
	Secret string `json:"secret,omitempty"` // NAMESPACE/NAME of a Kubernetes Secret
	// Command prints a JSON object with the keys tls.crt, tls.key and ca.crt; it
	// is one that the operator of the SCO has allowed by name.
	Command string `json:"command,omitempty"`
}

// Capacity limits what slices may take of a domain. Zero: no limit.
type Capacity struct {
	Slices        uint32 `json:"slices,omitempty"`
	Networks      uint32 `json:"networks,omitempty"`
	Ports         uint32 `json:"ports,omitempty"`
	BandwidthKbps uint32 `json:"bandwidthKbps,omitempty"`
}

// A Quota limits what a tenant may have. Zero: no limit.
type Quota struct {
	Tenant        slice.Tenant `json:"tenant"`
	Slices        uint32       `json:"slices,omitempty"`
	Networks      uint32       `json:"networks,omitempty"`
	Ports         uint32       `json:"ports,omitempty"`
	BandwidthKbps uint32       `json:"bandwidthKbps,omitempty"`
	Used          *Usage       `json:"used,omitempty"` // in answers
}

// Usage is what a tenant has.
type Usage struct {
	Slices        uint32 `json:"slices,omitempty"`
	Networks      uint32 `json:"networks,omitempty"`
	Ports         uint32 `json:"ports,omitempty"`
	BandwidthKbps uint32 `json:"bandwidthKbps,omitempty"`
}

// An AuditEntry is one call that could change something.
type AuditEntry struct {
	Number uint32       `json:"number"`
	Time   time.Time    `json:"time"`
	Caller string       `json:"caller"`
	Tenant slice.Tenant `json:"tenant,omitempty"`
	Role   string       `json:"role,omitempty"`
	Method string       `json:"method"`
	Object string       `json:"object,omitempty"`
	Result string       `json:"result"` // OK, or the kind of error
	Error  string       `json:"error,omitempty"`
	Detail string       `json:"detail,omitempty"`
}

// An AuditQuery chooses entries of the audit log.
type AuditQuery struct {
	Tenant slice.Tenant `json:"tenant,omitempty"`
	Caller string       `json:"caller,omitempty"`
	After  uint32       `json:"after,omitempty"` // only those with a greater number
	Limit  uint32       `json:"limit,omitempty"` // the newest so many; 0: 500
}
