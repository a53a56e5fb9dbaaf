package tapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/account/accounttest"
	"github.com/l2sces/l2sces/plugin/service"
)

const (
	one   = "836ab54f-182a-4070-8410-7a18887ea516"
	there = "42f2e61d-1348-41a4-a65b-1c54f08900af"
	back  = "42f2e61d-1348-41a4-a65b-1c54f08900fa"
)

// body is what the connector sends for a service.
func body(uuid, direction, from, to string) string {
	end := func(sip string) string {
		return fmt.Sprintf(`{"service-interface-point": {"service-interface-point-uuid": %q}, "layer-protocol-name": "ETH",
			"layer-protocol-qualifier": "tapi-common:LAYER_PROTOCOL_QUALIFIER_UNSPECIFIED", "local-id": %q}`, sip, sip)
	}
	return fmt.Sprintf(`{"tapi-connectivity:connectivity-service": [{"uuid": %q, "connectivity-direction": %q, "end-point": [%s, %s],
		"requested-capacity": {"total-size": {"value": 1, "unit": "GBPS"}}}]}`, uuid, direction, end(from), end(to))
}

// TestConnector says again what the connector of OSM said, and wants the answers
// that it takes.
func TestConnector(t *testing.T) {
	w := newWorld(t)
	text, err := os.ReadFile("testdata/connector.json")
	if err != nil {
		t.Fatal(err)
	}
	var said []struct {
		Call, Method, Path string
		Body               json.RawMessage
		Status             []int
		Services           []string // of the answer
	}
	if err := json.Unmarshal(text, &said); err != nil {
		t.Fatal(err)
	}
	for i, r := range said {
		out := w.Ask(r.Method, r.Path, string(r.Body), "Content-Type", "application/json")
		if !slices.Contains(r.Status, out.Code) {
			t.Fatalf("%d, %s: %s %s: got %d, want %v\n%s", i, r.Call, r.Method, r.Path, out.Code, r.Status, out.Body)
		}
		if r.Services == nil {
			continue
		}
		var list struct {
			Services []struct{ UUID string } `json:"tapi-connectivity:connectivity-service"`
		}
		if err := json.Unmarshal(out.Body.Bytes(), &list); err != nil {
			t.Fatal(err)
		}
		got := []string{}
		for _, s := range list.Services {
			got = append(got, s.UUID)
		}
		if diff := cmp.Diff(r.Services, got); diff != "" {
			t.Errorf("%d, %s: %s", i, r.Call, diff)
		}
	}
	if got := w.ordered("osm"); len(got) != 0 {
		t.Errorf("left behind: %q", got)
	}
}

// TestPoints wants what the connector takes out of a service interface point: a
// UUID, a layer, and at least one qualifier.
func TestPoints(t *testing.T) {
	w := newWorld(t)
	var list struct {
		Points []struct {
			UUID       string   `json:"uuid"`
			Layer      string   `json:"layer-protocol-name"`
			Qualifiers []string `json:"supported-layer-protocol-qualifier"`
			Names      []struct {
				Name  string `json:"value-name"`
				Value string `json:"value"`
			} `json:"name"`
		} `json:"tapi-common:service-interface-point"`
	}
	if err := json.Unmarshal([]byte(w.Must(t, 200, get, sips, "")), &list); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range list.Points {
		if p.Layer != "ETH" || len(p.Qualifiers) == 0 {
			t.Errorf("%s: layer %s, qualifiers %q", p.UUID, p.Layer, p.Qualifiers)
		}
		got = append(got, p.UUID+" "+p.Names[0].Value)
	}
	if want := []string{uuidOf("a") + " a", uuidOf("a/camera") + " a/camera", uuidOf("b") + " b", uuidOf("b/viewer") + " b/viewer", uuidOf("b-in") + " b-in", uuidOf("b-out") + " b-out"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if text := w.Must(t, 200, get, sips+"="+uuidOf("b"), ""); !strings.Contains(text, uuidOf("b")) || strings.Contains(text, uuidOf("a")) {
		t.Errorf("one point is %s", text)
	}
	w.Must(t, 404, get, sips+"="+uuidOf("of-others"), "")
	if text := w.Must(t, 200, get, context, ""); !strings.Contains(text, uuidOf("b/viewer")) {
		t.Errorf("the context is %s", text)
	}
}

func TestNetworks(t *testing.T) {
	for _, test := range []struct {
		name string
		said []string
		want []string
	}{
		{"two domains", []string{body(one, "BIDIRECTIONAL", uuidOf("a"), uuidOf("b"))}, []string{one + ": vnet eline-836ab54f [a b] [] 1000000"}},
		{"two workloads", []string{body(one, "BIDIRECTIONAL", uuidOf("a/camera"), uuidOf("b/viewer"))}, []string{one + ": vlink eline-836ab54f [a b] [a/camera: b/viewer:eth1] 1000000"}},
		{"a domain and a workload of it, by our names", []string{body(one, "BIDIRECTIONAL", "a", "a/camera")}, []string{one + ": vnet eline-836ab54f [a] [a/camera:] 1000000"}},
		{"another layer, as some connector says", []string{strings.ReplaceAll(body(one, "BIDIRECTIONAL", "a", "b"), `"ETH"`, `"PHOTONIC_MEDIA"`)}, []string{one + ": vnet eline-836ab54f [a b] [] 1000000"}},
		{"no capacity", []string{strings.Replace(body(one, "BIDIRECTIONAL", "a", "b"), `"requested-capacity": {"total-size": {"value": 1, "unit": "GBPS"}}`, `"name": [{"value-name": "title", "value": "trunk"}]`, 1)}, []string{one + ": vnet eline-836ab54f [a b] [] 0"}},
		{
			"a pair of one-way services",
			[]string{body(there, "UNIDIRECTIONAL", "a", "b"), body(back, "UNIDIRECTIONAL", "b", "a")},
			[]string{there + ": vnet eline-42f2e61d [a b] [] 1000000 with " + back, back + ": vnet eline-42f2e61d [b a] [] 1000000 with " + there},
		},
		{
			"a pair with a point for each direction",
			[]string{body(there, "UNIDIRECTIONAL", "a", "b-in"), body(back, "UNIDIRECTIONAL", "b-out", "a")},
			[]string{there + ": vnet eline-42f2e61d [a b] [] 1000000 with " + back, back + ": vnet eline-42f2e61d [b a] [] 1000000 with " + there},
		},
		{"the same again", []string{body(one, "BIDIRECTIONAL", "a", "b"), body(one, "BIDIRECTIONAL", "a", "b")}, []string{one + ": vnet eline-836ab54f [a b] [] 1000000"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			for _, b := range test.said {
				w.Must(t, 201, post, links, b)
			}
			if diff := cmp.Diff(test.want, w.ordered("osm")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestPairIsOneNetwork wants the two directions of OSM's service to be in one place,
// also while one is already gone.
func TestPairIsOneNetwork(t *testing.T) {
	w := newWorld(t)
	w.Must(t, 201, post, links, body(there, "UNIDIRECTIONAL", "a", "b"))
	w.Must(t, 201, post, links, body(back, "UNIDIRECTIONAL", "b", "a"))
	place := func(uuid string) slice.NetworkID {
		state, err := w.book.State(t.Context(), service.Key{Door: service.TAPI, Account: "osm", ID: uuid})
		if err != nil {
			t.Fatal(err)
		}
		return state.Networks["eline-42f2e61d"]
	}
	if a, b := place(there), place(back); a != b || a.Slice == "" {
		t.Errorf("the two directions are in %s and %s", a, b)
	}
	w.Must(t, 204, post, deletion, `{"tapi-connectivity:input": {"uuid": "`+there+`"}}`)
	if place(back).Slice == "" {
		t.Error("one direction went with the other")
	}
	w.Must(t, 204, del, services+"="+back, "")
	w.Must(t, 404, get, services+"="+back, "")
}

func TestOne(t *testing.T) {
	w := newWorld(t)
	out := w.Ask(post, links, body(one, "BIDIRECTIONAL", "a", "b"))
	if got := out.Header().Get("Location"); out.Code != http.StatusCreated || got != services+"="+one {
		t.Fatalf("%d, location %s", out.Code, got)
	}
	accounttest.Same(t, w.Must(t, 200, get, services+"="+one, ""), `{"tapi-connectivity:connectivity-service": [{"uuid": "`+one+`", "connectivity-direction": "BIDIRECTIONAL",
		"end-point": [
			{"local-id": "a", "layer-protocol-name": "ETH", "layer-protocol-qualifier": "tapi-common:LAYER_PROTOCOL_QUALIFIER_UNSPECIFIED", "service-interface-point": {"service-interface-point-uuid": "`+uuidOf("a")+`"}},
			{"local-id": "b", "layer-protocol-name": "ETH", "layer-protocol-qualifier": "tapi-common:LAYER_PROTOCOL_QUALIFIER_UNSPECIFIED", "service-interface-point": {"service-interface-point-uuid": "`+uuidOf("b")+`"}}],
		"requested-capacity": {"total-size": {"value": "1", "unit": "GBPS"}}, "administrative-state": "UNLOCKED", "operational-state": "ENABLED", "lifecycle-state": "INSTALLED"}]}`)
	w.Must(t, 200, get, services+"="+strings.ToUpper(one), "")
	w.Must(t, 200, http.MethodHead, services+"="+one, "")
	w.Must(t, 204, del, services+"="+one, "")
	w.Must(t, 404, del, services+"="+one, "")
	w.Must(t, 204, post, deletion, `{"tapi-connectivity:input": {"service-id-or-name": "`+one+`"}}`)
	w.Must(t, 404, get, services+"="+one, "")
}

// TestRefused wants a clear answer to what is wrong, and nothing changed.
func TestRefused(t *testing.T) {
	good := body("00000000-0000-4000-8000-000000000001", "BIDIRECTIONAL", "a", "b")
	change := func(old, new string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("the good body has no %s", old)
		}
		return strings.Replace(good, old, new, 1)
	}
	for _, test := range []struct {
		name, method, path, body, header string
		status                           int
		tag                              string
	}{
		{name: "another body for one that is there", body: body(one, "BIDIRECTIONAL", "a", "b/viewer"), status: 409, tag: "data-exists"},
		{name: "the other direction between others", body: body(back, "UNIDIRECTIONAL", "b", "a/camera"), status: 409, tag: "data-exists"},
		{name: "an unknown point", body: body(back, "BIDIRECTIONAL", "a", "z"), status: 404, tag: "invalid-value"},
		{name: "a point of others", body: body(back, "BIDIRECTIONAL", "a", "of-others"), status: 404, tag: "invalid-value"},
		{name: "one point twice", body: body(back, "BIDIRECTIONAL", "a", "a"), status: 400, tag: "bad-element"},
		{name: "one point twice under two ids", body: change(`"local-id": "b"`, `"local-id": "c"`), status: 201},
		{name: "both names of one point", body: body(back, "BIDIRECTIONAL", "a", uuidOf("a")), status: 400, tag: "invalid-value"},
		{name: "no UUID", body: body("one", "BIDIRECTIONAL", "a", "b"), status: 400, tag: "invalid-value"},
		{name: "an unknown direction", body: body(back, "SIDEWAYS", "a", "b"), status: 400, tag: "invalid-value"},
		{name: "an unknown layer", body: change(`"ETH"`, `"IP"`), status: 400, tag: "invalid-value"},
		{name: "an unknown unit", body: change(`GBPS`, `GHz`), status: 400, tag: "invalid-value"},
		{name: "no capacity", body: change(`"value": 1`, `"value": 0`), status: 400, tag: "invalid-value"},
		{name: "more capacity than we can count", body: change(`"value": 1, "unit": "GBPS"`, `"value": "5", "unit": "TBPS"`), status: 400, tag: "invalid-value"},
		{name: "too much capacity", body: change(`"value": 1`, `"value": "18446744073709551615"`), status: 400, tag: "invalid-value"},
		{name: "three ends", body: change(`"end-point": [`, `"end-point": [{"local-id": "c", "service-interface-point": {"service-interface-point-uuid": "b/viewer"}},`), status: 400, tag: "bad-element"},
		{name: "no ends", body: `{"tapi-connectivity:connectivity-service": [{"uuid": "` + back + `"}]}`, status: 400, tag: "bad-element"},
		{name: "a leaf that we do not take", body: change(`"connectivity-direction"`, `"service-level": "gold", "connectivity-direction"`), status: 400, tag: "unknown-element"},
		{name: "locked", body: change(`"connectivity-direction"`, `"administrative-state": "LOCKED", "connectivity-direction"`), status: 400, tag: "invalid-value"},
		{name: "a name too long", body: change(`"connectivity-direction"`, `"name": [{"value-name": "n", "value": "`+strings.Repeat("x", 256)+`"}], "connectivity-direction"`), status: 400, tag: "invalid-value"},
		{name: "nothing", body: `{"tapi-connectivity:connectivity-service": []}`, status: 400, tag: "bad-element"},
		{name: "no JSON", body: `{`, status: 400, tag: "malformed-message"},
		{name: "another media type", body: good, header: "text/plain", status: 415, tag: "invalid-value"},
		{name: "no module", body: `{"connectivity-service": []}`, status: 400, tag: "unknown-namespace"},
		{name: "delete without id", path: deletion, body: `{"tapi-connectivity:input": {}}`, status: 400, tag: "missing-element"},
		{name: "delete two", path: deletion, body: `{"tapi-connectivity:input": {"uuid": "a", "service-id-or-name": "b"}}`, status: 400, tag: "bad-element"},
		{name: "a node that we do not have", method: get, path: context + "/tapi-topology:topology-context", status: 404, tag: "invalid-value"},
		{name: "an unknown query", method: get, path: services + "?fields=uuid", status: 400, tag: "invalid-value"},
		{name: "only a part", method: get, path: context + "?content=config", status: 501, tag: "operation-not-supported"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.Must(t, 201, post, links, body(one, "BIDIRECTIONAL", "a", "b"))
			w.Must(t, 201, post, links, body(there, "UNIDIRECTIONAL", "a", "b"))
			before := w.ordered("osm")
			if test.method == "" {
				test.method = post
			}
			if test.path == "" {
				test.path = links
			}
			if test.header == "" {
				test.header = "application/json"
			}
			out := w.Ask(test.method, test.path, test.body, "Content-Type", test.header)
			if out.Code != test.status {
				t.Fatalf("got %d, want %d\n%s", out.Code, test.status, out.Body)
			}
			if test.status < 300 {
				return
			}
			if tag := fault(t, out.Body.String()); tag != test.tag {
				t.Errorf("got %s, want %s", tag, test.tag)
			}
			if diff := cmp.Diff(before, w.ordered("osm")); diff != "" {
				t.Errorf("something changed: %s", diff)
			}
		})
	}
}

// TestTogether wants several services of one order to come together, or not at all.
func TestTogether(t *testing.T) {
	w := newWorld(t)
	entry := func(uuid, to string) string {
		text := strings.TrimPrefix(body(uuid, "BIDIRECTIONAL", "a", to), `{"tapi-connectivity:connectivity-service": [`)
		return strings.TrimSuffix(text, "]}")
	}
	order := func(second string) string {
		return `{"tapi-connectivity:connectivity-service": [` + entry(one, "b") + "," + second + "]}"
	}
	w.Must(t, 404, post, links, order(entry(back, "z")))
	if got := w.ordered("osm"); len(got) != 0 {
		t.Errorf("half of an order was done: %q", got)
	}
	w.Must(t, 400, post, links, order(entry(one, "b")))
	w.Must(t, 201, post, links, order(entry(back, "b/viewer")))
	if got := w.ordered("osm"); len(got) != 2 {
		t.Errorf("the order made %q", got)
	}
}

// TestTheSCORefuses wants what the SCO says to be answered, and nothing to be kept.
func TestTheSCORefuses(t *testing.T) {
	for kind, status := range map[slice.Kind]int{slice.Invalid: 400, slice.Exhausted: 507, slice.Conflict: 409} {
		w := newWorld(t)
		w.sco.Fail(1, kind)
		if text := w.Must(t, status, post, links, body(one, "BIDIRECTIONAL", "a", "b")); !strings.Contains(text, "the SCO was told to fail") {
			t.Errorf("the answer is %s", text)
		}
		w.Must(t, 404, get, services+"="+one, "")
		w.Must(t, 201, post, links, body(one, "BIDIRECTIONAL", "a", "b"))
	}
}

// TestStates says what a connectivity service is called while it is not ready.
func TestStates(t *testing.T) {
	for phase, want := range map[intent.Phase]string{
		intent.Ready:    `"operational-state":"ENABLED","lifecycle-state":"INSTALLED"`,
		intent.Pending:  `"operational-state":"DISABLED","lifecycle-state":"PLANNED"`,
		intent.Degraded: `"operational-state":"DISABLED","lifecycle-state":"INSTALLED"`,
	} {
		w := newWorld(t)
		w.sco.Say(phase)
		w.Must(t, 201, post, links, body(one, "BIDIRECTIONAL", "a", "b"))
		if text := w.Must(t, 200, get, services+"="+one, ""); !strings.Contains(text, want) {
			t.Errorf("%s: %s", phase, text)
		}
	}
}

func TestAccountsAreApart(t *testing.T) {
	w := newWorld(t)
	w.Must(t, 201, post, links, body(one, "BIDIRECTIONAL", "a", "b"))
	if out := w.AskAs("nobody", get, context, ""); out.Code != http.StatusUnauthorized {
		t.Errorf("nobody is answered with %d", out.Code)
	}
	if out := w.AskAs("other", get, services, ""); out.Code != 200 || strings.Contains(out.Body.String(), one) {
		t.Errorf("another account sees %d %s", out.Code, out.Body)
	}
	for _, r := range []struct {
		method, path, body string
		status             int
	}{
		{get, services + "=" + one, "", 404},
		{del, services + "=" + one, "", 404},
		{post, deletion, `{"tapi-connectivity:input": {"uuid": "` + one + `"}}`, 204},
		{post, links, body(one, "BIDIRECTIONAL", "a", "of-others"), 201},
	} {
		if out := w.AskAs("other", r.method, r.path, r.body); out.Code != r.status {
			t.Errorf("%s %s of another account: got %d, want %d\n%s", r.method, r.path, out.Code, r.status, out.Body)
		}
	}
	if got, want := w.ordered("osm"), []string{one + ": vnet eline-836ab54f [a b] [] 1000000"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestLimit(t *testing.T) {
	w := newWorld(t)
	for i := range most {
		w.Must(t, 201, post, links, body(fmt.Sprintf("00000000-0000-4000-8000-%012d", i), "BIDIRECTIONAL", "a", "b"))
	}
	if tag := fault(t, w.Must(t, 409, post, links, body(one, "BIDIRECTIONAL", "a", "b"))); tag != "resource-denied" {
		t.Errorf("one too many is answered with %s", tag)
	}
}

// FuzzCreate wants an answer to every body, and a service only for 201.
func FuzzCreate(f *testing.F) {
	f.Add(body(one, "BIDIRECTIONAL", "a", "b"))
	f.Add(body(there, "UNIDIRECTIONAL", "a/camera", "b/viewer"))
	f.Fuzz(func(t *testing.T, text string) {
		w := newWorld(t)
		out := w.Ask(post, links, text)
		if made := len(w.ordered("osm")); (out.Code == http.StatusCreated) != (made > 0) || out.Code >= http.StatusInternalServerError {
			t.Errorf("%d with %d services: %s", out.Code, made, out.Body)
		}
	})
}
