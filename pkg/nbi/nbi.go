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
	"log/slog"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/l2sces/l2sces/pkg/web"
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
	l, err := web.Listen(ctx, addr)
	if err != nil {
		return err
	}
	return web.Serve(ctx, l, handler(c))
}

func handler(c Config) http.Handler {
	e := web.NewEcho(cmp.Or(c.Logger, slog.New(slog.DiscardHandler)), web.MaxBody)
	e.GET("/healthz", func(ctx echo.Context) error {
		return ctx.JSON(http.StatusOK, health{"ok", c.Version})
	})
	e.GET("/readyz", func(ctx echo.Context) error {
		if c.Ready != nil {
			if err := c.Ready(); err != nil {
				return web.WriteProblem(ctx, http.StatusServiceUnavailable, err.Error())
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
