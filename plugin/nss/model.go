package nss

import (
	"errors"
	"strings"

	"github.com/l2sces/l2sces/plugin/restconf"
)

// The module, and those whose identities documents name.
const (
	module    = "ietf-network-slice-service"
	vpnCommon = "ietf-vpn-common"
)

// A document is the data of an account, with the nodes of the model that we take.
// Every other node is refused, since we could not keep its promise.
type document struct {
	Services *services `json:"network-slice-services,omitempty"`
}

type services struct {
	Templates *templates     `json:"slo-sle-templates,omitempty"`
	Services  []sliceService `json:"slice-service,omitempty" key:"id"`
}

type templates struct {
	Templates []template `json:"slo-sle-template,omitempty" key:"id"`
}

// A template is a policy with a name, over another one if it says so.
type template struct {
	ID          string `json:"id"`
	Description string `json:"description,omitempty"`
	Base        string `json:"template-ref,omitempty"`
	policy
}

// A policy is what is promised: objectives that can be measured, and expectations.
type policy struct {
	SLO *slo `json:"slo-policy,omitempty"`
	SLE *sle `json:"sle-policy,omitempty"`
}

type slo struct {
	Bounds       []bound  `json:"metric-bound,omitempty" key:"metric-type"`
	Availability identity `json:"availability,omitempty"`
	MTU          uint32   `json:"mtu,omitempty"`
}

type bound struct {
	Type        identity         `json:"metric-type"`
	Unit        string           `json:"metric-unit"`
	Description string           `json:"value-description,omitempty"`
	Percentile  string           `json:"percentile-value,omitempty"`
	Bound       *restconf.Uint64 `json:"bound,omitempty"`
}

type sle struct {
	Security  []identity `json:"security,omitempty"`
	Isolation []identity `json:"isolation,omitempty"`
}

// A choice is a policy, by a template's name or in full.
type choice struct {
	Template string  `json:"slo-sle-template,omitempty"`
	Custom   *custom `json:"service-slo-sle-policy,omitempty"`
}

type custom struct {
	Description string `json:"description,omitempty"`
	policy
}

type sliceService struct {
	ID          string `json:"id"`
	Description string `json:"description,omitempty"`
	Tags        *tags  `json:"service-tags,omitempty"`
	choice
	TestOnly *empty  `json:"test-only,omitempty"`
	Status   *status `json:"status,omitempty"`
	SDPs     *sdps   `json:"sdps,omitempty"`
	Groups   *groups `json:"connection-groups,omitempty"`
}

type tags struct {
	Tags []tag `json:"tag-type,omitempty" key:"tag-type"`
}

type tag struct {
	Type   identity `json:"tag-type"`
	Values []string `json:"tag-type-value,omitempty"`
}

// A status has what is wanted, which clients write, and what is so, which they do
// not: see state.go.
type status struct {
	Admin *admin `json:"admin-status,omitempty"`
	Oper  *oper  `json:"oper-status,omitempty" config:"false"`
}

type oper struct {
	Status identity `json:"status"`
	Change string   `json:"last-change,omitempty"`
}

type admin struct {
	Status identity `json:"status,omitempty"`
}

type sdps struct {
	SDPs []sdp `json:"sdp,omitempty" key:"id"`
}

// An sdp is a service demarcation point: an end of a slice.
type sdp struct {
	ID          string    `json:"id"`
	Description string    `json:"description,omitempty"`
	Node        string    `json:"node-id,omitempty"`
	Match       *match    `json:"service-match-criteria,omitempty"`
	CEMode      *bool     `json:"ce-mode,omitempty"`
	Circuits    *circuits `json:"attachment-circuits,omitempty"`
	Status      *status   `json:"status,omitempty"`
}

type match struct {
	Criteria []criterion `json:"match-criterion,omitempty" key:"index"`
}

// A criterion brings the frames of an sdp to a connection group.
type criterion struct {
	Index     uint32      `json:"index"`
	Types     []matchType `json:"match-type,omitempty" key:"type"`
	Group     string      `json:"target-connection-group-id"`
	Role      identity    `json:"connection-group-sdp-role,omitempty"`
	Construct string      `json:"target-connectivity-construct-id,omitempty"`
}

type matchType struct {
	Type identity `json:"type"`
	VLAN []uint16 `json:"vlan,omitempty"`
}

type circuits struct {
	Circuits []circuit `json:"attachment-circuit,omitempty" key:"id"`
}

// A circuit is the wire of an sdp.
type circuit struct {
	ID          string       `json:"id"`
	Description string       `json:"description,omitempty"`
	Node        string       `json:"ac-node-id,omitempty"`
	TP          string       `json:"ac-tp-id,omitempty"`
	MTU         uint32       `json:"mtu,omitempty"`
	Tags        *circuitTags `json:"ac-tags,omitempty"`
}

type circuitTags struct {
	Tags []tag `json:"ac-tag,omitempty" key:"tag-type"`
}

type groups struct {
	Groups []group `json:"connection-group,omitempty" key:"id"`
}

// A group is one network.
type group struct {
	ID   string   `json:"id"`
	Type identity `json:"connectivity-type,omitempty"`
	choice
	Override   identity    `json:"service-slo-sle-policy-override,omitempty"`
	Constructs []construct `json:"connectivity-construct,omitempty" key:"id"`
}

// A construct is who speaks with whom, and by which promise.
type construct struct {
	ID       string   `json:"id"`
	Sender   string   `json:"p2p-sender-sdp,omitempty"`
	Receiver string   `json:"p2p-receiver-sdp,omitempty"`
	All      []member `json:"a2a-sdp,omitempty" key:"sdp-id"`
	choice
	Override identity `json:"service-slo-sle-policy-override,omitempty"`
	Status   *status  `json:"status,omitempty"`
}

type member struct {
	SDP string `json:"sdp-id"`
}

// An identity is one of the model's. Without a module it is our own's (RFC 7951,
// section 6.8); in documents that we emit it always has one.
type identity string

// UnmarshalJSON reads a text.
func (i *identity) UnmarshalJSON(text []byte) error {
	s, err := unquote(text)
	if err != nil {
		return err
	}
	if !strings.Contains(s, ":") {
		s = module + ":" + s
	}
	*i = identity(s)
	return nil
}

// own returns the name of an identity of our own module.
func (i identity) own() (string, bool) { return strings.CutPrefix(string(i), module+":") }

// empty is a leaf that is there or not (RFC 7951, section 6.9).
type empty struct{}

var errEmpty = errors.New("it has to be [null]")

// UnmarshalJSON reads [null].
func (*empty) UnmarshalJSON(text []byte) error {
	if string(text) != "[null]" {
		return errEmpty
	}
	return nil
}

// MarshalJSON writes [null].
func (*empty) MarshalJSON() ([]byte, error) { return []byte("[null]"), nil }
