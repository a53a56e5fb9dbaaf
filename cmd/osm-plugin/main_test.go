package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/l2sces/l2sces/cmd/internal/program"
	"github.com/l2sces/l2sces/pkg/api"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/pki"
	"github.com/l2sces/l2sces/pkg/slice"
)

// sco knows one slice.
type sco struct{ api.Slices }

func (sco) List(context.Context, intent.Query) (intent.Page, error) {
	return intent.Page{Slices: []intent.Status{{ID: "fire", Tenant: "blue", Phase: intent.Ready}}}, nil
}

// serveSCO serves an SCO over gRPC and returns its address.
func serveSCO(t *testing.T, dir string) string {
	t.Helper()
	config, err := pki.ServerTLS(dir+"/sco.crt", dir+"/sco.key", dir+"/ca.crt")
	must(t, err)
	s := api.NewServer(api.ServerConfig{
		TLS: config, Logger: slog.New(slog.DiscardHandler),
		Identify: func(state tls.ConnectionState) (string, error) {
			id, err := pki.PeerIdentity(state)
			return string(id), err
		},
		Authorize: func(caller, _ string) error {
			if caller != string(pki.Plugin) {
				return slice.Errorf(slice.Denied, "only the plugin may")
			}
			return nil
		},
	})
	api.ServeSlices(s, sco{})
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	go func() { _ = s.Serve(l) }() // says that it was stopped
	t.Cleanup(s.Stop)
	return l.Addr().String()
}

// certificates makes an authority and holders of several identities.
func certificates(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	must(t, pki.Init(dir))
	for name, id := range map[string]pki.Identity{
		"sco": pki.SCO, "plugin": pki.Plugin, "ann": pki.User("ann"), "n1": pki.Node("a", "n1"),
	} {
		must(t, pki.Issue(dir, name, id))
	}
	return dir
}

func flagsFor(dir, address string) []string {
	return []string{
		"--listen=unix:" + dir + "/plugin.sock", "--sco=" + address, "--tls-cert=" + dir + "/plugin.crt",
		"--tls-key=" + dir + "/plugin.key", "--tls-ca=" + dir + "/ca.crt", "--admin=unix:" + dir + "/admin.sock",
	}
}

func TestDoors(t *testing.T) {
	dir := certificates(t)
	ctx, stop := context.WithCancel(t.Context())
	cmd := command()
	cmd.SetArgs(flagsFor(dir, serveSCO(t, dir)))
	ended := make(chan error, 1)
	go func() { ended <- cmd.ExecuteContext(ctx) }()
	await(t, func() bool {
		code, _ := get(t, dir+"/admin.sock", nil, "http://x/readyz")
		return code == http.StatusOK
	})

	tests := []struct {
		name, holder string
		code         int
		says         string
	}{
		{"a user", "ann", http.StatusOK, `"id":"fire"`},
		{"a node", "n1", http.StatusForbidden, "may not order slices"},
		{"a controller", "sco", http.StatusForbidden, "may not order slices"},
	}
	for _, tt := range tests {
		config, err := pki.ClientTLS(dir+"/"+tt.holder+".crt", dir+"/"+tt.holder+".key", dir+"/ca.crt", pki.Plugin)
		must(t, err)
		code, text := get(t, dir+"/plugin.sock", config, "https://x/v1/slices")
		if code != tt.code || !strings.Contains(text, tt.says) {
			t.Errorf("%s: %d %s, want %d and %q", tt.name, code, text, tt.code, tt.says)
		}
	}
	nobody := &tls.Config{InsecureSkipVerify: true} // shows no certificate
	if code, text := get(t, dir+"/plugin.sock", nobody, "https://x/v1/slices"); code != 0 {
		t.Errorf("without a certificate: %d %s", code, text)
	}
	if _, text := get(t, dir+"/admin.sock", nil, "http://x/metrics"); !strings.Contains(text, `l2sces_plugin_orders_total{result="refused"} 0`) {
		t.Errorf("metrics without orders: %s", text)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("ended with %v, want an orderly stop", err)
	}
}

func TestNotReadyWithoutSCO(t *testing.T) {
	dir := certificates(t)
	ctx, stop := context.WithCancel(t.Context())
	cmd := command()
	cmd.SetArgs(flagsFor(dir, "unix:"+dir+"/absent.sock"))
	ended := make(chan error, 1)
	go func() { ended <- cmd.ExecuteContext(ctx) }()
	t.Cleanup(func() { stop(); must(t, <-ended) })
	await(t, func() bool {
		code, text := get(t, dir+"/admin.sock", nil, "http://x/readyz")
		return code == http.StatusServiceUnavailable && strings.Contains(text, "the SCO does not answer")
	})
}

func TestExitStatus(t *testing.T) {
	dir := certificates(t)
	full := flagsFor(dir, "192.0.2.1:1")
	tests := []struct {
		name string
		args []string
		want int
		says string
	}{
		{"version", []string{"--version"}, 0, ""},
		{"nothing", nil, 2, "nothing is to be served"},
		{"unknown option", []string{"--x"}, 2, "unknown flag"},
		{"argument", append([]string{"x"}, full...), 2, `unexpected argument "x"`},
		{"unknown level", append(full[:len(full):len(full)], "--log-level=x"), 2, "--log-level"},
		{"no certificate", append(full[:len(full):len(full)], "--tls-cert="+dir+"/absent"), 1, "absent"},
		{"no address", append(full[:len(full):len(full)], "--listen=x"), 2, "neither host:port nor unix:PATH"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			cmd := command()
			cmd.SetArgs(tt.args)
			cmd.SetOut(&stdout)
			cmd.SetErr(&stderr)
			if got := program.Execute(cmd, &stderr); got != tt.want || !strings.Contains(stderr.String(), tt.says) {
				t.Errorf("status %d, %q, want %d and a word of %q", got, stderr.String(), tt.want, tt.says)
			}
		})
	}
}

// get asks a socket. Code 0 is no answer.
func get(t *testing.T, socket string, config *tls.Config, url string) (int, string) {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: config, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", filepath.Clean(socket))
	}}
	defer transport.CloseIdleConnections()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	must(t, err)
	resp, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return 0, err.Error()
	}
	text, err := io.ReadAll(resp.Body)
	must(t, err)
	must(t, resp.Body.Close())
	return resp.StatusCode, string(text)
}

func await(t *testing.T, f func() bool) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !f() {
		select {
		case <-deadline:
			t.Fatal("not after 10 s")
		case <-tick.C:
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
