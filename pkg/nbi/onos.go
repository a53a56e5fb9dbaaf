package nbi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/topology"
	"github.com/l2sces/l2sces/pkg/web"
)

// The door of the controller that the original uses, for clients that know no
// other: /onos/vnets/api and /onos/vlinks/api. Its answers are the original's,
// with what it gets wrong; where the original answers nothing useful, ours
// gives a reason.

// OnosNetworks are the networks over switches without an agent.
type OnosNetworks interface {
	Create(t slice.NetworkType, name string) error
	Attach(t slice.NetworkType, name string, ends []topology.End) error
	Detach(t slice.NetworkType, name string, ends []topology.End) error
	Delete(t slice.NetworkType, name string) error
	Mirror(t slice.NetworkType, name string, at topology.End) error
}

// OnosLinks are those among them that have two ports and a path, and what can
// be asked of both kinds.
type OnosLinks interface {
	CreateLink(name string, from, to topology.End, path []slice.DPID) error
	Find(t slice.NetworkType, name string) (ends []topology.End, number slice.Network, mirror topology.End, err error)
}

// OnosConfig says whom the door serves.
type OnosConfig struct {
	Networks OnosNetworks
	Links    OnosLinks
	Users    OnosUsers
	Logger   *slog.Logger
}

// ServeOnos serves the door on addr, in the clear, until ctx ends.
func ServeOnos(ctx context.Context, addr string, c OnosConfig) error {
	if len(c.Users) == 0 {
		return slice.Errorf(slice.Invalid, "the door of the original has no users: there is no default one")
	}
	l, err := web.Listen(ctx, addr)
	if err != nil {
		return err
	}
	return web.Serve(ctx, l, NewOnos(c))
}

// NewOnos returns the door of the original.
func NewOnos(c OnosConfig) http.Handler {
	e := web.NewEcho(cmp.Or(c.Logger, slog.New(slog.DiscardHandler)), web.MaxBody)
	e.HTTPErrorHandler = onosErrors(cmp.Or(c.Logger, slog.New(slog.DiscardHandler)))
	e.Pre(withoutSlash)
	// Probes of readiness ask for this page and want nothing but a success.
	e.GET("/onos/ui", func(c echo.Context) error { return c.NoContent(http.StatusOK) })
	door := onosDoor{c}
	nets := e.Group("/onos/vnets/api", c.Users.admit)
	nets.GET("/status", ok)
	nets.POST("", door.create)
	nets.POST("/port", door.attach)
	nets.DELETE("/port", door.detach)
	nets.POST("/mirror-port", door.mirror)
	nets.GET("/:id", door.show(slice.VNet))
	nets.DELETE("/:id", door.remove(slice.VNet))
	links := e.Group("/onos/vlinks/api", c.Users.admit)
	links.GET("/status", ok)
	links.POST("", door.createLink)
	links.GET("/:id", door.show(slice.VLink))
	links.DELETE("/:id", door.remove(slice.VLink))
	return e
}

func ok(c echo.Context) error { return c.NoContent(http.StatusOK) }

// withoutSlash takes a trailing slash off a path: with and without are the
// same.
func withoutSlash(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		u := c.Request().URL
		if len(u.Path) > 1 {
			u.Path, u.RawPath = strings.TrimSuffix(u.Path, "/"), strings.TrimSuffix(u.RawPath, "/")
		}
		return next(c)
	}
}

// onosProblem is an error as the original writes those that it does not map.
type onosProblem struct {
	Code        string `json:"errorCode"`
	Description string `json:"errorDescription"`
}

// errEmpty is an answer of the original that has a status and no body.
type errEmpty int

func (e errEmpty) Error() string { return http.StatusText(int(e)) }

func onosErrors(log *slog.Logger) echo.HTTPErrorHandler {
	return func(err error, c echo.Context) {
		if c.Response().Committed {
			return
		}
		var empty errEmpty
		if errors.As(err, &empty) {
			_ = c.NoContent(int(empty)) // the client has left
			return
		}
		status, detail := web.StatusOf(err)
		code := "PARSING_ERROR"
		if status >= http.StatusInternalServerError {
			code = "INTERNAL_ERROR"
			log.Error("request failed", "path", c.Path(), "error", err)
		}
		_ = c.JSON(status, onosProblem{code, cmp.Or(detail, http.StatusText(status))}) // the client has left
	}
}

// onosBody reads a body, which may be JSON or YAML whatever it says it is.
func onosBody(c echo.Context, v any) error {
	if kind := c.Request().Header.Get("Content-Type"); kind != "" {
		kind, _, err := mime.ParseMediaType(kind)
		if err != nil || kind != "application/json" && kind != "application/yaml" {
			return web.Errorf(http.StatusUnsupportedMediaType, "content type is neither application/json nor application/yaml")
		}
	}
	body, err := io.ReadAll(c.Request().Body)
	if err != nil {
		return err
	}
	if err := descriptor.FromYAML("body", body, v); err != nil {
		return slice.Errorf(slice.Invalid, "%w", err)
	}
	return nil
}

// maxOnosName is the longest name of an object in Kubernetes.
const maxOnosName = 253

// checkOnosName refuses names that could not be asked for again.
func checkOnosName(name string) error {
	switch {
	case name == "" || len(name) > maxOnosName:
		return slice.Errorf(slice.Invalid, "a network id has 1 to %d bytes", maxOnosName)
	case name == "status" || name == "port" || name == "mirror-port":
		return slice.Errorf(slice.Invalid, "a network cannot be called %s: there is a path of that name", name)
	case strings.IndexFunc(name, isOdd) >= 0 || name == "." || name == "..":
		return slice.Errorf(slice.Invalid, "network id %q: letters, digits and -_. only", name)
	}
	return nil
}

func isOdd(c rune) bool {
	letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
	return !letter && c != '-' && c != '_' && c != '.'
}

// The ports that OpenFlow keeps for itself begin above this one.
const lastOnosPort = 0xffffff00

// parseEnd reads a connect point: of:, sixteen hexadecimal digits in lower
// case, a slash and a port.
func parseEnd(s string) (topology.End, error) {
	device, port, found := strings.Cut(s, "/")
	d, err := parseDevice(device)
	if err != nil || !found {
		return topology.End{}, slice.Errorf(slice.Invalid, "%q is not a connect point: of:, sixteen lower-case hexadecimal digits, a slash and a port", s)
	}
	n, err := strconv.ParseUint(port, 10, 32)
	if err != nil || n == 0 || n > lastOnosPort || strconv.FormatUint(n, 10) != port {
		return topology.End{}, slice.Errorf(slice.Invalid, "%q: %q is no number of a port", s, port)
	}
	return topology.End{Switch: d, Port: slice.Port(n)}, nil
}

func parseDevice(s string) (slice.DPID, error) {
	var d slice.DPID
	text, ok := strings.CutPrefix(s, "of:")
	if !ok || d.UnmarshalText([]byte(text)) != nil || d == 0 || d.String() != text {
		return 0, slice.Errorf(slice.Invalid, "%q is not a device: of: and sixteen lower-case hexadecimal digits, not all zero", s)
	}
	return d, nil
}

func endText(e topology.End) string { return fmt.Sprintf("of:%s/%d", e.Switch, e.Port) }
