package transcript_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/osm/transcript"
	"github.com/l2sces/l2sces/pkg/slice"
)

// sample reads one of the transcripts in testdata.
func sample(tb testing.TB, name string) []transcript.Exchange {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		tb.Fatal(err)
	}
	all, err := transcript.Read(name, text)
	if err != nil {
		tb.Fatal(err)
	}
	return all
}

func TestRead(t *testing.T) {
	var got []string
	for _, name := range []string{"connector.http.txt", "client.http.txt"} {
		for _, x := range sample(t, name) {
			got = append(got, fmt.Sprintf("%d %s|%s|%s %s|%d headers, %d bytes|%d, %d headers, %d bytes|told %v, whole %v", x.Line, x.Name, x.Call,
				x.Request.Method, x.Request.Target, len(x.Request.Header), len(x.Request.Body), x.Want.Status, len(x.Want.Header), len(x.Want.Body), x.Told, x.Whole()))
		}
	}
	want := []string{
		"3 1|check|GET /config|5 headers, 0 bytes|200, 0 headers, 32 bytes|told false, whole true",
		"20 2|create|POST /config|4 headers, 51 bytes|200, 0 headers, 0 bytes|told false, whole true",
		"36 3|create|GET /config|1 headers, 0 bytes|200, 0 headers, 64 bytes|told false, whole true",
		"54 4|create: POST answered 500|POST /config|1 headers, 2 bytes|500, 0 headers, 0 bytes|told true, whole true",
		"64 5|read, with a document that the server was given|GET /config|0 headers, 0 bytes|200, 0 headers, 19 bytes|told false, whole true",
		"5 1 log in (the answer's id is the token)||POST /osm/admin/v1/tokens|1 headers, 25 bytes|200, 2 headers, 21 bytes|told false, whole true",
		"21 2 upload||PUT /osm/nsd/v1/ns_descriptors/4711/nsd_content|2 headers, 32 bytes|204, 0 headers, 0 bytes|told false, whole false",
		"30 3 no token||GET /osm/nst/v1/netslice_templates?id=a%20b|0 headers, 0 bytes|401, 0 headers, 0 bytes|told false, whole true",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("exchanges (-want +got):\n%s", diff)
	}
	x := sample(t, "connector.http.txt")[1]
	header := http.Header{"Host": {"127.0.0.1:PORT"}, "Content-Length": {"999"}, "Content-Type": {"application/json"}, "Authorization": {"Basic b25vczpyb2Nrcw=="}}
	if diff := cmp.Diff(header, x.Request.Header); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
	if body := string(x.Request.Body); !strings.HasPrefix(body, "{\n  \"ports\"") || !strings.HasSuffix(body, "\n}") {
		t.Errorf("body %q", body)
	}
}

// The server was told to give a status, to those of a call's requests that write, if
// there are any.
func TestTold(t *testing.T) {
	const get, post = "### 1\nGET / HTTP/1.1\n\nHTTP 200\n", "### 2\nPOST / HTTP/1.1\n\nHTTP %d\n"
	for _, c := range []struct {
		name, text string
		want       []bool
	}{
		{"nobody", "## read\n" + get + fmt.Sprintf(post, 500), []bool{false, false}},
		{"one", "## create: POST answered 500\n" + get + fmt.Sprintf(post, 500) + fmt.Sprintf(post, 200), []bool{false, true, false}},
		{"success", "## create answered 200\n" + get + fmt.Sprintf(post, 200), []bool{false, true}},
		{"reading", "## status answered 200\n" + get, []bool{true}},
		{"two", "## first answered 409, second answered 500\n" + fmt.Sprintf(post, 409) + fmt.Sprintf(post, 500), []bool{true, true}},
		{"the call before", "## POST answered 500\n" + fmt.Sprintf(post, 500) + "## create\n" + fmt.Sprintf(post, 500), []bool{true, false}},
		{"a number", "## unanswered 500, answered 5000\n" + fmt.Sprintf(post, 500), []bool{false}},
	} {
		t.Run(c.name, func(t *testing.T) {
			all, err := transcript.Read("f", []byte(c.text))
			var got []bool
			for _, x := range all {
				got = append(got, x.Told)
			}
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("%v, %v, want %v", got, err, c.want)
			}
		})
	}
}

func TestReadRefuses(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"nothing", "", "f:1:1: there is no exchange"},
		{"no request", "## a\n\ntext\n", "f:3:1: there is no exchange"},
		{"no request line", "### 1\n\nHTTP 200\n", `f:3:1: "HTTP 200" is no request line`},
		{"end behind the number", "### 1", `f:1:1: "" is no request line`},
		{"method in lower case", "### 1\nget / HTTP/1.1\n", "is no request line"},
		{"another server", "### 1\nGET http://other/ HTTP/1.1\n", "is no request line"},
		{"no answer", "### 1\nGET / HTTP/1.1\n\n### 2\nGET / HTTP/1.1\n\nHTTP 200\n", `f:4:1: request "1" has no answer`},
		{"end before the answer", "### 1\nGET / HTTP/1.1\n", `request "1" has no answer`},
		{"status", "### 1\nGET / HTTP/1.1\n\nHTTP 999\n", `request "1" has no answer`},
		{"no header", "### 1\nGET / HTTP/1.1\n{}\n\nHTTP 200\n", `f:3:1: "{}" is no header`},
		{"space in a header", "### 1\nGET / HTTP/1.1\na b: c\n\nHTTP 200\n", "is no header"},
		{"no UTF-8", "### 1\nGET / HTTP/1.1\n\n\xff\nHTTP 200\n", "not UTF-8"},
		{"headers", "### 1\nGET / HTTP/1.1\n" + strings.Repeat("A: b\n", 201) + "\nHTTP 200\n", "more than 200 headers"},
		{"exchanges", strings.Repeat("### 1\nGET /\nHTTP 200\n", 100_001), "more than 100000 exchanges"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := transcript.Read("f", []byte(c.text))
			if slice.KindOf(err) != slice.Invalid || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %s", err, c.want)
			}
			if got != nil {
				t.Errorf("beside the error there is %v", got)
			}
		})
	}
}

// Whatever is read can be written down and read again, and is the same.
func FuzzRead(f *testing.F) {
	for _, name := range []string{"connector.http.txt", "client.http.txt"} {
		text, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte("### \r\nGET /\r\nHTTP 200\r\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		all, err := transcript.Read("f", text)
		if err != nil {
			if slice.KindOf(err) != slice.Invalid {
				t.Errorf("%v is not invalid", err)
			}
			return
		}
		again, err := transcript.Read("f", []byte(written(all)))
		if err != nil {
			t.Fatalf("%v: %q", err, written(all))
		}
		for i := range all {
			all[i].Line, again[i].Line = 0, 0
			again[i].Told = all[i].Told // two calls of one heading become one
		}
		if diff := cmp.Diff(all, again); diff != "" {
			t.Errorf("read again (-first +second):\n%s", diff)
		}
	})
}

// written is a transcript of exchanges.
func written(all []transcript.Exchange) string {
	var out strings.Builder
	message := func(h http.Header, body []byte) {
		for key, values := range h {
			for _, value := range values {
				fmt.Fprintf(&out, "%s: %s\n", key, value)
			}
		}
		fmt.Fprintf(&out, "\n%s\n", body)
	}
	for i, x := range all {
		if i == 0 || x.Call != all[i-1].Call {
			fmt.Fprintf(&out, "## %s\n", x.Call)
		}
		fmt.Fprintf(&out, "### %s\n%s %s HTTP/1.1\n", x.Name, x.Request.Method, x.Request.Target)
		message(x.Request.Header, x.Request.Body)
		fmt.Fprintf(&out, "HTTP %d\n", x.Want.Status)
		message(x.Want.Header, x.Want.Body)
	}
	return out.String()
}
