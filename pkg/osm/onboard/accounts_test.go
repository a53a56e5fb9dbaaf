package onboard_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/osm"
	"github.com/l2sces/l2sces/pkg/osm/osmtest"
	"github.com/l2sces/l2sces/pkg/slice"
)

// sent returns the body of the last request with a method and a path.
func (w *world) sent(method, path string) (body map[string]any) {
	w.t.Helper()
	for _, r := range w.nbi.Requests() {
		if r.Method == method && strings.HasPrefix(r.Path, path) {
			body = nil
			must(w.t, json.Unmarshal(r.Body, &body))
		}
	}
	return body
}

func TestAccounts(t *testing.T) {
	w := newWorld(t)
	plan := w.desk
	plan.DryRun = true
	results, err := plan.Accounts(t.Context(), read(t, accounts), false)
	must(t, err)
	const planned = "field:create:planned west:create:planned field:create:planned ctrl:create:planned wan:create:planned"
	if got := acts(results); got != planned || w.changes() > 0 {
		t.Errorf("the plan is %q, %d changes", got, w.changes())
	}
	results, err = w.desk.Accounts(t.Context(), read(t, accounts), false)
	must(t, err)
	if got := acts(results); got != strings.ReplaceAll(planned, "planned", "done") {
		t.Errorf("got %q", got)
	}
	port := func(vim, device, number, endpoint string) any {
		return map[string]any{
			"datacenter_id": vim, "device_id": device, "device_interface_id": number, "service_endpoint_id": endpoint,
			"service_mapping_info": map[string]any{"encapsulation": map[string]any{"type": "dot1q", "vlan": 600.0}},
		}
	}
	for path, want := range map[string]map[string]any{
		"/admin/v1/vim_accounts": {
			"name": "west", "vim_type": "l2sces", "vim_url": "https://192.0.2.1:8445", "vim_user": "fire-vim", "vim_password": "very-secret", "vim_tenant_name": "fire",
			"config": map[string]any{"domain": "fire", "ca_cert_content": "-----BEGIN CERTIFICATE-----\n"},
		},
		"/admin/v1/wim_accounts": {
			"name": "wan", "wim_type": "onos_vpls", "wim_url": "http://192.0.2.1:8445", "user": "osm", "password": "very-secret",
			"config": map[string]any{"wim_port_mapping": []any{port("field", "0000000000000011", "1", "field"), port("west", "0000000000000012", "3", "fire")}},
		},
		"/admin/v1/sdns": {"name": "ctrl", "type": "onos_vpls", "url": "http://192.0.2.1:8445", "user": "osm", "password": "very-secret"},
	} {
		if diff := cmp.Diff(want, w.sent("POST", path)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
	cluster := w.sent("POST", "/admin/v1/k8sclusters")
	if cluster["vim_account"] != results[0].ID || cluster["k8s_version"] != "1.30" || cluster["deployment_methods"] == nil || cluster["credentials"] == nil {
		t.Errorf("got %v", cluster)
	}

	before := w.changes()
	results, err = w.desk.Accounts(t.Context(), read(t, accounts), false)
	must(t, err)
	if got := acts(results); got != "field:keep:done west:keep:done field:keep:done ctrl:keep:done wan:keep:done" || w.changes() != before {
		t.Errorf("again: %q, %d changes", got, w.changes()-before)
	}
}

func TestAccountsChanged(t *testing.T) {
	w := newWorld(t)
	_, err := w.desk.Accounts(t.Context(), read(t, accounts), false)
	must(t, err)
	changed := strings.NewReplacer("vlan: 600", "vlan: 601", "cni: [multus]", "cni: [calico]", "west, domain", "west, description: far, domain").Replace(accounts)
	results, err := w.desk.Accounts(t.Context(), read(t, changed), false)
	must(t, err)
	if got := acts(results); got != "field:keep:done west:update:done field:update:done ctrl:keep:done wan:update:done" {
		t.Errorf("got %q", got)
	}
	if diff := cmp.Diff(map[string]any{"name": "field", "cni": []any{"calico"}}, w.sent("PATCH", "/admin/v1/k8sclusters")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if results[4].Detail != "config" || results[1].Detail != "description" {
		t.Errorf("got %+v", results)
	}

	results, err = w.desk.Accounts(t.Context(), read(t, changed), true)
	must(t, err)
	if got := acts(results); strings.Contains(got, "keep") {
		t.Errorf("with secrets: %q", got)
	}
	if got := w.sent("PATCH", "/admin/v1/sdns"); got["password"] != "very-secret" {
		t.Errorf("with secrets: %v", got)
	}

	// A change would drop the nets without a network.
	results, err = w.desk.Accounts(t.Context(), read(t, strings.Replace(changed, "mgmtnet", "othernet", 1)), false)
	wantErr(t, err, slice.Unavailable, "1 of 5 failed: cluster field: OSM would drop net othernet")
	if got := acts(results); got != "field:keep:done west:keep:done field:update:failed ctrl:keep:done wan:keep:done" {
		t.Errorf("got %q", got)
	}
}

// One that fails keeps others only if they need it.
func TestAccountsFail(t *testing.T) {
	w := newWorld(t)
	w.nbi.Next("POST", "/admin/v1/vim_accounts", osmtest.Trouble{Status: 422})
	results, err := w.desk.Accounts(t.Context(), read(t, accounts), false)
	wantErr(t, err, slice.Unavailable, "2 of 5 failed: vim field: ", "cluster field: its VIM account is not there")
	if strings.Contains(err.Error(), "very-secret") {
		t.Errorf("a secret is told: %v", err)
	}
	if got := acts(results); got != "field:create:failed west:create:done field:create:left ctrl:create:done wan:create:done" {
		t.Errorf("got %q", got)
	}
	w.nbi.Disturb(nil)
	results, err = w.desk.Accounts(t.Context(), read(t, accounts), false)
	must(t, err)
	if got := acts(results); got != "field:create:done west:keep:done field:create:done ctrl:keep:done wan:keep:done" {
		t.Errorf("again: %q", got)
	}
	_, err = w.desk.Accounts(t.Context(), read(t, "wims:\n- {name: w, type: tapi, url: 'http://x', ports: [{vim: field}, {vim: fire}]}\n"), false)
	wantErr(t, err, slice.Invalid, "wim w names VIM account fire, which is neither given nor in OSM")
}

// A lost answer does not make an account twice.
func TestAccountsLost(t *testing.T) {
	w := newWorld(t)
	w.nbi.Next("POST", "/admin/v1/wim_accounts", osmtest.Trouble{Lost: true})
	results, err := w.desk.Accounts(t.Context(), read(t, accounts), false)
	must(t, err)
	all, err := w.desk.NBI.Accounts(t.Context(), osm.WIMs)
	must(t, err)
	if len(all) != 1 || results[4].ID != all[0].ID {
		t.Errorf("%d accounts, %+v", len(all), results[4])
	}
}

// says lets OSM say of accounts what it would after looking at them.
func says(state string) func(int, []byte) (int, []byte) {
	return func(status int, body []byte) (int, []byte) {
		text := strings.ReplaceAll(string(body), `"ENABLED"`, `"`+state+`"`)
		return status, []byte(strings.ReplaceAll(text, `"Done"`, `"no route to it"`))
	}
}

func TestAccountsAreWaitedFor(t *testing.T) {
	const one = "vims:\n- {name: field}\n- {name: fire}\n"
	w := newWorld(t)
	w.nbi.Next("GET", "/admin/v1/vim_accounts/", osmtest.Trouble{Change: says("PROCESSING")}, osmtest.Trouble{Status: 503}, osmtest.Trouble{Status: 503}, osmtest.Trouble{Change: says("PROCESSING")})
	results, err := w.desk.Accounts(t.Context(), read(t, one), false)
	must(t, err)
	if got := acts(results); got != "field:create:done fire:create:done" {
		t.Errorf("got %q", got)
	}

	w = newWorld(t)
	w.desk.Timeout = 20 * time.Millisecond
	w.nbi.Disturb(func(r osmtest.Request) osmtest.Trouble {
		if strings.HasPrefix(r.Path, "/admin/v1/vim_accounts/") {
			return osmtest.Trouble{Change: says("PROCESSING")}
		}
		return osmtest.Trouble{}
	})
	_, err = w.desk.Accounts(t.Context(), read(t, one), false)
	wantErr(t, err, slice.Unavailable, "2 of 2 failed: vim field: OSM has not finished with it within 20ms")

	// What OSM calls faulty is sent again.
	w.nbi.Disturb(func(r osmtest.Request) osmtest.Trouble {
		if r.Method == "GET" {
			return osmtest.Trouble{Change: says("ERROR")}
		}
		return osmtest.Trouble{}
	})
	results, err = w.desk.Accounts(t.Context(), read(t, one), false)
	wantErr(t, err, slice.Unavailable, "vim field: OSM: no route to it")
	if got := acts(results); got != "field:update:failed fire:update:failed" || w.sent("PATCH", "/admin/v1/vim_accounts")["vim_password"] != "none" {
		t.Errorf("got %q", got)
	}
	w.nbi.Disturb(nil)
	w.desk.Timeout = 0
	results, err = w.desk.Accounts(t.Context(), read(t, one+"- {name: third}\n"), false)
	must(t, err)
	if got := acts(results); got != "field:keep:done fire:keep:done third:create:ordered" {
		t.Errorf("not waited for: %q", got)
	}
}

// operation lets OSM say how far its last look at an account is.
func operation(account, state string) func(int, []byte) (int, []byte) {
	return func(status int, body []byte) (int, []byte) {
		operations := `"_admin": {"operations": [{"operationState": "COMPLETED"}, {"operationState": "` + state + `", "detailed-status": "no route to it"}], `
		text := strings.Replace(string(body), `"_admin": {`, operations, 1)
		return status, []byte(strings.ReplaceAll(text, `"ENABLED"`, `"`+account+`"`))
	}
}

// While OSM looks at a change, an account has the state from before.
func TestAccountsChangesAreWaitedFor(t *testing.T) {
	const before, after = "vims:\n- {name: field}\n", "vims:\n- {name: field, description: near}\n"
	for _, tt := range []struct {
		name  string
		looks []osmtest.Trouble
		want  string
	}{
		{"goes well", []osmtest.Trouble{{Change: operation("ERROR", "PROCESSING")}, {Change: operation("ERROR", "STARTING")}, {Change: operation("ENABLED", "COMPLETED")}}, ""},
		{"fails", []osmtest.Trouble{{Change: operation("ENABLED", "PROCESSING")}, {Change: operation("ENABLED", "FAILED")}}, "vim field: OSM: no route to it"},
		{"stays as bad as it was", []osmtest.Trouble{{Change: operation("ERROR", "PROCESSING")}, {Change: operation("ERROR", "COMPLETED")}}, "vim field: OSM: Done"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			_, err := w.desk.Accounts(t.Context(), read(t, before), false)
			must(t, err)
			w.nbi.Next("GET", "/admin/v1/vim_accounts/", tt.looks...)
			results, err := w.desk.Accounts(t.Context(), read(t, after), false)
			if tt.want != "" {
				wantErr(t, err, slice.Unavailable, tt.want)
				return
			}
			must(t, err)
			if got := acts(results); got != "field:update:done" {
				t.Errorf("got %q", got)
			}
		})
	}
}
