// Package restconf is what doors that speak RESTCONF (RFC 8040) share: error
// documents, paths with keys, strict reading of JSON bodies (RFC 7951) into Go
// structs, answers, and what a client needs in order to find the doors. It knows no
// model: the doors do.
//
//	g.POST(restconf.Route("/restconf/data/ietf-l2vpn-svc:l2vpn-svc/vpn-services"), func(c echo.Context) error {
//		var in body // a struct with json tags: the names of the nodes, without module
//		if err := restconf.Bind(c, module, &in); err != nil { return err }
//		...
//		return restconf.NotFoundf(path, "there is no site %s", id)
//	}, restconf.Errors(log))
package restconf

import (
	"mime"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/l2sces/l2sces/pkg/web"
)

// MediaType is that of our answers (RFC 8040, section 11.3.2).
const MediaType = "application/yang-data+json"

// Route escapes the colons of a path, which echo takes for parameters; a parameter
// of the route is written {name}.
//
//	restconf.Route("/restconf/data/ietf-l2vpn-svc:l2vpn-svc/sites/site={id}")
func Route(path string) string {
	path = strings.ReplaceAll(path, ":", `\:`)
	return strings.NewReplacer("{", ":", "}", "").Replace(path)
}

// GET serves a path that may be read: HEAD is answered as well (RFC 8040, section 4.2).
func GET(g *echo.Group, path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) {
	g.Match([]string{http.MethodGet, http.MethodHead}, Route(path), h, m...)
}

// Bind reads the body of a request into v, a struct: see Decode.
func Bind(c echo.Context, module string, v any) error {
	tree, err := Body(c, module)
	if err != nil {
		return err
	}
	return Decode(tree, "", v)
}

// Body reads the JSON object that a request has for a body: see Read.
func Body(c echo.Context, module string) (map[string]any, error) {
	r := c.Request()
	if e := r.Header.Get("Content-Encoding"); e != "" && e != "identity" {
		return nil, web.Errorf(http.StatusUnsupportedMediaType, "content encoding %q is not taken: send the body as it is", e)
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != MediaType && kind != "application/json" {
		return nil, web.Errorf(http.StatusUnsupportedMediaType, "content type %q is not %s", r.Header.Get("Content-Type"), MediaType)
	}
	body, err := web.ReadBody(r)
	if err != nil {
		return nil, err
	}
	return Read(body, module)
}

// Answer sends a document.
func Answer(c echo.Context, status int, document any) error {
	c.Response().Header().Set(echo.HeaderContentType, MediaType)
	c.Response().Header().Set("Cache-Control", "no-cache")
	return c.JSON(status, document)
}
