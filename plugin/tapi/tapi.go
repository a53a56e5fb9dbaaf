// Package tapi is the door of ONF's Transport API 2.1.3, as far as the connector
// tapi of OSM uses it and a little further: service interface points, which are the
// endpoints of the catalog, and connectivity services of two end points. It speaks
// RESTCONF (RFC 8040) with the modules tapi-common and tapi-connectivity; networks
// are the book's business.
//
// No VLAN comes this way: a domain joins a connectivity service without a tag of its
// own choice. Capacity is what a port may send, and nothing is reserved for it.
//
//	tapi.New(book, catalog, tapi.Config{Logger: log}).Mount(group)
package tapi

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/account"
	"github.com/l2sces/l2sces/plugin/endpoint"
	"github.com/l2sces/l2sces/plugin/restconf"
	"github.com/l2sces/l2sces/plugin/service"
)

// The modules, and the roots of their data.
const (
	common       = "tapi-common"
	connectivity = "tapi-connectivity"

	contextPath = "/restconf/data/tapi-common:context"
	sipPath     = contextPath + "/service-interface-point"
	linksPath   = contextPath + "/tapi-connectivity:connectivity-context"
	servicePath = linksPath + "/connectivity-service"
	deletePath  = "/restconf/operations/tapi-connectivity:delete-connectivity-service"
)

// A Catalog knows the endpoints. *endpoint.Catalog is one.
type Catalog interface {
	List(ctx context.Context, tenant slice.Tenant) ([]endpoint.Endpoint, error)
}

// A Config is what the door can do without.
type Config struct {
	Logger *slog.Logger
	// Patience is how long an order waits for the SCO. 0: 25 s, which is less than
	// the connector's patience.
	Patience time.Duration
	// Most is how many connectivity services an account may have. 0: 10,000.
	Most int
}

const (
	defaultPatience = 25 * time.Second
	defaultMost     = 10_000
)

// A Door serves connectivity services.
type Door struct {
	book    *service.Book
	catalog Catalog
	cfg     Config
}

// New returns a door.
func New(book *service.Book, catalog Catalog, cfg Config) *Door {
	cfg.Logger = cmp.Or(cfg.Logger, slog.New(slog.DiscardHandler))
	cfg.Patience, cfg.Most = cmp.Or(cfg.Patience, defaultPatience), cmp.Or(cfg.Most, defaultMost)
	return &Door{book: book, catalog: catalog, cfg: cfg}
}

// Mount serves the door below a group, which admits accounts.
func (d *Door) Mount(g *echo.Group) {
	errors := restconf.Errors(d.cfg.Logger)
	for _, path := range []string{"", "/"} {
		restconf.GET(g, contextPath+path, d.context, errors)
		restconf.GET(g, sipPath+path, d.sips, errors)
		restconf.GET(g, linksPath+path, d.links, errors)
		restconf.GET(g, servicePath+path, d.list, errors)
		g.POST(restconf.Route(linksPath+path), d.create, errors)
	}
	restconf.GET(g, sipPath+"={uuid}", d.sip, errors)
	restconf.GET(g, servicePath+"={uuid}", d.get, errors)
	g.DELETE(restconf.Route(servicePath+"={uuid}"), d.remove, errors)
	g.POST(restconf.Route(deletePath), d.removeByRPC, errors)
	g.RouteNotFound(restconf.Route(contextPath+"/*"), absent, errors)
}

func absent(echo.Context) error {
	return restconf.NotFoundf("", "there is no such resource")
}

// Modules are those that the door serves.
func Modules() []restconf.Module {
	return []restconf.Module{
		{Name: common, Revision: "2020-04-23", Namespace: "urn:onf:otcc:yang:tapi-common", Conformance: "implement"},
		{Name: connectivity, Revision: "2020-06-16", Namespace: "urn:onf:otcc:yang:tapi-connectivity", Conformance: "implement"},
	}
}

// update changes what the account has, with patience.
func (d *Door) update(c echo.Context, change func(*service.Tx) error) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), d.cfg.Patience)
	defer cancel()
	return d.book.Update(ctx, service.TAPI, account.Of(c).Name, change)
}

// view looks at what the account has.
func (d *Door) view(c echo.Context, look func(*service.Tx)) {
	d.book.View(service.TAPI, account.Of(c).Name, look)
}
