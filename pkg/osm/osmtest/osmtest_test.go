package osmtest_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/l2sces/l2sces/pkg/osm/osmtest"
)

// ask sends one request and returns status and answer.
func ask(t *testing.T, nbi *osmtest.NBI, token, method, path, kind string, body []byte) (int, map[string]any) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "/osm"+path, bytes.NewReader(body))
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Accept", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	nbi.ServeHTTP(w, r)
	var v map[string]any
	_ = json.Unmarshal(w.Body.Bytes(), &v) // a list, or nothing
	return w.Code, v
}

func login(t *testing.T, nbi *osmtest.NBI) string {
	t.Helper()
	_, v := ask(t, nbi, "", http.MethodPost, "/admin/v1/tokens", "application/json", []byte(`{"username":"admin","password":"`+osmtest.Password+`"}`))
	id, _ := v["id"].(string)
	if id == "" {
		t.Fatal(v)
	}
	return id
}

// The double answers with the words that NBI was seen to use.
func TestWords(t *testing.T) {
	nbi := osmtest.New()
	token := login(t, nbi)
	for name, tc := range map[string]struct {
		token, method, path, body string
		status                    int
		code                      string
	}{
		"no token":       {"", "GET", "/nst/v1/netslice_templates", "", 401, "UNAUTHORIZED"},
		"unknown token":  {"x", "GET", "/nst/v1/netslice_templates", "", 401, "UNAUTHORIZED"},
		"wrong password": {"", "POST", "/admin/v1/tokens", `{"username":"admin","password":"x"}`, 401, "UNAUTHORIZED"},
		"absent":         {token, "GET", "/nst/v1/netslice_templates/x", "", 404, "NOT_FOUND"},
		"no such URL":    {token, "GET", "/nst/v2/x", "", 404, "NOT_FOUND"},
		"a key too few":  {token, "POST", "/admin/v1/vim_accounts", `{"name":"a"}`, 422, "UNPROCESSABLE_ENTITY"},
		"no JSON":        {token, "POST", "/admin/v1/vim_accounts", `a: b`, 400, "BAD_REQUEST"},
		"slice of none":  {token, "POST", "/nsilcm/v1/netslice_instances_content", `{"nsiName":"s","nstId":"x","vimAccountId":"v"}`, 404, "NOT_FOUND"},
	} {
		status, v := ask(t, nbi, tc.token, tc.method, tc.path, "application/json", []byte(tc.body))
		if status != tc.status || v["code"] != tc.code || v["detail"] == "" || v["status"] != float64(tc.status) {
			t.Errorf("%s: %d %v", name, status, v)
		}
	}
	nbi.Restart()
	if status, _ := ask(t, nbi, token, "GET", "/nst/v1/netslice_templates", "", nil); status != 401 {
		t.Errorf("after a restart: %d", status)
	}
}

// A slice's record has the fields that OSM's has, where a reader looks for them.
func TestSliceRecord(t *testing.T) {
	nbi := osmtest.New()
	token := login(t, nbi)
	for _, p := range []struct{ path, text string }{
		{"/nsd/v1/ns_descriptors_content", "nsd:\n  nsd:\n  - {id: a-ns, sapd: [{id: p, virtual-link-desc: l}], virtual-link-desc: [{id: l}]}\n"},
		{"/nst/v1/netslice_templates_content", "nst:\n- id: t\n  netslice-subnet: [{id: a, description: a, nsd-ref: a-ns}]\n  netslice-vld: [{id: v, name: v, root-bandwidth: 5}]\n"},
	} {
		if status, v := ask(t, nbi, token, "POST", p.path, "application/gzip", osmtest.Archive(t, "x", map[string]string{"x.yaml": p.text})); status != 201 {
			t.Fatal(status, v)
		}
	}
	var list []map[string]any
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/osm/nst/v1/netslice_templates?id=t", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	nbi.ServeHTTP(w, r)
	if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil || len(list) != 1 {
		t.Fatalf("%s, %v", w.Body, err)
	}
	order, err := json.Marshal(map[string]any{"nsiName": "s", "nstId": list[0]["_id"], "vimAccountId": "v", "additionalParamsForNsi": map[string]any{"l2sces": map[string]any{"a": 1}, "b": "c"}})
	if err != nil {
		t.Fatal(err)
	}
	_, v := ask(t, nbi, token, "POST", "/nsilcm/v1/netslice_instances_content", "application/json", order)
	id, _ := v["id"].(string)
	nbi.Start(id)
	nbi.Finish(id)
	status, got := ask(t, nbi, token, "GET", "/nsilcm/v1/netslice_instances/"+id, "", nil)
	admin, _ := got["_admin"].(map[string]any)
	want := map[string]string{
		"nsiState": `"INSTANTIATED"`, "deployed": `{"RO":[{"netslice_scenario_id":"nsir:` + id + `:vld.v","vld_id":"v"}]}`,
	}
	for k, text := range want {
		if have, err := json.Marshal(admin[k]); err != nil || string(have) != text {
			t.Errorf("%s: %s, want %s", k, have, text)
		}
	}
	for _, k := range []string{"netslice-subnet", "netslice-vld", "nsrs-detailed-list"} {
		if all, _ := admin[k].([]any); len(all) != 1 {
			t.Errorf("%s: %v", k, admin[k])
		}
	}
	params, err := json.Marshal(got["additionalParamsForNsi"])
	if status != 200 || err != nil || string(params) != `{"b":"c","l2sces":"!!yaml {\"a\":1}"}` {
		t.Errorf("%d %s", status, params)
	}
	nsr := nbi.Services(id)[0]
	_, service := ask(t, nbi, token, "GET", "/nslcm/v1/ns_instances/"+nsr, "", nil)
	links, err := json.Marshal(service["vld"])
	if wanted := `[{"id":"l","name":"l","vim_info":{"vim:v":{"vim_account_id":"v","vim_details":null,"vim_id":"net-` + nsr + `-l","vim_status":"ACTIVE"}}}]`; err != nil || string(links) != wanted {
		t.Errorf("%s, want %s", links, wanted)
	}
}

// A package of anybody is taken or refused.
func FuzzPackage(f *testing.F) {
	f.Add(osmtest.Archive(f, "x", map[string]string{"x.yaml": "nst:\n- id: t\n"}))
	f.Add([]byte{0x1f, 0x8b, 8})
	f.Fuzz(func(t *testing.T, body []byte) {
		nbi := osmtest.New()
		token := login(t, nbi)
		for _, path := range []string{"/nst/v1/netslice_templates_content", "/vnfpkgm/v1/vnf_packages_content"} {
			if status, v := ask(t, nbi, token, "POST", path, "application/gzip", body); status >= 500 || status == 201 && v["id"] == nil {
				t.Errorf("%d %v", status, v)
			}
		}
	})
}
