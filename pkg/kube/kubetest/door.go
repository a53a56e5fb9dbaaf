package kubetest

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"
)

// A Door leads to a server as its administrator. It makes every write strict, so
// that the server refuses an unknown or repeated field, which it would only warn
// of, and remembers what it warned of all the same. It is for programs that
// cannot be told to do so, such as helm.
type Door struct {
	Kubeconfig string

	mutex   sync.Mutex
	warned  []string
	written []string
}

// Door opens a door that is shut when the test ends.
func (s *Server) Door(tb testing.TB) *Door {
	tb.Helper()
	target, err := url.Parse(s.URL)
	if err != nil {
		tb.Fatal(err)
	}
	listener, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	d := &Door{Kubeconfig: filepath.Join(tb.TempDir(), "kubeconfig")}
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: &httputil.ReverseProxy{
		Transport:      s.client.Transport,
		FlushInterval:  -1, // a watch is answered piece by piece
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(target); strict(r.Out) },
		ModifyResponse: d.remember,
	}}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	tb.Cleanup(func() {
		_ = server.Close() // nobody is left to hear of it
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			tb.Error(err)
		}
	})
	if err := writeKubeconfig(d.Kubeconfig, "http://"+listener.Addr().String(), nil); err != nil {
		tb.Fatal(err)
	}
	return d
}

// strict asks for validation of all fields. Whoever writes may ask for less,
// which is overruled.
func strict(r *http.Request) {
	switch r.Method {
	case http.MethodPost, http.MethodPut, http.MethodPatch:
		query := r.URL.Query()
		query.Set("fieldValidation", "Strict")
		r.URL.RawQuery = query.Encode()
	}
}

func (d *Door) remember(r *http.Response) error {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	line := r.Request.Method + " " + r.Request.URL.Path
	for _, w := range warnings(r.Header) {
		d.warned = append(d.warned, line+": "+w)
	}
	if r.Request.Method != http.MethodGet && r.StatusCode < 300 {
		d.written = append(d.written, fmt.Sprintf("%s %d", line, r.StatusCode))
	}
	return nil
}

// Warnings returns what the server warned of since it was asked last, each with
// the request.
func (d *Door) Warnings() []string {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	warned := d.warned
	d.warned = nil
	return slices.Compact(warned)
}

// Written returns the requests that changed something since it was asked last.
func (d *Door) Written() []string {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	written := d.written
	d.written = nil
	return written
}
