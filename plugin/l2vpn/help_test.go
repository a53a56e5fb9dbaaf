package l2vpn_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/account/accounttest"
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
	accounttest.Client
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
	e := echo.New()
	w := &world{Client: accounttest.Client{Door: e}, now: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)}
	w.book, w.sco = servicetest.Book(tb)
	w.door = l2vpn.New(w.book, w, l2vpn.Config{Now: func() time.Time { return w.now }})
	accounts := accounttest.New(tb, map[string]slice.Tenant{"osm": "hospital", "second": "hospital"})
	w.door.Mount(e.Group("", restconf.Errors(slog.New(slog.DiscardHandler)), accounts.Admit(service.L2VPN)))
	return w
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

const (
	get, post, put, patch, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete
)
