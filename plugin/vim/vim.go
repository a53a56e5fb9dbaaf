// Package vim is the VIM that OSM sees: the networks of VIM accounts of type
// l2sces. OSM's resource orchestrator (RO) loads Python only, so that the package
// in plugin/rovim passes its calls on to here, as JSON over HTTP; what they mean is
// decided here. A VIM account is one domain: what RO takes for a tenant of the VIM
// is the domain's name.
//
//	door := vim.New(book, catalog, vim.Config{Logger: log})
//	door.Mount(e.Group("/vim/v1", accounts.Admit(service.VIM)))
package vim

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/account"
	"github.com/l2sces/l2sces/plugin/endpoint"
	"github.com/l2sces/l2sces/plugin/service"
)

// Version names the calls of this door.
const Version = "l2sces-vim/v1"

// A Config is what the door can do without.
type Config struct {
	Logger *slog.Logger
	Now    func() time.Time
	// Patience is how long a change waits for the SCO; 0: 20 s.
	Patience time.Duration
	// Grace is how long a network that was made for an RO that is gone waits for
	// somebody to ask for it, before it is handed out again; 0: one minute. RO asks
	// every 15 s for what it knows, and repeats what it does not know after minutes.
	Grace time.Duration
}

// A Door serves the networks of VIM accounts. It keeps nothing but what is in the
// book.
type Door struct {
	book    *service.Book
	catalog *endpoint.Catalog
	conf    Config
}

// New returns a door to a book.
func New(book *service.Book, catalog *endpoint.Catalog, c Config) *Door {
	c.Logger = cmp.Or(c.Logger, slog.New(slog.DiscardHandler))
	c.Patience = cmp.Or(c.Patience, 20*time.Second)
	c.Grace = cmp.Or(c.Grace, time.Minute)
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Door{book, catalog, c}
}

// Mount puts the door's paths below a group that has let an account in.
func (d *Door) Mount(g *echo.Group) {
	g.GET("", d.check)
	g.GET("/tenants", d.tenants)
	g.POST("/tenants", d.noTenant)
	g.DELETE("/tenants/:id", d.noTenant)
	g.GET("/networks", d.list)
	g.POST("/networks", d.create)
	g.POST("/networks/refresh", d.refresh)
	g.GET("/networks/:id", d.get)
	g.DELETE("/networks/:id", d.remove)
	g.PUT("/networks/:id/ports/:workload", d.attach)
	g.DELETE("/networks/:id/ports/:workload", d.detach)
	g.DELETE("/requests/:id", d.cancel)
}

// A Check is what the door says of itself and of who asks.
type Check struct {
	Version string       `json:"version"`
	Account string       `json:"account"`
	Domain  slice.Domain `json:"domain,omitempty"`
}

// check tells whether the account may use a domain.
func (d *Door) check(c echo.Context) error {
	who, domain := account.Of(c), slice.Domain(c.QueryParam("domain"))
	if domain != "" {
		if err := d.reach(c.Request().Context(), who.Tenant, domain); err != nil {
			return err
		}
	}
	return c.JSON(http.StatusOK, Check{Version, who.Name, domain})
}

// reach reports a domain that a tenant cannot use.
func (d *Door) reach(ctx context.Context, t slice.Tenant, domain slice.Domain) error {
	if !slice.IsLabel(string(domain)) {
		return slice.Errorf(slice.Invalid, "domain %.64q is not a DNS label: set config.domain of the VIM account, or its tenant name, to a domain of the SCO", string(domain))
	}
	at, err := d.catalog.Find(ctx, t, string(domain))
	if slice.KindOf(err) == slice.NotFound || err == nil && (at.Domain != domain || at.Workload != "") {
		return slice.Errorf(slice.NotFound, "there is no domain %s: set config.domain of the VIM account, or its tenant name, to a domain of the SCO", domain)
	}
	return err
}

// A Tenant is what RO takes for one: a domain.
type Tenant struct {
	ID   slice.Domain `json:"id"`
	Name slice.Domain `json:"name"`
}

// Tenants are the answer to a list of them.
type Tenants struct {
	Tenants []Tenant `json:"tenants"`
}

func (d *Door) tenants(c echo.Context) error {
	all, err := d.catalog.List(c.Request().Context(), account.Of(c).Tenant)
	if err != nil {
		return err
	}
	id, name := c.QueryParam("id"), c.QueryParam("name")
	out := Tenants{Tenants: []Tenant{}}
	for _, e := range all {
		has := string(e.Domain)
		if e.Workload == "" && e.Name == has && (id == "" || id == has) && (name == "" || name == has) {
			out.Tenants = append(out.Tenants, Tenant{e.Domain, e.Domain})
		}
	}
	return c.JSON(http.StatusOK, out)
}
