package main

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/l2sces/l2sces/cmd/internal/controller"
	"github.com/l2sces/l2sces/pkg/pki"
	"github.com/l2sces/l2sces/pkg/sdnc"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/store"
)

func TestMayUse(t *testing.T) {
	for caller, want := range map[pki.Identity]bool{
		pki.SCO: true, pki.User("ann"): true,
		pki.Plugin: false, pki.SDNC("a"): false, pki.Node("a", "n1"): false, "": false, "l2sces://userx/ann": false,
	} {
		err := mayUse(string(caller), http.MethodPut)
		if (err == nil) != want || err != nil && slice.KindOf(err) != slice.Denied {
			t.Errorf("%s: %v, want it allowed: %v", caller, err, want)
		}
	}
}

func TestDoorsAskForWhatTheyNeed(t *testing.T) {
	for name, d := range map[string]doors{
		"no users":     {onos: "127.0.0.1:0"},
		"no such file": {onos: "127.0.0.1:0", users: filepath.Join(t.TempDir(), "none")},
		"no passwords": {onos: "127.0.0.1:0", users: "/dev/null"},
	} {
		t.Run(name, func(t *testing.T) {
			var a controller.Actor
			if err := d.open(&a, nil, nil); slice.KindOf(err) != slice.Invalid || len(a.Doors) != 0 {
				t.Errorf("%v, want it refused", err)
			}
		})
	}
}

// TestRestCertificate knocks with the certificates that there are, and
// with none.
func TestRestCertificate(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	if err := pki.Init(dir); err != nil {
		t.Fatal(err)
	}
	for name, id := range map[string]pki.Identity{"sdnc": pki.SDNC("a"), "ann": pki.User("ann"), "node": pki.Node("a", "n1"), "sco": pki.SCO} {
		if err := pki.Issue(dir, name, id); err != nil {
			t.Fatal(err)
		}
	}
	serveRest(t, file)
	for name, want := range map[string]int{"ann": 200, "sco": 200, "node": 403, "": 0} {
		config := &tls.Config{InsecureSkipVerify: true} //nolint:gosec // who comes without a certificate does not care
		if name != "" {
			var err error
			config, err = pki.ClientTLS(file(name+".crt"), file(name+".key"), file("ca.crt"), pki.SDNC("a"))
			if err != nil {
				t.Fatal(err)
			}
		}
		if got := knock(t, file("rest.sock"), config); got != want {
			t.Errorf("%q: %d, want %d", name, got, want)
		}
	}
}

// serveRest serves the door of a controller without nodes on rest.sock.
func serveRest(t *testing.T, file func(string) string) {
	t.Helper()
	s, err := store.Open(file("s.db"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := sdnc.New(sdnc.Config{Domain: "a", Store: s})
	if err != nil {
		t.Fatal(err)
	}
	config, err := pki.ServerTLS(file("sdnc.crt"), file("sdnc.key"), file("ca.crt"))
	if err != nil {
		t.Fatal(err)
	}
	var a controller.Actor
	if err := (doors{rest: "unix:" + file("rest.sock")}).open(&a, c, nil); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, len(a.Doors))
	for _, d := range a.Doors {
		go func() { ended <- d(ctx, config) }()
	}
	t.Cleanup(func() {
		cancel()
		for range a.Doors {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
		_ = s.Close() // every write was synced
	})
}

// knock asks for the networks and returns the status, or 0 if there is no
// answer.
func knock(t *testing.T, path string, config *tls.Config) int {
	t.Helper()
	c := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{
		TLSClientConfig: config, DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		},
	}}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for range 1000 {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://sdnc/v1/networks", nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := c.Do(req)
		if err != nil {
			if strings.Contains(err.Error(), "no such file") || strings.Contains(err.Error(), "refused") {
				<-tick.C // it does not listen yet
				continue
			}
			return 0
		}
		defer func() { _ = res.Body.Close() }() // only read from
		if text, err := io.ReadAll(res.Body); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		return res.StatusCode
	}
	t.Fatal("nobody listens")
	return 0
}
