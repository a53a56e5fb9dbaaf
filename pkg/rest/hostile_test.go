package rest_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/l2sces/l2sces/pkg/rest"
)

// endless is a body that never ends and counts what was read of it.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	e.read += len(p)
	return len(p), nil
}

// What is too large, too deep or no JSON is refused in bounded time and memory.
func TestA10HostileBodies(t *testing.T) {
	d := open(t)
	deep := strings.Repeat(`{"slice":`, 10_000)
	many := `{"slice": {` + strings.Repeat(`"x": 1, `, 100_000) + `"y": 1}}`
	tests := map[string]struct {
		body   string
		status int
		header []string
	}{
		"100 MB":          {strings.Repeat("x", 100<<20), 413, nil},
		"invalid UTF-8":   {"{\"slice\": {\"id\": \"\xff\xfe\"}}", 400, nil},
		"deep":            {deep, 400, nil},
		"many keys":       {many, 400, nil},
		"not a number":    {`{"slice": {"qos": {"id": NaN}}}`, 400, nil},
		"negative":        {`{"slice": {"qos": {"id": -1}}}`, 400, nil},
		"huge number":     {`{"slice": {"qos": {"id": 1e400}}}`, 400, nil},
		"gzip":            {"\x1f\x8b\x08", 415, []string{"Content-Encoding", "gzip"}},
		"a form":          {"a=b", 415, []string{"Content-Type", "application/x-www-form-urlencoded"}},
		"null":            {"null", 201, nil}, // all left open: what is missing is said by who keeps slices
		"a list":          {"[]", 400, nil},
		"missing objects": {`{"slice": null, "overlay": null, "paths": [{}]}`, 201, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			r := d.ask("POST", "/v1/slices", test.body, test.header...)
			if r.status != test.status {
				t.Errorf("%d %.200s, want %d", r.status, r.body, test.status)
			}
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}

// Of an endless body no more is read than a body may have.
func TestA10EndlessBody(t *testing.T) {
	body := &endless{}
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "https://example.org/v1/slices", body)
	req.TLS, req.ContentLength = &tls.ConnectionState{}, -1
	req.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	rest.New(config(&sco{})).ServeHTTP(w, req)
	if w.Code != 413 || body.read > 16<<20 {
		t.Errorf("%d after %d bytes", w.Code, body.read)
	}
}

// Names that lead elsewhere are names, or nothing.
func TestA10NamesThatLeadElsewhere(t *testing.T) {
	d := open(t)
	for _, path := range []string{"/v1/slices/..%2f..%2fdomains", "/v1/slices/%00", "/v1/slices/%ff", "/v1/slices/" + strings.Repeat("x", 8000)} {
		r := d.ask("GET", path, "")
		if r.status >= 500 {
			t.Errorf("%.40s: %d %s", path, r.status, r.body)
		}
		if got := d.sco.last(); got != "" && !strings.HasPrefix(got, "status ") {
			t.Errorf("%.40s has asked %s", path, got)
		}
	}
	if r := d.ask("GET", "/v1/slices/s", "", "X-Bomb", strings.Repeat("x", 2<<20)); r.status < 400 {
		t.Errorf("two megabytes of header: %d", r.status)
	}
}

// sink is a connection that takes everything.
type sink struct{ httptest.ResponseRecorder }

func (*sink) SetWriteDeadline(time.Time) error { return nil }
func (*sink) Write(p []byte) (int, error)      { return len(p), nil }
func (*sink) Flush()                           {}

// Of 10,000 streams so many are open as one caller may have, and as all may
// have together; the others are refused at once.
func TestA10TenThousandStreams(t *testing.T) {
	for name, test := range map[string]struct {
		caller func(int) string
		most   int
	}{
		"of one":  {func(int) string { return "ann" }, 64},
		"of many": {func(i int) string { return fmt.Sprint(i) }, 1024},
	} {
		t.Run(name, func(t *testing.T) {
			s := &sco{}
			handler := rest.New(config(s))
			ctx, cancel := context.WithCancel(t.Context())
			var mu sync.Mutex
			refused, other := 0, 0
			var streams sync.WaitGroup
			for i := range 10_000 {
				streams.Go(func() {
					req := &http.Request{
						Method: http.MethodGet, URL: &url.URL{Path: "/v1/watch"}, TLS: &tls.ConnectionState{},
						Header: http.Header{"Caller": {test.caller(i)}}, Body: io.NopCloser(strings.NewReader("")),
					}
					w := &sink{*httptest.NewRecorder()}
					handler.ServeHTTP(w, req.WithContext(ctx))
					mu.Lock()
					defer mu.Unlock()
					switch w.Code {
					case 200:
					case http.StatusTooManyRequests:
						refused++
					default:
						other++
					}
				})
			}
			d := &door{T: t, sco: s}
			d.until("the others are refused", func() bool {
				mu.Lock()
				defer mu.Unlock()
				return refused == 10_000-test.most
			})
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			cancel()
			streams.Wait()
			d.quiet()
			if s.most > test.most || other > 0 {
				t.Errorf("%d were open, %d had another answer", s.most, other)
			}
			if m.HeapInuse > 512<<20 {
				t.Errorf("%d MB of heap", m.HeapInuse>>20)
			}
		})
	}
}
