package descriptor

import "reflect"

// A VNFD is a network function descriptor, as far as functions of ours use it
// (ETSI GS NFV-SOL 006, module etsi-nfv-vnfd, with the augments of OSM's
// information model). Structure checks the rest of the model; here it is
// skipped.
type VNFD struct {
	ID              string     `json:"id"`
	Provider        string     `json:"provider"`
	ProductName     string     `json:"product-name"`
	SoftwareVersion string     `json:"software-version"` // OSM: while it stays, only day-1 and day-2 of a used one may change
	Version         string     `json:"version"`
	InfoName        string     `json:"product-info-name"`
	Description     string     `json:"description"` // OSM IM: additional-info
	VDUs            []VDU      `json:"vdu"`
	InternalLinks   []Named    `json:"int-virtual-link-desc"`
	ExtCPDs         []ExtCPD   `json:"ext-cpd"`
	MgmtCP          string     `json:"mgmt-cp"` // OSM IM: mgmt-interface; an ExtCPD
	DFs             []VNFDF    `json:"df"`
	KDUs            []KDU      `json:"kdu"`
	Cluster         K8sCluster `json:"k8s-cluster"`
}

// A Named is a part of which only the id matters here.
type Named struct {
	ID string `json:"id"`
}

// A VDU is a machine of a function (SOL 006: vnfd/vdu).
type VDU struct {
	ID            string  `json:"id"`
	Name          string  `json:"name"`
	PDUType       string  `json:"pdu-type"` // OSM IM: various; not empty: a device, no machine
	CloudInitFile string  `json:"cloud-init-file"`
	IntCPDs       []Named `json:"int-cpd"`
}

// An ExtCPD is where others reach a function: through a machine, an inner link,
// or a net of the cluster (SOL 006: vnfd/ext-cpd; OSM IM: kdu).
type ExtCPD struct {
	ID           string `json:"id"`
	Description  string `json:"description"`
	InternalLink string `json:"int-virtual-link-desc"`
	IntCPD       *struct {
		VDU string `json:"vdu-id"`
		CPD string `json:"cpd"`
	} `json:"int-cpd"`
	ClusterNet string `json:"k8s-cluster-net"`
}

// A KDU is a part of a function that Kubernetes runs (OSM IM: kdu).
type KDU struct {
	Name        string       `json:"name"`
	Description string       `json:"description"`
	HelmChart   string       `json:"helm-chart"` // a folder of helm-chart-v3s, repository/chart, or an address
	HelmVersion string       `json:"helm-version"`
	JujuBundle  string       `json:"juju-bundle"`
	Services    []KDUService `json:"service"`
}

// A KDUService ties Kubernetes services to a connection point by a part of
// their name.
type KDUService struct {
	Name string `json:"name"`
	CPD  string `json:"external-connection-point-ref"`
}

// A K8sCluster is what a function asks of the cluster that it runs in (OSM IM:
// kdu).
type K8sCluster struct {
	Versions []string `json:"version"`
	CNIs     []string `json:"cni"`
	Nets     []Named  `json:"nets"`
}

// A VNFDF is a deployment flavour (SOL 006: vnfd/df).
type VNFDF struct {
	ID  string `json:"id"`
	LCM struct {
		Operate struct {
			Day12 []Day12 `json:"day1-2"` // OSM IM: day1-2
		} `json:"operate-vnf-op-config"`
	} `json:"lcm-operations-configuration"`
}

// A Day12 is what is done to a function, or to one VDU or KDU of it, on its
// first day and later. It is run where its id names one of the three.
type Day12 struct {
	ID           string                 `json:"id"`
	Juju         *Juju                  `json:"juju"`
	Environments []ExecutionEnvironment `json:"execution-environment-list"`
	Config       []Primitive            `json:"config-primitive"`
	Initial      []Step                 `json:"initial-config-primitive"`
	Terminate    []Step                 `json:"terminate-config-primitive"`
}

// A Juju names a charm.
type Juju struct {
	Charm string `json:"charm"`
	Proxy *bool  `json:"proxy"` // nil: true
	Cloud string `json:"cloud"`
}

// An ExecutionEnvironment runs primitives: a charm, or a chart with a server of
// OSM's contract.
type ExecutionEnvironment struct {
	ID        string `json:"id"`
	Juju      *Juju  `json:"juju"`
	HelmChart string `json:"helm-chart"` // a folder of helm-charts
	CPD       string `json:"external-connection-point-ref"`
}

// A Primitive is what an operator may ask of a function on any later day.
type Primitive struct {
	Name        string      `json:"name"`
	Environment string      `json:"execution-environment-ref"`
	Runs        string      `json:"execution-environment-primitive"` // empty: Name
	Parameters  []Parameter `json:"parameter"`
}

// A Parameter is one of a primitive's.
type Parameter struct {
	Name      string  `json:"name"`
	DataType  string  `json:"data-type"` // STRING, INTEGER or BOOLEAN
	Mandatory bool    `json:"mandatory"`
	Default   *string `json:"default-value"`
	Value     *string `json:"value"` // of a step
}

// A Step is a primitive that OSM runs by itself, in the order of the numbers.
type Step struct {
	Seq         uint64      `json:"seq"`
	Name        string      `json:"name"`
	Environment string      `json:"execution-environment-ref"`
	Parameters  []Parameter `json:"parameter"`
}

// VNFD reads the document as a network function descriptor. The path is where
// it stands, inside its envelope.
func (d *Document) VNFD() (vnfd VNFD, path string, err error) {
	if problems := d.expect(KindVNFD); len(problems) > 0 {
		return vnfd, "", problems.Err()
	}
	n, path, problems := d.body()
	if len(problems) > 0 {
		return vnfd, path, problems.Err()
	}
	if problems := structure(vnfdSchema, n, path); len(problems) > 0 {
		return vnfd, path, problems.Err()
	}
	decoder := decoder{tolerant: true, loose: true}
	decoder.decode(n, reflect.ValueOf(&vnfd), path)
	return vnfd, path, decoder.problems.Err()
}

// Primitives returns what may be done to a function, and to its parts, at any
// time, over all flavours.
func (v *VNFD) Primitives() []Primitive {
	var all []Primitive
	for _, df := range v.DFs {
		for _, d := range df.LCM.Operate.Day12 {
			all = append(all, d.Config...)
		}
	}
	return all
}
