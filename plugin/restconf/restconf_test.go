package restconf_test

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/web"
	"github.com/l2sces/l2sces/plugin/restconf"
)

// site is a model for tests: a container with a list.
type site struct {
	ID    string          `json:"id"`
	MTU   uint16          `json:"mtu,omitempty"`
	Rate  restconf.Uint64 `json:"rate,omitempty"`
	Open  *bool           `json:"open,omitempty"`
	Tags  []string        `json:"tag,omitempty"`
	Ports *ports          `json:"ports,omitempty"`
	State string          `json:"state,omitempty" config:"false"`
}

type ports struct {
	Port []port `json:"port,omitempty" key:"slot number"`
}

type port struct {
	Slot   string `json:"slot"`
	Number uint32 `json:"number"`
	named
}

type named struct {
	Name string `json:"name,omitempty"`
}

type sites struct {
	Site []site `json:"site,omitempty" key:"id"`
}

type model struct {
	Sites *sites `json:"sites,omitempty"`
}

func TestReadAndDecode(t *testing.T) {
	for _, test := range []struct{ name, body, want string }{
		{"nothing", `{}`, ""},
		{"all kinds", `{"m:sites":{"site":[{"id":"a","mtu":1500,"rate":"18446744073709551615","open":true,"tag":["x"],"m:ports":{"port":[{"slot":"s","number":1,"name":"n"},{"slot":"s","number":2}]}}]}}`, ""},
		{"a 64-bit number as a number", `{"m:sites":{"site":[{"id":"a","rate":7}]}}`, ""},
		{"not JSON", `{"m:sites":`, "malformed-message /m:sites: the body ends too early"},
		{"empty", ``, "malformed-message the body ends too early"},
		{"not UTF-8", "{\"m:\xff\":1}", "malformed-message the body is not UTF-8"},
		{"no object", `[1]`, "malformed-message the body is not a JSON object"},
		{"two values", `{} {}`, "malformed-message something stands behind the JSON value"},
		{"no module at the top", `{"sites":{}}`, `unknown-namespace "sites" stands at the top without its module: write m:sites`},
		{"another module at the top", `{"x:sites":{}}`, `unknown-namespace "x:sites" is not of the module m`},
		{"another module below", `{"m:sites":{"x:site":[]}}`, `unknown-namespace /m:sites: "x:site" is not of the module m`},
		{"a key twice", `{"m:sites":{"site":[],"m:site":[]}}`, "malformed-message /m:sites/site: it is there twice"},
		{"a name that is none", `{"m:sites":{"si te":[]}}`, `unknown-element /m:sites: "si te" is not the name of a node`},
		{"an unknown node", `{"m:sites":{"site":[{"id":"a","colour":1}]}}`, "unknown-element /m:sites/site[id='a']/colour: there is no such node here, or it is not taken"},
		{"a wrong type", `{"m:sites":{"site":[{"id":"a","mtu":"1500"}]}}`, `invalid-value /m:sites/site[id='a']/mtu: "1500" is not a number`},
		{"a number too large", `{"m:sites":{"site":[{"id":"a","mtu":65536}]}}`, "invalid-value /m:sites/site[id='a']/mtu: 65536 is not a whole number up to 65535"},
		{"no number", `{"m:sites":{"site":[{"id":"a","rate":"-1"}]}}`, `invalid-value /m:sites/site[id='a']/rate: "-1" is not a whole number up to 18446744073709551615`},
		{"no text", `{"m:sites":{"site":[{"id":"a","tag":[1]}]}}`, "invalid-value /m:sites/site[id='a']/tag[1]: 1 is not a text"},
		{"no boolean", `{"m:sites":{"site":[{"id":"a","open":null}]}}`, "invalid-value /m:sites/site[id='a']/open: null is neither true nor false"},
		{"no array", `{"m:sites":{"site":{}}}`, "invalid-value /m:sites/site: {} is not an array"},
		{"no container", `{"m:sites":[]}`, "invalid-value /m:sites: [] is not an object"},
		{"a long key", `{"m:sites":{"site":[{"id":"` + strings.Repeat("a", 1025) + `"}]}}`, "invalid-value /m:sites/site[1]: the key id has more than 1024 bytes"},
		{"no key", `{"m:sites":{"site":[{"mtu":1}]}}`, "missing-element /m:sites/site[1]: the key id is missing"},
		{"an entry twice", `{"m:sites":{"site":[{"id":"it's"},{"id":"it's"}]}}`, `bad-element /m:sites/site[id="it's"]: it is there twice`},
		{"a control character", `{"m:sites":{"site":[{"id":"a\u0000"}]}}`, "invalid-value /m:sites/site[1]/id: the text has characters that are not allowed"},
		{"state", `{"m:sites":{"site":[{"id":"a","state":"up"}]}}`, "invalid-value /m:sites/site[id='a']/state: it is state, which nobody writes"},
		{"too deep", `{"m:sites":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`, "too-big /m:sites" + strings.Repeat("[1]", 31) + ": nested deeper than 32"},
		{"too much", `{"m:sites":[` + strings.Repeat("0,", restconf.MaxNodes) + `0]}`, "too-big /m:sites[19999]: the body has more than 20000 values"},
	} {
		t.Run(test.name, func(t *testing.T) {
			tree, err := restconf.Read([]byte(test.body), "m")
			if err == nil {
				err = (&restconf.Tree{Module: "m", Data: tree, Form: form}).Fill(&model{})
			}
			got := ""
			if err != nil {
				entries, _ := restconf.ErrorsOf(err)
				got = string(entries[0].Tag) + " " + err.Error()
			}
			if got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestDecodeFills(t *testing.T) {
	tree, err := restconf.Read([]byte(`{"m:sites":{"site":[{"id":"a","mtu":9,"rate":"8","open":false,"tag":["x","y"],"ports":{"port":[{"slot":"s","number":1,"name":"n"}]}}]}}`), "m")
	if err != nil {
		t.Fatal(err)
	}
	var got model
	if err := (&restconf.Tree{Module: "m", Data: tree, Form: form}).Fill(&got); err != nil {
		t.Fatal(err)
	}
	closed := false
	want := model{&sites{[]site{{ID: "a", MTU: 9, Rate: 8, Open: &closed, Tags: []string{"x", "y"}, Ports: &ports{[]port{{"s", 1, named{"n"}}}}}}}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(port{})); diff != "" {
		t.Error(diff)
	}
	text, err := json.Marshal(got.Sites.Site[0].Rate)
	if err != nil || string(text) != `"8"` {
		t.Errorf("a 64-bit number is written as %s (%v), not as a text", text, err)
	}
}

func TestErrorsAreDocuments(t *testing.T) {
	for _, test := range []struct {
		name   string
		err    error
		status int
		want   string
	}{
		{"ours", restconf.Errorf(restconf.DataExists, "/m:sites", "it is %s", "there"), 409, `{"error-type":"application","error-tag":"data-exists","error-path":"/m:sites","error-message":"it is there"}`},
		{"not found", restconf.NotFoundf("/m:sites", "gone"), 404, `{"error-type":"application","error-tag":"invalid-value","error-path":"/m:sites","error-message":"gone"}`},
		{"invalid", slice.Errorf(slice.Invalid, "wrong"), 400, `{"error-type":"application","error-tag":"invalid-value","error-message":"wrong"}`},
		{"conflict", slice.Errorf(slice.Conflict, "taken"), 409, `{"error-type":"application","error-tag":"in-use","error-message":"taken"}`},
		{"denied", slice.Errorf(slice.Denied, "not you"), 403, `{"error-type":"application","error-tag":"access-denied","error-message":"not you"}`},
		{"exhausted", slice.Errorf(slice.Exhausted, "full"), 507, `{"error-type":"application","error-tag":"resource-denied","error-message":"full"}`},
		{"unavailable", slice.Errorf(slice.Unavailable, "later"), 503, `{"error-type":"application","error-tag":"resource-denied","error-message":"later"}`},
		{"media type", web.Errorf(415, "not JSON"), 415, `{"error-type":"protocol","error-tag":"invalid-value","error-message":"not JSON"}`},
		{"nobody", echo.ErrUnauthorized, 401, `{"error-type":"protocol","error-tag":"access-denied","error-message":"Unauthorized"}`},
		{"inside", errors.New("secret"), 500, `{"error-type":"application","error-tag":"operation-failed","error-message":"Internal Server Error"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := echo.New()
			e.GET("/", func(echo.Context) error { return test.err }, restconf.Errors(slog.New(slog.DiscardHandler)))
			w := httptest.NewRecorder()
			e.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
			want := `{"ietf-restconf:errors":{"error":[` + test.want + `]}}`
			if w.Code != test.status || w.Body.String() != want || w.Header().Get("Content-Type") != restconf.MediaType {
				t.Errorf("got  %d %s %s\nwant %d %s", w.Code, w.Header().Get("Content-Type"), w.Body, test.status, want)
			}
		})
	}
}

func TestParsePath(t *testing.T) {
	for _, test := range []struct {
		path string
		want []restconf.Step
		bad  bool
	}{
		{path: "/"},
		{path: "/m:sites/", want: []restconf.Step{{Module: "m", Name: "sites"}}},
		{path: "m:sites/site=a%2Fb%2Cc/ports/port=s,1", want: []restconf.Step{
			{Module: "m", Name: "sites"}, {Name: "site", Keys: []string{"a/b,c"}}, {Name: "ports"}, {Name: "port", Keys: []string{"s", "1"}},
		}},
		{path: "sites/site=", want: []restconf.Step{{Name: "sites"}, {Name: "site", Keys: []string{""}}}},
		{path: "m:sites//site", bad: true},
		{path: "m:si tes", bad: true},
		{path: ":sites", bad: true},
		{path: "sites=%zz", bad: true},
		{path: "sites=%00", bad: true},
		{path: "sites=%ff", bad: true},
		{path: "sites=" + strings.Repeat("a", 1025), bad: true},
		{path: strings.Repeat("a/", 33), bad: true},
	} {
		got, err := restconf.ParsePath(test.path)
		if (err != nil) != test.bad {
			t.Errorf("%s: error %v", test.path, err)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: %s", test.path, diff)
		}
	}
}

func TestKeysComeFromThePath(t *testing.T) {
	for path, want := range map[string]string{
		"/x/restconf/data/m:sites/site=a%20b":   "a b",
		"/x/restconf/data/m:sites/site=a%2Fb":   "a/b",
		"/x/restconf/data/m:sites/site=a%252Fb": "a%2Fb",
	} {
		e := echo.New()
		got := ""
		e.GET(restconf.Route("/x/restconf/data/m:sites/site={id}"), func(c echo.Context) (err error) {
			got, err = restconf.LastKey(c)
			restconf.Location(c, []restconf.Step{{Module: "m", Name: "sites"}, {Name: "site", Keys: []string{got}}})
			return err
		})
		w := httptest.NewRecorder()
		e.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		if got != want || w.Header().Get("Location") != path {
			t.Errorf("%s: key %q, want %q; location %q", path, got, want, w.Header().Get("Location"))
		}
	}
}

func TestDiscover(t *testing.T) {
	e := echo.New()
	module := restconf.Module{Name: "m", Revision: "2026-01-01", Namespace: "urn:m", Conformance: "implement"}
	restconf.Discover(e.Group(""), "/osm", module, module)
	for path, want := range map[string]string{
		"/.well-known/host-meta":                         `<XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0"><Link rel="restconf" href="/osm/restconf"></Link></XRD>`,
		"/restconf":                                      `{"ietf-restconf:restconf":{"data":{},"operations":{},"yang-library-version":"2016-06-21"}}`,
		"/restconf/yang-library-version":                 `{"ietf-restconf:yang-library-version":"2016-06-21"}`,
		"/restconf/data/ietf-yang-library:modules-state": `{"ietf-yang-library:modules-state":{"module":[{"name":"m","revision":"2026-01-01","namespace":"urn:m","conformance-type":"implement"}],"module-set-id":"7c5895f45c56c6f5"}}`,
	} {
		w := httptest.NewRecorder()
		e.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		if got := strings.TrimSpace(w.Body.String()); w.Code != http.StatusOK || got != want {
			t.Errorf("%s: %d\n%s\nwant\n%s", path, w.Code, got, want)
		}
	}
}
