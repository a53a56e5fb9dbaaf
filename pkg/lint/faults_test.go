package lint_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/l2sces/l2sces/pkg/lint"
)

// Files of the packages that the faults are edits of.
const (
	camera = "vnfd/camera_knf/camera_knf.yaml"
	router = "vnfd/router_vnf/router_vnf.yaml"
	site   = "nsd/site_ns/site_ns.yaml"
	town   = "nst/town/nst.yaml"
	annex  = "nst/town/l2sces/intents.yaml"
)

type fault struct {
	name, rule string
	edit       lint.Example
}

func checkFaults(t *testing.T, faults []fault) {
	t.Helper()
	for _, f := range faults {
		t.Run(f.rule+"/"+f.name, func(t *testing.T) { checkExample(t, f.rule, f.edit) })
	}
}

// TestA17Descriptors breaks packages in every way of row A17 that the examples
// of the rules do not show.
func TestA17Descriptors(t *testing.T) {
	checkFaults(t, []fault{
		{"two links of one name", "schema-duplicate-key", lint.Example{File: town, Old: "  netslicefgd:\n", New: "  - id: video\n    name: video\n  netslicefgd:\n", At: "id: video\n    name: video\n  netslicefgd", With: "nst-link-alone"}},
		{"two links of another id and one name", "schema-duplicate-key", lint.Example{File: town, Old: "  netslicefgd:\n", New: "  - id: audio\n    name: video\n    nss-connection-point-ref:\n    - nss-ref: north\n      nsd-connection-point-ref: data\n    - nss-ref: south\n      nsd-connection-point-ref: data\n  netslicefgd:\n", At: "id: audio", With: "nst-link-dropped|nst-point-twice"}},
		{"service: two links", "schema-duplicate-key", lint.Example{File: site, Old: "    - id: datanet\n", New: "    - id: mgmtnet\n    - id: datanet\n", At: "id: mgmtnet\n    - id: datanet"}},
		{"function: two connection points", "schema-duplicate-key", lint.Example{File: camera, Old: "  - id: data-ext\n", New: "  - id: mgmt-ext\n    k8s-cluster-net: datanet\n  - id: data-ext\n", At: "id: mgmt-ext\n    k8s-cluster-net: datanet"}},
		{"function: two kdus", "schema-duplicate-key", lint.Example{File: camera, Old: "  df:\n", New: "  - name: camera\n    helm-chart: camera\n  df:\n", At: "name: camera\n    helm-chart: camera\n  df"}},
		{"two primitives of one name", "schema-duplicate-key", lint.Example{File: camera, Old: "          - name: focus\n", New: "          - name: focus\n            execution-environment-ref: camera-charm\n          - name: focus\n", At: "name: focus\n            execution-environment-ref: camera-charm\n            parameter"}},
		{"two initial primitives of one number", "schema-duplicate-key", lint.Example{File: camera, Old: "          terminate-config-primitive:\n", New: "          - seq: 1\n            name: config\n            execution-environment-ref: camera-ee\n          terminate-config-primitive:\n", At: "seq: 1\n            name: config\n            execution-environment-ref: camera-ee\n          terminate"}},
		{"unknown profile", "reference", lint.Example{File: site, Old: "        flavour-id: default\n", New: "        flavour-id: fast\n", At: "fast"}},
		{"function: unknown flavour of a link", "reference", lint.Example{File: router, Old: "      flavour: plain\n", New: "      flavour: fancy\n", At: "fancy"}},
		{"min > max of a member", "range-empty", lint.Example{File: site, Old: "min-number-of-instances: 1", New: "min-number-of-instances: 3", At: "3\n"}},
		{"min > max of ports", "range-empty", lint.Example{File: router, Old: "port-range-min: 80", New: "port-range-min: 8080", At: "8080"}},
		{"min > max of rates", "range-empty", lint.Example{File: site, Old: "        flavour-id: default\n", New: "        flavour-id: default\n        max-bitrate-requirements:\n          root: 1000\n        min-bitrate-requirements:\n          root: 2000\n", At: "2000"}},
		{"MTU 67", "mtu", lint.Example{File: site, Old: "mtu: 1400", New: "mtu: 67", At: "67"}},
		{"MTU 9217", "mtu", lint.Example{File: site, Old: "mtu: 1400", New: "mtu: 9217", At: "9217"}},
		{"MTU of IPv6", "mtu", lint.Example{File: router, Old: "        l3-protocol-data:\n          ip-version: ipv4\n          cidr: 192.0.2.0/26", New: "        l2-protocol-data:\n          mtu: 1279\n        l3-protocol-data:\n          ip-version: ipv6\n          cidr: 2001:db8::/64", At: "1279"}},
		{"MTU below 0", "schema-range", lint.Example{File: site, Old: "mtu: 1400", New: "mtu: -1", At: "-1"}},
		{"host bits of IPv6", "cidr-host-bits", lint.Example{File: router, Old: "          ip-version: ipv4\n          cidr: 192.0.2.0/26", New: "          ip-version: ipv6\n          cidr: 2001:db8::1/64", At: "2001"}},
		{"loopback", "cidr-range", lint.Example{File: router, Old: "cidr: 192.0.2.0/26", New: "cidr: 127.0.0.0/8", At: "127"}},
		{"link-local", "cidr-range", lint.Example{File: router, Old: "cidr: 192.0.2.0/26", New: "cidr: 169.254.0.0/16", At: "169"}},
		{"unspecified", "cidr-range", lint.Example{File: router, Old: "cidr: 192.0.2.0/26", New: "cidr: 0.0.0.0/0", At: "0.0.0.0/0"}},
		{"no length", "cidr", lint.Example{File: router, Old: "cidr: 192.0.2.0/26", New: "cidr: 192.0.2.0", At: "192.0.2.0"}},
		{"IPv4 of version 6", "cidr-version", lint.Example{File: router, Old: "ip-version: ipv4", New: "ip-version: ipv6", At: "192.0.2.0/26"}},
		{"gateway outside", "cidr-outside", lint.Example{File: site, Old: "gateway-ip: 192.0.2.254", New: "gateway-ip: 198.51.100.254", At: "198.51.100.254"}},
		{"VNI 0", "segment", lint.Example{File: site, Old: "segmentation_id: 200", New: "segmentation_id: 0", At: "0\n"}},
		{"VNI 0 in a function", "segment", lint.Example{File: router, Old: "segmentation_id: 100", New: "segmentation_id: 0", At: "0\n"}},
		{"VNI 2^24 in a template", "segment", lint.Example{File: town, Old: "    type: ELINE\n", New: "    type: ELINE\n    provider-network:\n      segmentation_id: 16777216\n", At: "16777216"}},
		{"VNI 2^32", "schema-range", lint.Example{File: site, Old: "segmentation_id: 200", New: "segmentation_id: 4294967296", At: "4294967296", With: "segment"}},
		{"MAC of nobody", "mac", lint.Example{File: router, Old: "'02:00:00:00:00:02'", New: "'00:00:00:00:00:00'", At: "'00:00"}},
		{"MAC of five bytes", "mac", lint.Example{File: router, Old: "'02:00:00:00:00:02'", New: "'02:00:00:00:02'", At: "'02:00:00:00:02'"}},
		{"empty list of services", "schema-envelope", lint.Example{File: site, New: "nsd:\n  nsd: []\n", At: "[]"}},
		{"empty list of templates", "schema-envelope", lint.Example{File: town, New: "nst: []\n", At: "[]"}},
		{"empty lists in a template", "nst-empty", lint.Example{File: town, New: "nst:\n- id: town\n  name: town\n  SNSSAI-identifier:\n    slice-service-type: eMBB\n  quality-of-service:\n    id: 9\n  netslice-subnet:\n  - id: north\n    description: Site\n    nsd-ref: site-ns\n  netslice-vld: []\n", At: "[]", With: "intents"}},
		{"wrong root", "schema-kind", lint.Example{File: site, New: "services: []\n"}},
		{"root is a list", "schema-kind", lint.Example{File: town, New: "- nst\n", At: "- nst"}},
		{"root is text", "schema-kind", lint.Example{File: town, New: "nst\n"}},
		{"service of release 8", "schema-legacy", lint.Example{File: site, New: "nsd:nsd-catalog:\n  nsd: []\n"}},
		{"two services", "schema-envelope", lint.Example{File: site, New: "nsd:\n  nsd:\n  - id: a\n  - id: b\n", At: "- id: a"}},
		{"key beside the envelope", "schema-envelope", lint.Example{File: camera, Old: "vnfd:\n", New: "description: Camera\nvnfd:\n", At: "description"}},
		{"unknown key in a list", "schema-unknown-key", lint.Example{File: town, Old: "    nsd-ref: site-ns\n    inst", New: "    nsd-ref: site-ns\n    path: north-south\n    inst", At: "path"}},
		{"unknown key of a link", "schema-unknown-key", lint.Example{File: town, Old: "    type: ELINE\n", New: "    type: ELINE\n    encryption: wireguard\n", At: "encryption"}},
		{"unknown kind of cni", "schema-enum", lint.Example{File: camera, Old: "    - multus", New: "    - cilium", At: "cilium"}},
		{"unknown version of Helm", "schema-enum", lint.Example{File: camera, Old: "    helm-chart: camera\n    helm-version: v3", New: "    helm-chart: camera\n    helm-version: v4", At: "v4"}},
		{"unknown type of a parameter", "schema-enum", lint.Example{File: camera, Old: "data-type: BOOLEAN", New: "data-type: TEXT", At: "TEXT"}},
		{"unknown type of a slice", "schema-enum", lint.Example{File: town, Old: "eMBB", New: "embb", At: "embb"}},
		{"quality above 65535", "schema-range", lint.Example{File: town, Old: "    id: 9\n", New: "    id: 65536\n", At: "65536"}},
		{"subnet of 64 letters", "schema-length", lint.Example{File: town, Old: "  netslice-connection-point:\n", New: "  - id: " + strings.Repeat("x", 64) + "\n    description: Site\n    nsd-ref: site-ns\n  netslice-connection-point:\n", At: "xxx"}},
	})
}

// TestSilentRules breaks packages in the other ways of the rules that OSM does
// not hold.
func TestSilentRules(t *testing.T) {
	checkFaults(t, []fault{
		{"missing", "vnfd-mgmt-cp", lint.Example{File: camera, Old: "  mgmt-cp: mgmt-ext\n", New: "", At: "id: camera-knf\n  provider"}},
		{"joined twice", "vnfd-point", lint.Example{File: camera, Old: "  - id: data-ext\n", New: "  - id: data-ext\n    int-virtual-link-desc: inner\n", At: "id: data-ext", With: "vnfd-internal-link"}},
		{"both", "kdu-model", lint.Example{File: camera, Old: "    helm-chart: camera\n", New: "    helm-chart: camera\n    juju-bundle: camera\n", At: "name: camera\n    helm-chart", With: "bundle-missing"}},
		{"environment", "helm-version", lint.Example{File: camera, Old: "            helm-version: v3", New: "            helm-version: v2", At: "v2"}},
		{"environment", "vnfd-service-point", lint.Example{File: camera, Old: "            external-connection-point-ref: mgmt-ext", New: "            external-connection-point-ref: mgmt", At: "mgmt\n"}},
		{"first", "config-environment", lint.Example{File: camera, Old: "          - seq: 1\n            name: config\n            execution-environment-ref: camera-ee", New: "          - seq: 1\n            name: config\n            execution-environment-ref: camera", At: "camera\n            parameter"}},
		{"day 2", "config-environment", lint.Example{File: camera, Old: "          - name: focus\n            execution-environment-ref: camera-charm", New: "          - name: focus\n            execution-environment-ref: charm", At: "charm\n"}},
		{"in the folder of environments", "chart-missing", lint.Example{File: camera, Old: "  kdu:\n", New: "  kdu:\n  - name: lens\n    helm-chart: camera-ee\n", At: "camera-ee\n  - name: camera"}},
		{"in the folder of kdus", "config-chart", lint.Example{File: camera, Old: "          - id: camera-ee\n", New: "          - id: other-ee\n            helm-chart: camera\n          - id: camera-ee\n", At: "camera\n          - id: camera"}},
		{"capital", "chart-name", lint.Example{File: camera, Old: "  kdu:\n", New: "  kdu:\n  - name: lens\n    helm-chart: Lens\n", At: "Lens"}},
		{"two slashes", "chart-name", lint.Example{File: camera, Old: "  kdu:\n", New: "  kdu:\n  - name: lens\n    helm-chart: a/b/c\n", At: "a/b/c"}},
		{"version", "chart-name", lint.Example{File: camera, Old: "  kdu:\n", New: "  kdu:\n  - name: lens\n    helm-chart: lens:1.2.3\n", At: "lens:1"}},
		{"trailing hyphen", "chart-name", lint.Example{File: camera, Old: "  kdu:\n", New: "  kdu:\n  - name: lens\n    helm-chart: lens-\n", At: "lens-"}},
		{"missing", "chart-file", lint.Example{File: "vnfd/camera_knf/helm-chart-v3s/camera/Chart.yaml", At: "-"}},
		{"broken", "yaml-syntax", lint.Example{File: "vnfd/camera_knf/helm-chart-v3s/camera/Chart.yaml", New: "name: [\n", At: ":1:1"}},
		{"environment", "chart-folder", lint.Example{File: "vnfd/camera_knf/helm-charts/camera-ee/Chart.yaml", Old: "name: camera-ee", New: "name: camera", At: "camera"}},
		{"provider", "vnfd-identity", lint.Example{File: camera, Old: "  provider: Example\n", New: "", At: "id: camera-knf\n  product-name"}},
		{"product-name", "vnfd-identity", lint.Example{File: camera, Old: "  product-name: camera-knf\n", New: "", At: "id: camera-knf\n  provider"}},
		{"version", "vnfd-identity", lint.Example{File: camera, Old: "  version: '1.0'\n", New: "", At: "id: camera-knf\n  provider"}},
		{"slash", "id-text", lint.Example{File: site, Old: "id: site-ns", New: "id: a/site", At: "a/site"}},
		{"64 letters", "id-text", lint.Example{File: site, Old: "id: site-ns", New: "id: " + strings.Repeat("x", 64), At: "xxx"}},
		{"of a kdu", "id-label", lint.Example{File: camera, Old: "  kdu:\n", New: "  kdu:\n  - name: Lens\n    helm-chart: camera\n", At: "Lens"}},
		{"missing", "nsd-sapd-link", lint.Example{File: site, Old: "    - id: data\n      virtual-link-desc: datanet\n", New: "    - id: data\n", At: "id: data"}},
		{"missing", "nsd-element", lint.Example{File: site, Old: "          - constituent-base-element-id: camera\n            constituent-cpd-id: data-ext", New: "          - constituent-base-element-id: ''\n            constituent-cpd-id: data-ext", At: "''"}},
		{"quality", "nst-identity", lint.Example{File: town, Old: "  quality-of-service:\n    id: 9\n", New: "  quality-of-service:\n", At: "packet-delay-budget"}},
		{"type", "nst-identity", lint.Example{File: town, Old: "    slice-service-type: eMBB\n", New: "", At: "slice-differentiator"}},
		{"quotes", "nst-description", lint.Example{File: town, Old: "description: Site in the south", New: "description: Site in 'the' south", At: "Site in 'the"}},
		{"256 letters", "nst-description", lint.Example{File: town, Old: "description: Site in the south", New: "description: " + strings.Repeat("x", 256), At: "xxx"}},
		{"parenthesis", "nst-subnet-name", lint.Example{File: town, Old: "  netslice-connection-point:\n", New: "  - id: east (2)\n    description: Site\n    nsd-ref: site-ns\n  netslice-connection-point:\n", At: "east (2)"}},
		{"link", "nst-parameters", lint.Example{File: town, Old: "      - member-vnf-index: camera\n", New: "      - member-vnf-index: camera\n      vld:\n      - name: voice\n", At: "voice"}},
		{"service", "nst-graph", lint.Example{File: town, Old: "      - nsd-ref: site-ns\n        order", New: "      - nsd-ref: sites-ns\n        order", At: "sites-ns"}},
		{"classifier", "nst-graph", lint.Example{File: town, Old: "    rsp:\n", New: "    classifier:\n    - id: all\n      rsp-id-ref: second\n    rsp:\n", At: "second"}},
		{"service", "nst-point", lint.Example{File: town, Old: "    netslice-vld-id-ref: video\n", New: "    nsd-id-ref: sites-ns\n", At: "sites-ns"}},
		{"point", "nst-point", lint.Example{File: town, Old: "    netslice-vld-id-ref: video\n", New: "    nsd-id-ref: site-ns\n    nsd-connection-point-ref: voice\n", At: "voice"}},
		{"none at all", "package-descriptor", lint.Example{File: town, To: "nst/town/template/nst.yaml", At: "-", In: "nst/town"}},
		{"pipe for a descriptor", "package-file", lint.Example{File: site, Pipe: true, At: "-"}},
		{"pipe for an annex", "package-file", lint.Example{File: annex, Pipe: true, At: "-", With: "intents"}},
		{"capitals only", "package-file-name", lint.Example{File: "nsd/site_ns/Readme.md", New: "x\n", At: "-", In: "nsd/site_ns/readme.md"}},
		{"hyphen in front", "package-file-name", lint.Example{File: "nst/town/-rf.txt", New: "x\n", At: "-"}},
		{"not listed", "package-checksums", lint.Example{File: "nsd/site_ns/checksums.txt", New: "\n", At: "-", In: "nsd/site_ns/site_ns.yaml"}},
		{"not there", "package-checksums", lint.Example{File: "nsd/site_ns/checksums.txt", New: "00\tsite_ns/gone.yaml\n"}},
		{"charm", "package-unused", lint.Example{File: "vnfd/camera_knf/charms/old/metadata.yaml", New: "name: old\n", At: "-", In: "vnfd/camera_knf/charms/old"}},
		{"cloud-init", "package-unused", lint.Example{File: "vnfd/router_vnf/cloud_init/old.cfg", New: "x\n", At: "-"}},
		{"unknown rule", "waiver-form", lint.Example{File: "nst/town/l2sces/lint.yaml", New: "waivers:\n- rule: all\n  reason: None.\n", At: "all"}},
		{"an error", "waiver-form", lint.Example{File: "nst/town/l2sces/lint.yaml", New: "waivers:\n- rule: nst-link-name\n  reason: None.\n", At: "nst-link-name"}},
		{"unknown key", "waiver-form", lint.Example{File: "nst/town/l2sces/lint.yaml", New: "waive: all\n"}},
	})
}

// TestA17Annex breaks the annex of a template: what translate refuses is
// refused here.
func TestA17Annex(t *testing.T) {
	checkFaults(t, []fault{
		{"multicast MAC", "intents", lint.Example{File: annex, Old: "'02:00:00:00:00:0c'", New: "'01:00:5e:00:00:0c'", At: "'01"}},
		{"duplicate MAC", "intents", lint.Example{File: annex, Old: "'02:00:00:00:00:0c'", New: "'02:00:00:00:00:0b'", At: "'02:00:00:00:00:0b'\noverlay"}},
		{"duplicate address", "intents", lint.Example{File: annex, Old: "192.0.2.12", New: "192.0.2.11", At: "192.0.2.11\n    mac: '02:00:00:00:00:0c'"}},
		{"host bits", "intents", lint.Example{File: annex, Old: "192.0.2.0/24", New: "192.0.2.1/24", At: "192.0.2.1/24"}},
		{"unknown domain", "intents", lint.Example{File: annex, Old: "    domain: south", New: "    domain: west", At: "west"}},
		{"MTU 1", "schema-range", lint.Example{File: annex, Old: "  cidr:", New: "  mtu: 1\n  cidr:", At: "1\n"}},
		{"MTU 70000", "schema-range", lint.Example{File: annex, Old: "  cidr:", New: "  mtu: 70000\n  cidr:", At: "70000"}},
		{"unknown link", "intents", lint.Example{File: annex, Old: "- name: video", New: "- name: radio", At: "radio"}},
		{"unknown shape", "schema-enum", lint.Example{File: annex, Old: "shape: mesh", New: "shape: cloud", At: "cloud"}},
		{"unknown key", "schema-unknown-key", lint.Example{File: annex, Old: "  encryption: none", New: "  cipher: none", At: "cipher"}},
		{"path of an unknown network", "intents", lint.Example{File: annex, Old: "overlay:\n", New: "paths:\n- network: radio\n  from: north\n  to: south\noverlay:\n", At: "radio"}},
		{"path to itself", "intents", lint.Example{File: annex, Old: "overlay:\n", New: "paths:\n- network: video\n  from: north\n  to: north\noverlay:\n", At: "north\noverlay"}},
		{"path of an unknown domain", "intents", lint.Example{File: annex, Old: "overlay:\n", New: "paths:\n- network: video\n  from: north\n  to: west\noverlay:\n", At: "west"}},
		{"tenant", "schema-unknown-key", lint.Example{File: annex, Old: "overlay:\n", New: "tenant: other\noverlay:\n", At: "tenant"}},
		{"not YAML", "yaml-syntax", lint.Example{File: annex, New: "a: b: c\n", At: ":1:1"}},
	})
}

// TestA17Paths wants the place within the descriptor in the finding.
func TestA17Paths(t *testing.T) {
	for _, row := range []struct {
		rule, path string
	}{
		{"nsd-element", "nsd.nsd[0].df[0].vnf-profile[0].virtual-link-connectivity[1].constituent-cpd-id[0].constituent-base-element-id"},
		{"vnfd-storage", "vnfd.vdu[0].virtual-storage-desc[0]"},
		{"nst-subnet-ref", "nst[0].netslice-vld[0].nss-connection-point-ref[1].nss-ref"},
		{"config-value", "vnfd.df[0].lcm-operations-configuration.operate-vnf-op-config.day1-2[0].initial-config-primitive[0].parameter[0]"},
	} {
		for _, r := range lint.Rules() {
			if r.ID != row.rule {
				continue
			}
			files, _, _ := edited(t, r.Example)
			report := lint.Check(packages(t, files, false), lint.Options{})
			found := ""
			for _, f := range report.Findings {
				if f.Rule == row.rule {
					found = f.Path
				}
			}
			if found != row.path {
				t.Errorf("%s is at %q, want %q", row.rule, found, row.path)
			}
		}
	}
}

// TestA17TenThousandMachines answers to a descriptor of 10,000 vdus with the
// machine at fault, or that it is too much.
func TestA17TenThousandMachines(t *testing.T) {
	var b strings.Builder
	b.WriteString("vnfd:\n  id: many-vnf\n  provider: Example\n  product-name: many\n  software-version: '1'\n  version: '1'\n  mgmt-cp: mgmt\n  df:\n  - id: d\n  ext-cpd:\n")
	b.WriteString("  - id: mgmt\n    int-cpd: {vdu-id: vdu-9999, cpd: none}\n  vdu:\n")
	for i := range 10_000 {
		fmt.Fprintf(&b, "  - {id: vdu-%d, name: vdu-%d, pdu-type: x, int-cpd: [{id: p}]}\n", i, i)
	}
	files := good(t)
	files["vnfd/many_vnf/many_vnf.yaml"] = mapFile(b.String())
	report := lint.Check(packages(t, files, false), lint.Options{})
	var rules []string
	for _, f := range report.Findings {
		rules = append(rules, fmt.Sprintf("%s at %d:%d", f.Rule, f.Line, f.Column))
	}
	if got, want := strings.Join(rules, ", "), "vnfd-internal-point at 12:38, list-length at 14:3"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
