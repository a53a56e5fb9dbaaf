package transcript_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/osm/transcript"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A server keeps one document as it is posted.
type server struct {
	document string
	seen     []string // method, authorization and host of each request
	status   int      // instead
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.seen = append(s.seen, fmt.Sprintf("%s %s %s %s", r.Method, r.URL, r.Header.Get("Authorization"), r.Header.Get("User-Agent")))
	if s.status != 0 {
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(s.status)
		return
	}
	if r.Method == http.MethodPost {
		body, _ := io.ReadAll(r.Body)
		s.document = string(body)
		return
	}
	_, _ = io.WriteString(w, s.document)
}

// verdicts are the results in one line each.
func verdicts(results []transcript.Result) (all []string) {
	for _, r := range results {
		all = append(all, fmt.Sprintf("%s %s %d/%d %s %s", r.Name, r.Method, r.Got, r.Want, r.Verdict, r.Why))
	}
	return all
}

func TestPlay(t *testing.T) {
	const recorded = "the recorded server was told to answer so"
	for _, c := range []struct {
		name   string
		server server
		player transcript.Player
		want   []string
	}{
		{
			"as it should be",
			server{document: `{"ports": {}}`},
			transcript.Player{Ignore: []string{"seen"}},
			[]string{"1 GET 200/200 ok ", "2 POST 200/200 ok ", "3 GET 200/200 ok ", "4 POST 0/500 skipped " + recorded, "5 GET 200/200 ok "},
		},
		{
			"a member that is not there",
			server{},
			transcript.Player{},
			[]string{"1 GET 200/200 ok ", "2 POST 200/200 ok ", "3 GET 200/200 ok ", "4 POST 0/500 skipped " + recorded, "5 GET 200/200 ok "},
		},
		{
			"all bodies",
			server{document: `{"ports": {}}`},
			transcript.Player{Bodies: transcript.AllBodies, Ignore: []string{"seen"}},
			[]string{"1 GET 200/200 ok ", "2 POST 200/200 ok ", "3 GET 200/200 ok ", "4 POST 0/500 skipped " + recorded, "5 GET 200/200 differs .other is not what was recorded"},
		},
		{
			"another status",
			server{status: 201},
			transcript.Player{},
			[]string{"1 GET 201/200 differs ", "2 POST 201/200 differs ", "3 GET 201/200 differs ", "4 POST 0/500 skipped " + recorded, "5 GET 201/200 differs "},
		},
		{
			"redirected",
			server{status: 302},
			transcript.Player{},
			[]string{"1 GET 302/200 differs ", "2 POST 302/200 differs ", "3 GET 302/200 differs ", "4 POST 0/500 skipped " + recorded, "5 GET 302/200 differs "},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			web := httptest.NewServer(&c.server)
			defer web.Close()
			c.player.URL = web.URL + "/"
			got, err := c.player.Play(t.Context(), sample(t, "connector.http.txt"))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, verdicts(got)); diff != "" {
				t.Errorf("results (-want +got):\n%s", diff)
			}
		})
	}
}

// A document that was written has to be read back, and the body is looked at.
func TestPlayComparesWhatWasWritten(t *testing.T) {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"ports": {"a": {}, "b": [1]}}`)
	}))
	defer web.Close()
	for bodies, want := range map[transcript.Bodies]string{"": "3 GET 200/200 differs .ports.b is not what was recorded", transcript.NoBodies: "3 GET 200/200 ok "} {
		got, err := transcript.Player{URL: web.URL, Bodies: bodies, Ignore: []string{"seen"}}.Play(t.Context(), sample(t, "connector.http.txt"))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(verdicts(got), want) {
			t.Errorf("%v, want %s", verdicts(got), want)
		}
	}
}

// Requests go out as they were recorded, but for what belongs to a connection and for
// the authorization that is given; one without stays without.
func TestPlaySends(t *testing.T) {
	s := &server{}
	web := httptest.NewServer(s)
	defer web.Close()
	all := append(sample(t, "connector.http.txt")[:2], sample(t, "client.http.txt")...)
	p := transcript.Player{URL: web.URL + "/below"}
	for authorization, want := range map[string]string{"": "Basic b25vczpyb2Nrcw==", "Bearer ours": "Bearer ours"} {
		s.seen, p.Authorization = nil, authorization
		got, err := p.Play(t.Context(), all)
		if err != nil {
			t.Fatal(err)
		}
		if got[3].Verdict != transcript.Skipped || got[3].Why != "its body was not recorded" {
			t.Errorf("an upload: %+v", got[3])
		}
		sent := []string{
			"GET /below/config " + want + " python-requests/2.28.1",
			"POST /below/config " + want + " Go-http-client/1.1",
			"POST /below/osm/admin/v1/tokens  Go-http-client/1.1",
			"GET /below/osm/nst/v1/netslice_templates?id=a%20b  Go-http-client/1.1",
		}
		if diff := cmp.Diff(sent, s.seen); diff != "" {
			t.Errorf("sent (-want +got):\n%s", diff)
		}
	}
}

// What is called otherwise here is replaced, the longer text first.
func TestPlayReplaces(t *testing.T) {
	s := &server{}
	web := httptest.NewServer(s)
	defer web.Close()
	const text = "### 1\nPOST /x/ep-1?at=ep-1-in HTTP/1.1\n\n{\"a\": [\"ep-1\", \"ep-1-in\"]}\n\nHTTP 200\n### 2\nGET /x/ep-1?at=ep-1-in\n\nHTTP 200\n\n{\"a\": [\"ep-1\", \"ep-1-in\"]}\n"
	all, err := transcript.Read("f", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	got, err := transcript.Player{URL: web.URL, Replace: map[string]string{"ep-1": "A", "ep-1-in": "B"}}.Play(t.Context(), all)
	if err != nil || s.document != `{"a": ["A", "B"]}` || !strings.HasPrefix(s.seen[0], "POST /x/A?at=B ") {
		t.Errorf("%q was sent to %v; %v", s.document, s.seen, err)
	}
	if diff := cmp.Diff([]string{"1 POST 200/200 ok ", "2 GET 200/200 ok "}, verdicts(got)); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	if string(all[0].Request.Body) != `{"a": ["ep-1", "ep-1-in"]}` {
		t.Errorf("the recording has changed: %s", all[0].Request.Body)
	}
}

func TestPlayFails(t *testing.T) {
	for _, url := range []string{"", "127.0.0.1:1", "ftp://127.0.0.1", "http://", "http://u:p@127.0.0.1", "http://127.0.0.1?q=1", "http://127.0.0.1/%zz"} {
		if _, err := (transcript.Player{URL: url}).Play(t.Context(), nil); slice.KindOf(err) != slice.Invalid {
			t.Errorf("%q: %v", url, err)
		}
	}
	web := httptest.NewServer(&server{})
	url := web.URL
	web.Close()
	got, err := transcript.Player{URL: url}.Play(t.Context(), sample(t, "connector.http.txt"))
	if slice.KindOf(err) != slice.Unavailable || len(got) != 0 {
		t.Errorf("nobody listens: %v, %v", got, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (transcript.Player{URL: url}).Play(ctx, sample(t, "connector.http.txt")); err == nil || !strings.Contains(err.Error(), "canceled") {
		t.Errorf("canceled: %v", err)
	}
}

func TestDiffers(t *testing.T) {
	for _, c := range []struct{ name, want, got, where string }{
		{"equal", `{"a": [1, "x", null, true]}`, ` {"a":[1,"x",null,true]} `, ""},
		{"more", `{"a": {}}`, `{"a": {"b": 1}, "c": 2}`, ""},
		{"less", `{"a": {"b": 1}}`, `{"a": {}}`, ".a.b"},
		{"ignored", `{"a": {"seen": 1}}`, `{"a": {}}`, ""},
		{"another value", `{"a": [{"b": 1}]}`, `{"a": [{"b": 2}]}`, ".a[0].b"},
		{"longer list", `[1]`, `[1, 2]`, "the body"},
		{"another type", `{"a": {}}`, `{"a": []}`, ".a"},
		{"list and object", `{"a": []}`, `{"a": {}}`, ".a"},
		{"null and nothing", `{"a": null}`, `{}`, ".a"},
		{"numbers", `[600, 1e2]`, `[600.0, 100]`, ""},
		{"number and text", `[600]`, `["600"]`, "[0]"},
		{"no JSON", "text\n", "text", ""},
		{"another text", "text", "other", "the body"},
		{"no JSON here", `{}`, "text", "the body"},
		{"top", `1`, `2`, "the body"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if where := transcript.Differs([]byte(c.want), []byte(c.got), []string{"seen"}); where != c.where {
				t.Errorf("differs at %q, want %q", where, c.where)
			}
		})
	}
}
