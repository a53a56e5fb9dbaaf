package onboard_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/osm/onboard"
	"github.com/l2sces/l2sces/pkg/slice"
)

const accounts = `vims:
- name: field
- {name: west, domain: fire, type: l2sces, url: 'https://192.0.2.1:8445', user: fire-vim, passwordFile: hush, caFile: ca.pem}
clusters:
- {name: field, vim: field, kubeconfig: kube.yaml, version: 1.30, nets: {mgmtnet: null, datanet: net}, cni: [multus], namespace: osm, description: all of it}
sdns:
- {name: ctrl, type: onos_vpls, url: 'http://192.0.2.1:8445', user: osm, passwordFile: hush}
wims:
- {name: wan, type: onos_vpls, url: 'http://192.0.2.1:8445', user: osm, passwordFile: hush, vlan: 600}
`

// read reads a file of accounts.
func read(t *testing.T, text string) []onboard.Account {
	t.Helper()
	all, err := onboard.ReadAccounts(t.Context(), "accounts.yaml", []byte(text), sources())
	must(t, err)
	return all
}

func TestReadAccountsRefuses(t *testing.T) {
	long := strings.Repeat("x", 61)
	for name, tc := range map[string]struct{ text, says string }{
		"nothing":            {"vims: []\n", "accounts.yaml:1:1: there are 0 accounts"},
		"an unknown key":     {"vims:\n- {name: a, colour: red}\n", "accounts.yaml:2:13: schema-unknown-key: "},
		"no YAML":            {"vims: [", "accounts.yaml:"},
		"no name":            {"vims:\n- {type: dummy}\n", "OSM takes no name"},
		"an odd name":        {"vims:\n- {name: 'a;b'}\n", "accounts.yaml:2:10: OSM takes no name"},
		"twice":              {"vims:\n- {name: a}\n- {name: a}\n", "accounts.yaml:3:10: \"a\" is there already"},
		"a type with a dot":  {"vims:\n- {name: a, type: l2.sces}\n", "short name"},
		"a long type":        {"sdns:\n- {name: a, type: " + long + ", url: 'http://x'}\n", "short name"},
		"no password":        {"vims:\n- {name: a, type: l2sces, url: 'https://x', user: u}\n", "accounts.yaml:2:3: passwordFile: a file is wanted here"},
		"no such password":   {"vims:\n- {name: a, type: l2sces, url: 'https://x', user: u, passwordFile: absent}\n", "read absent: file does not exist"},
		"a long password":    {"vims:\n- {name: a, type: l2sces, url: 'https://x', user: u, passwordFile: long}\n", "long holds no password that OSM takes"},
		"no user":            {"vims:\n- {name: a, type: l2sces, url: 'https://x', passwordFile: hush}\n", "OSM wants a text here"},
		"no address":         {"vims:\n- {name: a, type: l2sces, url: x, user: u, passwordFile: hush}\n", "this is no address"},
		"a secret address":   {"sdns:\n- {name: a, type: t, url: 'http://u:very-secret@x'}\n", "this is no address"},
		"a domain":           {"vims:\n- {name: a, domain: 'A B'}\n", "no name of a domain"},
		"quotes":             {"vims:\n- {name: a, description: \"it's\"}\n", "no such description"},
		"no nets":            {"clusters:\n- {name: c, vim: v, kubeconfig: kube.yaml, version: '1'}\n", "without nets"},
		"nets of numbers":    {"clusters:\n- {name: c, vim: v, kubeconfig: kube.yaml, version: '1', nets: {a: 7}}\n", "net \"a\" has no name"},
		"no version":         {"clusters:\n- {name: c, vim: v, kubeconfig: kube.yaml, nets: {a: null}}\n", "version: OSM wants a text here"},
		"no VIM":             {"clusters:\n- {name: c, kubeconfig: kube.yaml, version: '1', nets: {a: null}}\n", "no name \"\""},
		"files of files":     {"clusters:\n- {name: c, vim: v, kubeconfig: outside.yaml, version: '1', nets: {a: null}}\n", "outside.yaml has client-key, which OSM cannot use (write it with kubectl config view --raw --flatten"},
		"a broken cluster":   {"clusters:\n- {name: c, vim: v, kubeconfig: broken.yaml, version: '1', nets: {a: null}}\n", "broken.yaml:1:1 is no plain YAML"},
		"no kubeconfig":      {"clusters:\n- {name: c, vim: v, kubeconfig: none.yaml, version: '1', nets: {a: null}}\n", "has no clusters and users"},
		"an unknown WIM":     {"wims:\n- {name: w, type: dpb, url: 'http://x', vlan: 1, ports: [{vim: field}, {vim: fire}]}\n", "no WIM of type \"dpb\" is served here"},
		"a WIM of one":       {"wims:\n- {name: w, type: tapi, url: 'http://x', ports: [{vim: field}]}\n", "two VIM accounts or more"},
		"a VIM twice":        {"wims:\n- {name: w, type: tapi, url: 'http://x', ports: [{vim: field}, {vim: field, endpoint: fire}]}\n", "has a port already"},
		"an endpoint twice":  {"wims:\n- {name: w, type: tapi, url: 'http://x', ports: [{vim: field}, {vim: fire, endpoint: field}]}\n", "that of another VIM account"},
		"an absent endpoint": {"wims:\n- name: w\n  type: tapi\n  url: http://x\n  ports:\n  - {vim: field}\n  - {vim: moon}\n", "accounts.yaml:7:5: VIM account \"moon\": there is no endpoint \"moon\""},
		"no switch":          {"wims:\n- {name: w, type: onos_vpls, url: 'http://x', vlan: 7, ports: [{vim: field}, {vim: away}]}\n", "endpoint away is at no switch"},
		"no VLAN":            {"wims:\n- {name: w, type: ietfl2vpn, url: 'http://x', ports: [{vim: field}, {vim: fire}]}\n", "told apart by their VLANs"},
		"a large VLAN":       {"wims:\n- {name: w, type: ietfl2vpn, url: 'http://x', vlan: 4095, ports: [{vim: field}, {vim: fire}]}\n", "4095 is no VLAN"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := onboard.ReadAccounts(t.Context(), "accounts.yaml", []byte(tc.text), sources())
			var problems descriptor.Problems
			if !errors.As(err, &problems) || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("%v, want %q", err, tc.says)
			}
			if err != nil && strings.Contains(err.Error(), "very-secret") {
				t.Errorf("a secret is told: %v", err)
			}
		})
	}
}

// When the SCO is away that is no fault of the file.
func TestReadAccountsAway(t *testing.T) {
	s := sources()
	s.Endpoints = endpoints{slice.Errorf(slice.Unavailable, "the SCO is away")}
	_, err := onboard.ReadAccounts(t.Context(), "accounts.yaml", []byte(accounts), s)
	wantErr(t, err, slice.Unavailable, "the SCO is away")
}

func FuzzReadAccounts(f *testing.F) {
	f.Add([]byte(accounts))
	f.Add([]byte("wims:\n- {name: w, type: tapi, url: 'http://x', ports: [{vim: field}, {vim: fire, vlan: 9}]}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		all, err := onboard.ReadAccounts(t.Context(), "accounts.yaml", text, sources())
		if err == nil && len(all) == 0 {
			t.Error("neither accounts nor a complaint")
		}
		if err != nil && strings.Contains(err.Error(), "very-secret") && !strings.Contains(string(text), "very-secret") {
			t.Errorf("a secret is told: %v", err)
		}
	})
}
