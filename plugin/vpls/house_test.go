package vpls_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/web"
	"github.com/l2sces/l2sces/plugin/account"
	"github.com/l2sces/l2sces/plugin/endpoint"
	"github.com/l2sces/l2sces/plugin/service"
	"github.com/l2sces/l2sces/plugin/service/servicetest"
	"github.com/l2sces/l2sces/plugin/vpls"
)

const (
	path    = "/onos/v1/network/configuration"
	appName = "org.onosproject.vpls"
)

// A catalog is one that a test fills.
type catalog struct {
	mu    sync.Mutex
	names map[string]endpoint.Endpoint
	ports map[string]endpoint.Endpoint
	err   error
}

func (c *catalog) Find(_ context.Context, tenant slice.Tenant, name string) (endpoint.Endpoint, error) {
	return c.in(func() map[string]endpoint.Endpoint { return c.names }, tenant, name)
}

func (c *catalog) At(_ context.Context, tenant slice.Tenant, device slice.DPID, port slice.Port) (endpoint.Endpoint, error) {
	return c.in(func() map[string]endpoint.Endpoint { return c.ports }, tenant, fmt.Sprintf("of:%s/%d", device, port))
}

func (c *catalog) in(all func() map[string]endpoint.Endpoint, tenant slice.Tenant, key string) (endpoint.Endpoint, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, there := all()[key]
	switch {
	case c.err != nil:
		return endpoint.Endpoint{}, c.err
	case !there || e.Tenant != "" && e.Tenant != tenant:
		return endpoint.Endpoint{}, slice.Errorf(slice.NotFound, "there is no endpoint %s", key)
	}
	return e, nil
}

// forget takes an endpoint away.
func (c *catalog) forget(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.names, name)
}

// learn makes a workload known by another name.
func (c *catalog) learn(name, as string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.names[as] = c.names[name]
}

func (c *catalog) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.err = err
}

// newCatalog has the workloads ep-1 to ep-6, each in a domain of its own, known by
// name and at port 1 of a switch, and the hand-offs ned-a to ned-c of three domains.
func newCatalog() *catalog {
	c := &catalog{names: map[string]endpoint.Endpoint{}, ports: map[string]endpoint.Endpoint{}}
	for i := range 6 {
		e := endpoint.Endpoint{Name: fmt.Sprintf("ep-%d", i+1), Domain: slice.Domain(fmt.Sprintf("site-%d", i+1)), Workload: slice.Workload(fmt.Sprintf("host-%d", i+1))}
		c.names[e.Name] = e
		c.ports[fmt.Sprintf("of:00000000000000%d/1", 11+i)] = e
	}
	for i, name := range []string{"ned-a", "ned-b", "ned-c"} {
		c.names[name] = endpoint.Endpoint{Name: name, Domain: slice.Domain(fmt.Sprintf("domain-%c", 'a'+i))}
	}
	c.names["hers"] = endpoint.Endpoint{Name: "hers", Domain: "domain-a", Tenant: "another"}
	return c
}

// A house is a door with what is behind it.
type house struct {
	t       testing.TB
	book    *service.Book
	sco     *servicetest.SCO
	catalog *catalog
	admits  *account.Accounts
	door    http.Handler
	log     bytes.Buffer
	now     time.Time
}

func newHouse(tb testing.TB) *house {
	tb.Helper()
	return newHouseOf(tb, accounts(tb))
}

func newHouseOf(tb testing.TB, admits *account.Accounts) *house {
	tb.Helper()
	h := &house{t: tb, catalog: newCatalog(), admits: admits, now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	h.book, h.sco = servicetest.Book(tb)
	h.open()
	return h
}

// open mounts a door, as the plugin does when it starts.
func (h *house) open() {
	h.t.Helper()
	e := web.NewEcho(slog.New(slog.DiscardHandler), 4<<20)
	door := vpls.New(h.book, h.catalog, vpls.Config{Logger: slog.New(slog.NewTextHandler(&h.log, nil)), Now: func() time.Time { return h.now }})
	door.Mount(e.Group("", h.admits.Admit(service.VPLS)))
	h.door = e
}

// accounts are onos and second, of one tenant, and third, of another.
func accounts(tb testing.TB) *account.Accounts {
	tb.Helper()
	dir := tb.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "password"), []byte("rocks"), 0o600); err != nil {
		tb.Fatal(err)
	}
	file := filepath.Join(dir, "accounts.yaml")
	const text = "accounts:\n" +
		"- {name: onos, tenant: osm, passwordFile: password}\n" +
		"- {name: second, tenant: osm, passwordFile: password}\n" +
		"- {name: third, tenant: other, passwordFile: password}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
	all, err := account.Read(file, account.Config{})
	if err != nil {
		tb.Fatal(err)
	}
	return all
}

// as sends one request of an account.
func (h *house) as(name, method, path, body string) (int, string) {
	h.t.Helper()
	r := httptest.NewRequestWithContext(h.t.Context(), method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	if name != "" {
		r.SetBasicAuth(name, "rocks")
	}
	w := httptest.NewRecorder()
	h.door.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// post writes a document for an account and wants a status; it returns the answer.
func (h *house) post(name string, d doc, want int) string {
	h.t.Helper()
	status, out := h.as(name, http.MethodPost, path, d.text(h.t))
	if status != want {
		h.t.Fatalf("post %s: status %d %s, want %d", d.text(h.t), status, out, want)
	}
	return out
}

// get reads the document of an account.
func (h *house) get(name string) map[string]any {
	h.t.Helper()
	status, out := h.as(name, http.MethodGet, path, "")
	if status != http.StatusOK {
		h.t.Fatalf("get: %d %s", status, out)
	}
	return decode(h.t, out)
}

func decode(tb testing.TB, text string) (v map[string]any) {
	tb.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		tb.Fatalf("%v: %s", err, text)
	}
	return v
}

// time returns a document's lastUpdateTime, which is taken out of it.
func updated(tb testing.TB, d map[string]any) string {
	tb.Helper()
	config := inside(tb, d, "apps", appName, "vpls")
	text, is := config["lastUpdateTime"].(string)
	if !is {
		tb.Fatalf("lastUpdateTime is %v", config["lastUpdateTime"])
	}
	delete(config, "lastUpdateTime")
	return text
}

// inside walks down into an object.
func inside(tb testing.TB, d map[string]any, keys ...string) map[string]any {
	tb.Helper()
	for _, key := range keys {
		inner, is := d[key].(map[string]any)
		if !is {
			tb.Fatalf("%s is %v", key, d[key])
		}
		d = inner
	}
	return d
}

// networks returns, in order, what the SCO has: one line for each network, with the
// members, or the domains where there are none.
func (h *house) networks() (all []string) {
	for _, in := range h.sco.Intents() {
		for _, n := range in.Slice.Networks {
			var ends []string
			for _, m := range n.Members {
				ends = append(ends, fmt.Sprintf("%s@%s", m.Name, m.Domain))
			}
			for _, d := range n.Domains {
				if !slices.ContainsFunc(ends, func(s string) bool { return strings.HasSuffix(s, "@"+string(d)) }) {
					ends = append(ends, string(d))
				}
			}
			slices.Sort(ends)
			all = append(all, strings.Join(ends, " "))
		}
	}
	slices.Sort(all)
	return all
}

// A doc is a document that a test writes.
type doc struct {
	ports    map[string][]port
	services []svc
	raw      string // instead
}

type port struct {
	Name string `json:"name"`
	VLAN any    `json:"vlan,omitempty"`
}

type svc struct {
	Name          string   `json:"name"`
	Interfaces    []string `json:"interfaces"`
	Encapsulation string   `json:"encapsulation,omitempty"`
}

func (d doc) text(tb testing.TB) string {
	tb.Helper()
	if d.raw != "" {
		return d.raw
	}
	ports := map[string]any{}
	for key, all := range d.ports {
		ports[key] = map[string]any{"interfaces": append([]port{}, all...)}
	}
	text, err := json.Marshal(map[string]any{
		"devices": map[string]any{}, "ports": ports, "links": map[string]any{}, "hosts": map[string]any{}, "layouts": map[string]any{},
		"apps": map[string]any{appName: map[string]any{"vpls": map[string]any{"vplsList": append([]svc{}, d.services...)}}},
	})
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}

// with returns the document with another port; at is the key's last digits.
func (d doc) with(key string, all ...port) doc {
	d.ports = maps.Clone(d.ports)
	if d.ports == nil {
		d.ports = map[string][]port{}
	}
	d.ports[key] = all
	return d
}

// listing returns the document with another list of services.
func (d doc) listing(all ...svc) doc {
	d.services = all
	return d
}

// at is the key of port 1 of a switch.
func at(n int) string { return fmt.Sprintf("of:00000000000000%d/1", n) }
