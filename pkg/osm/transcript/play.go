package transcript

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/l2sces/l2sces/pkg/slice"
)

// A Verdict is what became of an exchange.
type Verdict string

// The verdicts.
const (
	OK        Verdict = "ok"
	Different Verdict = "differs"
	Skipped   Verdict = "skipped"
)

// A Result is what a server answered to one recorded request.
type Result struct {
	Name    string  `json:"name"`
	Call    string  `json:"call,omitempty"`
	Line    int     `json:"line"`
	Method  string  `json:"method"`
	Target  string  `json:"target"`
	Want    int     `json:"want"`
	Got     int     `json:"got,omitempty"` // 0: it was not sent
	Verdict Verdict `json:"verdict"`
	Why     string  `json:"why,omitempty"`
}

// A Player sends recorded requests. URL is indispensable.
type Player struct {
	URL  string       // http://HOST:PORT or https://…; a path goes before the recorded ones
	HTTP *http.Client // nil: one that follows no redirect, with a timeout
	// Authorization replaces that of every request that has one. Empty: as recorded.
	Authorization string
	Bodies        Bodies   // empty: those that were written
	Ignore        []string // names of JSON members that may differ
	// Replace are texts of the recording, in paths and bodies, that are others here:
	// what endpoints are called, say.
	Replace map[string]string
	// Done is told of each result when it is there. It may be nil.
	Done func(Result)
}

const (
	playTimeout = 2 * time.Minute // of one request
	maxAnswer   = 64 << 20        // bytes
	maxShown    = 300             // of an unexpected answer
)

// hop are the headers of one connection (RFC 9110, section 7.6.1), and those that
// the client makes anew.
var hop = []string{"Host", "Content-Length", "Connection", "Accept-Encoding", "Transfer-Encoding"}

// Play sends all requests in their order and judges the answers. It goes on after one
// that differs, as a connector would; it ends with an error when the server cannot
// be reached. What was played by then is returned in any case.
func (p Player) Play(ctx context.Context, exchanges []Exchange) ([]Result, error) {
	base, err := url.Parse(p.URL)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" || base.RawQuery != "" || base.Fragment != "" || base.User != nil {
		return nil, slice.Errorf(slice.Invalid, "%q is not http://HOST:PORT or https://HOST:PORT", p.URL)
	}
	p.URL = strings.TrimSuffix(p.URL, "/")
	p.Bodies = cmp.Or(p.Bodies, WrittenBodies)
	p.HTTP = cmp.Or(p.HTTP, NewClient(nil))
	written, replaced := memory{}, replacer(p.Replace)
	results := make([]Result, 0, len(exchanges))
	for _, x := range exchanges {
		x.Request.Target = replaced.Replace(x.Request.Target)
		x.Request.Body, x.Want.Body = []byte(replaced.Replace(string(x.Request.Body))), []byte(replaced.Replace(string(x.Want.Body)))
		r := Result{Name: x.Name, Call: x.Call, Line: x.Line, Method: x.Request.Method, Target: x.Request.Target, Want: x.Want.Status, Verdict: Skipped}
		switch {
		case x.Told:
			r.Why = "the recorded server was told to answer so"
		case !x.Whole():
			r.Why = "its body was not recorded"
		default:
			got, err := p.send(ctx, x)
			if err != nil {
				return results, slice.Errorf(slice.Unavailable, "request %q: %w", x.Name, err)
			}
			p.judge(&r, x, got, written.wrote(x, p.Ignore))
			written.note(x)
		}
		results = append(results, r)
		if p.Done != nil {
			p.Done(r)
		}
	}
	return results, nil
}

// replacer replaces texts, a longer one before what it begins with.
func replacer(texts map[string]string) *strings.Replacer {
	var pairs []string
	for _, old := range slices.SortedFunc(maps.Keys(texts), func(a, b string) int { return cmp.Compare(len(b), len(a)) }) {
		pairs = append(pairs, old, texts[old])
	}
	return strings.NewReplacer(pairs...)
}

// judge compares an answer with the recorded one.
func (p Player) judge(r *Result, x Exchange, got Answer, wrote bool) {
	r.Got, r.Verdict = got.Status, OK
	if got.Status != x.Want.Status {
		r.Verdict, r.Why = Different, shown(got.Body)
		return
	}
	if p.Bodies == NoBodies || p.Bodies == WrittenBodies && !wrote || len(x.Want.Body) == 0 {
		return
	}
	if where := Differs(x.Want.Body, got.Body, p.Ignore); where != "" {
		r.Verdict, r.Why = Different, where+" is not what was recorded"
	}
}

// shown is an answer in one line.
func shown(body []byte) string {
	text := strings.Join(strings.Fields(string(body)), " ")
	if len(text) > maxShown {
		text = text[:maxShown] + "…"
	}
	return strings.ToValidUTF8(text, "?")
}

// send sends one request and reads the answer.
func (p Player) send(ctx context.Context, x Exchange) (Answer, error) {
	req, err := http.NewRequestWithContext(ctx, x.Request.Method, p.URL+x.Request.Target, bytes.NewReader(x.Request.Body))
	if err != nil {
		return Answer{}, err
	}
	for key, values := range x.Request.Header {
		if !slices.Contains(hop, key) {
			req.Header[key] = values
		}
	}
	if p.Authorization != "" && req.Header.Get("Authorization") != "" {
		req.Header.Set("Authorization", p.Authorization)
	}
	resp, err := p.HTTP.Do(req)
	if err != nil {
		return Answer{}, err
	}
	defer func() { _ = resp.Body.Close() }() // only read from
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err == nil && len(body) > maxAnswer {
		err = fmt.Errorf("the answer has more than %d bytes", maxAnswer)
	}
	return Answer{Status: resp.StatusCode, Header: resp.Header, Body: body}, err
}
