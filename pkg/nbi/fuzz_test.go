package nbi_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/l2sces/l2sces/pkg/nbi"
	"github.com/l2sces/l2sces/pkg/sdnc"
	"github.com/l2sces/l2sces/pkg/store"
)

// Requests of anybody are answered, and never with a fault of ours.
func FuzzRequests(f *testing.F) {
	for _, seed := range [][3]string{
		{"GET", "/v1/networks?limit=1", ""},
		{"PUT", "/v1/networks/s/a", `{"type":"vnet","mtu":1400,"ports":[{"workload":"a"}]}`},
		{"DELETE", "/v1/networks/s/a", ""},
		{"GET", "/v1/flows?switch=1", ""},
		{"POST", "/v1/trace", `{"network":"s/a"}`},
		{"POST", "/onos/vnets/api", `{"networkId":"a"}`},
		{"GET", "/v1/paths?limit=-1&after=%00", ""},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	s, err := store.Open(filepath.Join(f.TempDir(), "s.db"))
	if err != nil {
		f.Fatal(err)
	}
	c, err := sdnc.New(sdnc.Config{Domain: "field", Store: s})
	if err != nil {
		f.Fatal(err)
	}
	door := nbi.NewAPI(nbi.APIConfig{
		Networks: c, Switches: c.Fabric(), Events: &nbi.Events{},
		Identify:  func(tls.ConnectionState) (string, error) { return "l2sces://user/ann", nil },
		Authorize: func(string, string) error { return nil },
	})
	onos := nbi.NewOnos(nbi.OnosConfig{Networks: c.Guests(), Links: c.Guests()})
	f.Fuzz(func(t *testing.T, method, path, body string) {
		for _, b := range method + path {
			if b <= ' ' || b > '~' {
				return // no client can send it
			}
		}
		if method == "" || !strings.HasPrefix(path, "/") || strings.Contains(path, "events") { // those never end
			return
		}
		req, err := http.NewRequestWithContext(t.Context(), method, "https://example.org/", strings.NewReader(body))
		if err != nil { // no client can send it either
			return
		}
		u, err := req.URL.Parse(path)
		if err != nil {
			return
		}
		req.URL, req.RequestURI, req.TLS = u, path, &tls.ConnectionState{}
		req.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		if strings.HasPrefix(path, "/onos") {
			onos.ServeHTTP(w, req)
		} else {
			door.ServeHTTP(w, req)
		}
		if w.Code == 500 {
			t.Errorf("%s %s %q: %d %s", method, path, body, w.Code, w.Body)
		}
	})
}
