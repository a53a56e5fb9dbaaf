// Package nbi holds the HTTP doors of the daemons. Serve is that of each daemon
// for those who run it: whether it lives, whether it is ready, and its
// counters; it asks nobody who they are: give it a socket or an address that
// only operators reach. ServeAPI is the REST interface of an SDN controller,
// made from the document in package rest, and ServeOnos that of the original
// for clients that know no other. They decide nothing about networks.
//
//	err := nbi.Serve(ctx, "unix:/run/l2sces/sdnc.sock", nbi.Config{Ready: sdnc.Ready})
package nbi

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"

	"github.com/labstack/echo/v4"
)

// A Config says what the door shows. The zero value is a daemon that is always
// ready and counts nothing but itself.
type Config struct {
	Ready   func() error    // nil when the daemon can serve, else why not
	Metrics func() []Sample // the daemon's counters, asked at each scrape
	Logger  *slog.Logger
	Version string
}

// Serve listens on addr (host:port or unix:PATH) and serves /healthz, /readyz
// and /metrics until ctx ends; then it returns nil.
func Serve(ctx context.Context, addr string, c Config) error {
	l, err := Listen(ctx, addr)
	if err != nil {
		return err
	}
	return serve(ctx, l, handler(c))
}

func handler(c Config) http.Handler {
	e := newEcho(cmp.Or(c.Logger, slog.New(slog.DiscardHandler)), maxBody)
	e.GET("/healthz", func(ctx echo.Context) error {
		return ctx.JSON(http.StatusOK, health{"ok", c.Version})
	})
	e.GET("/readyz", func(ctx echo.Context) error {
		if c.Ready != nil {
			if err := c.Ready(); err != nil {
				return writeProblem(ctx, http.StatusServiceUnavailable, err.Error())
			}
		}
		return ctx.JSON(http.StatusOK, health{"ready", c.Version})
	})
	e.GET("/metrics", echo.WrapHandler(metrics(c)))
	return e
}

type health struct {
	Status  string `json:"status"`
	Version string `json:"version,omitempty"`
}

// newEcho returns an echo that trusts no header about where a request comes
// from, takes bodies of so many bytes only, survives a handler's panic and
// answers errors as problems.
func newEcho(log *slog.Logger, body int64) *echo.Echo {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.IPExtractor = echo.ExtractIPDirect()
	e.HTTPErrorHandler = problems(log)
	e.Use(careful(body))
	return e
}

// careful caps the body and turns a handler's panic into an error, so that one
// fault does not take the daemon down.
func careful(body int64) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) (err error) {
			defer func() {
				if r := recover(); r != nil {
					err = fmt.Errorf("handler panicked: %v\n%s", r, debug.Stack())
				}
			}()
			c.Request().Body = http.MaxBytesReader(c.Response(), c.Request().Body, body)
			return next(c)
		}
	}
}
