package nss_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"testing"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/web"
	"github.com/l2sces/l2sces/plugin/account/accounttest"
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
	accounttest.Client
	book  *service.Book
	sco   *servicetest.SCO
	check error // what a dry run says
	tried []intent.Intents
}

func newWorld(tb testing.TB) *world {
	tb.Helper()
	e := web.NewEcho(slog.New(slog.DiscardHandler), 1<<20)
	w := &world{Client: accounttest.Client{Door: e}}
	w.book, w.sco = servicetest.Book(tb)
	nss.New(w.book, endpoints, nss.Config{Most: 2, Check: func(_ context.Context, in intent.Intents) error {
		w.tried = append(w.tried, in)
		return w.check
	}}).Mount(e.Group("", accounttest.New(tb, map[string]slice.Tenant{"osm": "plant", "other": "others"}).Admit(service.NSS)))
	return w
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

// fault returns the tag of an errors document.
func fault(tb testing.TB, body string) string {
	tb.Helper()
	return accounttest.Faults(tb, body)[0]["error-tag"]
}
