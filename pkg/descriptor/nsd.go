package descriptor

import "net/netip"

// An NSD is a network service descriptor, as far as slices use it (ETSI GS
// NFV-SOL 006, module etsi-nfv-nsd, with the augments of OSM's information
// model). Structure checks the rest of the model; here it is skipped.
type NSD struct {
	ID          string            `json:"id"`
	Name        string            `json:"name"`
	Designer    string            `json:"designer"`
	Version     string            `json:"version"`
	Description string            `json:"description"` // OSM IM: ns-various
	VNFDs       []string          `json:"vnfd-id"`
	Links       []VirtualLinkDesc `json:"virtual-link-desc"`
	SAPDs       []SAPD            `json:"sapd"`
	Flavor      []DF              `json:"df"`
}

// A VirtualLinkDesc is a link of the network service (SOL 006: nsd/
// virtual-link-desc; OSM IM: ns-vld).
type VirtualLinkDesc struct {
	ID             string           `json:"id"`
	Management     bool             `json:"mgmt-network"`
	VIMNetworkName string           `json:"vim-network-name"`
	Provider       *ProviderNetwork `json:"provider-network"`
	Connectivity   struct {
		Layers  []string `json:"layer-protocol"`
		Pattern string   `json:"flow-pattern"` // line, tree or mesh
	} `json:"connectivity-type"`
	Flavor []struct {
		ID  string `json:"id"`
		QoS *VLQoS `json:"qos"`
	} `json:"df"`
}

// A VLQoS is the quality of a link (SOL 006: nsd/virtual-link-desc/df/qos). OSM
// does nothing with it.
type VLQoS struct {
	Latency  uint32  `json:"latency"` // milliseconds
	Jitter   uint32  `json:"packet-delay-variation"`
	Loss     float64 `json:"packet-loss-ratio"`
	Priority uint32  `json:"priority"`
}

// A SAPD is where a slice joins a link of the network service (SOL 006:
// nsd/sapd).
type SAPD struct {
	ID   string `json:"id"`
	Link string `json:"virtual-link-desc"`
}

// A DF is a deployment flavour (SOL 006: nsd/df). OSM uses only the first one.
type DF struct {
	ID       string       `json:"id"`
	Profiles []VNFProfile `json:"vnf-profile"`
	Links    []VLProfile  `json:"virtual-link-profile"`
}

// A VNFProfile is one member of the network service (SOL 006: nsd/df/
// vnf-profile).
type VNFProfile struct {
	ID    string `json:"id"`
	VNFD  string `json:"vnfd-id"`
	Links []struct {
		Link   string `json:"virtual-link-profile-id"` // OSM: the id of a virtual-link-desc
		Points []struct {
			Element string `json:"constituent-base-element-id"`
			Point   string `json:"constituent-cpd-id"`
		} `json:"constituent-cpd-id"`
	} `json:"virtual-link-connectivity"`
}

// A VLProfile has the numbers of a link (SOL 006: nsd/df/virtual-link-profile;
// OSM IM: ip-profiles).
type VLProfile struct {
	ID       string  `json:"id"`
	Link     string  `json:"virtual-link-desc-id"`
	MaxRate  BitRate `json:"max-bitrate-requirements"`
	MinRate  BitRate `json:"min-bitrate-requirements"`
	Protocol struct {
		L2 struct {
			Name string `json:"name"`
			Type string `json:"network-type"` // flat, vlan, vxlan or gre
			MTU  uint16 `json:"mtu"`
		} `json:"l2-protocol-data"`
		L3 struct {
			CIDR netip.Prefix `json:"cidr"`
		} `json:"l3-protocol-data"`
	} `json:"virtual-link-protocol-data"`
}

// A BitRate is what a link carries, in bits per second.
type BitRate struct {
	Root uint64 `json:"root"`
	Leaf uint64 `json:"leaf"`
}

// Plan returns CIDR and MTU of the link that a connection point of the slice
// is tied to, and false when the descriptor ties it to none.
func (n *NSD) Plan(connectionPoint string) (cidr netip.Prefix, mtu uint32, ok bool) {
	for _, s := range n.SAPDs {
		if s.ID != connectionPoint || s.Link == "" {
			continue
		}
		for _, l := range n.Links {
			ok = ok || l.ID == s.Link
		}
		for _, p := range n.profiles() {
			if p.Link == s.Link {
				return p.Protocol.L3.CIDR, uint32(p.Protocol.L2.MTU), ok
			}
		}
	}
	return cidr, mtu, ok
}

// profiles returns the link profiles of the flavour that OSM uses.
func (n *NSD) profiles() []VLProfile {
	if len(n.Flavor) == 0 {
		return nil
	}
	return n.Flavor[0].Links
}
