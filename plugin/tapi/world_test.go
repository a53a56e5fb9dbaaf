package tapi_test

import (
	gocontext "context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"testing"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/web"
	"github.com/l2sces/l2sces/plugin/account/accounttest"
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
	accounttest.Client
	book *service.Book
	sco  *servicetest.SCO
}

func newWorld(tb testing.TB) *world {
	tb.Helper()
	e := web.NewEcho(slog.New(slog.DiscardHandler), 1<<20)
	w := &world{Client: accounttest.Client{Door: e}}
	w.book, w.sco = servicetest.Book(tb)
	tapi.New(w.book, endpoints, tapi.Config{Most: most}).Mount(e.Group("", accounttest.New(tb, map[string]slice.Tenant{"osm": "plant", "other": "others"}).Admit(service.TAPI)))
	return w
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

// fault returns the tag of an errors document.
func fault(tb testing.TB, body string) string {
	tb.Helper()
	return accounttest.Faults(tb, body)[0]["error-tag"]
}
