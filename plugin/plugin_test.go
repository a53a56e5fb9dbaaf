package plugin_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin"
)

// shelf keeps slices as the SCO would, and makes nothing of them.
type shelf struct {
	have map[slice.ID]intent.Intents
	err  error
}

func (s *shelf) Apply(_ context.Context, in intent.Intents, o intent.Order) (intent.Status, error) {
	if s.err != nil {
		return intent.Status{}, s.err
	}
	old, there := s.have[in.Slice.ID]
	if !o.DryRun {
		s.have[in.Slice.ID] = in
	}
	return intent.Status{
		ID: in.Slice.ID, Tenant: in.Slice.Tenant, Phase: intent.Ready,
		Changed: !there || !intent.Equal(old, in), PhasesMs: map[string]uint32{"plan": 3},
	}, nil
}

func (s *shelf) Status(_ context.Context, id slice.ID) (intent.Status, error) {
	in, there := s.have[id]
	if !there {
		return intent.Status{}, slice.Errorf(slice.NotFound, "slice %s is not there", id)
	}
	return intent.Status{ID: id, Tenant: in.Slice.Tenant, Phase: intent.Ready}, s.err
}

func (s *shelf) List(ctx context.Context, _ intent.Query) (intent.Page, error) {
	var all []intent.Status
	for id := range s.have {
		status, err := s.Status(ctx, id)
		all = append(all, status)
		if err != nil {
			return intent.Page{}, err
		}
	}
	return intent.Page{Slices: all}, nil
}

func (s *shelf) Delete(_ context.Context, id slice.ID, _ intent.Order) (bool, error) {
	if id == "panic" {
		panic("oh")
	}
	_, there := s.have[id]
	delete(s.have, id)
	return there, s.err
}

// part is one part of a form. Without a file name it is a field.
type part struct{ name, file, text string }

func send(t *testing.T, s plugin.Slices, method, path, contentType string, body io.Reader) (int, []byte) {
	t.Helper()
	var clock time.Time
	now := func() time.Time { clock = clock.Add(7 * time.Millisecond); return clock }
	user := func(tls.ConnectionState) (string, error) { return "l2sces://user/a", nil }
	srv := httptest.NewTLSServer(plugin.New(s, user, plugin.Config{Now: now}))
	defer srv.Close()
	req, err := http.NewRequestWithContext(t.Context(), method, srv.URL+path, body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	resp, err := srv.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		t.Fatal(err)
	}
	if want := "application/problem+json"; resp.StatusCode >= 400 && resp.Header.Get("Content-Type") != want {
		t.Errorf("a fault of type %q, want %q", resp.Header.Get("Content-Type"), want)
	}
	return resp.StatusCode, text
}

func post(t *testing.T, s plugin.Slices, parts ...part) (int, []byte) {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for _, p := range parts {
		names := map[string]string{"name": p.name}
		if p.file != "" {
			names["filename"] = p.file
		}
		header := textproto.MIMEHeader{"Content-Disposition": {mime.FormatMediaType("form-data", names)}}
		f, err := w.CreatePart(header)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(f, p.text); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return send(t, s, http.MethodPost, "/v1/slices", w.FormDataContentType(), &body)
}

func testdata(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func decode[T any](t *testing.T, text []byte) (v T) {
	t.Helper()
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}

func TestApplyTemplate(t *testing.T) {
	s := &shelf{have: map[slice.ID]intent.Intents{}}
	order := []part{
		{"package", "nst.yaml", testdata(t, "nst.yaml")},
		{"package", "l2sces/intents.yaml", testdata(t, "annex.yaml")},
		{"nsd", "0/a.yaml", testdata(t, "nsd.yaml")},
		{"params", "params.yaml", "additionalParamsForNsi: {l2sces: {tenant: blue}}\n"},
		{name: "sliceId", text: "mine"},
	}
	for _, changed := range []bool{true, false} {
		status, text := post(t, s, order...)
		if status != http.StatusOK {
			t.Fatalf("%d %s", status, text)
		}
		got := decode[plugin.Answer](t, text)
		want := intent.Status{
			ID: "mine", Tenant: "blue", Phase: intent.Ready, Changed: changed,
			PhasesMs: map[string]uint32{"parse": 7, "translate": 7, "plan": 3},
		}
		if diff := cmp.Diff(want, got.Status); diff != "" {
			t.Errorf("status (-want +got):\n%s", diff)
		}
		if len(got.Warnings) == 0 || got.Warnings[0].File != "package/nst.yaml" || got.Warnings[0].Line == 0 {
			t.Errorf("warnings %+v, want one about package/nst.yaml", got.Warnings)
		}
	}
	network := s.have["mine"].Slice.Networks[0]
	if network.CIDR.String() != "198.51.100.0/24" || len(network.Members) != 1 {
		t.Errorf("network %+v, want the CIDR of the descriptor and the member of the annex", network)
	}
}

func TestApplyIntents(t *testing.T) {
	s := &shelf{have: map[slice.ID]intent.Intents{}}
	text := "apiVersion: l2sces/v1\nslice:\n  id: x\n  tenant: blue\n  domains: [{name: a}]\n" +
		"  networks: [{name: n, domains: [a], members: [{name: w, domain: %s}]}]\n"
	if status, answer := post(t, s, part{"intents", "x.yaml", fmt.Sprintf(text, "a")}); status != http.StatusOK || len(s.have) != 1 {
		t.Fatalf("%d %s", status, answer)
	}
	status, answer := post(t, s, part{"intents", "x.yaml", fmt.Sprintf(text, "b")})
	p := decode[plugin.Problem](t, answer)
	if status != http.StatusBadRequest || len(p.Complaints) == 0 || p.Complaints[0].Line != 6 || p.Complaints[0].File != "intents/x.yaml" {
		t.Errorf("%d %+v, want a complaint about line 6", status, p)
	}
}

func TestDryRunKeepsNothing(t *testing.T) {
	s := &shelf{have: map[slice.ID]intent.Intents{}}
	status, text := post(t, s, part{"package", "nst.yaml", testdata(t, "nst.yaml")}, part{name: "dryRun", text: "true"})
	if status != http.StatusOK || len(s.have) != 0 {
		t.Errorf("%d %s, kept %v", status, text, s.have)
	}
}

func TestRefusedOrders(t *testing.T) {
	nst := part{"package", "nst.yaml", testdata(t, "nst.yaml")}
	named := func(name string) part { return part{"package", name, "x"} }
	many := []part{nst}
	for i := range 300 {
		many = append(many, part{"nsd", fmt.Sprintf("%d.yaml", i), "x"})
	}
	large := part{"package", "l2sces/intents.yaml", strings.Repeat("#", 1<<20+1)}
	huge := []part{nst}
	for i := range 20 {
		huge = append(huge, part{"nsd", fmt.Sprintf("%d.yaml", i), strings.Repeat("#", 1<<20)})
	}
	tests := []struct {
		name   string
		parts  []part
		status int
		says   string
	}{
		{"nothing", nil, 400, "no part package"},
		{"absolute", []part{named("/etc/passwd")}, 400, "not a relative path"},
		{"upwards", []part{named("../nst.yaml")}, 400, "not a relative path"},
		{"upwards inside", []part{named("l2sces/../../nst.yaml")}, 400, "not a relative path"},
		{"dot", []part{named(".")}, 400, "not a relative path"},
		{"backslashes", []part{named(`..\nst.yaml`)}, 400, "not a relative path"},
		{"line feed", []part{named("a\nb.yaml")}, 400, "not a relative path"},
		{"no file name", []part{{name: "package", text: "x"}}, 400, "without a file name"},
		{"long name", []part{named(strings.Repeat("a", 300))}, 400, "up to 255"},
		{"deep name", []part{named(strings.Repeat("a/", 20) + "b")}, 400, "up to 255 and 15"},
		{"twice", []part{nst, nst}, 400, "given twice"},
		{"a file that is a folder too", []part{nst, named("nst.yaml/x")}, 400, "is a folder too"},
		{"many files", many, 400, "more than 256 files"},
		{"large file", []part{nst, large}, 400, "more than 1048576 bytes"},
		{"large body", huge, 413, ""},
		{"unknown part", []part{nst, {name: "color", text: "red"}}, 400, `unknown part "color"`},
		{"no boolean", []part{nst, {name: "dryRun", text: "perhaps"}}, 400, "not true or false"},
		{"long field", []part{nst, {name: "tenant", text: strings.Repeat("a", 300)}}, 400, "more than 256 bytes"},
		{"two slice names", []part{nst, {name: "sliceId", text: "a"}, {name: "sliceId", text: "b"}}, 400, "sliceId is given twice"},
		{"intents and template", []part{nst, {"intents", "i.yaml", "x"}}, 400, "stand alone"},
		{"no template in the package", []part{named("README.md"), named("l2sces/intents.yaml")}, 400, "has 0"},
		{"two templates", []part{nst, named("other.yaml")}, 400, "has 2: nst.yaml, other.yaml"},
		{"another tenant", []part{nst, {"params", "p", "additionalParamsForNsi: {l2sces: {tenant: b}}"}, {name: "tenant", text: "a"}}, 400, "not the one that orders"},
		{"slice name of 300 characters", []part{nst, {name: "sliceId", text: strings.Repeat("a", 200)}}, 400, "package/nst.yaml"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &shelf{have: map[slice.ID]intent.Intents{}}
			status, text := post(t, s, tt.parts...)
			p := decode[plugin.Problem](t, text)
			said := p.Err().Error()
			if status != tt.status || p.Status != tt.status || !strings.Contains(said, tt.says) {
				t.Errorf("%d %s, want %d and a word of %q", status, text, tt.status, tt.says)
			}
			if len(s.have) > 0 {
				t.Errorf("kept %v", s.have)
			}
		})
	}
}

func TestComplaintsHavePlaces(t *testing.T) {
	text := strings.Replace(testdata(t, "nst.yaml"), "description", "colour", 1)
	status, answer := post(t, &shelf{}, part{"package", "nst.yaml", text})
	p := decode[plugin.Problem](t, answer)
	if status != http.StatusBadRequest || len(p.Complaints) == 0 {
		t.Fatalf("%d %s", status, answer)
	}
	c := p.Complaints[0]
	if c.File != "package/nst.yaml" || c.Line != 9 || c.Column == 0 || c.Path == "" || c.Message == "" || c.Remedy == "" {
		t.Errorf("complaint %+v, want place, path, message and remedy", c)
	}
	if err := p.Err(); slice.KindOf(err) != slice.Invalid || !strings.HasPrefix(err.Error(), "package/nst.yaml:9:") {
		t.Errorf("error %v", err)
	}
}

func TestNotAForm(t *testing.T) {
	for _, contentType := range []string{"", "application/yaml", "multipart/form-data"} {
		status, _ := send(t, &shelf{}, http.MethodPost, "/v1/slices", contentType, strings.NewReader("x"))
		if status != http.StatusUnsupportedMediaType {
			t.Errorf("%q: %d", contentType, status)
		}
	}
	status, _ := send(t, &shelf{}, http.MethodPost, "/v1/slices", "multipart/form-data; boundary=x", strings.NewReader("--x\r\ncut"))
	if status != http.StatusBadRequest {
		t.Errorf("a form that is cut: %d", status)
	}
}

func TestSlices(t *testing.T) {
	have := map[slice.ID]intent.Intents{"a": {Slice: intent.Slice{ID: "a", Tenant: "blue"}}}
	secret := errors.New("secret")
	tests := []struct {
		name, method, path string
		err                error
		status             int
		says               string
	}{
		{"one", http.MethodGet, "/v1/slices/a", nil, 200, `"tenant":"blue"`},
		{"all", http.MethodGet, "/v1/slices", nil, 200, `{"slices":[{"id":"a"`},
		{"absent", http.MethodGet, "/v1/slices/b", nil, 404, "slice b is not there"},
		{"no name of a slice", http.MethodGet, "/v1/slices/" + strings.Repeat("a", 300), nil, 400, "no slice can have this name"},
		{"delete", http.MethodDelete, "/v1/slices/a", nil, 204, ""},
		{"delete what is absent", http.MethodDelete, "/v1/slices/b", nil, 204, ""},
		{"delete what is absent, as another SCO says it", http.MethodDelete, "/v1/slices/b", slice.Errorf(slice.NotFound, "x"), 204, ""},
		{"SCO away", http.MethodDelete, "/v1/slices/a", slice.Errorf(slice.Unavailable, "the SCO is away"), 503, "the SCO is away"},
		{"fault inside", http.MethodGet, "/v1/slices", secret, 500, "the door failed"},
		{"panic", http.MethodDelete, "/v1/slices/panic", nil, 500, "the door failed"},
		{"elsewhere", http.MethodGet, "/v2", nil, 404, "Not Found"},
		{"not that method", http.MethodPut, "/v1/slices", nil, 405, "Method Not Allowed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, text := send(t, &shelf{have: maps.Clone(have), err: tt.err}, tt.method, tt.path, "", nil)
			if status != tt.status || !strings.Contains(string(text), tt.says) || strings.Contains(string(text), "secret") {
				t.Errorf("%d %s, want %d and %q", status, text, tt.status, tt.says)
			}
		})
	}
}

func TestCallers(t *testing.T) {
	refuse := func(tls.ConnectionState) (string, error) { return "", errors.New("not you") }
	for _, withTLS := range []bool{false, true} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/slices", nil)
		if withTLS {
			r.TLS = &tls.ConnectionState{}
		}
		w := httptest.NewRecorder()
		plugin.New(&shelf{}, refuse, plugin.Config{}).ServeHTTP(w, r)
		if w.Code != http.StatusForbidden {
			t.Errorf("with TLS %t: %d %s", withTLS, w.Code, w.Body)
		}
	}
}

func TestErrorsSurviveTheDoor(t *testing.T) {
	for _, kind := range []slice.Kind{slice.Invalid, slice.NotFound, slice.Conflict, slice.Exhausted, slice.Unavailable, slice.Denied} {
		s := &shelf{err: slice.Errorf(kind, "because")}
		status, text := post(t, s, part{"package", "nst.yaml", testdata(t, "nst.yaml")})
		err := decode[plugin.Problem](t, text).Err()
		if slice.KindOf(err) != kind || err.Error() != "because" {
			t.Errorf("%s became %d, %s: %v", kind, status, slice.KindOf(err), err)
		}
	}
}
