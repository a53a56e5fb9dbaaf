package nss_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/account/accounttest"
)

func TestStatus(t *testing.T) {
	w := newWorld(t)
	w.Must(t, 204, put, root, plant(t))
	for path, want := range map[string]string{
		"/status/oper-status/status":                `"ietf-vpn-common:op-up"`,
		"/sdps/sdp=north/status/oper-status/status": `"ietf-vpn-common:op-up"`,
		"/connection-groups/connection-group=trunk/connectivity-construct=back/status/oper-status/status": `"ietf-vpn-common:op-up"`,
		"/status/admin-status": `{"status":"ietf-vpn-common:admin-up"}`,
	} {
		name := path[strings.LastIndex(path, "/")+1:]
		accounttest.Same(t, w.Must(t, 200, get, plants+"=plant-1"+path, ""), `{"ietf-network-slice-service:`+name+`": `+want+`}`)
	}
	w.sco.Say(intent.Pending)
	w.Must(t, 201, post, root, small("two", ""))
	for _, path := range []string{"", "/sdps/sdp=n", "/connection-groups/connection-group=g/connectivity-construct=c"} {
		accounttest.Same(t, w.Must(t, 200, get, plants+"=two"+path+"/status/oper-status", ""), `{"ietf-network-slice-service:oper-status": {"status": "ietf-vpn-common:op-down"}}`)
	}
	w.Must(t, 404, get, plants+"=plant-1/status?content=config", "")
	w.Must(t, 501, get, root+"?content=nonconfig", "")
	w.Must(t, 200, http.MethodHead, root, "")
	w.Must(t, 200, http.MethodOptions, root, "")
	w.Must(t, 204, patch, plants+"=plant-1", `{"ietf-network-slice-service:slice-service": [{"id": "plant-1", "status": {"admin-status": {"status": "ietf-vpn-common:admin-down"}}}]}`)
	accounttest.Same(t, w.Must(t, 200, get, plants+"=plant-1/status", ""), `{"ietf-network-slice-service:status": {"admin-status": {"status": "ietf-vpn-common:admin-down"}, "oper-status": {"status": "ietf-vpn-common:op-down"}}}`)
}

// TestOnlyATest wants a slice service that is test-only to be tried, kept, and not
// made.
func TestOnlyATest(t *testing.T) {
	w := newWorld(t)
	w.Must(t, 201, post, root, small("two", `"test-only": [null],`))
	if len(w.ordered("osm")) != 0 || len(w.tried) != 1 || len(w.tried[0].Slice.Networks) != 1 || !slice.IsLabel(string(w.tried[0].Slice.ID)) {
		t.Errorf("ordered %q, tried %v", w.ordered("osm"), w.tried)
	}
	w.check = slice.Errorf(slice.Exhausted, "no room in domain south")
	if body := w.Must(t, 507, put, plants+"=two", small("two", `"test-only": [null], "description": "d",`)); !strings.Contains(body, "no room in domain south") {
		t.Errorf("the answer is %s", body)
	}
	if body := w.Must(t, 200, get, plants+"=two", ""); strings.Contains(body, "description") {
		t.Errorf("it was kept all the same: %s", body)
	}
	w.Must(t, 204, del, plants+"=two/test-only", "")
	if len(w.ordered("osm")) != 1 {
		t.Errorf("without test-only it is not made: %q", w.ordered("osm"))
	}
	w.Must(t, 400, put, plants+"=two/test-only", `{"ietf-network-slice-service:test-only": true}`)
}

// TestTags wants a change to be refused that was meant for another state.
func TestTags(t *testing.T) {
	w := newWorld(t)
	path := plants + "=two"
	w.Must(t, 201, put, path, small("two", ""))
	tag := w.Ask(get, path, "").Header().Get("ETag")
	if out := w.Ask(get, path+"?content=config", "", "If-None-Match", tag); tag == "" || out.Code != http.StatusNotModified {
		t.Errorf("tag %s: got %d", tag, out.Code)
	}
	all := w.Ask(get, root, "").Header().Get("ETag")
	w.Must(t, 204, put, path, small("two", `"description": "d",`))
	if out := w.Ask(post, root, small("three", ""), "If-Match", all); out.Code != http.StatusPreconditionFailed {
		t.Errorf("an addition to an old state: got %d", out.Code)
	}
	if out := w.Ask(post, root, small("three", ""), "If-Match", w.Ask(get, root, "").Header().Get("ETag")); out.Code != http.StatusCreated {
		t.Errorf("an addition to the state now: got %d %s", out.Code, out.Body)
	}
	if out := w.Ask(put, path, small("two", ""), "If-Match", tag); out.Code != http.StatusPreconditionFailed {
		t.Errorf("a change of an old state: got %d", out.Code)
	}
	if out := w.Ask(put, path, small("two", ""), "If-None-Match", "*"); out.Code != http.StatusPreconditionFailed {
		t.Errorf("a change of what must not be there: got %d", out.Code)
	}
	if out := w.Ask(put, path, small("two", ""), "If-Match", w.Ask(get, path, "").Header().Get("ETag")); out.Code != http.StatusNoContent {
		t.Errorf("a change of the state now: got %d %s", out.Code, out.Body)
	}
}

// TestNames wants ids to be free text, as the model has them.
func TestNames(t *testing.T) {
	w := newWorld(t)
	for id, path := range map[string]string{"a b/c,d": "a%20b%2Fc%2Cd", "Größe 1": "Gr%C3%B6%C3%9Fe%201"} {
		out := w.Ask(post, root, small(id, ""))
		if out.Code != http.StatusCreated || out.Header().Get("Location") != plants+"="+path {
			t.Fatalf("%s: got %d %s %s", id, out.Code, out.Header().Get("Location"), out.Body)
		}
		w.Must(t, 200, get, plants+"="+path+"/status", "")
		w.Must(t, 204, del, plants+"="+path, "")
	}
	if got := w.ordered("osm"); len(got) != 0 {
		t.Errorf("left behind: %q", got)
	}
}

func TestAccountsAreApart(t *testing.T) {
	w := newWorld(t)
	w.Must(t, 201, post, root, small("two", ""))
	if out := w.AskAs("nobody", get, root, ""); out.Code != http.StatusUnauthorized {
		t.Errorf("nobody is answered with %d", out.Code)
	}
	for _, r := range []struct {
		method, path string
		status       int
	}{{get, plants + "=two", 404}, {del, plants + "=two", 404}, {get, root, 200}} {
		if out := w.AskAs("other", r.method, r.path, ""); out.Code != r.status || strings.Contains(out.Body.String(), "south") {
			t.Errorf("%s %s of another account: got %d %s", r.method, r.path, out.Code, out.Body)
		}
	}
	if out := w.AskAs("other", post, root, small("two", "")); out.Code != http.StatusCreated || len(w.ordered("osm")) != 1 {
		t.Errorf("the same id of another account: got %d %s", out.Code, out.Body)
	}
}

func TestLimit(t *testing.T) {
	w := newWorld(t)
	for i := range 2 {
		w.Must(t, 201, post, root, small(fmt.Sprintf("s%d", i), ""))
	}
	if tag := fault(t, w.Must(t, 409, post, root, small("two", ""))); tag != "resource-denied" {
		t.Errorf("one too many is answered with %s", tag)
	}
}

// TestTheSCORefuses wants what the SCO says to be answered, and nothing to be kept.
func TestTheSCORefuses(t *testing.T) {
	for kind, status := range map[slice.Kind]int{slice.Invalid: 400, slice.Exhausted: 507, slice.Conflict: 409} {
		w := newWorld(t)
		w.sco.Fail(1, kind)
		if body := w.Must(t, status, post, root, small("two", "")); !strings.Contains(body, "the SCO was told to fail") {
			t.Errorf("the answer is %s", body)
		}
		w.Must(t, 404, get, plants+"=two", "")
		if got := w.ordered("osm"); len(got) != 0 {
			t.Errorf("left behind: %q", got)
		}
		w.Must(t, 201, post, root, small("two", ""))
	}
}

// FuzzEdit wants an answer to every order, and the document to stay one that can be
// read and written.
func FuzzEdit(f *testing.F) {
	text := plant(f)
	f.Add(put, root, text)
	f.Add(post, root, small("two", `"test-only": [null],`))
	f.Add(patch, plants+"=plant-1", small("plant-1", ""))
	f.Add(del, plants+"=plant-1/sdps/sdp=robot", "")
	f.Add(get, root, "")
	f.Fuzz(func(t *testing.T, method, path, body string) {
		known := method == put || method == post || method == patch || method == del || method == get
		if !known || !strings.HasPrefix(path, root) || strings.ContainsAny(path, " \t\r\n\x00") {
			return
		}
		if _, err := http.NewRequestWithContext(t.Context(), method, path, nil); err != nil {
			return
		}
		w := newWorld(t)
		w.Must(t, 204, put, root, text)
		if out := w.Ask(method, path, body); out.Code >= http.StatusInternalServerError && out.Code != http.StatusNotImplemented {
			t.Errorf("%d %s", out.Code, out.Body)
		}
		again := w.Must(t, 200, get, root+"?content=config", "")
		w.Must(t, 204, put, root, again)
		accounttest.Same(t, w.Must(t, 200, get, root+"?content=config", ""), again)
		if !json.Valid([]byte(w.Must(t, 200, get, root, ""))) {
			t.Error("the document is no JSON")
		}
	})
}
