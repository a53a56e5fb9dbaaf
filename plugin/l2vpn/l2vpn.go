// Package l2vpn is a door of OSM's plugin: the service model of RFC 8466 for layer 2
// VPNs, over RESTCONF (RFC 8040). OSM's connector ietfl2vpn orders by it, and so may
// every other client of the model. The door keeps each account's configuration as
// notes of the book, and puts each vpn-service with two accesses or more into it as
// a network; what becomes of that is the book's affair.
//
//	door := l2vpn.New(book, catalog, l2vpn.Config{Logger: log})
//	door.Mount(group)
package l2vpn

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/endpoint"
	"github.com/l2sces/l2sces/plugin/restconf"
	"github.com/l2sces/l2sces/plugin/service"
)

// The model (RFC 8466, section 8), and what we add to it.
const (
	module   = "ietf-l2vpn-svc"
	top      = "l2vpn-svc"
	root     = "/restconf/data/" + module + ":" + top
	rootPath = "/" + module + ":" + top // of an instance-identifier

	statusModule = "l2sces-l2vpn"
)

// defaultOrphan is how long a service with fewer than two accesses stays.
const defaultOrphan = time.Hour

// A Catalog knows endpoints by their names. *endpoint.Catalog is one.
type Catalog interface {
	Find(ctx context.Context, tenant slice.Tenant, name string) (endpoint.Endpoint, error)
}

// A Config is what the door can do without.
type Config struct {
	Logger *slog.Logger
	Now    func() time.Time
	// Orphan is how long a service with fewer than two accesses stays after its last
	// change: the connector of OSM leaves such behind. Negative: for ever.
	Orphan time.Duration
}

// A Door serves the model.
type Door struct {
	book    *service.Book
	catalog Catalog
	log     *slog.Logger
	now     func() time.Time
	orphan  time.Duration
}

// New returns a door to a book.
func New(book *service.Book, catalog Catalog, c Config) *Door {
	d := &Door{book: book, catalog: catalog, log: c.Logger, now: c.Now, orphan: cmp.Or(c.Orphan, defaultOrphan)}
	d.log = cmp.Or(d.log, slog.New(slog.DiscardHandler))
	if d.now == nil {
		d.now = time.Now
	}
	return d
}

// Mount adds the door's paths to a group, behind which account.Admit has said who
// calls.
func (d *Door) Mount(g *echo.Group) {
	handlers := map[string]echo.HandlerFunc{
		http.MethodGet: d.get, http.MethodHead: d.get, http.MethodOptions: d.options, http.MethodPost: d.edit,
		http.MethodPut: d.edit, http.MethodPatch: d.edit, http.MethodDelete: d.edit,
	}
	answered := restconf.Errors(d.log)
	for method, handler := range handlers {
		g.Add(method, restconf.Route(root), handler, answered)
		g.Add(method, restconf.Route(root+"/*"), handler, answered)
	}
}

// Modules are what restconf.Discover says of the door.
func Modules() []restconf.Module {
	return []restconf.Module{
		{
			Name: module, Revision: "2018-10-09", Namespace: "urn:ietf:params:xml:ns:yang:" + module, Conformance: "implement",
			Feature: []string{"bearer-reference", "dot1q", "input-bw", "output-bw", "vlan"},
		},
		{Name: statusModule, Revision: "2026-12-01", Namespace: "urn:l2sces:l2vpn", Conformance: "implement"},
		{Name: "ietf-inet-types", Revision: "2013-07-15", Namespace: "urn:ietf:params:xml:ns:yang:ietf-inet-types", Conformance: "import"},
		{Name: "ietf-yang-types", Revision: "2013-07-15", Namespace: "urn:ietf:params:xml:ns:yang:ietf-yang-types", Conformance: "import"},
		{Name: "ietf-netconf-acm", Revision: "2018-02-14", Namespace: "urn:ietf:params:xml:ns:yang:ietf-netconf-acm", Conformance: "import"},
	}
}
