package descriptor_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/slice"
)

// TestStructureRefuses has one fault per document. Each is found once, at its
// place.
func TestStructureRefuses(t *testing.T) {
	vnfd := func(more string) string { return "vnfd:\n  id: a\n  df: [{id: d}]\n" + more }
	nsd := func(more string) string { return "nsd:\n  nsd:\n  - id: a\n" + more }
	nst := func(more string) string { return "nst:\n- id: a\n" + more }
	tests := map[string]struct{ yaml, want string }{
		"legacy":                  {"vnfd:vnfd-catalog: {}\n", "f:1:1: schema-legacy: descriptor of OSM release 8 or older: this format is no longer read"},
		"no kind":                 {"a: 1\n", "f:1:1: schema-kind: this is no descriptor that OSM knows"},
		"VNFD in a list":          {"vnfd: [{id: a}]\n", "f:1:7: schema-type: a mapping is wanted here, this is a list"},
		"VNFD without flavour":    {"vnfd:\n  id: a\n", `f:2:3: schema-required: key "df" is missing`},
		"VNFD without id":         {"vnfd:\n  df: []\n", `f:2:3: schema-required: key "id" is missing`},
		"beside the envelope":     {"x: 1\n" + vnfd(""), `f:1:1: schema-envelope: unknown key "x" beside vnfd`},
		"two NSDs":                {nsd("  - id: b\n"), "f:3:3: schema-envelope: one descriptor is wanted here, these are 2"},
		"unknown key":             {vnfd("  colour: red\n"), `f:4:3: schema-unknown-key: unknown key "colour"`},
		"a prefix":                {vnfd("  kdu:kdu: []\n"), `f:4:3: schema-unknown-key: unknown key "kdu:kdu"`},
		"deep unknown key":        {nsd("    df:\n    - id: d\n      vnf-profile:\n      - id: p\n        colour: red\n"), `f:8:9: schema-unknown-key: unknown key "colour"`},
		"key of a list":           {vnfd("  ext-cpd:\n  - k8s-cluster-net: n\n"), `f:5:5: schema-required: key "id" is missing`},
		"two keys of a list":      {nst("  netslice-vld: [{id: v, nss-connection-point-ref: [{nss-ref: s}]}]\n"), `f:3:53: schema-required: key "nsd-connection-point-ref" is missing`},
		"machine without storage": {vnfd("  vdu:\n  - id: v\n    name: v\n"), `f:5:5: schema-required: key "virtual-storage-desc" is missing`},
		"no day1-2":               {"vnfd:\n  id: a\n  df:\n  - id: d\n    lcm-operations-configuration: {operate-vnf-op-config: {}}\n", `f:5:59: schema-required: key "day1-2" is missing`},
		"chart with two slashes":  {vnfd("  kdu: [{name: k, helm-chart: a/b/c}]\n"), "f:4:31: schema-pattern: \"a/b/c\" does not match "},
		"chart with a version":    {vnfd("  kdu: [{name: k, helm-chart: 'sco:1.2.3'}]\n"), "f:4:31: schema-pattern: \"sco:1.2.3\" does not match "},
		"chart in capitals":       {vnfd("  kdu: [{name: k, helm-chart: Sco}]\n"), "f:4:31: schema-pattern: \"Sco\" does not match "},
		"chart ends in a hyphen":  {vnfd("  kdu: [{name: k, helm-chart: sco-}]\n"), "f:4:31: schema-pattern: \"sco-\" does not match "},
		"helm version":            {vnfd("  kdu: [{name: k, helm-version: v4}]\n"), `f:4:33: schema-enum: "v4" is not one of "v2", "v3"`},
		"cni":                     {vnfd("  k8s-cluster: {cni: [cilium]}\n"), `f:4:23: schema-enum: "cilium" is not one of "calico", "flannel", "multus"`},
		"version of a cluster":    {vnfd("  k8s-cluster: {version: [1.30]}\n"), "f:4:27: schema-type: text is wanted here, this is a number"},
		"layer protocol":          {nsd("    virtual-link-desc: [{id: l, connectivity-type: {layer-protocol: [udp]}}]\n"), `f:4:70: schema-enum: "udp" is not one of ethernet, mpls, odu2, ipv4, ipv6, pseudo-wire`},
		"flow pattern":            {nsd("    virtual-link-desc: [{id: l, connectivity-type: {flow-pattern: ring}}]\n"), `f:4:67: schema-enum: "ring" is not one of "line", "tree", "mesh"`},
		"ETREE":                   {nst("  netslice-vld: [{id: v, type: ETREE}]\n"), `f:3:32: schema-enum: "ETREE" is not one of "ELAN", "ELINE", "L3"`},
		"slice type":              {nst("  SNSSAI-identifier: {slice-service-type: v2x}\n"), `f:3:43: schema-enum: "v2x" is not one of "eMBB", "URLLC", "mMTC"`},
		"list as mapping":         {vnfd("  kdu: {name: k}\n"), "f:4:8: schema-type: a list is wanted here, this is a mapping"},
		"mapping as text":         {vnfd("  k8s-cluster: kind\n"), "f:4:16: schema-type: a mapping is wanted here, this is text"},
		"text as list":            {vnfd("  provider: [a]\n"), "f:4:13: schema-type: text is wanted here, this is a list"},
		"nothing":                 {vnfd("  provider:\n"), "f:4:12: schema-type: text is wanted here, this is nothing"},
		"word as number":          {nst("  quality-of-service: {id: few}\n"), `f:3:28: schema-type: a whole number is wanted here, this is "few"`},
		"fraction":                {nst("  quality-of-service: {id: 1.5}\n"), "f:3:28: schema-type: 1.5 is not a whole number"},
		"word as boolean":         {nsd("    virtual-link-desc: [{id: l, mgmt-network: maybe}]\n"), `f:4:47: schema-type: true or false is wanted here, this is "maybe"`},
		"too large":               {nst("  quality-of-service: {id: 65536}\n"), "f:3:28: schema-range: must be less than or equal to 65535"},
		"too large as text":       {nst("  quality-of-service: {id: '65536'}\n"), `f:3:28: schema-range: "65536" is too large a number`},
		"below zero":              {nsd("    df: [{id: d, virtual-link-profile: [{id: p, max-bitrate-requirements: {root: -1}}]}]\n"), "f:4:82: schema-range: must be greater than or equal to 0"},
		"too long":                {nst("  netslice-subnet: [{nsd-ref: n, id: " + strings.Repeat("x", 64) + "}]\n"), "f:3:38: schema-length: string length must be less than or equal to 63"},
		"too short":               {"nsd:\n  nsd:\n  - id: ''\n", "f:3:9: schema-length: string length must be greater than or equal to 1"},
		"address":                 {nst("  netslice-vld: [{id: v, nss-connection-point-ref: [{nss-ref: s, nsd-connection-point-ref: c, ip-address: 192.0.2}]}]\n"), `f:3:107: schema-pattern: an IP address is wanted here, this is "192.0.2"`},
		"id twice":                {vnfd("  ext-cpd:\n  - id: c\n  - id: c\n"), `f:6:5: schema-duplicate-key: id "c" is there already, on line 5`},
		"name twice":              {vnfd("  kdu: [{name: k}, {name: k}]\n"), `f:4:20: schema-duplicate-key: name "k" is there already, on line 4`},
		"other key twice":         {nsd("    df: [{id: d, vnf-profile: [{id: p, virtual-link-connectivity: [{virtual-link-profile-id: l}, {virtual-link-profile-id: l}]}]}]\n"), `f:4:98: schema-duplicate-key: virtual-link-profile-id "l" is there already, on line 4`},
		"two keys twice":          {nst("  netslice-vld:\n  - id: v\n    nss-connection-point-ref:\n    - {nss-ref: s, nsd-connection-point-ref: c}\n    - {nss-ref: s, nsd-connection-point-ref: c}\n"), `f:7:7: schema-duplicate-key: nss-ref, nsd-connection-point-ref "s", "c" is there already, on line 6`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := messages(t, read(t, "f", test.yaml).Structure().Err())
			if len(got) != 1 || !strings.HasPrefix(got[0], test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// TestStructureTakes holds what OSM takes although it is odd, and what Loose
// says of it.
func TestStructureTakes(t *testing.T) {
	tests := map[string]struct {
		yaml string
		want []string
	}{
		"number as text":       {"nst: [{id: a, quality-of-service: {id: '9'}}]\n", []string{`f:1:40: schema-loose-number: a number is meant here, "9" is text`}},
		"boolean as text":      {"nst: [{id: a, netslice-vld: [{id: v, mgmt-network: 'true'}]}]\n", []string{`f:1:52: schema-loose-number: true or false is meant here, "true" is text`}},
		"text as number":       {"vnfd: {id: a, df: [], version: 1.10}\n", []string{"f:1:32: schema-loose-text: text is meant here, 1.10 is a number"}},
		"text as boolean":      {"vnfd: {id: a, df: [], provider: true}\n", []string{"f:1:33: schema-loose-text: text is meant here, true is true or false"}},
		"one address":          {"nsd: {nsd: [{id: a, df: [{id: d, vnf-profile: [{id: p, virtual-link-connectivity: [{virtual-link-profile-id: l, constituent-cpd-id: [{constituent-base-element-id: p, constituent-cpd-id: c, ip-address: 192.0.2.1}]}]}]}]}]}\n", []string{`f:1:202: schema-loose-list: a list is meant here, "192.0.2.1" is text`}},
		"identity":             {"nsd: {nsd: [{id: a, virtual-link-desc: [{id: l, connectivity-type: {layer-protocol: [ethernet, etsi-nfv-common:ipv4]}}]}]}\n", nil},
		"error rate":           {"nst: [{id: a, quality-of-service: {id: 1, packet-error-rate: 0.001}}]\n", nil},
		"other spelling":       {"nst: [{id: a, netslice-vld: [{id: v, provider-network: {segmentation-id: 5}}]}]\n", nil},
		"largest number":       {"nst: [{id: a, netslice-vld: [{id: v, root-bandwidth: 18446744073709551615}]}]\n", nil},
		"helm v2":              {"vnfd: {id: a, df: [], kdu: [{name: k, helm-version: v2, helm-chart: c, juju-bundle: b}]}\n", nil},
		"chart":                {"vnfd: {id: a, df: [], kdu: [{name: k, helm-chart: l2sces-sco}]}\n", nil},
		"chart of a repo":      {"vnfd: {id: a, df: [], kdu: [{name: k, helm-chart: l2sces/sco}]}\n", nil},
		"chart at an address":  {"vnfd: {id: a, df: [], kdu: [{name: k, helm-chart: 'oci://example.org/Sco'}]}\n", nil},
		"a device, no storage": {"vnfd: {id: a, df: [], vdu: [{id: v, pdu-type: t}]}\n", nil},
		"bare template":        {"id: a\nnetslice-subnet: []\n", nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			doc := read(t, "f", test.yaml)
			if problems := doc.Structure(); len(problems) > 0 {
				t.Errorf("refused: %v", problems)
			}
			if diff := cmp.Diff(test.want, messages(t, doc.Loose().Err())); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestA16ManyFaultsAreBounded counts complaints about documents that are wrong
// everywhere, and the work to find them.
func TestA16ManyFaultsAreBounded(t *testing.T) {
	unknown := "vnfd:\n  id: a\n  df: []\n  kdu:\n" + strings.Repeat("  - {name: k, a: 1, b: 2, c: 3}\n", 5000)
	for name, text := range map[string]string{
		"numbers":      "vnfd: {id: a, df: [], kdu: [" + strings.Repeat("1, ", 20_000) + "]}\n",
		"unknown keys": unknown,
	} {
		doc := read(t, "f", text)
		var got int
		work := testing.AllocsPerRun(1, func() { got = len(doc.Structure()) })
		if got != 100 || work > 200_000 {
			t.Errorf("%s: %d complaints, %.0f allocations", name, got, work)
		}
	}
}

// TestOurDescriptors holds every descriptor of the repository against the
// models.
func TestOurDescriptors(t *testing.T) {
	var files []string
	for _, pattern := range []string{"vnfd/*/*.yaml", "nsd/*/*.yaml", "descriptors/nst/*/*.yaml"} {
		found, err := filepath.Glob(filepath.Join("../..", pattern))
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %v, %v", pattern, found, err)
		}
		files = append(files, found...)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		doc := read(t, file, string(data))
		for _, p := range append(doc.Structure(), doc.Loose()...) {
			t.Error(p)
		}
	}
}

func TestVNFD(t *testing.T) {
	vnfd, path, err := read(t, "f", `vnfd:
  id: a
  version: 1.0
  mgmt-cp: m
  ext-cpd: [{id: m, k8s-cluster-net: n, description: d}]
  k8s-cluster: {nets: [{id: n}], version: ['1.30'], cni: [multus]}
  kdu: [{name: k, helm-chart: c, service: [{name: s, external-connection-point-ref: m}]}]
  auto-scale: []
  df:
  - id: d
    lcm-operations-configuration:
      operate-vnf-op-config:
        day1-2:
        - id: k
          execution-environment-list: [{id: e, helm-chart: ee}, {id: j, juju: {charm: x, proxy: false}}]
          config-primitive: [{name: p, execution-environment-ref: e, parameter: [{name: q, data-type: BOOLEAN, default-value: true, mandatory: true}]}]
          initial-config-primitive: [{seq: 1, name: p, parameter: [{name: q, value: 7}]}]
`).VNFD()
	if err != nil || path != "vnfd" {
		t.Fatalf("%q, %v", path, err)
	}
	yes, seven, no := "true", "7", false
	want := descriptor.VNFD{
		ID: "a", Version: "1.0", MgmtCP: "m",
		ExtCPDs: []descriptor.ExtCPD{{ID: "m", Description: "d", ClusterNet: "n"}},
		Cluster: descriptor.K8sCluster{Versions: []string{"1.30"}, CNIs: []string{"multus"}, Nets: []descriptor.Named{{ID: "n"}}},
		KDUs:    []descriptor.KDU{{Name: "k", HelmChart: "c", Services: []descriptor.KDUService{{Name: "s", CPD: "m"}}}},
		DFs:     []descriptor.VNFDF{{ID: "d"}},
	}
	want.DFs[0].LCM.Operate.Day12 = []descriptor.Day12{{
		ID:           "k",
		Environments: []descriptor.ExecutionEnvironment{{ID: "e", HelmChart: "ee"}, {ID: "j", Juju: &descriptor.Juju{Charm: "x", Proxy: &no}}},
		Config:       []descriptor.Primitive{{Name: "p", Environment: "e", Parameters: []descriptor.Parameter{{Name: "q", DataType: "BOOLEAN", Mandatory: true, Default: &yes}}}},
		Initial:      []descriptor.Step{{Seq: 1, Name: "p", Parameters: []descriptor.Parameter{{Name: "q", Value: &seven}}}},
	}}
	if diff := cmp.Diff(want, vnfd); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got := vnfd.Primitives(); len(got) != 1 || got[0].Name != "p" {
		t.Errorf("primitives %+v", got)
	}
	for text, want := range map[string]string{
		"nst: [{id: a}]\n":                   "f:1:1: schema-kind: this is a network slice template",
		"vnfd: {id: a}\n":                    `f:1:7: schema-required: key "df" is missing`,
		"vnfd: {id: a, df: []}\nx: 1\n":      `f:2:1: schema-envelope: unknown key "x" beside vnfd`,
		"vnfd: {id: a, df: [], colour: b}\n": `f:1:23: schema-unknown-key: unknown key "colour"`,
		"a: 1\n":                             "f:1:1: schema-kind: this is no descriptor that OSM knows",
	} {
		_, _, err := read(t, "f", text).VNFD()
		if diff := cmp.Diff([]string{want}, messages(t, err)); diff != "" {
			t.Errorf("%s-want +got:\n%s", text, diff)
		}
	}
}

// FuzzStructure holds that whatever can be read can be checked and walked: no
// panic, every complaint with a rule and a place, the same ones each time.
func FuzzStructure(f *testing.F) {
	for _, seed := range []string{
		knf, "vnfd: {id: a, df: [{id: d, lcm-operations-configuration: {operate-vnf-op-config: {day1-2: [{id: a}]}}}]}",
		"nsd: {nsd: [{id: a, sapd: [{id: b}], df: [{id: d, vnf-profile: [{id: p, virtual-link-connectivity: [{}]}]}]}]}",
		"nst: [{id: a, netslice-vld: [{id: 1.5, root-bandwidth: '18446744073709551616'}]}]", "vnfd: [", "vnfd:\nnsd: 1", "etsi-nfv-nsd:nsd: {nsd: []}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		doc, err := descriptor.Read("f", data, descriptor.Limits{Bytes: 1 << 12})
		if err != nil {
			return
		}
		problems := doc.Structure()
		for _, p := range append(problems, doc.Loose()...) {
			if p.Rule == "" || p.Rule == "schema-other" || p.Line < 1 || p.Column < 1 || p.Message == "" {
				t.Fatalf("%+v", p)
			}
		}
		if diff := cmp.Diff(problems, doc.Structure()); diff != "" {
			t.Fatalf("checked again:\n%s", diff)
		}
		if _, _, err := doc.VNFD(); err != nil && slice.KindOf(err) != slice.Invalid {
			t.Fatalf("kind of %v", err)
		}
		body, _ := doc.Body()
		visit(t, doc, body)
	})
}

// visit walks a view and holds it against what the document says of a path.
func visit(t *testing.T, doc *descriptor.Document, n descriptor.Node) {
	t.Helper()
	if !n.Exists() || n.At().Line < 1 {
		t.Fatalf("%s is not there", n.Path())
	}
	if missing := n.Get("no such key").Get("x"); missing.Exists() || missing.At() != n.At() {
		t.Fatalf("%s has what it has not", n.Path())
	}
	for _, e := range n.Entries() {
		if n.Get(e.Key).At() != e.Value.At() {
			t.Fatalf("%s stands at %s and %s", e.Value.Path(), e.Value.At(), n.Get(e.Key).At())
		}
		visit(t, doc, e.Value)
	}
	for _, item := range n.Items() {
		visit(t, doc, item)
	}
}

// BenchmarkStructure checks a function descriptor of usual size.
func BenchmarkStructure(b *testing.B) {
	data, err := os.ReadFile("../../vnfd/sco_knf/sco_knf.yaml")
	if err != nil {
		b.Fatal(err)
	}
	doc, err := descriptor.Read("f", data, descriptor.Limits{})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if problems := doc.Structure(); len(problems) > 0 {
			b.Fatal(problems)
		}
	}
}
