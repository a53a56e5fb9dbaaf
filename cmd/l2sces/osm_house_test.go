package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/l2sces/l2sces/pkg/api"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/osm/osmtest"
	"github.com/l2sces/l2sces/pkg/pki"
	"github.com/l2sces/l2sces/pkg/slice"
)

// An osmHouse is an OSM, an SCO, and a folder of somebody who works with both.
type osmHouse struct {
	nbi   *osmtest.NBI
	dir   string
	login []string // flags
	sco   []string
}

func newOSMHouse(t *testing.T) *osmHouse {
	t.Helper()
	w := &osmHouse{nbi: osmtest.New(), dir: t.TempDir()}
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(w.dir, "config"))
	server := httptest.NewUnstartedServer(w.nbi)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	ca := w.write(t, "osm.crt", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})))
	w.login = []string{"--osm=" + server.URL, "--user=" + osmtest.User, "--password-file=" + w.write(t, "password", osmtest.Password+"\n"), "--ca=" + ca}
	return w
}

func (w *osmHouse) write(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(w.dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// must runs the program, wants it to succeed, and returns what it shows.
func (w *osmHouse) must(t *testing.T, args ...string) string {
	t.Helper()
	status, stdout, stderr := typed(append([]string{"osm"}, args...)...)
	if status != 0 {
		t.Fatalf("%v: status %d, %s", args, status, stderr)
	}
	return stdout
}

// fails runs the program, and wants a status and words.
func (w *osmHouse) fails(t *testing.T, want int, says string, args ...string) {
	t.Helper()
	status, _, stderr := typed(append([]string{"osm"}, args...)...)
	if status != want || !strings.Contains(stderr, says) {
		t.Errorf("%v: status %d, %q, want %d and %q", args, status, stderr, want, says)
	}
	if strings.Contains(stderr, osmtest.Password) {
		t.Errorf("%v: %q tells the password", args, stderr)
	}
}

// sent returns the bodies of requests.
func (w *osmHouse) sent(t *testing.T, method, path string) (all []map[string]any) {
	t.Helper()
	for _, r := range w.nbi.Requests() {
		if r.Method == method && strings.HasPrefix(r.Path, path) {
			var v map[string]any
			if err := json.Unmarshal(r.Body, &v); err != nil {
				t.Fatalf("%s %s: %v", method, path, err)
			}
			all = append(all, v)
		}
	}
	return all
}

// houseDomains are those of an SCO.
type houseDomains struct{ api.Registry }

func (houseDomains) Registrations(context.Context) ([]intent.Registration, error) {
	return []intent.Registration{
		{Name: "field", Info: intent.DomainInfo{Gateway: "field-2", Members: []slice.Workload{"cam"}}},
		{Name: "fire", Info: intent.DomainInfo{Gateway: "fire-2"}},
		{Name: "private", Info: intent.DomainInfo{Gateway: "private-2"}},
	}, nil
}

// houseSlices are those of an SCO that has one of every name but absent.
type houseSlices struct{ api.Slices }

func (houseSlices) Status(_ context.Context, id slice.ID) (intent.Status, error) {
	if id == "absent" {
		return intent.Status{}, slice.Errorf(slice.NotFound, "slice %s is not there", id)
	}
	return intent.Status{ID: id, Phase: intent.Pending, Message: "network wide waits for cam", Networks: []intent.NetworkStatus{{Name: "wide", Type: slice.VNet, Ready: true}}}, nil
}

// serveSCO serves an SCO and keeps the flags that lead there.
func (w *osmHouse) serveSCO(t *testing.T) {
	t.Helper()
	dir := filepath.Join(w.dir, "pki")
	for _, args := range [][]string{{"init", dir}, {"issue", dir, "sco", "l2sces://sco"}, {"issue", dir, "ann", "l2sces://user/ann"}} {
		if status, _, stderr := typed(append([]string{"pki"}, args...)...); status != 0 {
			t.Fatal(stderr)
		}
	}
	config, err := pki.ServerTLS(dir+"/sco.crt", dir+"/sco.key", dir+"/ca.crt")
	if err != nil {
		t.Fatal(err)
	}
	s := api.NewServer(api.ServerConfig{TLS: config, Identify: func(state tls.ConnectionState) (string, error) {
		id, err := pki.PeerIdentity(state)
		return string(id), err
	}})
	api.ServeSlices(s, houseSlices{})
	api.ServeRegistry(s, houseDomains{})
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = s.Serve(l) }() // says that it was stopped
	t.Cleanup(s.Stop)
	w.sco = []string{"--sco=" + l.Addr().String(), "--tls-ca=" + dir + "/ca.crt", "--tls-cert=" + dir + "/ann.crt", "--tls-key=" + dir + "/ann.key"}
}
