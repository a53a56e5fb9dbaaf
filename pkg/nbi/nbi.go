// Package nbi is the door of each daemon for those who run it: whether it
// lives, whether it is ready, and its counters. It is no door for tenants and
// asks nobody who they are: give it a socket or an address that only operators
// reach.
//
//	err := nbi.Serve(ctx, "unix:/run/l2sces/sdnc.sock", nbi.Config{Ready: sdnc.Ready})
package nbi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

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

// Limits of a request. The door answers from memory, so they are tight.
const (
	headerTimeout = 5 * time.Second
	bodyTimeout   = 10 * time.Second
	answerTimeout = 30 * time.Second
	idleTimeout   = time.Minute
	closeTimeout  = 3 * time.Second
	maxHeader     = 16 << 10 // bytes
	maxBody       = 64 << 10 // bytes
)

// Serve listens on addr (host:port or unix:PATH) and serves /healthz, /readyz
// and /metrics until ctx ends; then it returns nil.
func Serve(ctx context.Context, addr string, c Config) error {
	l, err := Listen(ctx, addr)
	if err != nil {
		return err
	}
	srv := &http.Server{
		Handler:           handler(c),
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       bodyTimeout,
		WriteTimeout:      answerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
	}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(l) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	// Those who are being answered may finish, for as long as we are patient.
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	if err := srv.Shutdown(late); err != nil {
		return errors.Join(srv.Close(), ignoreClosed(<-ended))
	}
	return ignoreClosed(<-ended)
}

// ignoreClosed drops the error by which a server says that it was told to end.
func ignoreClosed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

func handler(c Config) http.Handler {
	e := newEcho(cmp.Or(c.Logger, slog.New(slog.DiscardHandler)))
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
// from, takes small bodies only, survives a handler's panic and answers errors
// as problems.
func newEcho(log *slog.Logger) *echo.Echo {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.IPExtractor = echo.ExtractIPDirect()
	e.HTTPErrorHandler = problems(log)
	e.Use(careful)
	return e
}

// careful caps the body and turns a handler's panic into an error, so that one
// fault does not take the daemon down.
func careful(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			if r := recover(); r != nil {
				err = fmt.Errorf("handler panicked: %v\n%s", r, debug.Stack())
			}
		}()
		c.Request().Body = http.MaxBytesReader(c.Response(), c.Request().Body, maxBody)
		return next(c)
	}
}
