package translate_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/translate"
)

// template is one that somebody else wrote: names that are no DNS labels, no
// annex, and a reference to a subnet that is not there.
const template = `nst:
- id: Some_NST
  name: some
  SNSSAI-identifier: {slice-service-type: eMBB}
  quality-of-service: {id: 1}
  netslice-subnet:
  - {id: sub_1, description: one, nsd-ref: n1}
  - {id: sub_2, description: two, nsd-ref: n2}
  - {id: sub_3, description: three, nsd-ref: n2}
  netslice-vld:
  - id: slice_data
    name: slice_data
    type: ELAN
    leaf-bandwidth: 1000001
    nss-connection-point-ref:
    - {nss-ref: sub_1, nsd-connection-point-ref: cp}
    - {nss-ref: sub_2, nsd-connection-point-ref: cp}
    - {nss-ref: sub_9, nsd-connection-point-ref: cp}
  - id: line
    name: line
    type: ELINE
    nss-connection-point-ref:
    - {nss-ref: sub_1, nsd-connection-point-ref: cp}
    - {nss-ref: sub_3, nsd-connection-point-ref: other}
`

const nsd1 = `nsd:
  nsd:
  - id: n1
    sapd: [{id: cp, virtual-link-desc: l}]
    virtual-link-desc: [{id: l}]
    df: [{id: d, virtual-link-profile: [{id: p, virtual-link-desc-id: l,
      virtual-link-protocol-data: {l2-protocol-data: {mtu: 1300}, l3-protocol-data: {cidr: 192.0.2.0/24}}}]}]
`

// files makes a file system of one template and what lies beside it.
func files(nst, annex, params, nsd string) (fstest.MapFS, translate.Files) {
	fsys := fstest.MapFS{"t/nst.yaml": {Data: []byte(nst)}}
	f := translate.Files{Template: "t"}
	for name, text := range map[string]string{"t/l2sces/intents.yaml": annex, "params": params, "nsd/a/nsd.yaml": nsd} {
		if text != "" {
			fsys[name] = &fstest.MapFile{Data: []byte(text)}
		}
	}
	if params != "" {
		f.Params = "params"
	}
	if nsd != "" {
		f.NSDs = []string{"nsd"}
	}
	return fsys, f
}

func TestForeignTemplate(t *testing.T) {
	fsys, f := files(template, "", "", nsd1)
	got, warnings, err := translate.File(fsys, f)
	if err != nil {
		t.Fatal(err)
	}
	yaml, err := got.YAML()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "foreign.yaml", yaml)
	var words []string
	for _, w := range warnings {
		words = append(words, w.String())
	}
	golden(t, "foreign.warnings", []byte(strings.Join(words, "\n")+"\n"))
}

func TestParametersWin(t *testing.T) {
	annex := `apiVersion: l2sces/v1
domains: [{name: sub-1, gateway: g1}]
networks:
- name: slice_data
  cidr: 198.51.100.0/24
  members:
  - {name: a, domain: sub-1, address: 198.51.100.1}
overlay: {encryption: wireguard, measured: true}
paths:
- {network: slice_data, from: sub-1, to: south, mode: loose, hops: [sub-3], maxLatencyMs: 20, protection: fast-failover}
`
	params := `additionalParamsForNsi:
  l2sces:
    slice: mine
    tenant: me
    domains: [{name: sub-1, gateway: g2}, {name: north}]
    subnets: [{id: sub_2, domain: south}]
    networks:
    - name: slice_data
      mtu: 1300
      cidr6: 2001:db8::/64
      reserved: [198.51.100.250-198.51.100.254, 198.51.100.1]
      ranges: [{domain: south, cidr: 198.51.100.64/26}]
      split: true
      members:
      - {name: a, address: 198.51.100.7, address6: 2001:db8::7}
      - {name: b, domain: south}
    - name: extra
      members: [{name: c, domain: north}]
    overlay: {measured: false}
`
	fsys, f := files(template, annex, params, nsd1)
	got, _, err := translate.File(fsys, f)
	if err != nil {
		t.Fatal(err)
	}
	yaml, err := got.YAML()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "parameters.yaml", yaml)

	f.SliceID, f.Tenant = "other", "me"
	got, _, err = translate.File(fsys, f)
	if err != nil || got.Slice.ID != "other" {
		t.Errorf("slice %s, %v", got.Slice.ID, err)
	}
}

// TestComplaintsHaveAPlace is about faults that only the intents as a whole
// have: each must be found again in the file that it came from.
func TestComplaintsHaveAPlace(t *testing.T) {
	const head, our = "apiVersion: l2sces/v1\n", "additionalParamsForNsi:\n  l2sces:\n    "
	tests := map[string]struct {
		nst, annex, params, want string
	}{
		"unknown link in the annex": {annex: head + "networks:\n- name: nets\n", want: `t/l2sces/intents.yaml:3:9: the template has no netslice-vld "nets"`},
		"annex member elsewhere": {
			annex: head + "networks:\n- name: slice_data\n  members:\n  - {name: a, domain: nowhere}\n",
			want:  `t/l2sces/intents.yaml:5:23: domain "nowhere" is not in the slice`,
		},
		"member not reached": {
			annex: head + "networks:\n- name: slice_data\n  members:\n  - {name: a, domain: sub-3}\n",
			want:  `t/l2sces/intents.yaml:5:23: network slice-data does not reach domain sub-3`,
		},
		"address twice across files": {
			annex:  head + "networks:\n- name: slice_data\n  cidr: 192.0.2.0/24\n  members:\n  - {name: b, domain: sub-1, address: 192.0.2.5}\n",
			params: our + "networks:\n    - name: slice_data\n      members:\n      - {name: a, domain: sub-2, address: 192.0.2.5}\n",
			want:   `t/l2sces/intents.yaml:6:39: address 192.0.2.5 is a's already`,
		},
		"params path":     {params: our + "paths:\n    - {network: line, from: sub-1, to: sub-3, mode: explicit, hops: [sub-1, q, sub-3]}\n", want: `params:4:77: domain "q" is not in the slice`},
		"no such link":    {params: our + "overlay: {links: [{from: sub-1, to: sub-2}, {from: sub-2, to: sub-3}]}\n    paths:\n    - {network: line, from: sub-1, to: sub-3, hops: [sub-1, sub-3]}\n", want: `params:5:61: there is no link sub-1-sub-3`},
		"bad links":       {params: our + "overlay: {links: [{from: sub-1, to: q}]}\n", want: `params:3:41: domain "q" is not in the slice`},
		"shape":           {params: our + "overlay: {shape: cube}\n", want: `params:3:22: schema-enum: "cube" is not one of "mesh", "ring", "star", "tree", "explicit"`},
		"slice name":      {params: our + "slice: " + strings.Repeat("x", 300) + "\n", want: `params:3:12: slice id "` + strings.Repeat("x", 64) + `..." of 300 bytes is not a DNS label`},
		"template's name": {nst: strings.Replace(template, "Some_NST", strings.Repeat("x", 300), 1), want: `t/nst.yaml:2:7: slice id "` + strings.Repeat("x", 64) + `..." of 300 bytes is not a DNS label`},
		"vlink of three":  {annex: head + "networks:\n- name: line\n  domains: [sub-1, sub-2, sub-3]\n  members: [{name: a, domain: sub-1}]\n", want: "t/l2sces/intents.yaml:5:12: a vlink has two members, this has 1"},
		"long link":       {nst: strings.ReplaceAll(template, "slice_data", strings.Repeat("v", 64)), want: `t/nst.yaml:11:5: network "` + strings.Repeat("v", 64) + `" of 64 bytes is not a DNS label`},
		"overlap":         {annex: head + "networks:\n- {name: slice_data, cidr: 192.0.2.0/24}\n- {name: line, cidr: 192.0.2.0/25}\n", want: "t/l2sces/intents.yaml:4:22: 192.0.2.0/25 overlaps 192.0.2.0/24 of network slice-data"},
		"range": {
			annex: head + "networks:\n- name: slice_data\n  cidr: 192.0.2.0/24\n  ranges:\n  - {domain: sub-1, cidr: 198.51.100.0/25}\n",
			want:  "t/l2sces/intents.yaml:6:3: 198.51.100.0/25 is not in the network's prefix",
		},
		"reserved": {
			annex: head + "networks:\n- {name: slice_data, cidr: 192.0.2.0/24, reserved: [192.0.2.9-192.0.2.8]}\n",
			want:  `t/l2sces/intents.yaml:3:53: schema-type: "192.0.2.9-192.0.2.8": the last address, 192.0.2.8, does not come after the first`,
		},
		"gateway":     {params: our + "domains: [{name: sub-1, gateway: 'a b'}]\n", want: `params:3:38: gateway "a b" is not a DNS name`},
		"domain":      {params: our + "subnets: [{id: sub_1, domain: A}]\n", want: `params:3:35: domain "A" of 1 bytes is not a DNS label`},
		"subnet":      {params: our + "subnets: [{id: sub_7, domain: a}]\n", want: `params:3:20: the template has no netslice-subnet "sub_7"`},
		"tenant":      {params: our + "tenant: 'a b'\n", want: `params:3:13: tenant "a b" of 3 bytes is not a DNS label`},
		"one domain":  {nst: strings.Replace(template, "id: sub_2", "id: sub-1", 1), want: `t/nst.yaml:8:10: subnets "sub_1" and "sub-1" both become domain sub-1`},
		"one network": {nst: strings.Replace(template, "id: line", "id: slice-data", 1), want: `t/nst.yaml:19:9: link "slice-data" cannot be a network of its own ("slice_data")`},
		"two spellings": {
			annex: head + "networks: [{name: slice_data}]\n", params: our + "networks: [{name: slice-data}]\n",
			want: `params:3:23: "slice_data" and "slice-data" are one network`,
		},
		"too many":   {nst: "nst:\n- id: a\n  netslice-vld:\n" + numbered(4097), want: "t/nst.yaml:2:3: 4097 subnets, links, networks or domains are more than 4096"},
		"no subnets": {nst: "nst:\n- id: a\n", want: "t/nst.yaml:2:3: the slice is in no domain"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if test.nst == "" {
				test.nst = template
			}
			_, _, err := translate.File(files(test.nst, test.annex, test.params, ""))
			if got := first(t, err); got != test.want {
				t.Errorf("\n got %s\nwant %s\n all %v", got, test.want, err)
			}
		})
	}
}

// numbered returns the lines of so many links.
func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "  - {id: v%d, name: v%d}\n", i, i)
	}
	return b.String()
}

// first returns the first complaint without its remedy.
func first(t *testing.T, err error) string {
	t.Helper()
	var problems descriptor.Problems
	if !errors.As(err, &problems) || slice.KindOf(err) != slice.Invalid {
		t.Fatalf("not problems: %v", err)
	}
	problems[0].Remedy = ""
	return problems[0].String()
}

func TestAnotherTenant(t *testing.T) {
	fsys, f := files(template, "", "additionalParamsForNsi: {l2sces: {tenant: you}}\n", "")
	f.Tenant = "me"
	_, _, err := translate.File(fsys, f)
	if got, want := first(t, err), "params:1:43: tenant you is not the one that orders, me"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestRead(t *testing.T) {
	fsys, f := files(template, "", "", nsd1)
	f.NSDs = []string{"nsd", "nsd/a", "nsd/a/nsd.yaml"}
	_, err := translate.Read(fsys, f)
	if got, want := first(t, err), "nsd/a/nsd.yaml:3:9: service descriptor n1 is in nsd/a/nsd.yaml already"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	f.NSDs = []string{"gone"}
	if _, err := translate.Read(fsys, f); err == nil {
		t.Error("an absent file is no error")
	}
	f = translate.Files{Template: "gone"}
	if _, err := translate.Read(fsys, f); slice.KindOf(err) != slice.NotFound {
		t.Errorf("kind of %v", err)
	}
}

// TestDeterminism translates what holds maps, many times.
func TestDeterminism(t *testing.T) {
	var before string
	for range 20 {
		in, warnings, err := translate.File(os.DirFS("../.."), translate.Files{Template: "descriptors/nst/fire-emergency", NSDs: []string{"nsd"}})
		if err != nil {
			t.Fatal(err)
		}
		yaml, err := in.YAML()
		if err != nil {
			t.Fatal(err)
		}
		got := string(yaml) + descriptor.Problems(warnings).Error()
		if diff := cmp.Diff(before, got); before != "" && diff != "" {
			t.Fatal(diff)
		}
		before = got
	}
}

// What lies below the descriptor of a package is not a service: examples,
// charts, documents.
func TestServicesOfFolders(t *testing.T) {
	fsys := fstest.MapFS{
		"nsd/README.md":          {},
		"nsd/a/a.yaml":           {},
		"nsd/a/examples/b.yaml":  {},
		"nsd/c/c.yml":            {},
		"nsd/c/charts/d/d.yaml":  {},
		"nsd/empty/deep/e/e.yml": {},
	}
	for name, want := range map[string][]string{
		"nsd":          {"nsd/a/a.yaml", "nsd/c/c.yml"},
		"nsd/a":        {"nsd/a/a.yaml"},
		"nsd/a/a.yaml": {"nsd/a/a.yaml"},
		"nsd/c":        {"nsd/c/c.yml"},
	} {
		got, err := translate.Services(fsys, name)
		if err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if _, err := translate.Services(fsys, "gone"); err == nil {
		t.Error("an absent folder is no error")
	}
}
