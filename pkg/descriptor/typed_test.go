package descriptor_test

import (
	"net/netip"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/slice"
)

func read(t *testing.T, name, text string) *descriptor.Document {
	t.Helper()
	doc, err := descriptor.Read(name, []byte(text), descriptor.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// TestNSTEnvelopes reads one template in all forms that OSM takes, with
// booleans as text and numbers as text and the reverse.
func TestNSTEnvelopes(t *testing.T) {
	body := `id: a
name: 1.0
SNSSAI-identifier: {slice-service-type: eMBB}
quality-of-service: {id: '9', packet-error-rate: 0.001}
netslice-subnet: [{id: s, nsd-ref: n, is-shared-nss: 'true'}]
netslice-vld: [{id: v, leaf-bandwidth: '1000', mgmt-network: false, nss-connection-point-ref: [{nss-ref: s, nsd-connection-point-ref: c}]}]
`
	want := descriptor.NST{
		ID: "a", Name: "1.0",
		SNSSAI:  descriptor.NSTSNSSAI{ServiceType: "eMBB"},
		QoS:     &descriptor.NSTQoS{ID: 9, PacketErrorRate: "0.001"},
		Subnets: []descriptor.Subnet{{ID: "s", NSDRef: "n", Shared: true}},
		VLDs:    []descriptor.VLD{{ID: "v", LeafBandwidth: 1000, Points: []descriptor.VLDPoint{{SubnetRef: "s", ConnectionPoint: "c"}}}},
	}
	in := func(key string) string { return key + ":\n- " + strings.ReplaceAll(body, "\n", "\n  ") }
	for path, text := range map[string]string{"nst[0]": in("nst"), "nst:nst[0]": in("nst:nst"), "": body} {
		got, at, err := read(t, "f", text).NST()
		if err != nil {
			t.Errorf("%s: %v", path, err)
		}
		if diff := cmp.Diff(want, got); diff != "" || at != path {
			t.Errorf("%q at %q: -want +got:\n%s", path, at, diff)
		}
	}
}

func TestNSTRefuses(t *testing.T) {
	tests := map[string]struct {
		yaml string
		want []string
	}{
		"old VNFD":     {"vnfd:vnfd-catalog:\n  vnfd: []\n", []string{"f:1:1: schema-legacy: descriptor of OSM release 8 or older: this format is no longer read"}},
		"old NSD":      {"# c\nnsd-catalog: {}\n", []string{"f:2:1: schema-legacy: descriptor of OSM release 8 or older: this format is no longer read"}},
		"VNFD":         {"vnfd: {id: a}\n", []string{"f:1:1: schema-kind: this is a network function descriptor"}},
		"NSD":          {"nsd: {nsd: [{id: a}]}\n", []string{"f:1:1: schema-kind: this is a network service descriptor"}},
		"text":         {"just text", []string{"f:1:1: schema-kind: a mapping is wanted here, this is text"}},
		"two":          {"nst:\n- id: a\n- id: b\n", []string{"f:2:1: schema-envelope: one descriptor is wanted here, these are 2"}},
		"none":         {"nst: []\n", []string{"f:1:6: schema-envelope: one descriptor is wanted here, these are 0"}},
		"no list":      {"nst: {id: a}\n", []string{"f:1:6: schema-envelope: a list is wanted here, this is a mapping"}},
		"beside":       {"nst: [{id: a}]\nfoo: 1\n", []string{`f:2:1: schema-envelope: unknown key "foo" beside nst`}},
		"unknown key":  {"nst:\n- id: a\n  encryption: none\n", []string{`f:3:3: schema-unknown-key: unknown key "encryption"`}},
		"deep unknown": {"nst:\n- id: a\n  netslice-vld:\n  - id: v\n    vlan: 1\n", []string{`f:5:5: schema-unknown-key: unknown key "vlan"`}},
		"missing":      {"nst:\n- name: a\n  netslice-subnet:\n  - id: s\n", []string{`f:2:3: schema-required: key "id" is missing`, `f:4:5: schema-required: key "nsd-ref" is missing`}},
		"enum":         {"nst:\n- id: a\n  netslice-vld: [{id: v, type: ETREE}]\n", []string{`f:3:32: schema-enum: "ETREE" is not one of "ELAN", "ELINE", "L3"`}},
		"type":         {"nst:\n- id: a\n  netslice-vld: {id: v}\n", []string{"f:3:17: schema-type: a list is wanted here, this is a mapping"}},
		"range":        {"nst:\n- id: a\n  quality-of-service: {id: 70000}\n", []string{"f:3:28: schema-range: must be less than or equal to 65535"}},
		"text range":   {"nst:\n- id: a\n  quality-of-service: {id: '70000'}\n", []string{`f:3:28: schema-range: "70000" is too large a number`}},
		"long id":      {"nst:\n- id: a\n  netslice-subnet: [{id: " + strings.Repeat("x", 64) + ", nsd-ref: n}]\n", []string{"f:3:26: schema-length: string length must be less than or equal to 63"}},
		"twice":        {"nst:\n- id: a\n  netslice-vld:\n  - id: v\n  - id: v\n", []string{`f:5:5: schema-duplicate-key: id "v" is there already, on line 4`}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, _, err := read(t, "f", test.yaml).NST()
			if diff := cmp.Diff(test.want, messages(t, err)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestNSDPlan(t *testing.T) {
	nsd, _, err := read(t, "f", `nsd:
  nsd:
  - id: a
    sapd: [{id: cp, virtual-link-desc: l}, {id: loose}, {id: gone, virtual-link-desc: x}, {id: bare, virtual-link-desc: m}]
    virtual-link-desc: [{id: l}, {id: m}]
    other: {things: 1}
    df:
    - id: d
      virtual-link-profile:
      - id: p
        virtual-link-desc-id: l
        virtual-link-protocol-data: {l2-protocol-data: {mtu: 1400}, l3-protocol-data: {cidr: 192.0.2.0/24}}
`).NSD()
	if err != nil {
		t.Fatal(err)
	}
	for cp, want := range map[string]struct {
		CIDR string
		MTU  uint32
		OK   bool
	}{"cp": {"192.0.2.0/24", 1400, true}, "bare": {"invalid Prefix", 0, true}, "loose": {"invalid Prefix", 0, false}, "gone": {"invalid Prefix", 0, false}, "none": {"invalid Prefix", 0, false}} {
		cidr, mtu, ok := nsd.Plan(cp)
		if cidr.String() != want.CIDR || mtu != want.MTU || ok != want.OK {
			t.Errorf("%s: %v %d %v, want %+v", cp, cidr, mtu, ok, want)
		}
	}
}

func TestNSDRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"nsd:nsd-catalog: {}\n":                            "f:1:1: schema-legacy: descriptor of OSM release 8 or older: this format is no longer read",
		"nst: [{id: a}]\n":                                 "f:1:1: schema-kind: this is a network slice template",
		"nsd: {nsd: [{name: a}]}\n":                        `f:1:13: schema-required: key "id" is missing`,
		"nsd: {nsd: [{id: a}, {id: b}]}\n":                 "f:1:12: schema-envelope: one descriptor is wanted here, these are 2",
		"nsd: {nsd: [{id: a, sapd: [{id: b},{id: b}]}]}\n": `f:1:36: schema-duplicate-key: id "b" is there already, on line 1`,
		"nsd: {nsd: [{id: a, sapd: {}}]}\n":                "f:1:27: schema-type: a list is wanted here, this is a mapping",
	} {
		_, _, err := read(t, "f", text).NSD()
		if diff := cmp.Diff([]string{want}, messages(t, err)); diff != "" {
			t.Errorf("%s-want +got:\n%s", text, diff)
		}
	}
}

func TestRefine(t *testing.T) {
	annex := read(t, "annex", `apiVersion: l2sces/v1
networks:
- name: a
  cidr: 192.0.2.0/24
  members:
  - {name: x, domain: d, address: 192.0.2.1}
overlay: {shape: ring, measured: true}
paths:
- {network: a, from: d, to: e, hops: [d, e], mode: explicit}
`)
	params := read(t, "params", `additionalParamsForNsi:
  l2sces:
    tenant: t
    networks:
    - name: a
      mtu: 1400
      members:
      - {name: x, address: 192.0.2.9}
      - {name: y, domain: e, mac: '02:00:00:00:00:01'}
    - name: b
    overlay: {measured: false}
    paths:
    - {network: a, from: e, to: d, hops: [e, f, d]}
  other: {things: 1}
netslice-subnet:
- {id: s, vimAccountId: v, k8s-namespace: x}
vimAccountId: v
`)
	got, err := descriptor.Refine(annex, params)
	if err != nil {
		t.Fatal(err)
	}
	want := descriptor.Refinement{
		APIVersion: "l2sces/v1", Tenant: "t",
		Networks: []descriptor.RefinedNetwork{
			{Name: "a", CIDR: netip.MustParsePrefix("192.0.2.0/24"), MTU: 1400, Members: []descriptor.RefinedMember{
				{Name: "x", Domain: "d", Address: netip.MustParseAddr("192.0.2.9")},
				{Name: "y", Domain: "e", MAC: slice.MAC{2, 0, 0, 0, 0, 1}},
			}},
			{Name: "b"},
		},
		Overlay: descriptor.RefinedOverlay{Shape: "ring"},
		Paths:   []descriptor.RefinedPath{{Network: "a", From: "e", To: "d", Hops: []slice.Domain{"e", "f", "d"}, Mode: "explicit"}},
	}
	if diff := cmp.Diff(want, got.Refinement, cmpopts.EquateComparable(netip.Prefix{}, netip.Addr{})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for path, want := range map[string]string{
		"networks[0].cidr": "annex:4:9", "networks[0].mtu": "params:6:12", "networks[0].members[0].address": "params:8:28",
		"networks[1]": "params:10:7", "overlay.shape": "annex:7:18",
	} {
		if at, ok := got.At(path); !ok || at.String() != want {
			t.Errorf("%s at %s (%v), want %s", path, at, ok, want)
		}
	}
	if diff := cmp.Diff("192.0.2.1", mustAnnex(t, annex).Networks[0].Members[0].Address.String()); diff != "" {
		t.Errorf("the annex was changed: %s", diff)
	}
}

func mustAnnex(t *testing.T, doc *descriptor.Document) descriptor.Refinement {
	t.Helper()
	r, err := doc.Annex()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRefineRefuses(t *testing.T) {
	const head = "apiVersion: l2sces/v1\n"
	tests := map[string]struct {
		annex, params, want string
	}{
		"annex without version": {annex: "networks: []\n", want: `f:1:1: schema-required: key "apiVersion" is missing`},
		"annex key":             {annex: head + "network: []\n", want: `f:2:1: schema-unknown-key: unknown key "network"`},
		"annex tenant":          {annex: head + "tenant: a\n", want: `f:2:1: schema-unknown-key: unknown key "tenant"`},
		"annex member key":      {annex: head + "networks:\n- name: a\n  members:\n  - name: b\n    ip: 192.0.2.1\n", want: `f:6:5: schema-unknown-key: unknown key "ip"`},
		"annex address":         {annex: head + "networks: [{name: a, cidr: 192.0.2.0}]\n", want: `f:2:28: schema-type: "192.0.2.0": netip.ParsePrefix("192.0.2.0"): no '/'`},
		"annex mac":             {annex: head + "networks: [{name: a, members: [{name: b, mac: x}]}]\n", want: `f:2:47: schema-type: "x": hardware address "x" is not six pairs of hexadecimal digits`},
		"annex twice":           {annex: head + "networks: [{name: a}, {name: a}]\n", want: `f:2:23: schema-duplicate-key: name "a" is there already, on line 2`},
		"annex path twice":      {annex: head + "paths: [{network: a, from: b, to: c}, {network: a, from: c, to: b}]\n", want: `f:2:39: schema-duplicate-key: link or path b c of network a is there already, on line 2`},
		"params key":            {params: "additionalParamsForNsi: {l2sces: {nets: []}}\n", want: `f:1:35: schema-unknown-key: unknown key "nets"`},
		"params top key":        {params: "additionalParams: {}\n", want: `f:1:1: schema-unknown-key: unknown key "additionalParams"`},
		"params member key":     {params: "additionalParamsForNsi: {l2sces: {networks: [{name: a, vlan: 1}]}}\n", want: `f:1:56: schema-unknown-key: unknown key "vlan"`},
		"params link":           {params: "netslice-vld: [{name: a, wimAccountId: x}]\n", want: `f:1:26: schema-unknown-key: unknown key "wimAccountId"`},
		"annex is an NST":       {annex: "nst: [{id: a}]\n", want: "f:1:1: schema-kind: this is a network slice template"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var annex, params *descriptor.Document
			if test.annex != "" {
				annex = read(t, "f", test.annex)
			}
			if test.params != "" {
				params = read(t, "f", test.params)
			}
			_, err := descriptor.Refine(annex, params)
			if diff := cmp.Diff([]string{test.want}, messages(t, err)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestReadPackage(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	fsys := fstest.MapFS{
		"full/nst.yaml":              file("nst: [{id: a}]"),
		"full/l2sces/intents.yaml":   file("apiVersion: l2sces/v1"),
		"full/README.md":             file("text"),
		"bare/x.yml":                 file("nst: [{id: a}]"),
		"two/a.yaml":                 file("nst: [{id: a}]"),
		"two/b.yml":                  file("nst: [{id: a}]"),
		"none/README.md":             file("text"),
		"huge/a.yaml":                file(strings.Repeat("# ", 1<<20)),
		"broken/a.yaml":              file("nst: [{id: a}]"),
		"broken/l2sces/intents.yaml": file("a: [\n"),
	}
	for name, want := range map[string]string{
		"full": "", "bare": "", "bare/x.yml": "",
		"two":    "two: a package has one descriptor, this has 2: a.yaml, b.yml",
		"none":   "none: a package has one descriptor, this has 0: ",
		"huge":   "huge/a.yaml:1:1: yaml-bytes: the file has 1048577 bytes, more than 1048576",
		"broken": "broken/l2sces/intents.yaml:1:1: yaml-syntax: not YAML: ",
		"gone":   "file does not exist",
	} {
		p, err := descriptor.ReadPackage(fsys, name, descriptor.Limits{})
		switch {
		case want == "" && (err != nil || p.NST == nil || (p.Annex != nil) != (name == "full")):
			t.Errorf("%s: %+v, %v", name, p, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
	if _, err := descriptor.ReadPackage(fsys, "gone", descriptor.Limits{}); slice.KindOf(err) != slice.NotFound {
		t.Errorf("kind of %v", err)
	}
}
