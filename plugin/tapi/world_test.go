package tapi_test

import (
	gocontext "context"
	"crypto/sha256"
	"encoding/hex"
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

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/web"
	"github.com/l2sces/l2sces/plugin/account"
	"github.com/l2sces/l2sces/plugin/endpoint"
	"github.com/l2sces/l2sces/plugin/service"
	"github.com/l2sces/l2sces/plugin/service/servicetest"
	"github.com/l2sces/l2sces/plugin/tapi"
)

const (
	context  = "/restconf/data/tapi-common:context"
	sips     = context + "/service-interface-point"
	links    = context + "/tapi-connectivity:connectivity-context"
	services = links + "/connectivity-service"
	deletion = "/restconf/operations/tapi-connectivity:delete-connectivity-service"

	get, post, del = http.MethodGet, http.MethodPost, http.MethodDelete

	most = 4 // connectivity services of an account
)

// uuidOf makes the UUID of an endpoint, as a catalog does in its own way.
func uuidOf(name string) string {
	sum := sha256.Sum256([]byte(name))
	h := hex.EncodeToString(sum[:16])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// catalog is endpoints in their order.
type catalog []endpoint.Endpoint

func (c catalog) List(_ gocontext.Context, tenant slice.Tenant) ([]endpoint.Endpoint, error) {
	var all []endpoint.Endpoint
	for _, e := range c {
		if e.UUID = uuidOf(e.Name); e.Tenant == "" || e.Tenant == tenant {
			all = append(all, e)
		}
	}
	return all, nil
}

var endpoints = catalog{
	{Name: "a", Domain: "a"},
	{Name: "a/camera", Domain: "a", Workload: "camera"},
	{Name: "b", Domain: "b"},
	{Name: "b/viewer", Domain: "b", Workload: "viewer", Interface: "eth1"},
	{Name: "b-in", Domain: "b"},
	{Name: "b-out", Domain: "b"},
	{Name: "of-others", Domain: "c", Tenant: "others"},
}

// A world is a door with a book and an SCO behind it.
type world struct {
	echo *echo.Echo
	book *service.Book
	sco  *servicetest.SCO
}

func newWorld(tb testing.TB) *world {
	tb.Helper()
	w := &world{echo: web.NewEcho(slog.New(slog.DiscardHandler), 1<<20)}
	w.book, w.sco = servicetest.Book(tb)
	tapi.New(w.book, endpoints, tapi.Config{Most: most}).Mount(w.echo.Group("", admit(tb)))
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
	return accounts.Admit(service.TAPI)
}

// ask sends a request of the account osm.
func (w *world) ask(method, path, body string, header ...string) *httptest.ResponseRecorder {
	return w.askAs("osm", method, path, body, header...)
}

func (w *world) askAs(user, method, path, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(gocontext.Background(), method, path, strings.NewReader(body))
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

// ordered says what the book has of an account, in one line for each service.
func (w *world) ordered(account string) []string {
	var out []string
	w.book.View(service.TAPI, account, func(tx *service.Tx) {
		for _, s := range tx.Services() {
			n := s.Intents.Slice.Networks[0]
			members := []string{}
			for _, m := range n.Members {
				members = append(members, fmt.Sprintf("%s/%s:%s", m.Domain, m.Name, m.Interface))
			}
			line := fmt.Sprintf("%s: %s %s %v %v %d", s.Key.ID, n.Type, n.Name, n.Domains, members, n.BandwidthKbps)
			for _, j := range s.Joins {
				line += " with " + j.With.ID
			}
			out = append(out, line)
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
