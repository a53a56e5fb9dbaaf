package descriptor

import "net/netip"

// An NSD is what a slice needs of a network service descriptor (ETSI GS
// NFV-SOL 006). OSM's model has more, which is skipped.
type NSD struct {
	ID     string            `json:"id"`
	Name   string            `json:"name"`
	VNFDs  []string          `json:"vnfd-id"`
	Links  []VirtualLinkDesc `json:"virtual-link-desc"`
	SAPDs  []SAPD            `json:"sapd"`
	Flavor []DF              `json:"df"`
}

// A VirtualLinkDesc is a link of the network service.
type VirtualLinkDesc struct {
	ID             string `json:"id"`
	Management     bool   `json:"mgmt-network"`
	VIMNetworkName string `json:"vim-network-name"`
}

// A SAPD is where a slice joins a link of the network service.
type SAPD struct {
	ID   string `json:"id"`
	Link string `json:"virtual-link-desc"`
}

// A DF is a deployment flavour. OSM uses only the first one.
type DF struct {
	ID       string       `json:"id"`
	Profiles []VNFProfile `json:"vnf-profile"`
	Links    []VLProfile  `json:"virtual-link-profile"`
}

// A VNFProfile is one member of the network service.
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

// A VLProfile has the numbers of a link.
type VLProfile struct {
	ID       string `json:"id"`
	Link     string `json:"virtual-link-desc-id"`
	Protocol struct {
		L2 struct {
			MTU uint16 `json:"mtu"`
		} `json:"l2-protocol-data"`
		L3 struct {
			CIDR netip.Prefix `json:"cidr"`
		} `json:"l3-protocol-data"`
	} `json:"virtual-link-protocol-data"`
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
