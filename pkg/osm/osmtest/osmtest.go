// Package osmtest is OSM's northbound interface in memory, for tests: it takes
// and answers what NBI was seen to take and answer, records every request, and
// makes the trouble that it is told to make. It runs nothing; what OSM's life
// cycle manager would do to an instance the test does, step by step.
//
//	nbi := osmtest.New()
//	server := httptest.NewTLSServer(nbi)
package osmtest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// What whoever calls logs in with.
const (
	User     = "admin"
	Password = "s3cret-of-nbi"
	Project  = "admin"
)

// An NBI is the double. Its methods may be called by several goroutines.
type NBI struct {
	// Lasts is the life of a token: an hour.
	Lasts time.Duration
	// Now is the clock of the tokens. It may be nil.
	Now func() time.Time
	// Network names what a VIM makes for the link of a service: id in the VIM. It
	// may be nil.
	Network func(nsr, link, vim string) string

	mux *http.ServeMux

	mu       sync.Mutex
	tokens   map[string]time.Time
	tables   map[string]*table
	contents map[string]*content // of packages, by id
	requests []Request
	trouble  func(Request) Trouble
	made     int // ids
}

// A Request is one that came.
type Request struct {
	Method string
	Path   string // with its query, below /osm
	Header http.Header
	Body   []byte
	Status int // of the answer; 0: none was sent
}

// New returns an NBI that holds nothing.
func New() *NBI {
	n := &NBI{
		Lasts: time.Hour, Now: time.Now, mux: http.NewServeMux(),
		tokens: map[string]time.Time{}, tables: map[string]*table{}, contents: map[string]*content{},
	}
	n.routePackages()
	n.routeAccounts()
	n.routeInstances()
	return n
}

// Requests returns all that came, in their order.
func (n *NBI) Requests() []Request {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.requests)
}

// Forget drops the recorded requests.
func (n *NBI) Forget() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.requests = nil
}

// Restart does what a restart of OSM does: no token counts any more.
func (n *NBI) Restart() {
	n.mu.Lock()
	defer n.mu.Unlock()
	clear(n.tokens)
}

// maxBody is what a request may have, in bytes.
const maxBody = 64 << 20

// ServeHTTP answers one request.
func (n *NBI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return // the client left
	}
	path := strings.TrimPrefix(r.URL.EscapedPath(), "/osm")
	if r.URL.RawQuery != "" {
		path += "?" + r.URL.RawQuery
	}
	seen := Request{Method: r.Method, Path: path, Header: r.Header.Clone(), Body: body}
	n.mu.Lock()
	index, trouble := len(n.requests), n.trouble
	n.requests = append(n.requests, seen)
	n.mu.Unlock()
	var t Trouble
	if trouble != nil {
		t = trouble(seen)
	}
	status := n.serve(w, r, body, t)
	n.mu.Lock()
	defer n.mu.Unlock()
	if index < len(n.requests) {
		n.requests[index].Status = status
	}
}

// serve answers, or does what the trouble says, and returns the status.
func (n *NBI) serve(w http.ResponseWriter, r *http.Request, body []byte, t Trouble) int {
	if t.Slow != nil {
		select {
		case <-t.Slow:
		case <-r.Context().Done():
			return 0
		}
	}
	a := &answer{header: http.Header{}}
	if t.Status != 0 {
		a.refuse(refusal{t.Status, "told to"})
	} else {
		n.handle(a, r, body)
	}
	if t.RetryAfter != "" {
		a.header.Set("Retry-After", t.RetryAfter)
	}
	if t.Change != nil {
		a.status, a.body = t.Change(a.status, a.body)
	}
	if t.Lost {
		panic(http.ErrAbortHandler)
	}
	for k, v := range a.header {
		w.Header()[k] = v
	}
	if t.Cut {
		w.Header().Set("Content-Length", fmt.Sprint(len(a.body)+1))
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // the client left
	return a.status
}

// handle carries a request out.
func (n *NBI) handle(a *answer, r *http.Request, body []byte) {
	n.mu.Lock()
	defer n.mu.Unlock()
	login := r.Method == http.MethodPost && r.URL.Path == "/osm/admin/v1/tokens"
	if !login {
		if why := n.admit(r); why != nil {
			a.refuse(*why)
			return
		}
	}
	c := call{r: r, body: body, answer: a}
	if _, pattern := n.mux.Handler(r); pattern == "" {
		a.refuse(refusal{http.StatusNotFound, "URL " + r.URL.Path + " is not valid"})
		return
	}
	n.mux.ServeHTTP(&writer{a}, r.WithContext(with(r.Context(), &c)))
}

// on adds a route below /osm.
func (n *NBI) on(pattern string, f func(*call) error) {
	method, path, _ := strings.Cut(pattern, " ")
	n.mux.HandleFunc(method+" /osm"+path, func(_ http.ResponseWriter, r *http.Request) {
		c := callOf(r.Context())
		c.r = r // with what the pattern has matched
		if err := f(c); err != nil {
			c.answer.fail(err)
		}
	})
}

// id makes an id that nothing else has.
func (n *NBI) id() string {
	n.made++
	return fmt.Sprintf("%08x-0000-4000-8000-%012x", n.made, n.made)
}

// seconds is the time that NBI writes into a record; it always grows.
func (n *NBI) seconds() float64 {
	n.made++
	return 1_795_385_564 + float64(n.made)/100
}

func asJSON(v any) []byte {
	text, err := json.MarshalIndent(v, "", "    ")
	if err != nil {
		panic(err) // records are made of what JSON can say
	}
	return append(text, '\n')
}
