package rest_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/l2sces/l2sces/pkg/rest"
)

// Requests of anybody are answered, and never with a fault of ours.
func FuzzRequests(f *testing.F) {
	for _, row := range operations {
		if !strings.Contains(row.path, "stream") && !strings.Contains(row.path, "watch") {
			f.Add(row.method, row.path, row.body, `"7"`)
		}
	}
	handler := rest.New(config(&sco{}))
	f.Fuzz(func(t *testing.T, method, path, body, match string) {
		for _, b := range method + path {
			if b <= ' ' || b > '~' {
				return // no client can send it
			}
		}
		req, err := http.NewRequestWithContext(t.Context(), method, "https://example.org/", strings.NewReader(body))
		if err != nil || method == "" { // no client can send it either
			return
		}
		u, err := req.URL.Parse(path)
		if err != nil || strings.Contains(u.Path, "stream") || strings.Contains(u.Path, "watch") { // those never end
			return
		}
		req.URL, req.RequestURI, req.TLS = u, path, &tls.ConnectionState{}
		req.Header.Set("Content-Type", "application/json")
		req.Header["If-Match"] = []string{match}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, req)
		if w.Code == http.StatusInternalServerError {
			t.Errorf("%s %s %q: %d %s", method, path, body, w.Code, w.Body)
		}
	})
}
