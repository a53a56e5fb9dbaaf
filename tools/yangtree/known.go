package main

import "encoding/json"

// A fact is what a tree does not tell of a node.
type fact struct {
	required []string // asked for by OSM beside the keys of a list
	unless   string   // a key; without it, `then` is required
	then     []string
	also     string // another spelling that OSM takes
	single   bool   // of a list: one element may stand for it
	schema   object // of a leaf, instead of that of its type
}

// helmChart is what OSM takes as the chart of a KDU: a name, with the name of a
// repository before it or not, or an address.
const helmChart = `^([a-z0-9]([-a-z0-9]*[a-z0-9]/)?([a-z0-9]([-a-z0-9]*[a-z0-9])?)*|[a-zA-Z][-+.a-zA-Z0-9]*://[^/]+.*)$`

var segment = fact{also: "segmentation-id"}

// known are the facts, by path. They are what OSM's NBI was seen to ask for.
var known = map[string]fact{
	"vnfd":     {required: []string{"id", "df"}},
	"vnfd/id":  {schema: name},
	"vnfd/vdu": {unless: "pdu-type", then: []string{"virtual-storage-desc"}},
	"vnfd/df/lcm-operations-configuration/operate-vnf-op-config": {required: []string{"day1-2"}},
	"vnfd/kdu/helm-chart": {schema: object{{"type", "string"}, {"pattern", helmChart}}},
	"vnfd/int-virtual-link-desc/provider-network/segmentation_id": segment,

	"nsd/id": {schema: name},
	"nsd/virtual-link-desc/provider-network/segmentation_id": segment,

	"nsd/df/vnf-profile/virtual-link-connectivity/constituent-cpd-id/ip-address": {single: true},

	"nst/id":                 {schema: name},
	"nst/netslice-subnet":    {required: []string{"nsd-ref"}},
	"nst/netslice-subnet/id": {schema: object{{"type", []string{"string", "number"}}, {"minLength", 1}, {"maxLength", 63}}},
	"nst/netslice-vld/provider-network/segmentation_id": segment,
	"nst/quality-of-service/packet-error-rate": {schema: object{
		{"type", []string{"number", "string"}}, {"minimum", 0}, {"maximum", 65535}, {"format", "decimal"},
	}},
}

// name is the id of a descriptor.
var name = object{{"type", []string{"string", "number"}}, {"minLength", 1}}

func integer(most string, format string) object {
	return object{{"type", []string{"integer", "string"}}, {"minimum", 0}, {"maximum", json.Number(most)}, {"format", format}}
}

// scalars are the definitions of YANG's types. OSM takes numbers and booleans
// for text, and numbers and booleans that are written as text; who reads a file
// says so where it matters.
var scalars = map[string]object{
	"text":       {{"type", []string{"string", "number", "boolean"}}},
	"boolean":    {{"type", []string{"boolean", "string"}}, {"format", "boolean"}},
	"decimal64":  {{"type", []string{"number", "string"}}, {"format", "decimal"}},
	"uint8":      integer("255", "uint8"),
	"uint16":     integer("65535", "uint16"),
	"uint32":     integer("4294967295", "uint32"),
	"uint64":     integer("18446744073709551615", "uint64"),
	"ip-address": {{"type", "string"}, {"format", "ip-address"}},
	"ip-prefix":  {{"type", "string"}, {"format", "ip-prefix"}},
	"mac-address": {
		{"type", "string"}, {"pattern", "^[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}$"},
	},
}

var aliases = map[string]string{
	"inet-ip-address":       "ip-address",
	"inet-ip-prefix":        "ip-prefix",
	"inet-port-number":      "uint16",
	"yang-timeticks":        "uint32",
	"ietf-yang-mac-address": "mac-address",
}

var (
	protocols = []string{"ethernet", "mpls", "odu2", "ipv4", "ipv6", "pseudo-wire"}
	versions  = []string{"ipv4", "ipv6"}
	relations = []string{"GE", "LE", "GT", "LT", "EQ", "NE"}
	roles     = []string{"root", "leaf"}
	ports     = []string{"full", "allow-address-pairs"}
	parties   = []string{"vnf", "em", "both"}
)

// words are those of enumerations and identities, by the name of the type, or
// by leaf and what holds it where the type has no name.
var words = map[string][]string{
	"affinity-scope":                    {"nfvi-node", "zone-group", "zone", "nfvi-pop"},
	"affinity-type":                     {"affinity", "anti-affinity"},
	"alarm-severity-type":               {"LOW", "MODERATE", "CRITICAL"},
	"alarm-statistic-type":              {"AVERAGE", "MINIMUM", "MAXIMUM", "COUNT", "SUM"},
	"common:parameter-data-type":        {"STRING", "INTEGER", "BOOLEAN"},
	"common:relational-operation-type":  relations,
	"common:scaling-criteria-operation": {"AND", "OR"},
	"common:scaling-policy-type":        {"manual", "automatic"},
	"common:scaling-trigger":            {"pre-scale-in", "post-scale-in", "pre-scale-out", "post-scale-out"},
	"flow-pattern":                      {"line", "tree", "mesh"},
	"inet:ip-version":                   {"unknown", "ipv4", "ipv6"},
	"internal-lifecycle-management-script-event": {
		"start-instantiation", "end-instantiation", "start-scaling", "end-scaling", "start-healing", "end-healing",
		"start-termination", "end-termination", "start-vnf-flavour-change", "end-vnf-flavour-change",
		"start-vnf-operation-change", "end-vnf-operation-change", "start-vnf-ext-conn-change", "end-vnf-ext-conn-change",
		"start-vnfinfo-modification", "end-vnfinfo-modification",
	},
	"manotypes:virtual-link-type": {"ELAN", "ELINE", "L3"},
	"network-slice-type":          {"eMBB", "URLLC", "mMTC"},
	"recovery-actions":            {"REDEPLOY_ONLY", "REBOOT", "REBOOT_THEN_REDEPLOY"},
	"recovery-type":               {"manual", "automatic"},
	"relational-operation-type":   relations,
	"resource-type":               {"delay-critical-GBR", "GBR", "non-GBR"},

	"day1-2/blacklist-config-primitive":       {"upgrade", "rollback"},
	"df/service-availability-level":           {"level-1", "level-2", "level-3"},
	"execution-environment-list/helm-version": {"v2", "v3"},
	"ext-cpd/port-security-disable-strategy":  ports,
	"indicator/source":                        parties,
	"int-cpd/port-security-disable-strategy":  ports,
	"juju/cloud":                              {"lxd", "k8s"},
	"k8s-cluster/cni":                         {"calico", "flannel", "multus"},
	"kdu/helm-version":                        {"v2", "v3"},
	"l2-protocol-data/network-type":           {"flat", "vlan", "vxlan", "gre"},
	"l3-address-data/ip-address-type":         versions,
	"l3-protocol-data/ip-version":             versions,
	"l3-protocol-data/ipv6-address-mode":      {"slaac", "dhcpv6-stateful", "dhcpv6-stateless"},
	"numa-node-policy/mem-policy":             {"STRICT", "PREFERRED"},
	"pinning/policy":                          {"static", "dynamic"},
	"pinning/thread-policy":                   {"REQUIRE", "ISOLATE", "PREFER"},
	"script/script-type":                      {"rift"},
	"security-group-rule/direction":           {"ingress", "egress"},
	"security-group-rule/ether-type":          versions,
	"security-group-rule/protocol":            {"tcp", "udp", "icmp"},
	"supported-vnf-interfaces/name":           {"vnf-configuration", "vnf-indicator"},
	"sw-image-desc/container-format":          {"aki", "ami", "ari", "bare", "docker", "ova", "ovf"},
	"sw-image-desc/disk-format":               {"aki", "ami", "ari", "iso", "qcow2", "raw", "vdi", "vhd", "vhdx", "vmdk"},
	"virtual-interface/type":                  {"PARAVIRT", "OM-MGMT", "PCI-PASSTHROUGH", "SR-IOV", "VIRTIO", "E1000", "RTL8139", "PCNET"},
	"virtual-link-desc/test-access":           {"none", "passive-monitoring", "active"},
	"virtual-memory/mempage-size":             {"LARGE", "SMALL", "SIZE_2MB", "SIZE_1GB", "PREFER_LARGE"},
	"virtual-storage-desc/device-bus":         {"ide", "usb", "virtio", "scsi"},

	"address-data/type":                                    {"mac-address", "ip-address"},
	"checksum/algorithm":                                   {"sha-224", "sha-256", "sha-384", "sha-512"},
	"connectivity-type/layer-protocol":                     protocols,
	"df/supported-operation":                               {"instantiate-vnf", "scale-vnf", "scale-vnf-to-level", "change-vnf-flavour", "terminate-vnf", "query-vnf", "heal-vnf", "operate-vnf", "modify-vnf-information"},
	"ext-cpd/layer-protocol":                               protocols,
	"ext-cpd/role":                                         roles,
	"int-cpd/layer-protocol":                               protocols,
	"int-cpd/role":                                         roles,
	"protocol/associated-layer-protocol":                   protocols,
	"virtual-link-protocol-data/associated-layer-protocol": protocols,
	"virtual-storage-desc/type-of-storage":                 {"root-storage", "swap-storage", "ephemeral-storage", "persistent-storage"},
}
