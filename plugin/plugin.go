// Package plugin is OSM's door: HTTP in, intents out. It takes the package of
// a slice template with the parameters of an instance, translates them and
// hands the intents on. It keeps nothing, so it may die at any moment, and it
// knows no network logic.
//
//	door := plugin.New(slices, caller, plugin.Config{Logger: log})
//	err := plugin.Serve(ctx, listener, door)
package plugin

import (
	"cmp"
	"context"
	"crypto/tls"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// Slices keeps slices: the SCO, as the door needs it.
type Slices interface {
	Apply(ctx context.Context, in intent.Intents, o intent.Order) (intent.Status, error)
	Status(ctx context.Context, id slice.ID) (intent.Status, error)
	List(ctx context.Context, q intent.Query) (intent.Page, error)
	Delete(ctx context.Context, id slice.ID, o intent.Order) (existed bool, err error)
}

// A Caller names who holds the certificate of a connection, and refuses whoever
// may not order slices.
type Caller func(tls.ConnectionState) (string, error)

// A Config is what the door can do without.
type Config struct {
	Logger *slog.Logger
	Now    func() time.Time // measures the phases of an order
}

// An Answer is what became of an order. Warnings are what was taken and would
// do otherwise than it looks.
type Answer struct {
	intent.Status
	Warnings []descriptor.Problem `json:"warnings,omitempty"`
}

// A List is all slices.
type List struct {
	Slices []intent.Status `json:"slices"`
}

// A Door serves the slices of one SCO over HTTP.
type Door struct {
	slices         Slices
	caller         Caller
	log            *slog.Logger
	now            func() time.Time
	echo           *echo.Echo
	taken, refused atomic.Uint64
}

// New returns a door. Whom caller does not name is turned away.
func New(slices Slices, caller Caller, c Config) *Door {
	d := &Door{slices: slices, caller: caller, log: c.Logger, now: c.Now, echo: echo.New()}
	d.log = cmp.Or(d.log, slog.New(slog.DiscardHandler))
	if d.now == nil {
		d.now = time.Now
	}
	e := d.echo
	e.HideBanner, e.HidePort = true, true
	e.IPExtractor = echo.ExtractIPDirect() // no header tells who calls
	e.HTTPErrorHandler = d.answerError
	e.Use(d.careful, d.admit)
	e.POST("/v1/slices", d.apply)
	e.GET("/v1/slices", d.list)
	e.GET("/v1/slices/:id", d.get)
	e.DELETE("/v1/slices/:id", d.remove)
	return d
}

// ServeHTTP answers one request.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) { d.echo.ServeHTTP(w, r) }

// Orders returns how many orders were carried out, and how many were not.
func (d *Door) Orders() (taken, refused uint64) { return d.taken.Load(), d.refused.Load() }

func (d *Door) list(c echo.Context) error {
	all := []intent.Status{}
	for q := (intent.Query{}); ; {
		page, err := d.slices.List(c.Request().Context(), q)
		if err != nil {
			return err
		}
		if all = append(all, page.Slices...); page.Next == "" {
			return c.JSON(http.StatusOK, List{Slices: all})
		}
		q.PageToken = page.Next
	}
}

func (d *Door) get(c echo.Context) error {
	id, err := idOf(c)
	if err != nil {
		return err
	}
	status, err := d.slices.Status(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, status)
}

// remove deletes a slice. One that is not there is as good as deleted.
func (d *Door) remove(c echo.Context) error {
	id, err := idOf(c)
	if err != nil {
		return err
	}
	existed, err := d.slices.Delete(c.Request().Context(), id, intent.Order{})
	if err != nil && slice.KindOf(err) != slice.NotFound {
		return err
	}
	if existed {
		d.log.Info("slice deleted", "slice", string(id), "caller", c.Get(callerKey))
	}
	return c.NoContent(http.StatusNoContent)
}

func idOf(c echo.Context) (slice.ID, error) {
	id := c.Param("id")
	if !slice.IsLabel(id) {
		return "", slice.Errorf(slice.Invalid, "no slice can have this name: use up to 63 lower-case letters, digits and dashes")
	}
	return slice.ID(id), nil
}
