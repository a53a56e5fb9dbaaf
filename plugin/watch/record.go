package watch

import (
	"encoding/json"
	"slices"

	"github.com/l2sces/l2sces/pkg/slice"
)

// An nsi is the record of a network slice instance, as far as it is read.
type nsi struct {
	ID          string          `json:"_id"`
	Name        string          `json:"name"`
	NST         string          `json:"nst-ref"`
	Template    json.RawMessage `json:"network-slice-template"` // as it was instantiated
	Operational string          `json:"operational-status"`
	Params      struct {
		Additional map[string]any `json:"additionalParamsForNsi"`
		Subnets    []order        `json:"netslice-subnet"`
	} `json:"instantiation_parameters"`
	// Additional is the same with nested values as text; some records have only it.
	Additional map[string]any `json:"additionalParamsForNsi"`
	Admin      struct {
		Modified float64 `json:"modified"`
		State    string  `json:"nsiState"`
		NST      string  `json:"nst-id"`
		Subnets  []order `json:"netslice-subnet"`
	} `json:"_admin"`

	broken error // why it could not be read whole
}

// An order is how a subnet of the template was ordered: its network service.
type order struct {
	ID     string `json:"id"`     // in the parameters
	Subnet string `json:"nss-id"` // in the record
	NSR    string `json:"nsr_id"`
	VIM    string `json:"vimAccountId"`
	VNFs   []struct {
		Index string `json:"member-vnf-index"`
		VIM   string `json:"vimAccountId"`
	} `json:"vnf"`
	Links []linkOrder `json:"vld"`
}

// A linkOrder is how a link of a network service was ordered.
type linkOrder struct {
	Name     string `json:"name"`
	WIM      any    `json:"wimAccountId"` // an id, or false
	Provider struct {
		Ports []sdnPort `json:"sdn-ports"`
	} `json:"provider-network"`
}

// An sdnPort is a place that a WIM is told.
type sdnPort struct {
	Switch   string `json:"switch_id"`
	Port     string `json:"switch_port"`
	Endpoint string `json:"service_endpoint_id"`
	VLAN     any    `json:"vlan"` // a number, also as text
}

// A phase is what a record says of a slice.
type phase uint8

const (
	idle    phase = iota // nobody has begun with it
	wanted               // it runs, or is being made
	failed               // it stays as it is until somebody ends it
	ending               // the same
	ended                // it is gone
	strange              // a word that OSM was not seen to write
)

func (r *nsi) phase() phase {
	switch r.Operational {
	case "terminated":
		return ended
	case "terminating":
		return ending
	case "failed", "failed_temp", "partially_completed":
		return failed
	case "":
		if r.Admin.State == "INSTANTIATED" {
			return wanted
		}
		return idle
	case "init", "creating", "running", "scaling", "configured", "instantiating":
		return wanted
	}
	if r.Admin.State == "INSTANTIATED" {
		return wanted
	}
	return strange
}

// An nsr is the record of a network service.
type nsr struct {
	ID          string          `json:"_id"`
	NSD         json.RawMessage `json:"nsd"`
	State       string          `json:"nsState"`
	Operational string          `json:"operational-status"`
	Links       []struct {
		ID     string `json:"id"`
		Common string `json:"common_id"`
		// Info is by target: vim:ID or wim:ID.
		Info map[string]struct {
			ID string `json:"vim_id"`
		} `json:"vim_info"`
	} `json:"vld"`
	Admin struct {
		Modified float64 `json:"modified"`
	} `json:"_admin"`
}

// gone reports whether a service has left its domain.
func (r *nsr) gone() bool {
	return slices.Contains([]string{"failed", "terminated", "terminating"}, r.Operational) || r.State == "TERMINATED"
}

// An account is a VIM account, a cluster or a WIM account.
type account struct {
	ID     string `json:"_id"`
	Name   string `json:"name"`
	VIM    string `json:"vim_account"` // of a cluster
	Config struct {
		Ports []struct {
			VIM     string `json:"datacenter_id"` // its name
			Mapping struct {
				Encapsulation struct {
					VLAN any `json:"vlan"`
				} `json:"encapsulation"`
			} `json:"service_mapping_info"`
		} `json:"wim_port_mapping"`
	} `json:"config"`
}

// vlanOf reads a tag that is a number or a text.
func vlanOf(v any) (slice.VLAN, bool) {
	var n json.Number
	switch v := v.(type) {
	case float64:
		if v != float64(int(v)) || v < 1 || v > float64(slice.MaxVLAN) {
			return 0, false
		}
		return slice.VLAN(v), true
	case string:
		n = json.Number(v)
	}
	i, err := n.Int64()
	if err != nil || i < 1 || i > int64(slice.MaxVLAN) {
		return 0, false
	}
	return slice.VLAN(i), true
}
