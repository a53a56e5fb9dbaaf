package l2vpn_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/account"
	"github.com/l2sces/l2sces/plugin/endpoint"
	"github.com/l2sces/l2sces/plugin/l2vpn"
	"github.com/l2sces/l2sces/plugin/restconf"
	"github.com/l2sces/l2sces/plugin/service"
	"github.com/l2sces/l2sces/plugin/service/servicetest"
)

const (
	root     = "/restconf/data/ietf-l2vpn-svc:l2vpn-svc"
	vpns     = root + "/vpn-services"
	sites    = root + "/sites"
	yangJSON = "application/yang-data+json"
)

// catalog is endpoints by their names.
type catalog map[string]endpoint.Endpoint

func (c catalog) Find(_ context.Context, tenant slice.Tenant, name string) (endpoint.Endpoint, error) {
	e, there := c[name]
	if !there || e.Tenant != "" && e.Tenant != tenant {
		return e, slice.Errorf(slice.NotFound, "there is no endpoint %s", name)
	}
	return e, nil
}

var endpoints = catalog{
	"ned-a":     {Name: "ned-a", Domain: "a"},
	"ned-b":     {Name: "ned-b", Domain: "b"},
	"ned-c":     {Name: "ned-c", Domain: "c"},
	"a/camera":  {Name: "a/camera", Domain: "a", Workload: "camera"},
	"b/viewer":  {Name: "b/viewer", Domain: "b", Workload: "viewer", Interface: "eth1"},
	"passing":   {Name: "passing", Domain: "c"},
	"of-others": {Name: "of-others", Domain: "c", Tenant: "others"},
}

// A world is a door with a book and an SCO behind it.
type world struct {
	echo  *echo.Echo
	door  *l2vpn.Door
	book  *service.Book
	sco   *servicetest.SCO
	now   time.Time
	gone  string // an endpoint that is not there any more
	moved string // what it is instead
}

// Find makes the world the door's catalog.
func (w *world) Find(ctx context.Context, tenant slice.Tenant, name string) (endpoint.Endpoint, error) {
	switch {
	case name == w.gone && w.moved != "":
		name = w.moved
	case name == w.gone:
		return endpoint.Endpoint{}, slice.Errorf(slice.NotFound, "there is no endpoint %s", name)
	}
	return endpoints.Find(ctx, tenant, name)
}

func newWorld(tb testing.TB) *world {
	tb.Helper()
	w := &world{echo: echo.New(), now: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)}
	w.book, w.sco = servicetest.Book(tb)
	w.door = l2vpn.New(w.book, w, l2vpn.Config{Now: func() time.Time { return w.now }})
	w.door.Mount(w.echo.Group("", restconf.Errors(slog.New(slog.DiscardHandler)), accounts(tb).Admit(service.L2VPN)))
	return w
}

// accounts lets osm and second in, of one tenant.
func accounts(tb testing.TB) *account.Accounts {
	tb.Helper()
	dir := tb.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			tb.Fatal(err)
		}
		return file
	}
	file := "accounts:\n"
	for _, name := range []string{"osm", "second"} {
		write(name, name+"-password\n")
		file += fmt.Sprintf("  - {name: %s, tenant: hospital, doors: [l2vpn], passwordFile: %s}\n", name, name)
	}
	all, err := account.Read(write("accounts.yaml", file), account.Config{})
	if err != nil {
		tb.Fatal(err)
	}
	return all
}

// ask sends a request of the account osm.
func (w *world) ask(method, path, body string, header ...string) *httptest.ResponseRecorder {
	return w.askAs("osm", method, path, body, header...)
}

func (w *world) askAs(user, method, path, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(context.Background(), method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", yangJSON)
	}
	r.SetBasicAuth(user, user+"-password")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	out := httptest.NewRecorder()
	w.echo.ServeHTTP(out, r)
	return out
}

// must sends a request and wants a status.
func (w *world) must(tb testing.TB, status int, method, path, body string) string {
	tb.Helper()
	out := w.ask(method, path, body)
	if out.Code != status {
		tb.Fatalf("%s %s %s: got %d, want %d\n%s", method, path, body, out.Code, status, out.Body)
	}
	return out.Body.String()
}

// vpnBody is what the connector sends for a service.
func vpnBody(id, kind string) string {
	return fmt.Sprintf(`{"ietf-l2vpn-svc:vpn-service": [{"vpn-id": %q, "vpn-svc-type": %q, "svc-topo": "any-to-any", "customer-name": "osm"}]}`, id, kind)
}

// accessBody is what the connector sends for an access, without a tag if vlan is 0.
func accessBody(id, vpn, bearer string, vlan int) string {
	connection := "{}"
	if vlan != 0 {
		connection = fmt.Sprintf(`{"encapsulation-type": "dot1q-vlan-tagged", "tagged-interface": {"dot1q-vlan-tagged": {"cvlan-id": %d}}}`, vlan)
	}
	return fmt.Sprintf(`{"ietf-l2vpn-svc:site-network-access": [{"connection": %s, "vpn-attachment": {"vpn-id": %q, "site-role": "any-to-any-role"},
		"network-access-id": %q, "bearer": {"bearer-reference": %q}}]}`, connection, vpn, id, bearer)
}

// inSite is the container of a site's accesses, as the connector writes it.
func inSite(id string) string { return sites + "/site=" + id + "/site-network-accesses/" }

// ordered says what the book has of an account in one line for each service.
func (w *world) ordered(account string) []string {
	var out []string
	w.book.View(service.L2VPN, account, func(tx *service.Tx) {
		for _, s := range tx.Services() {
			n := s.Intents.Slice.Networks[0]
			line := s.Key.ID + ":"
			for _, d := range n.Domains {
				line += " " + string(d)
				for _, h := range s.HandOffs {
					if h.Domain == d && h.Claims && h.Network == n.Name {
						line += fmt.Sprintf(".%d", h.VLAN)
					}
				}
				for _, m := range n.Members {
					if m.Domain == d {
						line += "/" + string(m.Name)
					}
				}
			}
			if n.MTU+n.BandwidthKbps > 0 {
				line += fmt.Sprintf(" mtu %d kbps %d", n.MTU, n.BandwidthKbps)
			}
			out = append(out, line)
		}
	})
	slices.Sort(out)
	return out
}

// wants compares what the book has.
func (w *world) wants(tb testing.TB, want ...string) {
	tb.Helper()
	if got := w.ordered("osm"); !slices.Equal(got, want) {
		tb.Fatalf("ordered %q, want %q", got, want)
	}
}

// notes returns how many texts an account keeps.
func (w *world) notes(account string) (n int) {
	w.book.View(service.L2VPN, account, func(tx *service.Tx) { n = len(tx.Notes()) })
	return n
}

// faults reads an errors document (RFC 8040, section 7.1).
func faults(tb testing.TB, body string) []map[string]string {
	tb.Helper()
	var doc map[string]map[string][]map[string]string
	if err := json.Unmarshal([]byte(body), &doc); err != nil {
		tb.Fatalf("%v: %s", err, body)
	}
	all := doc["ietf-restconf:errors"]["error"]
	if len(all) == 0 {
		tb.Fatalf("no errors in %s", body)
	}
	return all
}

// same compares JSON.
func same(tb testing.TB, got, want string) {
	tb.Helper()
	var a, b any
	if err := json.Unmarshal([]byte(got), &a); err != nil {
		tb.Fatalf("%v: %s", err, got)
	}
	if err := json.Unmarshal([]byte(want), &b); err != nil {
		tb.Fatalf("%v: %s", err, want)
	}
	x, _ := json.MarshalIndent(a, "", " ") // it was read from JSON
	y, _ := json.MarshalIndent(b, "", " ")
	if string(x) != string(y) {
		tb.Errorf("got %s\nwant %s", x, y)
	}
}

const (
	get, post, put, patch, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete
)
