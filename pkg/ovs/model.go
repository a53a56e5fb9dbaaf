package ovs

import "github.com/ovn-kubernetes/libovsdb/model"

// The rows below list the columns that this package reads or writes, and no
// others: they are the same in every Open vSwitch, whatever its schema gained
// since. Only these columns are monitored, because the cache refuses an update
// with a column that its model lacks.

type rootRow struct {
	UUID    string   `ovsdb:"_uuid"`
	Bridges []string `ovsdb:"bridges"`
	NextCfg int      `ovsdb:"next_cfg"`
	CurCfg  int      `ovsdb:"cur_cfg"`
	SSL     *string  `ovsdb:"ssl"`
}

type bridgeRow struct {
	UUID         string            `ovsdb:"_uuid"`
	Name         string            `ovsdb:"name"`
	DatapathType string            `ovsdb:"datapath_type"`
	FailMode     *string           `ovsdb:"fail_mode"`
	Protocols    []string          `ovsdb:"protocols"`
	OtherConfig  map[string]string `ovsdb:"other_config"`
	Controller   []string          `ovsdb:"controller"`
	Ports        []string          `ovsdb:"ports"`
}

type controllerRow struct {
	UUID            string `ovsdb:"_uuid"`
	Target          string `ovsdb:"target"`
	InactivityProbe *int   `ovsdb:"inactivity_probe"`
	MaxBackoff      *int   `ovsdb:"max_backoff"`
}

type portRow struct {
	UUID       string   `ovsdb:"_uuid"`
	Name       string   `ovsdb:"name"`
	Interfaces []string `ovsdb:"interfaces"`
}

type interfaceRow struct {
	UUID          string            `ovsdb:"_uuid"`
	Name          string            `ovsdb:"name"`
	Type          string            `ovsdb:"type"`
	Options       map[string]string `ovsdb:"options"`
	OfportRequest *int              `ovsdb:"ofport_request"`
	Ofport        *int              `ovsdb:"ofport"`
	LinkState     *string           `ovsdb:"link_state"`
	Error         *string           `ovsdb:"error"`
	MTURequest    *int              `ovsdb:"mtu_request"`
	BFD           map[string]string `ovsdb:"bfd"`
	BFDStatus     map[string]string `ovsdb:"bfd_status"`
	ExternalIDs   map[string]string `ovsdb:"external_ids"`
}

type sslRow struct {
	UUID        string `ovsdb:"_uuid"`
	PrivateKey  string `ovsdb:"private_key"`
	Certificate string `ovsdb:"certificate"`
	CACert      string `ovsdb:"ca_cert"`
}

// tables names the tables of the rows.
func tables() (model.ClientDBModel, error) {
	return model.NewClientDBModel("Open_vSwitch", map[string]model.Model{
		"Open_vSwitch": &rootRow{},
		"Bridge":       &bridgeRow{},
		"Controller":   &controllerRow{},
		"Port":         &portRow{},
		"Interface":    &interfaceRow{},
		"SSL":          &sslRow{},
	})
}
