// Package rest is the REST door of the SCO, /v1, made from the document in
// package v1. It turns requests into orders and values into answers, and
// decides nothing about slices: what callers may do is decided by what it is
// given.
//
//	err := rest.Serve(ctx, "192.0.2.1:8443", tls, rest.Config{Slices: slices, Admit: admit})
package rest

import (
	"cmp"
	"context"
	"crypto/tls"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/l2sces/l2sces/pkg/access"
	v1 "github.com/l2sces/l2sces/pkg/rest/v1"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/web"
)

// A Config says what the door shows, and to whom. What is nil is answered with
// 503.
type Config struct {
	Slices   Slices
	Registry Registry
	Events   Events
	Admin    Admin
	// Admit finds out who sends a request and returns its context with the
	// caller (package access).
	Admit  func(*http.Request) (context.Context, error)
	Logger *slog.Logger // nil: none
}

// The limits of a request: a slice of 64 domains and 10,000 members has about a
// megabyte, and an order that touches them all may take half a minute.
const (
	maxBody = 4 << 20
	answer  = time.Minute
)

// Serve serves /v1 on addr over TLS until ctx ends.
func Serve(ctx context.Context, addr string, config *tls.Config, c Config) error {
	l, err := web.Listen(ctx, addr)
	if err != nil {
		return err
	}
	return web.Serve(ctx, tls.NewListener(l, config), New(c))
}

// New returns the door. It serves nobody without TLS.
func New(c Config) http.Handler {
	c.Logger = cmp.Or(c.Logger, slog.New(slog.DiscardHandler))
	e := web.NewEcho(c.Logger, maxBody)
	e.Binder = web.Strict{}
	a := &api{conf: c}
	e.Use(a.admit)
	v1.RegisterHandlers(e, v1.NewStrictHandler(a, nil))
	e.GET("/v1/watch", a.watch)
	e.GET("/v1/events/stream", a.stream)
	e.GET("/v1/export", a.export)
	for _, path := range []string{"/openapi.json", "/v1/openapi.json"} {
		e.GET(path, document("application/json", v1.JSON))
	}
	e.GET("/v1/openapi.yaml", document("application/yaml", v1.YAML))
	return e
}

func document(kind string, text []byte) echo.HandlerFunc {
	return func(c echo.Context) error { return c.Blob(http.StatusOK, kind, text) }
}

// api carries out what the generated handlers have decoded.
type api struct {
	conf    Config
	follows follows
}

var _ v1.StrictServerInterface = (*api)(nil)

// admit serves those only who are known, and gives an order the time that it
// takes.
func (a *api) admit(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		if r.TLS == nil {
			return slice.Errorf(slice.Denied, "the connection is not encrypted")
		}
		ctx, err := a.conf.Admit(r)
		if err != nil {
			return unknown(c, err)
		}
		c.SetRequest(r.WithContext(ctx))
		_ = http.NewResponseController(c.Response()).SetWriteDeadline(time.Now().Add(answer)) // a recorder has none
		return next(c)
	}
}

// unknown asks a caller that is not known to say who it is (RFC 6750, section
// 3), and one that calls too often to come back later (RFC 6585, section 4).
func unknown(c echo.Context, err error) error {
	if wait, hasty := access.RetryAfter(err); hasty {
		c.Response().Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
		return web.Errorf(http.StatusTooManyRequests, "%s", err)
	}
	if !access.IsStranger(err) {
		return err
	}
	c.Response().Header().Set("WWW-Authenticate", `Bearer realm="l2sces"`)
	return web.Errorf(http.StatusUnauthorized, "%s", err)
}

// caller returns the name of who sends a request.
func caller(ctx context.Context) string { return access.From(ctx).Name }
