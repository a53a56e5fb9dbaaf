package nbi_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/flow/flowtest"
	"github.com/l2sces/l2sces/pkg/nbi"
	"github.com/l2sces/l2sces/pkg/nbi/rest"
	"github.com/l2sces/l2sces/pkg/sdnc"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/store"
)

// domain is a controller with two nodes in memory, and its door.
type domain struct {
	*testing.T
	control *sdnc.Controller
	events  *nbi.Events
	server  *httptest.Server
	caller  string
	mem     map[slice.Node]*flowtest.Memory
	agents  map[slice.Node]context.CancelFunc
}

func newDomain(t *testing.T) *domain {
	t.Helper()
	s, err := store.Open(filepath.Join(t.TempDir(), "s.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() }) // every write was synced
	c, err := sdnc.New(sdnc.Config{Domain: "field", Store: s})
	if err != nil {
		t.Fatal(err)
	}
	d := &domain{
		T: t, control: c, events: &nbi.Events{Now: time.Now}, caller: "l2sces://user/ann",
		mem: map[slice.Node]*flowtest.Memory{}, agents: map[slice.Node]context.CancelFunc{},
	}
	d.node("n1", "a", "c")
	d.node("n2", "b")
	d.server = httptest.NewTLSServer(nbi.NewAPI(nbi.APIConfig{
		Networks: c, Switches: c.Fabric(), Events: d.events,
		Identify: func(tls.ConnectionState) (string, error) { return d.caller, nil },
		Authorize: func(caller, method string) error {
			if caller == "l2sces://user/ann" {
				return nil
			}
			return slice.Errorf(slice.Denied, "%s may not %s", caller, method)
		},
	}))
	t.Cleanup(d.server.Close)
	return d
}

// node connects a switch and an agent that does at once what is wanted.
func (d *domain) node(n slice.Node, members ...slice.Workload) {
	ctx, cancel := context.WithCancel(d.Context())
	d.Cleanup(cancel)
	d.agents[n] = cancel
	sw := flowtest.NewMemory(slice.DPIDOf("field", n, bridge.SPS))
	d.mem[n] = sw
	go func() { _ = d.control.Fabric().Engine().Serve(ctx, sw) }() // ends with its context
	r := bridge.Report{
		Domain: "field", Node: n, Bridge: bridge.SPS, MTU: 1450, Members: members,
		Tunnel: netip.AddrFrom4([4]byte{192, 0, 2, n[len(n)-1]}),
	}
	reports := make(chan bridge.Report, 8)
	reports <- r
	go func() {
		_ = d.control.Fabric().Keep(ctx, reports, func(b bridge.Wanted) error { // ends with its context
			r.Applied, r.Ports = b.Revision, nil
			for _, p := range b.Bridge.Ports {
				r.Ports = append(r.Ports, bridge.PortState{Name: p.Name, Number: p.Number, Up: true})
			}
			reports <- r
			return nil
		})
	}()
	d.await("node "+string(n)+" joins", func() bool {
		for _, have := range d.control.Fabric().Nodes() {
			if have.Name == n {
				return true
			}
		}
		return false
	})
}

func (d *domain) await(what string, so func() bool) {
	d.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(10 * time.Second)
	for !so() {
		select {
		case <-tick.C:
		case <-deadline:
			d.Fatalf("not after 10 s: %s", what)
		}
	}
}

// A reply is an answer of the door.
type reply struct {
	status int
	header http.Header
	body   string
}

// ask sends a request. The headers are pairs of name and value.
func (d *domain) ask(method, path, body string, headers ...string) reply {
	d.Helper()
	req, err := http.NewRequestWithContext(d.Context(), method, d.server.URL+path, strings.NewReader(body))
	if err != nil {
		d.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := d.server.Client().Do(req)
	if err != nil {
		d.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }() // read to its end
	text, err := io.ReadAll(res.Body)
	if err != nil {
		d.Fatal(err)
	}
	return reply{res.StatusCode, res.Header, string(text)}
}

// want sends a request that has to get a status, and decodes the answer.
func want[T any](d *domain, status int, method, path, body string, headers ...string) T {
	d.Helper()
	r := d.ask(method, path, body, headers...)
	if r.status != status {
		d.Fatalf("%s %s: %d %s, want %d", method, path, r.status, r.body, status)
	}
	if kind := r.header.Get("Content-Type"); status >= 400 && kind != "application/problem+json" {
		d.Errorf("%s %s: an error of type %q", method, path, kind)
	}
	var v T
	if err := json.Unmarshal([]byte(r.body), &v); err != nil {
		d.Fatalf("%s %s: %v in %s", method, path, err, r.body)
	}
	return v
}

const voice = `{
	"type": "vnet", "mtu": 1400,
	"ports": [
		{"workload": "a", "interface": "l2s0", "mac": "02:00:00:00:00:0a", "address": "198.51.100.1/24"},
		{"workload": "b", "interface": "l2s0", "mac": "02:00:00:00:00:0b", "address": "198.51.100.2/24"}
	]
}`

// problem is an error as a client reads it.
type problem = rest.Problem

// copyFile copies a store that is open: every write in it was synced.
func copyFile(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, text, 0o600); err != nil {
		t.Fatal(err)
	}
}
