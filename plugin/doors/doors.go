// Package doors puts all that OSM's accounts call on one handler: ONOS' VPLS,
// RFC 8466, TAPI, network slice services and the networks of VIM accounts. Each
// door is a package of its own and knows nothing of the others; they share the
// book, the catalog of endpoints and the accounts.
//
//	h := doors.New(book, catalog, accounts, doors.Config{Logger: log})
package doors

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/web"
	"github.com/l2sces/l2sces/plugin/account"
	"github.com/l2sces/l2sces/plugin/endpoint"
	"github.com/l2sces/l2sces/plugin/l2vpn"
	"github.com/l2sces/l2sces/plugin/nss"
	"github.com/l2sces/l2sces/plugin/restconf"
	"github.com/l2sces/l2sces/plugin/service"
	"github.com/l2sces/l2sces/plugin/tapi"
	"github.com/l2sces/l2sces/plugin/vim"
	"github.com/l2sces/l2sces/plugin/vpls"
	"github.com/l2sces/l2sces/plugin/watch"
)

// maxBody is what a request may bring: the configuration document of ONOS is the
// largest.
const maxBody = 4 << 20 // bytes

// orderTimeout is how long an order may wait for the SCO. Connectors wait for
// ever.
const orderTimeout = time.Minute

// sweepEvery is how often services are looked for that nobody will finish.
const sweepEvery = time.Minute

// A Config is what the doors can do without.
type Config struct {
	Logger *slog.Logger
	Now    func() time.Time
	// Watcher hears when something happens in OSM, at CallbackPath. It may be nil.
	Watcher *watch.Watcher
	// Check asks the SCO whether intents could be had. It may be nil.
	Check func(ctx context.Context, in intent.Intents) error
}

// vimPath is where the entry point in OSM's RO calls.
const vimPath = "/vim/v1"

// CallbackPath is where OSM calls back.
const CallbackPath = "/watch/v1/notifications"

// Doors are all doors.
type Doors struct {
	echo  *echo.Echo
	l2vpn *l2vpn.Door
	log   *slog.Logger
}

// New returns the doors of a book.
func New(book *service.Book, catalog *endpoint.Catalog, accounts *account.Accounts, c Config) *Doors {
	log := cmp.Or(c.Logger, slog.New(slog.DiscardHandler))
	d := &Doors{echo: web.NewEcho(log, maxBody), log: log}
	d.echo.Use(d.within)
	group := func(door string, more ...echo.MiddlewareFunc) *echo.Group {
		return d.echo.Group("", append(more, accounts.Admit(door))...)
	}
	errors := restconf.Errors(log) // those of Admit as well
	vpls.New(book, catalog, vpls.Config{Logger: log, Now: c.Now}).Mount(group(service.VPLS))
	d.l2vpn = l2vpn.New(book, catalog, l2vpn.Config{Logger: log, Now: c.Now})
	d.l2vpn.Mount(group(service.L2VPN, errors))
	tapi.New(book, catalog, tapi.Config{Logger: log}).Mount(group(service.TAPI, errors))
	nss.New(book, catalog, nss.Config{Logger: log, Check: c.Check}).Mount(group(service.NSS, errors))
	vim.New(book, catalog, vim.Config{Logger: log, Now: c.Now}).Mount(d.echo.Group(vimPath, accounts.Admit(service.VIM)))
	restconf.Discover(group("", errors), "", append(append(l2vpn.Modules(), tapi.Modules()...), nss.Modules()...)...)
	if c.Watcher != nil {
		c.Watcher.Mount(d.echo.Group(CallbackPath))
	}
	return d
}

// within gives a request a time, whatever its client does.
func (d *Doors) within(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		ctx, cancel := context.WithTimeout(c.Request().Context(), orderTimeout)
		defer cancel()
		c.SetRequest(c.Request().WithContext(ctx))
		return next(c)
	}
}

// ServeHTTP answers one request.
func (d *Doors) ServeHTTP(w http.ResponseWriter, r *http.Request) { d.echo.ServeHTTP(w, r) }

// Run collects what connectors began and left, until ctx ends.
func (d *Doors) Run(ctx context.Context) error {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		d.sweep(ctx)
	}
}

// sweep takes its time only: an account waits as long.
func (d *Doors) sweep(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, orderTimeout)
	defer cancel()
	if err := d.l2vpn.Sweep(ctx); err != nil {
		d.log.Warn("abandoned services were not collected", "reason", err.Error())
	}
}
