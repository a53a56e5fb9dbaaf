package l2vpn

import (
	"encoding/json"
	"strings"

	"github.com/l2sces/l2sces/plugin/restconf"
)

// The types here are what we take of the model (RFC 8466, section 8); a node that is
// not here is refused. What only describes is kept; what would change the network
// and is not done is left out. Tags beside json and key say what check wants: must, a
// node that has to be there; one, the words that are taken; range, first and last
// of a number.

// config is the container l2vpn-svc.
type config struct {
	Profiles profiles `json:"vpn-profiles"`
	Services services `json:"vpn-services"`
	Sites    sites    `json:"sites"`
}

// profiles names no identifiers: the features that have some are not offered.
type profiles struct {
	Valid struct{} `json:"valid-provider-identifiers"`
}

type services struct {
	Service []vpn `json:"vpn-service" key:"vpn-id"`
}

// vpn is a vpn-service. By what protocol it is signalled inside is ours to choose,
// so that of the types only two are different: a wire, and a LAN.
type vpn struct {
	ID           string   `json:"vpn-id" must:"yes"`
	Type         identity `json:"vpn-svc-type,omitempty" one:"vpws vpws-evpn ldp-l2tp-vpls bgp-vpls"`
	Customer     string   `json:"customer-name,omitempty"`
	Topology     identity `json:"svc-topo,omitempty" one:"any-to-any"`
	KeepsTag     *bool    `json:"ce-vlan-preservation,omitempty"`
	KeepsTagPrio *bool    `json:"ce-vlan-cos-preservation,omitempty"`
}

// isWire reports whether a service has two ends; that is the model's default.
func (v *vpn) isWire() bool { return v.Type == "" || strings.HasPrefix(string(v.Type), "vpws") }

type sites struct {
	Site []site `json:"site" key:"site-id"`
}

type site struct {
	ID          string     `json:"site-id" must:"yes"`
	Flavor      identity   `json:"site-vpn-flavor,omitempty" one:"site-vpn-flavor-single site-vpn-flavor-multi"`
	Devices     *devices   `json:"devices,omitempty"`
	Management  management `json:"management"`
	Locations   *locations `json:"locations,omitempty"`
	Bundling    identity   `json:"bundling-type,omitempty" one:"one2one-bundling"`
	DefaultVLAN *uint32    `json:"default-ce-vlan-id,omitempty" must:"yes" range:"1..4094"`
	Accesses    accesses   `json:"site-network-accesses"`
}

type management struct {
	Type identity `json:"type,omitempty" must:"yes" one:"customer-managed provider-managed co-managed"`
}

type devices struct {
	Device []device `json:"device,omitempty" key:"device-id"`
}

type device struct {
	ID       string `json:"device-id" must:"yes"`
	Location string `json:"location" must:"yes"`
}

type locations struct {
	Location []location `json:"location,omitempty" key:"location-id"`
}

type location struct {
	ID         string `json:"location-id" must:"yes"`
	Address    string `json:"address,omitempty"`
	PostalCode string `json:"postal-code,omitempty"`
	State      string `json:"state,omitempty"`
	City       string `json:"city,omitempty"`
	Country    string `json:"country-code,omitempty"`
}

type accesses struct {
	Access []access `json:"site-network-access" key:"network-access-id"`
}

// access is a site-network-access: one end of a service.
type access struct {
	ID         string         `json:"network-access-id" must:"yes"`
	Type       identity       `json:"type,omitempty" one:"point-to-point multipoint"`
	Location   string         `json:"location-reference,omitempty"`
	Device     string         `json:"device-reference,omitempty"`
	Bearer     *bearer        `json:"bearer,omitempty"`
	Connection *connection    `json:"connection,omitempty"`
	Attachment attachment     `json:"vpn-attachment"`
	Service    *accessService `json:"service,omitempty"`
}

type bearer struct {
	Reference string `json:"bearer-reference,omitempty"`
}

type connection struct {
	Encapsulation identity `json:"encapsulation-type,omitempty" one:"ethernet vlan"`
	Interface     identity `json:"eth-inf-type,omitempty" one:"tagged untagged"`
	Tagged        *tagged  `json:"tagged-interface,omitempty"`
}

type tagged struct {
	Type     identity        `json:"type,omitempty" one:"dot1q priority-tagged"`
	Dot1Q    *dot1q          `json:"dot1q-vlan-tagged,omitempty"`
	Priority *priorityTagged `json:"priority-tagged,omitempty"`
}

type dot1q struct {
	Type identity `json:"tg-type,omitempty" one:"c-vlan"`
	VLAN *uint16  `json:"cvlan-id,omitempty" must:"yes" range:"1..4094"`
}

type priorityTagged struct {
	Type identity `json:"tag-type,omitempty" one:"c-vlan"`
}

type attachment struct {
	VPN  string   `json:"vpn-id,omitempty" must:"yes"`
	Role identity `json:"site-role,omitempty" one:"any-to-any-role"`
}

type accessService struct {
	Bandwidth *bandwidths `json:"svc-bandwidth,omitempty"`
	MTU       *uint16     `json:"svc-mtu,omitempty" range:"576..9216"`
}

type bandwidths struct {
	Bandwidth []bandwidth `json:"bandwidth,omitempty" key:"direction type"`
}

// bandwidth is in bits per second.
type bandwidth struct {
	Direction identity         `json:"direction" must:"yes" one:"input-bw output-bw"`
	Type      identity         `json:"type" must:"yes" one:"bw-per-port bw-per-svc"`
	VPN       string           `json:"vpn-id,omitempty"`
	CIR       *restconf.Uint64 `json:"cir,omitempty" must:"yes"`
	CBS       *restconf.Uint64 `json:"cbs,omitempty" must:"yes"`
	EIR       *restconf.Uint64 `json:"eir,omitempty"`
	EBS       *restconf.Uint64 `json:"ebs,omitempty"`
	PIR       *restconf.Uint64 `json:"pir,omitempty"`
	PBS       *restconf.Uint64 `json:"pbs,omitempty"`
}

// vlan returns the tag of an access, zero if it has none.
func (a *access) vlan() uint16 {
	if a.Connection == nil || a.Connection.Tagged == nil || a.Connection.Tagged.Dot1Q == nil || a.Connection.Tagged.Dot1Q.VLAN == nil {
		return 0
	}
	return *a.Connection.Tagged.Dot1Q.VLAN
}

// reference returns what the bearer is called.
func (a *access) reference() string {
	if a.Bearer == nil {
		return ""
	}
	return a.Bearer.Reference
}

// identity is a word of the model. With the module in front or without, it is the
// same (RFC 7951, section 6.8).
type identity string

// UnmarshalJSON takes the module off.
func (i *identity) UnmarshalJSON(text []byte) error {
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return restconf.Errorf(restconf.InvalidValue, "", "%.64s is not a text", text)
	}
	*i = identity(bare(s))
	return nil
}

// bare takes the module off a word.
func bare(s string) string { return strings.TrimPrefix(s, module+":") }
