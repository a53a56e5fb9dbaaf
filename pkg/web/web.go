// Package web holds what doors over HTTP share: a server with tight limits,
// errors as problems, strict bodies, pages, tags and events that are sent while
// they happen. It knows no resource and decides nothing.
//
//	e := web.NewEcho(log, web.MaxBody)
package web

import (
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"

	"github.com/labstack/echo/v4"
)

// MaxBody is what a body may have, in bytes, where nothing large is expected.
const MaxBody = 64 << 10

// NewEcho returns an echo that trusts no header about where a request comes
// from, takes bodies of so many bytes only, survives a handler's panic and
// answers errors as problems.
func NewEcho(log *slog.Logger, body int64) *echo.Echo {
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
				r := recover()
				if r == http.ErrAbortHandler { //nolint:errorlint // a handler ends its connection with this very value
					panic(r)
				}
				if r != nil {
					err = fmt.Errorf("handler panicked: %v\n%s", r, debug.Stack())
				}
			}()
			c.Request().Body = http.MaxBytesReader(c.Response(), c.Request().Body, body)
			return next(c)
		}
	}
}
