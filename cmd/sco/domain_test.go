package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/l2sces/l2sces/cmd/internal/controller"
	"github.com/l2sces/l2sces/pkg/api"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/pki"
	"github.com/l2sces/l2sces/pkg/registry"
	"github.com/l2sces/l2sces/pkg/secret"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// site is the SDN controller of a domain, as far as the SCO sees it: a gRPC
// server on loopback with an authority of its own.
type site struct {
	name    slice.Domain
	server  string // folder of its certificates
	client  string // folder of those for whoever calls it
	address string

	mu    sync.Mutex
	hold  chan struct{}   // calls of Apply end when it is closed
	began chan struct{}   // one that is under way
	peers map[string]bool // certificates that were shown, by serial number
}

func newSite(t *testing.T, name slice.Domain) *site {
	t.Helper()
	s := &site{name: name, server: t.TempDir(), client: t.TempDir(), hold: make(chan struct{}), began: make(chan struct{}, 8), peers: map[string]bool{}}
	s.rotate(t)
	conf, err := pki.ServerTLS(filepath.Join(s.server, "sdnc.crt"), filepath.Join(s.server, "sdnc.key"), filepath.Join(s.server, "ca.crt"))
	must(t, err)
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	s.address = l.Addr().String()
	g := api.NewServer(api.ServerConfig{TLS: conf, Identify: s.identify, Authorize: func(caller, _ string) error {
		if caller != string(pki.SCO) {
			return slice.Errorf(slice.Denied, "not for %s", caller)
		}
		return nil
	}})
	api.ServeDomain(g, s)
	var serving sync.WaitGroup
	serving.Go(func() { _ = g.Serve(l) }) // says that it was stopped
	t.Cleanup(func() { g.Stop(); serving.Wait() })
	return s
}

// rotate makes everything new: the authority, the certificate of the site and
// the one with which it is called.
func (s *site) rotate(t *testing.T) {
	t.Helper()
	fresh := t.TempDir()
	must(t, pki.Init(fresh))
	must(t, pki.Issue(fresh, "sdnc", pki.SDNC(s.name)))
	must(t, pki.Issue(fresh, "sco", pki.SCO))
	for _, f := range [][2]string{
		{"sdnc.key", s.server + "/sdnc.key"},
		{"sdnc.crt", s.server + "/sdnc.crt"},
		{"ca.crt", s.server + "/ca.crt"},
		{"sco.key", s.client + "/tls.key"},
		{"sco.crt", s.client + "/tls.crt"},
		{"ca.crt", s.client + "/ca.crt"},
	} {
		text, err := os.ReadFile(filepath.Join(fresh, f[0]))
		must(t, err)
		must(t, os.WriteFile(f[1]+".new", text, 0o600))
		must(t, os.Rename(f[1]+".new", f[1]))
	}
}

func (s *site) identify(state tls.ConnectionState) (string, error) {
	id, err := pki.PeerIdentity(state)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.peers[state.PeerCertificates[0].SerialNumber.String()] = true
	return string(id), err
}

func (s *site) seen() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.peers)
}

func (s *site) Apply(ctx context.Context, _ []intent.Segment) ([]intent.SegmentStatus, error) {
	s.began <- struct{}{}
	select {
	case <-s.hold:
		return nil, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *site) Delete(context.Context, []slice.NetworkID) error { return nil }

func (s *site) List(context.Context) ([]intent.SegmentStatus, error) { return nil, nil }

func (s *site) Info(context.Context) (intent.DomainInfo, error) {
	return intent.DomainInfo{
		Name: s.name, MTU: 1450, Version: intent.APIVersion, Time: time.Now(),
		Encryptions: []intent.Encryption{intent.NoEncryption},
	}, nil
}

// house is a registry as the SCO has it, with its door.
type house struct {
	api.RegistryClient
	registry *registry.Registry
	log      *strings.Builder
	stop     func()
}

func open(t *testing.T, db, own string, commands ...string) *house {
	t.Helper()
	options := controller.Options{Cert: own + "/tls.crt", Key: own + "/tls.key", CA: own + "/ca.crt"}
	k, err := keeper(options, commands)
	must(t, err)
	kept, err := store.Open(db)
	must(t, err)
	d := dialer{k}
	h := &house{log: &strings.Builder{}}
	h.registry, err = registry.New(registry.Config{
		Store: kept, Allow: d.allow, Open: d.open, Mark: d.mark, Logger: slog.New(slog.NewTextHandler(h.log, nil)),
	})
	must(t, err)
	conf, err := pki.ServerTLS(options.Cert, options.Key, options.CA)
	must(t, err)
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	g := api.NewServer(api.ServerConfig{TLS: conf, Identify: func(state tls.ConnectionState) (string, error) {
		id, err := pki.PeerIdentity(state)
		return string(id), err
	}})
	api.ServeRegistry(g, h.registry)
	var serving sync.WaitGroup
	serving.Go(func() { _ = g.Serve(l) }) // says that it was stopped
	client, err := pki.ClientTLS(options.Cert, options.Key, options.CA, pki.SCO)
	must(t, err)
	conn, err := api.Dial(l.Addr().String(), client)
	must(t, err)
	h.RegistryClient = api.NewRegistryClient(conn)
	h.stop = sync.OnceFunc(func() {
		_ = conn.Close() // nothing is under way
		g.Stop()
		serving.Wait()
		h.registry.Close()
		must(t, kept.Close())
	})
	t.Cleanup(h.stop)
	return h
}

func (h *house) put(t *testing.T, s *site, c intent.Credentials) error {
	t.Helper()
	r, err := h.PutDomain(t.Context(), intent.Registration{Name: s.name, Addresses: []string{s.address}, Credentials: c}, intent.Order{})
	if err == nil && r.Info.MTU != 1450 {
		t.Errorf("domain %s was not looked at: %+v", s.name, r)
	}
	return err
}

// TestF25CredentialsOfDomains has two domains with an authority each. That of
// one is made new while it is called.
func TestF25CredentialsOfDomains(t *testing.T) {
	field, fire := newSite(t, "field"), newSite(t, "fire")
	db := filepath.Join(t.TempDir(), "sco.db")
	h := open(t, db, field.client)
	must(t, h.put(t, field, intent.Credentials{}))
	if err := h.put(t, fire, intent.Credentials{}); slice.KindOf(err) != slice.Unavailable {
		t.Fatalf("a domain of another authority: %v", err)
	}
	must(t, h.put(t, fire, intent.Credentials{File: fire.client}))

	domain, ended := h.registry.Domain("fire"), make(chan error, 1)
	var calling sync.WaitGroup
	calling.Go(func() { _, err := domain.Apply(t.Context(), nil); ended <- err })
	<-fire.began
	fire.rotate(t)
	got, err := h.VerifyDomain(t.Context(), "fire")
	must(t, err)
	if c := got.Conditions[0]; c.Reason != "Answered" || fire.seen() != 2 {
		t.Errorf("after the rotation: %+v, %d certificates were shown", c, fire.seen())
	}
	close(fire.hold)
	must(t, <-ended)
	calling.Wait()

	// A rotation of which only one half is done leaves the old line.
	must(t, os.WriteFile(filepath.Join(fire.client, "tls.crt"), []byte("torn"), 0o600))
	got, err = h.VerifyDomain(t.Context(), "fire")
	must(t, err)
	if c := got.Conditions[0]; !c.Status || c.Reason != "OldCredentials" {
		t.Errorf("with a torn file: %+v", c)
	}
	fire.rotate(t)
	got, err = h.VerifyDomain(t.Context(), "fire")
	must(t, err)
	if c := got.Conditions[0]; c.Reason != "Answered" || fire.seen() != 3 {
		t.Errorf("after the third: %+v, %d certificates were shown", c, fire.seen())
	}

	h.stop()
	h = open(t, db, field.client)
	all, err := h.Registrations(t.Context())
	must(t, err)
	if len(all) != 2 || all[1].Name != "fire" || all[1].Credentials.File != fire.client {
		t.Errorf("after a restart: %+v", all)
	}
	for _, name := range []slice.Domain{"field", "fire"} {
		got, err := h.VerifyDomain(t.Context(), name)
		must(t, err)
		if !got.Conditions[0].Status {
			t.Errorf("after a restart: %+v", got.Conditions[0])
		}
	}
	h.stop()
	noSecret(t, db, h)
}

// noSecret fails if a key is in the store or in the log.
func noSecret(t *testing.T, db string, h *house) {
	t.Helper()
	text, err := os.ReadFile(db)
	must(t, err)
	if strings.Contains(string(text), "PRIVATE") || strings.Contains(h.log.String(), "PRIVATE") {
		t.Error("A21: a key is in the store or in the log")
	}
}

func TestCredentialCommand(t *testing.T) {
	field, fire := newSite(t, "field"), newSite(t, "fire")
	var o [3]string
	for i, name := range []string{"tls.crt", "tls.key", "ca.crt"} {
		text, err := os.ReadFile(filepath.Join(fire.client, name))
		must(t, err)
		o[i] = string(text)
	}
	text, err := json.Marshal(map[string]string{"tls.crt": o[0], "tls.key": o[1], "ca.crt": o[2]})
	must(t, err)
	dir := t.TempDir()
	must(t, os.WriteFile(dir+"/pair.json", text, 0o600))
	must(t, os.WriteFile(dir+"/vault", fmt.Appendf(nil, "#!/bin/sh\ncat %s/pair.json\n", dir), 0o700)) //nolint:gosec // a program
	db := filepath.Join(dir, "sco.db")
	h := open(t, db, field.client, "vault="+dir+"/vault")
	must(t, h.put(t, fire, intent.Credentials{Command: "vault"}))
	err = h.put(t, field, intent.Credentials{Command: "other"})
	if slice.KindOf(err) != slice.Invalid || !strings.Contains(err.Error(), "allowed are [vault]") {
		t.Errorf("a command that is not allowed: %v", err)
	}
	if err := h.put(t, field, intent.Credentials{Secret: "l2sces/field"}); slice.KindOf(err) != slice.Invalid {
		t.Errorf("a Secret: %v", err)
	}
	h.stop()
	noSecret(t, db, h)
}

// A domain cannot be taken for another one, whoever has its address.
func TestImpostor(t *testing.T) {
	field := newSite(t, "field")
	h := open(t, filepath.Join(t.TempDir(), "sco.db"), field.client)
	impostor := &site{name: "fire", address: field.address}
	err := h.put(t, impostor, intent.Credentials{})
	if slice.KindOf(err) != slice.Unavailable || !strings.Contains(err.Error(), "the server is l2sces://domain/field/sdnc") {
		t.Errorf("got %v", err)
	}
}

func TestDomainFlags(t *testing.T) {
	tests := map[string]struct {
		domains, commands []string
		text              string // of the fault; empty: none
	}{
		"none":               {},
		"two":                {domains: []string{"a=h:1", "b=h:1,i:1"}, commands: []string{"x=/bin/x", "y=/bin/y"}},
		"no address":         {domains: []string{"a="}, text: `--domain "a=" is not NAME=HOST:PORT`},
		"no name":            {domains: []string{"=h:1"}, text: "is not NAME=HOST:PORT"},
		"no port":            {domains: []string{"a=h"}, text: `--domain "a=h": addresses[0]`},
		"twice":              {domains: []string{"a=h:1", "a=i:1"}, text: "--domain a is given twice"},
		"a relative command": {commands: []string{"x=x"}, text: "--credential-command"},
		"a command without":  {commands: []string{"x"}, text: "--credential-command"},
		"a command twice":    {commands: []string{"x=/x", "x=/y"}, text: "--credential-command x is given twice"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := static(test.domains)
			var k *secret.Keeper
			if err == nil {
				k, err = keeper(controller.Options{}, test.commands)
			}
			if test.text == "" {
				if err != nil || len(got) != len(test.domains) || len(k.Commands) != len(test.commands) {
					t.Errorf("%v, %v, %v", got, k, err)
				}
				return
			}
			if slice.KindOf(err) != slice.Invalid || !strings.Contains(err.Error(), test.text) {
				t.Errorf("got %v, want %q", err, test.text)
			}
		})
	}
}
