package tapi

import (
	"strings"

	"github.com/l2sces/l2sces/plugin/restconf"
)

// Values of the models.
const (
	ethernet    = "ETH"
	unspecified = "tapi-common:LAYER_PROTOCOL_QUALIFIER_UNSPECIFIED"

	bidirectional  = "BIDIRECTIONAL"
	unidirectional = "UNIDIRECTIONAL"

	enabled   = "ENABLED"
	disabled  = "DISABLED"
	installed = "INSTALLED"
	planned   = "PLANNED"
	unlocked  = "UNLOCKED"
)

// A sip is a service interface point (tapi-common).
type sip struct {
	UUID       string   `json:"uuid"`
	Layer      string   `json:"layer-protocol-name"`
	Qualifiers []string `json:"supported-layer-protocol-qualifier"`
	Direction  string   `json:"direction"`
	Names      []name   `json:"name"`
	Admin      string   `json:"administrative-state"`
	Oper       string   `json:"operational-state"`
	Lifecycle  string   `json:"lifecycle-state"`
}

// A name is one of many that something has.
type name struct {
	Name  string `json:"value-name"`
	Value string `json:"value,omitempty"`
}

// A link is a connectivity service (tapi-connectivity), with what we take of it.
type link struct {
	UUID      string     `json:"uuid"`
	Names     []name     `json:"name,omitempty" key:"value-name"`
	Layer     string     `json:"service-layer,omitempty"`
	Type      string     `json:"service-type,omitempty"`
	Direction string     `json:"connectivity-direction,omitempty"`
	Ends      []endPoint `json:"end-point" key:"local-id"`
	Capacity  *capacity  `json:"requested-capacity,omitempty"`
	Admin     string     `json:"administrative-state,omitempty"`
}

// A linkState is a link as it is read.
type linkState struct {
	link
	Oper      string `json:"operational-state,omitempty"`
	Lifecycle string `json:"lifecycle-state,omitempty"`
}

type endPoint struct {
	LocalID   string `json:"local-id"`
	Names     []name `json:"name,omitempty" key:"value-name"`
	Layer     string `json:"layer-protocol-name,omitempty"`
	Qualifier string `json:"layer-protocol-qualifier,omitempty"`
	SIP       sipRef `json:"service-interface-point"`
	Direction string `json:"direction,omitempty"`
	Role      string `json:"role,omitempty"`
}

type sipRef struct {
	UUID string `json:"service-interface-point-uuid"`
}

type capacity struct {
	Total size `json:"total-size"`
}

type size struct {
	Value restconf.Uint64 `json:"value"`
	Unit  string          `json:"unit"`
}

// units are those of a rate, in kbit/s.
var units = map[string]uint64{"KBPS": 1, "MBPS": 1e3, "GBPS": 1e6, "TBPS": 1e9}

// enums are the values of leaves that have a few.
var enums = map[string][]string{
	"layer":     {ethernet, "ODU", "DSR", "PHOTONIC_MEDIA"},
	"type":      {"POINT_TO_POINT_CONNECTIVITY"},
	"direction": {bidirectional, unidirectional, "UNDEFINED_OR_UNKNOWN"},
	"port":      {bidirectional, "INPUT", "OUTPUT", "UNIDENTIFIED_OR_UNKNOWN"},
	"role":      {"SYMMETRIC", "ROOT", "LEAF", "TRUNK", "UNKNOWN"},
	"admin":     {unlocked},
}

// isUUID reports whether a text is a UUID (RFC 9562, section 4).
func isUUID(s string) bool {
	const form = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
	if len(s) != len(form) {
		return false
	}
	for i := range len(s) {
		if dash := form[i] == '-'; dash != (s[i] == '-') || !dash && !strings.ContainsRune("0123456789abcdefABCDEF", rune(s[i])) {
			return false
		}
	}
	return true
}
