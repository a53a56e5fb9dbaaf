package plugin

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/web"
)

// Limits of a request. An order waits for switches in every domain.
const (
	bodyTimeout   = 30 * time.Second
	orderTimeout  = time.Minute
	answerTimeout = bodyTimeout + orderTimeout
	maxBody       = 16 << 20 // bytes
)

// Serve answers requests until ctx ends; then it returns nil.
func Serve(ctx context.Context, l net.Listener, h http.Handler) error {
	return web.ServeWithin(ctx, l, h, web.Times{Body: bodyTimeout, Answer: answerTimeout})
}

// careful bounds body and time of a request and turns a handler's panic into an
// error, so that one fault does not take the daemon down.
func (d *Door) careful(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			if r := recover(); r != nil {
				err = fmt.Errorf("handler panicked: %v\n%s", r, debug.Stack())
			}
		}()
		ctx, cancel := context.WithTimeout(c.Request().Context(), orderTimeout)
		defer cancel()
		c.SetRequest(c.Request().WithContext(ctx))
		c.Request().Body = http.MaxBytesReader(c.Response(), c.Request().Body, maxBody)
		return next(c)
	}
}

// callerKey is where a request keeps the name of its caller.
const callerKey = "caller"

// admit lets in whom the caller function names.
func (d *Door) admit(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		state := c.Request().TLS
		if state == nil {
			return slice.Errorf(slice.Denied, "this door opens only to a certificate")
		}
		name, err := d.caller(*state)
		if err != nil {
			return slice.Errorf(slice.Denied, "%w", err)
		}
		c.Set(callerKey, name)
		return next(c)
	}
}
