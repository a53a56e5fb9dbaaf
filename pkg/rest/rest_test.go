package rest_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/rest"
	v1 "github.com/l2sces/l2sces/pkg/rest/v1"
	"github.com/l2sces/l2sces/pkg/slice"
)

const body = `{"slice": {"id": "s", "tenant": "t", "domains": [{"name": "a"}]}}`

// what every operation comes to. Each of the document has a row.
var operations = map[string]struct {
	method, path, body string
	status             int
	asked              string
}{
	"listSlices":               {"GET", "/v1/slices?limit=5&cursor=x&id=a&id=b&tenant=t&phase=Ready&domain=d", "", 200, `list {"ids":["a","b"],"tenant":"t","phase":"Ready","domain":"d","pageSize":5,"pageToken":"x"}`},
	"createSlice":              {"POST", "/v1/slices?dryRun=true", body, 201, `apply "s" {"dryRun":true,"new":true}`},
	"getSlice":                 {"GET", "/v1/slices/s", "", 200, `status "s"`},
	"putSlice":                 {"PUT", "/v1/slices/s?mask=overlay&mask=paths", body, 200, `apply "s" {"mask":["overlay","paths"]}`},
	"editSlice":                {"PATCH", "/v1/slices/s", `{"edits": [{"removeDomain": "a"}, {"removeNetwork": "n"}]}`, 200, `edit "s" [{"removeDomain":"a"},{"removeNetwork":"n"}] {}`},
	"deleteSlice":              {"DELETE", "/v1/slices/s?dryRun=true", "", 204, `delete "s" {"dryRun":true}`},
	"pauseSlice":               {"POST", "/v1/slices/s/pause", "", 200, `pause "s" true {}`},
	"resumeSlice":              {"POST", "/v1/slices/s/resume", "", 200, `pause "s" false {}`},
	"listRevisions":            {"GET", "/v1/slices/s/history", "", 200, `history "s"`},
	"plan":                     {"POST", "/v1/plan", `{"intents": ` + body + `}`, 200, `plan "s"`},
	"watchSlices":              {"GET", "/v1/watch", "", 200, `watch {}`},
	"listSliceDomains":         {"GET", "/v1/slices/s/domains", "", 200, `status "s"`},
	"addDomain":                {"POST", "/v1/slices/s/domains", `{"domain": {"name": "d"}, "networks": ["n"]}`, 200, `edit "s" [{"addDomain":{"domain":{"name":"d"},"networks":["n"]}}] {}`},
	"removeDomain":             {"DELETE", "/v1/slices/s/domains/d", "", 200, `edit "s" [{"removeDomain":"d"}] {}`},
	"listSliceLinks":           {"GET", "/v1/slices/s/links", "", 200, `status "s"`},
	"addLink":                  {"POST", "/v1/slices/s/links", `{"from": "a", "to": "b", "cost": 3}`, 200, `edit "s" [{"addLink":{"from":"a","to":"b","cost":3}}] {}`},
	"removeLink":               {"DELETE", "/v1/slices/s/links/a/b", "", 200, `edit "s" [{"removeLink":{"from":"a","to":"b"}}] {}`},
	"listSliceNetworks":        {"GET", "/v1/slices/s/networks", "", 200, `status "s"`},
	"addNetwork":               {"POST", "/v1/slices/s/networks", `{"name": "n", "type": "vnet", "domains": ["a"]}`, 200, `edit "s" [{"addNetwork":{"name":"n","type":"vnet","domains":["a"]}}] {}`},
	"getSliceNetwork":          {"GET", "/v1/slices/s/networks/n", "", 200, `status "s"`},
	"removeNetwork":            {"DELETE", "/v1/slices/s/networks/n", "", 200, `edit "s" [{"removeNetwork":"n"}] {}`},
	"listMembers":              {"GET", "/v1/slices/s/networks/n/members", "", 200, `status "s"`},
	"addMember":                {"POST", "/v1/slices/s/networks/n/members", `{"name": "w", "domain": "a"}`, 200, `edit "s" [{"addMember":{"network":"n","member":{"name":"w","domain":"a"}}}] {}`},
	"removeMember":             {"DELETE", "/v1/slices/s/networks/n/members/w?domain=a", "", 200, `edit "s" [{"removeMember":{"network":"n","member":{"name":"w","domain":"a"}}}] {}`},
	"listPaths":                {"GET", "/v1/slices/s/paths", "", 200, `status "s"`},
	"setPath":                  {"PUT", "/v1/slices/s/networks/n/paths/a/b", `{"mode": "any", "protection": "none"}`, 200, `edit "s" [{"setPath":{"network":"n","from":"a","to":"b","mode":"any","protection":"none"}}] {}`},
	"removePath":               {"DELETE", "/v1/slices/s/networks/n/paths/a/b", "", 200, `edit "s" [{"removePath":{"network":"n","from":"a","to":"b","mode":"","protection":""}}] {}`},
	"listDomains":              {"GET", "/v1/domains", "", 200, `domains`},
	"getDomain":                {"GET", "/v1/domains/d", "", 200, `domain "d"`},
	"putDomain":                {"PUT", "/v1/domains/d?force=true", `{"driver": "direct", "addresses": ["192.0.2.1:7002"]}`, 200, `put domain "d" ["192.0.2.1:7002"] {"force":true}`},
	"removeDomainRegistration": {"DELETE", "/v1/domains/d", "", 204, `remove domain "d"`},
	"verifyDomain":             {"POST", "/v1/domains/d/verify", "", 200, `verify "d"`},
	"drainDomain":              {"POST", "/v1/domains/d/drain", "", 200, `drain "d" true`},
	"undrainDomain":            {"POST", "/v1/domains/d/undrain", "", 200, `drain "d" false`},
	"listEvents":               {"GET", "/v1/events?after=4&limit=9&slice=s&tenant=t&domain=d", "", 200, `events {"slice":"s","tenant":"t","domain":"d","after":4,"limit":9}`},
	"streamEvents":             {"GET", "/v1/events/stream?slice=s", "", 200, `watch events {"slice":"s"}`},
	"listAudit":                {"GET", "/v1/audit?tenant=t&caller=c&limit=2", "", 200, `audit {"tenant":"t","caller":"c","limit":2}`},
	"listQuotas":               {"GET", "/v1/quotas", "", 200, `quotas`},
	"putQuota":                 {"PUT", "/v1/quotas/t", `{"slices": 3}`, 200, `put quota {"tenant":"t","slices":3}`},
	"whoAmI":                   {"GET", "/v1/whoami", "", 200, ``},
	"exportState":              {"GET", "/v1/export", "", 200, `export`},
}

// Every operation of the document is carried out as it says, and there is a row
// for each.
func TestOperations(t *testing.T) {
	for id, operation := range documented(t) {
		if _, ok := operations[id]; !ok {
			t.Errorf("%s %s has no row", id, operation)
		}
	}
	for id, row := range operations {
		t.Run(id, func(t *testing.T) {
			d := open(t)
			d.sco.status.Networks = []intent.NetworkStatus{{Name: "n", Members: []intent.MemberStatus{{Name: "w"}}}}
			d.sco.status.Intents = &intent.Intents{}
			if row.path == "/v1/watch" || strings.Contains(row.path, "stream") {
				d.followed(row.path, row.asked)
				return
			}
			r := d.want(row.status, row.method, row.path, row.body)
			if diff := cmp.Diff(row.asked, d.sco.last()); diff != "" {
				t.Errorf("asked (-want +got)\n%s", diff)
			}
			if r.status == 200 && strings.HasSuffix(row.path, "s") && strings.Contains(r.body, `"items":null`) {
				t.Errorf("a list is null: %s", r.body)
			}
		})
	}
}

// documented returns the operations of the document.
func documented(t *testing.T) map[string]string {
	t.Helper()
	var doc struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	if err := json.Unmarshal(v1.JSON, &doc); err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for path, item := range doc.Paths {
		for method, raw := range item {
			var o struct {
				ID string `json:"operationId"`
			}
			if method != "parameters" && json.Unmarshal(raw, &o) == nil {
				all[o.ID] = method + " " + path
			}
		}
	}
	if len(all) < 40 {
		t.Fatalf("the document has %d operations", len(all))
	}
	return all
}

// A generation is the tag of a slice, and its condition.
func TestTags(t *testing.T) {
	d := open(t)
	if tag := d.want(200, "GET", "/v1/slices/s", "").header.Get("ETag"); tag != `"7"` {
		t.Errorf("tag %s", tag)
	}
	d.want(304, "GET", "/v1/slices/s", "", "If-None-Match", `W/"7"`)
	d.want(200, "GET", "/v1/slices/s", "", "If-None-Match", `"6"`)
	tests := map[string]struct {
		method, path string
		headers      []string
		status       int
		asked        string
	}{
		"this one":      {"PUT", "/v1/slices/s", []string{"If-Match", `"7"`}, 200, `apply "s" {"generation":7}`},
		"any":           {"PUT", "/v1/slices/s", []string{"If-Match", `*`}, 200, `apply "s" {"old":true}`},
		"none":          {"PUT", "/v1/slices/s", []string{"If-None-Match", `*`}, 200, `apply "s" {"new":true}`},
		"a key":         {"PUT", "/v1/slices/s", []string{"Idempotency-Key", `k1`}, 200, `apply "s" {"requestId":"k1"}`},
		"delete":        {"DELETE", "/v1/slices/s", []string{"If-Match", `"7"`}, 204, `delete "s" {"generation":7}`},
		"weak":          {"PUT", "/v1/slices/s", []string{"If-Match", `W/"7"`}, 412, ``},
		"another's tag": {"PUT", "/v1/slices/s", []string{"If-Match", `"abc"`}, 412, ``},
		"two":           {"PUT", "/v1/slices/s", []string{"If-Match", `"7", "8"`}, 400, ``},
		"not this":      {"PUT", "/v1/slices/s", []string{"If-None-Match", `"7"`}, 400, ``},
		"long key":      {"PUT", "/v1/slices/s", []string{"Idempotency-Key", strings.Repeat("k", 300)}, 400, ``},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			d, text := open(t), body
			if test.method == "DELETE" {
				text = ""
			}
			d.want(test.status, test.method, test.path, text, test.headers...)
			if got := d.sco.last(); got != test.asked {
				t.Errorf("asked %s, want %s", got, test.asked)
			}
		})
	}
	d.sco.err = slice.Errorf(slice.Stale, "look again")
	d.want(412, "PUT", "/v1/slices/s", body, "If-Match", `"6"`)
	d.sco.err = slice.Errorf(slice.Conflict, "it is there")
	d.want(412, "PUT", "/v1/slices/s", body, "If-None-Match", "*")
	d.want(409, "POST", "/v1/slices", body)
}

// Errors are problems, with the fields at fault; what went wrong inside is not
// told.
func TestProblems(t *testing.T) {
	d := open(t)
	in := intent.Intents{Slice: intent.Slice{ID: "S!"}}
	intent.Default(&in)
	d.sco.err = in.Validate()
	r := d.want(400, "PUT", "/v1/slices/s", body)
	var p struct {
		Type   string
		Status int
		Errors intent.Faults
	}
	if err := json.Unmarshal([]byte(r.body), &p); err != nil || p.Type != "about:blank" || p.Status != 400 {
		t.Errorf("%s, %v", r.body, err)
	}
	if len(p.Errors) < 3 || p.Errors[0].Path != "slice.id" || p.Errors[0].Remedy == "" {
		t.Errorf("errors %v", p.Errors)
	}
	for kind, status := range map[slice.Kind]int{
		slice.NotFound: 404, slice.Conflict: 409, slice.Exhausted: 507, slice.Unavailable: 503, slice.Denied: 403, slice.Stale: 412,
	} {
		d.sco.err = slice.Errorf(kind, "so it is")
		if r := d.want(status, "GET", "/v1/slices/s", ""); !strings.Contains(r.body, "so it is") {
			t.Errorf("%s: %s", kind, r.body)
		}
	}
	d.sco.err = errors.New("a secret of ours")
	if r := d.want(500, "GET", "/v1/slices/s", ""); strings.Contains(r.body, "secret") {
		t.Errorf("told: %s", r.body)
	}
}

// What does not fit together is refused before anything is asked.
func TestRefusals(t *testing.T) {
	tests := map[string]struct {
		method, path, body, says string
		status                   int
	}{
		"another id":      {"PUT", "/v1/slices/other", body, "slice.id", 400},
		"another domain":  {"PUT", "/v1/domains/d", `{"name": "e", "driver": "direct", "addresses": []}`, "name", 400},
		"another tenant":  {"PUT", "/v1/quotas/t", `{"tenant": "u"}`, "tenant", 400},
		"another path":    {"PUT", "/v1/slices/s/networks/n/paths/a/b", `{"from": "c"}`, "from", 400},
		"no edits":        {"PATCH", "/v1/slices/s", `{"edits": []}`, "edits", 400},
		"no plan":         {"POST", "/v1/plan", `{}`, "either intents", 400},
		"two plans":       {"POST", "/v1/plan", `{"id": "s", "delete": true, "edits": [{"removeDomain": "a"}]}`, "either intents", 400},
		"no limit":        {"GET", "/v1/slices?limit=0", "", "limit", 400},
		"a text as limit": {"GET", "/v1/slices?limit=x", "", "limit", 400},
		"much audit":      {"GET", "/v1/audit?limit=10001", "", "limit", 400},
		"before all":      {"GET", "/v1/events?after=-1", "", "after", 400},
		"odd last event":  {"GET", "/v1/slices/s/nothing", "", "", 404},
		"no such method":  {"POST", "/v1/slices/s", "", "", 405},
		"unknown key":     {"POST", "/v1/slices", `{"slice": {"id": "s", "colour": "red"}}`, "colour", 400},
		"a key twice":     {"POST", "/v1/slices", `{"slice": {}, "Slice": {}}`, "twice", 400},
		"two values":      {"POST", "/v1/slices", `{} {}`, "behind", 400},
		"no JSON":         {"POST", "/v1/slices", `{`, "body", 400},
		"a kind of cidr":  {"POST", "/v1/slices/s/networks", `{"name": "n", "cidr": "x"}`, "body", 400},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			d := open(t)
			if r := d.want(test.status, test.method, test.path, test.body); !strings.Contains(r.body, test.says) {
				t.Errorf("%s, want it to say %s", r.body, test.says)
			}
			if got := d.sco.last(); got != "" {
				t.Errorf("asked %s", got)
			}
		})
	}
}

// An SCO without a part says so.
func TestMissingParts(t *testing.T) {
	d := open(t, func(c *rest.Config) { c.Registry, c.Events, c.Admin = nil, nil, nil })
	for _, path := range []string{"/v1/domains", "/v1/domains/d", "/v1/events", "/v1/events/stream", "/v1/audit", "/v1/quotas", "/v1/export"} {
		d.want(503, "GET", path, "")
	}
	d.want(503, "DELETE", "/v1/domains/d", "")
	d.want(503, "PUT", "/v1/quotas/t", `{}`)
}

// The caller learns who it is, and the document is there in both forms.
func TestWhoAmIAndDocument(t *testing.T) {
	d := open(t)
	if r := d.want(200, "GET", "/v1/whoami", ""); strings.TrimSpace(r.body) != `{"name":"user/ann","role":"tenant","tenant":"t"}` {
		t.Errorf("%s", r.body)
	}
	for path, want := range map[string]string{"/openapi.json": string(v1.JSON), "/v1/openapi.json": string(v1.JSON), "/v1/openapi.yaml": string(v1.YAML)} {
		if r := d.want(200, "GET", path, ""); r.body != want {
			t.Errorf("%s: %d bytes", path, len(r.body))
		}
	}
}

// Without TLS nobody is served.
func TestNoTLS(t *testing.T) {
	w := httptest.NewRecorder()
	rest.New(config(&sco{})).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/slices", nil))
	if w.Code != 403 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
