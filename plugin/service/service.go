// Package service is the book of what OSM's doors were asked for: connectivity
// services, networks of VIM accounts, instances of slice templates. Whatever
// door a wish came by, it lies here once, under one key; the book joins the
// wishes that mean one network, makes intents of them and keeps the SCO's slices
// so. It speaks no protocol of OSM: the doors do.
//
//	err := book.Update(ctx, "vpls", account, func(tx *service.Tx) error { tx.Put(s); return nil })
package service

import (
	"time"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// The doors.
const (
	VPLS  = "vpls"  // networks of ONOS' VPLS application
	L2VPN = "l2vpn" // RFC 8466
	TAPI  = "tapi"  // ONF TAPI connectivity services
	NSS   = "nss"   // RFC 9543 network slice services
	VIM   = "vim"   // networks of VIM accounts
	NSI   = "nsi"   // network slice instances of OSM
)

// A Key names a service for ever: the door that it came by, the account that
// asked, and its id there.
type Key struct {
	Door    string `json:"door"`
	Account string `json:"account"`
	ID      string `json:"id"`
}

// String returns the key in one word, DOOR/ACCOUNT/ID.
func (k Key) String() string { return k.Door + "/" + k.Account + "/" + k.ID }

// A Service is one wish: a network, or the networks of one slice.
type Service struct {
	Key    Key          `json:"key"`
	Tenant slice.Tenant `json:"tenant"`
	Title  string       `json:"title,omitempty"` // for people
	// Intents are what is wanted of the SCO if nothing joins. They need no
	// default values, tenant and id: the book names the slice of a service without
	// id after its key, and gives defaults.
	Intents  intent.Intents `json:"intents"`
	HandOffs []HandOff      `json:"handOffs,omitempty"`
	Joins    []Join         `json:"joins,omitempty"`
	Since    time.Time      `json:"since,omitzero"`   // of the first Put; the book sets it
	Number   uint64         `json:"number,omitempty"` // grows with each new service; the book sets it
}

// A HandOff says by which tag a domain hands a network over (IEEE 802.1Q). Two
// networks of a tenant that one domain hands over by one tag are one network.
type HandOff struct {
	Network slice.NetworkName `json:"network"`
	Domain  slice.Domain      `json:"domain"`
	VLAN    slice.VLAN        `json:"vlan"`
	// Claims is set for a connectivity service: of two that claim the same tag only
	// the older one gets it, so that they stay apart; the other is told so. The
	// networks of a domain claim nothing: they answer to the tag.
	Claims bool `json:"claims,omitempty"`
}

// A Join says that a network is one with that of another service of the same
// tenant. A service that is not there (yet) joins nothing.
type Join struct {
	Network slice.NetworkName `json:"network"`
	With    Key               `json:"with"`
	Of      slice.NetworkName `json:"of,omitempty"` // of that service; empty: its only one
}

// A Phase is how far a service is.
type Phase string

// The phases.
const (
	Building Phase = "BUILDING" // wanted, and not yet true everywhere
	Active   Phase = "ACTIVE"
	Degraded Phase = "DEGRADED" // was true, something is missing
	Failed   Phase = "FAILED"   // the SCO refuses it; the message says why
)

// A State is what became of a service.
type State struct {
	Phase   Phase  `json:"phase"`
	Message string `json:"message,omitempty"`
	// Networks says where each network of the service is in the SCO, by its name in
	// the service's own intents. Joined networks share one place.
	Networks map[slice.NetworkName]slice.NetworkID `json:"networks"`
	// Slice is the SCO's status of the slice that holds the first network.
	Slice intent.Status `json:"slice"`
	// Notes tell what was taken and does otherwise than it looks: a tag that another
	// service has, an endpoint that is gone.
	Notes []string `json:"notes,omitempty"`
}
