package descriptor

// An NST is a network slice template (OSM's nst.yang, revision 2018-08-20).
// OSM itself uses little of it; the parts that it ignores are what we read.
type NST struct {
	ID               string            `json:"id"`
	Name             string            `json:"name,omitempty"`
	SNSSAI           NSTSNSSAI         `json:"SNSSAI-identifier"`
	QoS              *NSTQoS           `json:"quality-of-service,omitempty"`
	Subnets          []Subnet          `json:"netslice-subnet,omitempty"`
	ConnectionPoints []ConnectionPoint `json:"netslice-connection-point,omitempty"`
	VLDs             []VLD             `json:"netslice-vld,omitempty"`
	FGDs             []FGD             `json:"netslicefgd,omitempty"`
}

// An NSTSNSSAI is the kind of slice.
type NSTSNSSAI struct {
	ServiceType    string `json:"slice-service-type,omitempty"`
	Differentiator string `json:"slice-differentiator,omitempty"`
}

// An NSTQoS is the quality that the template names.
type NSTQoS struct {
	ID                  uint16 `json:"id"`
	ResourceType        string `json:"resource-type,omitempty"`
	PriorityLevel       uint16 `json:"priority-level,omitempty"`
	PacketDelayBudget   uint16 `json:"packet-delay-budget,omitempty"` // milliseconds
	PacketErrorRate     string `json:"packet-error-rate,omitempty"`   // a fraction passes at OSM
	DefaultMaxDataBurst uint16 `json:"default-max-data-burst,omitempty"`
}

// A Subnet is one network service of the slice.
type Subnet struct {
	ID          string            `json:"id"`
	Description string            `json:"description,omitempty"`
	Shared      bool              `json:"is-shared-nss,omitempty"`
	NSDRef      string            `json:"nsd-ref"`
	Parameters  *SubnetParameters `json:"instantiation-parameters,omitempty"`
}

// SubnetParameters are parameters of a subnet's network service.
type SubnetParameters struct {
	VIMAccount string          `json:"vimAccountId,omitempty"`
	SSHKeys    string          `json:"ssh_keys,omitempty"`
	VNFs       []VNFParameters `json:"vnf,omitempty"`
	VLDs       []VLDParameters `json:"vld,omitempty"`
}

// VNFParameters are parameters of one member of a network service.
type VNFParameters struct {
	Index        string          `json:"member-vnf-index"`
	VIMAccount   string          `json:"vimAccountId,omitempty"`
	VDUs         []VDUParameters `json:"vdu,omitempty"`
	InternalVLDs []InternalVLD   `json:"internal-vld,omitempty"`
}

// VDUParameters are parameters of one machine.
type VDUParameters struct {
	ID         string         `json:"id"`
	Volumes    []VDUVolume    `json:"volume,omitempty"`
	Interfaces []VDUInterface `json:"interface,omitempty"`
}

// A VDUVolume names a volume that exists.
type VDUVolume struct {
	Name        string `json:"name"`
	VIMVolumeID string `json:"vim-volume-id,omitempty"`
}

// A VDUInterface fixes the addresses of an interface.
type VDUInterface struct {
	Name               string `json:"name"`
	IPAddress          string `json:"ip-address,omitempty"`
	MACAddress         string `json:"mac-address,omitempty"`
	FloatingIPRequired bool   `json:"floating-ip-required,omitempty"`
}

// An InternalVLD is a link inside one member.
type InternalVLD struct {
	Name           string     `json:"name"`
	VIMNetworkName string     `json:"vim-network-name,omitempty"`
	IPProfile      *IPProfile `json:"ip-profile,omitempty"`
	Points         []struct {
		IDRef     string `json:"id-ref"`
		IPAddress string `json:"ip-address,omitempty"`
	} `json:"internal-connection-point,omitempty"`
}

// VLDParameters are parameters of one link of a network service.
type VLDParameters struct {
	Name           string     `json:"name"`
	VIMNetworkName string     `json:"vim-network-name,omitempty"`
	IPProfile      *IPProfile `json:"ip-profile,omitempty"`
	Points         []struct {
		Index     string `json:"member-vnf-index-ref"`
		Ref       string `json:"vnfd-connection-point-ref"`
		IPAddress string `json:"ip-address,omitempty"`
	} `json:"vnfd-connection-point-ref,omitempty"`
}

// An IPProfile is the address plan of a link.
type IPProfile struct {
	Version    string `json:"ip-version,omitempty"`
	Subnet     string `json:"subnet-address,omitempty"`
	Gateway    string `json:"gateway-address,omitempty"`
	DNSServers []struct {
		Address string `json:"address"`
	} `json:"dns-server,omitempty"`
	DHCP *struct {
		Enabled bool   `json:"enabled,omitempty"`
		Count   uint8  `json:"count,omitempty"`
		Start   string `json:"start-address,omitempty"`
	} `json:"dhcp-params,omitempty"`
}

// A ConnectionPoint is where others may join the slice.
type ConnectionPoint struct {
	Name               string `json:"name"`
	FloatingIPRequired bool   `json:"floating-ip-required,omitempty"`
	VLDRef             string `json:"netslice-vld-id-ref,omitempty"`
	NSDRef             string `json:"nsd-id-ref,omitempty"`
	NSDConnectionPoint string `json:"nsd-connection-point-ref,omitempty"`
}

// A VLD is a link between the network services of the slice.
type VLD struct {
	ID              string           `json:"id"`
	Name            string           `json:"name,omitempty"`
	ShortName       string           `json:"short-name,omitempty"`
	Vendor          string           `json:"vendor,omitempty"`
	Description     string           `json:"description,omitempty"`
	Version         string           `json:"version,omitempty"`
	Type            string           `json:"type,omitempty"` // ELAN, ELINE or L3
	RootBandwidth   uint64           `json:"root-bandwidth,omitempty"`
	LeafBandwidth   uint64           `json:"leaf-bandwidth,omitempty"` // bits per second
	ProviderNetwork *ProviderNetwork `json:"provider-network,omitempty"`
	Management      bool             `json:"mgmt-network,omitempty"`
	Points          []VLDPoint       `json:"nss-connection-point-ref,omitempty"`
}

// A ProviderNetwork is a network that exists. OSM takes both spellings.
type ProviderNetwork struct {
	Physical string `json:"physical-network,omitempty"`
	Segment  uint32 `json:"segmentation_id,omitempty"`
	Segment2 uint32 `json:"segmentation-id,omitempty"`
}

// A VLDPoint ties a link to one network service.
type VLDPoint struct {
	SubnetRef       string `json:"nss-ref"`
	ConnectionPoint string `json:"nsd-connection-point-ref"`
	IPAddress       string `json:"ip-address,omitempty"`
}

// An FGD is a forwarding graph. OSM takes it and does nothing with it.
type FGD struct {
	ID          string       `json:"id"`
	Name        string       `json:"name,omitempty"`
	ShortName   string       `json:"short-name,omitempty"`
	Vendor      string       `json:"vendor,omitempty"`
	Description string       `json:"description,omitempty"`
	Version     string       `json:"version,omitempty"`
	RSPs        []RSP        `json:"rsp,omitempty"`
	Classifiers []Classifier `json:"classifier,omitempty"`
}

// An RSP is an ordered list of network services.
type RSP struct {
	ID     string `json:"id"`
	Name   string `json:"name,omitempty"`
	Points []struct {
		NSDRef          string `json:"nsd-ref"`
		Order           uint8  `json:"order,omitempty"`
		ConnectionPoint string `json:"nsd-connection-point-ref,omitempty"`
	} `json:"nsd-connection-point-ref,omitempty"`
}

// A Classifier says what takes a rendered path.
type Classifier struct {
	ID              string `json:"id"`
	Name            string `json:"name,omitempty"`
	RSPRef          string `json:"rsp-id-ref,omitempty"`
	NSDRef          string `json:"nsd-ref,omitempty"`
	ConnectionPoint string `json:"nsd-connection-point-ref,omitempty"`
	Matches         []struct {
		ID              string `json:"id"`
		Protocol        uint8  `json:"ip-proto,omitempty"`
		SourceAddress   string `json:"source-ip-address,omitempty"`
		DestinationAddr string `json:"destination-ip-address,omitempty"`
		SourcePort      uint16 `json:"source-port,omitempty"`
		DestinationPort uint16 `json:"destination-port,omitempty"`
	} `json:"match-attributes,omitempty"`
}
