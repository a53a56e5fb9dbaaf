package nbi

import (
	"cmp"
	"context"
	"crypto/tls"
	"log/slog"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/l2sces/l2sces/pkg/fabric"
	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/nbi/rest"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/web"
)

// Networks keeps what is wanted. Package sdnc has the real one.
type Networks interface {
	Segments() []intent.Segment
	Segment(id slice.NetworkID) (intent.Segment, error)
	Status(id slice.NetworkID) (intent.SegmentStatus, error)
	ApplyIf(ctx context.Context, segments []intent.Segment, may intent.Precondition, dry bool) ([]intent.SegmentStatus, error)
	DeleteIf(ctx context.Context, id slice.NetworkID, may intent.Precondition, dry bool) error
}

// Switches carries it. Package fabric has the real one.
type Switches interface {
	Switches() []fabric.SwitchInfo
	Links() []fabric.LinkInfo
	Rules(ctx context.Context, d slice.DPID, held bool) (flow.Rules, error)
	Trace(ctx context.Context, q fabric.Question) (fabric.Trace, error)
	NetworkOf(n slice.Network) (slice.NetworkID, bool)
}

// An APIConfig says what the door for programs shows, and to whom.
type APIConfig struct {
	Networks Networks
	Switches Switches
	Events   *Events
	// Identify reads who a client is from its connection, and Authorize
	// whether it may use the method of a request.
	Identify  func(tls.ConnectionState) (string, error)
	Authorize func(caller, method string) error
	Logger    *slog.Logger
}

// maxAPIBody is the largest body that the door for programs takes: a network
// of a thousand ports has 150 kilobytes.
const maxAPIBody = 1 << 20

// ServeAPI serves /v1 on addr over TLS until ctx ends.
func ServeAPI(ctx context.Context, addr string, config *tls.Config, c APIConfig) error {
	l, err := web.Listen(ctx, addr)
	if err != nil {
		return err
	}
	return web.Serve(ctx, tls.NewListener(l, config), NewAPI(c))
}

// NewAPI returns the door for programs. It asks the connection who its client
// is, and serves nobody without TLS.
func NewAPI(c APIConfig) http.Handler {
	c.Logger = cmp.Or(c.Logger, slog.New(slog.DiscardHandler))
	e := web.NewEcho(c.Logger, maxAPIBody)
	e.Binder = web.Strict{}
	e.Use(c.admit, new(answers).once)
	api := &api{c}
	rest.RegisterHandlers(e, rest.NewStrictHandler(api, nil))
	e.GET("/v1/events", api.stream)
	describe(e)
	return e
}

// api carries out what the generated handlers have decoded.
type api struct{ conf APIConfig }

// callerKey is where admit leaves the name of the client.
const callerKey = "caller"

// admit serves those only who may be served.
func (c APIConfig) admit(next echo.HandlerFunc) echo.HandlerFunc {
	return func(ctx echo.Context) error {
		state := ctx.Request().TLS
		if state == nil {
			return slice.Errorf(slice.Denied, "the connection is not encrypted")
		}
		name, err := c.Identify(*state)
		if err == nil {
			err = c.Authorize(name, ctx.Request().Method)
		}
		if err != nil {
			return err
		}
		ctx.Set(callerKey, name)
		return next(ctx)
	}
}

// caller returns the name of the client.
func caller(c echo.Context) string {
	name, _ := c.Get(callerKey).(string)
	return name
}
