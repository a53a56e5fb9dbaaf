// Package nss is the door of the IETF's Network Slice Service (RFC 9543), the
// standard way to ask for a slice with objectives: RESTCONF (RFC 8040) over the
// module ietf-network-slice-service of draft-ietf-teas-ietf-network-slice-nbi-yang,
// revision 2026-05-27.
//
// A slice service is one slice. A connection group of it is one network, in which all
// of its SDPs hear each other. An SDP is an endpoint of the catalog: its node-id is
// the endpoint's name, or without one its id. With attachment circuits, each circuit
// is an endpoint: NODE/ac-tp-id, or NODE alone, where NODE is its ac-node-id or else
// that of the SDP. The VLAN by which a domain hands a network over is that of the
// match criterion for the connection group, or of the circuit's tag vlan-id.
//
// Objectives become paths: see promise.go for what is kept of each. What we could not
// keep is refused, with its path.
//
//	nss.New(book, catalog, nss.Config{Logger: log, Check: dryRun}).Mount(group)
package nss

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/account"
	"github.com/l2sces/l2sces/plugin/endpoint"
	"github.com/l2sces/l2sces/plugin/restconf"
	"github.com/l2sces/l2sces/plugin/service"
)

// root is the path of all that we serve.
const root = "/restconf/data/" + module + ":network-slice-services"

// A Catalog knows the endpoints. *endpoint.Catalog is one.
type Catalog interface {
	Find(ctx context.Context, tenant slice.Tenant, name string) (endpoint.Endpoint, error)
}

// A Config is what the door can do without.
type Config struct {
	Logger *slog.Logger
	// Check asks whether intents could be had, and changes nothing: Slices.Apply with
	// Order.DryRun. It answers a slice service that is test-only. Without it, such a
	// one is only held against the model and the catalog.
	Check    func(ctx context.Context, in intent.Intents) error
	Patience time.Duration // how long an order waits for the SCO. 0: 25 s
	Most     int           // slice services of an account, and templates. 0: 10,000
}

const (
	defaultPatience = 25 * time.Second
	defaultMost     = 10_000
)

// A Door serves network slice services.
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
	for _, path := range []string{root, root + "/*"} {
		restconf.GET(g, path, d.read, errors)
		g.POST(restconf.Route(path), d.create, errors)
		g.PUT(restconf.Route(path), d.replace, errors)
		g.PATCH(restconf.Route(path), d.merge, errors)
		g.DELETE(restconf.Route(path), d.remove, errors)
		g.OPTIONS(restconf.Route(path), options, errors)
	}
}

// options says what can be done (RFC 8040, section 4.1).
func options(c echo.Context) error {
	c.Response().Header().Set(echo.HeaderAllow, "GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE")
	c.Response().Header().Set("Accept-Patch", restconf.MediaType)
	return c.NoContent(http.StatusOK)
}

// Modules are those that the door serves.
func Modules() []restconf.Module {
	return []restconf.Module{
		{Name: module, Revision: "2026-05-27", Namespace: "urn:ietf:params:xml:ns:yang:" + module, Conformance: "implement"},
		{Name: vpnCommon, Revision: "2022-02-11", Namespace: "urn:ietf:params:xml:ns:yang:" + vpnCommon, Conformance: "import"},
	}
}

// update changes what the account has, with patience.
func (d *Door) update(c echo.Context, change func(context.Context, *service.Tx) error) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), d.cfg.Patience)
	defer cancel()
	return d.book.Update(ctx, service.NSS, account.Of(c).Name, func(tx *service.Tx) error { return change(ctx, tx) })
}
