package nss_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/web"
	"github.com/l2sces/l2sces/plugin/account"
	"github.com/l2sces/l2sces/plugin/endpoint"
	"github.com/l2sces/l2sces/plugin/nss"
	"github.com/l2sces/l2sces/plugin/service"
	"github.com/l2sces/l2sces/plugin/service/servicetest"
)

const (
	root      = "/restconf/data/ietf-network-slice-service:network-slice-services"
	plants    = root + "/slice-service"
	templates = root + "/slo-sle-templates"

	get, post, put, patch, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete
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
	"north":        {Name: "north", Domain: "north"},
	"south":        {Name: "south", Domain: "south"},
	"east":         {Name: "east", Domain: "east"},
	"east/robot-1": {Name: "east/robot-1", Domain: "east", Workload: "robot-1"},
	"north/plc":    {Name: "north/plc", Domain: "north", Workload: "plc", Interface: "eth1"},
	"of-others":    {Name: "of-others", Domain: "south", Tenant: "others"},
}

// A world is a door with a book and an SCO behind it.
type world struct {
	echo  *echo.Echo
	book  *service.Book
	sco   *servicetest.SCO
	check error // what a dry run says
	tried []intent.Intents
}

func newWorld(tb testing.TB) *world {
	tb.Helper()
	w := &world{echo: web.NewEcho(slog.New(slog.DiscardHandler), 1<<20)}
	w.book, w.sco = servicetest.Book(tb)
	nss.New(w.book, endpoints, nss.Config{Most: 2, Check: func(_ context.Context, in intent.Intents) error {
		w.tried = append(w.tried, in)
		return w.check
	}}).Mount(w.echo.Group("", admit(tb)))
	return w
}

// admit lets the accounts osm and other in.
func admit(tb testing.TB) echo.MiddlewareFunc {
	tb.Helper()
	dir := tb.TempDir()
	for name, text := range map[string]string{
		"accounts.yaml": "accounts:\n- {name: osm, tenant: plant, passwordFile: osm}\n- {name: other, tenant: others, passwordFile: other}\n",
		"osm":           "osm-password", "other": "other-password",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	accounts, err := account.Read(filepath.Join(dir, "accounts.yaml"), account.Config{})
	if err != nil {
		tb.Fatal(err)
	}
	return accounts.Admit(service.NSS)
}

// ask sends a request of the account osm.
func (w *world) ask(method, path, body string, header ...string) *httptest.ResponseRecorder {
	return w.askAs("osm", method, path, body, header...)
}

func (w *world) askAs(user, method, path, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(context.Background(), method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/yang-data+json")
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

// ordered says what the book has of an account, a line for each network, hand-off and
// path.
func (w *world) ordered(account string) []string {
	out := []string{}
	w.book.View(service.NSS, account, func(tx *service.Tx) {
		for _, s := range tx.Services() {
			for _, n := range s.Intents.Slice.Networks {
				members := []string{}
				for _, m := range n.Members {
					members = append(members, fmt.Sprintf("%s/%s:%s", m.Domain, m.Name, m.Interface))
				}
				out = append(out, fmt.Sprintf("%s: %s %s %v %v mtu %d cap %d", s.Key.ID, n.Type, n.Name, n.Domains, members, n.MTU, n.BandwidthKbps))
			}
			for _, h := range s.HandOffs {
				out = append(out, fmt.Sprintf("%s: %s at %s by %d %t", s.Key.ID, h.Network, h.Domain, h.VLAN, h.Claims))
			}
			for _, p := range s.Intents.Paths {
				out = append(out, fmt.Sprintf("%s: %s %s-%s %d ms %d kbps %s", s.Key.ID, p.Network, p.From, p.To, p.MaxLatencyMs, p.MinBandwidthKbps, p.Protection))
			}
			if e := s.Intents.Overlay.Encryption; e != "" {
				out = append(out, fmt.Sprintf("%s: %s", s.Key.ID, e))
			}
		}
	})
	return out
}

// fault returns the tag of an errors document (RFC 8040, section 7.1).
func fault(tb testing.TB, body string) string {
	tb.Helper()
	var doc map[string]map[string][]map[string]string
	if err := json.Unmarshal([]byte(body), &doc); err != nil {
		tb.Fatalf("%v: %s", err, body)
	}
	all := doc["ietf-restconf:errors"]["error"]
	if len(all) == 0 || all[0]["error-message"] == "" {
		tb.Fatalf("no error in %s", body)
	}
	return all[0]["error-tag"]
}

// same compares JSON.
func same(tb testing.TB, got, want string) {
	tb.Helper()
	var a, b any
	if json.Unmarshal([]byte(got), &a) != nil || json.Unmarshal([]byte(want), &b) != nil || !reflect.DeepEqual(a, b) {
		tb.Errorf("got  %s\nwant %s", got, want)
	}
}
