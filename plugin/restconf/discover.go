package restconf

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"
)

// libraryVersion is the revision of ietf-yang-library that we serve (RFC 7895, as
// RFC 8040, section 10.1, wants it).
const libraryVersion = "2016-06-21"

// A Module is one that a door serves (RFC 7895, section 2.2).
type Module struct {
	Name        string `json:"name"`
	Revision    string `json:"revision"`
	Namespace   string `json:"namespace"`
	Conformance string `json:"conformance-type"` // implement or import

	Feature []string `json:"feature,omitempty"` // that are offered
}

// Discover serves what a client finds doors by: /.well-known/host-meta (RFC 8040,
// section 3.1), the API resource with the version of the library (section 3.3), and
// the modules. prefix is the path of the group, empty at the root of the server.
// It is mounted once on a group, beside the doors.
func Discover(g *echo.Group, prefix string, modules ...Module) {
	modules = once(modules)
	g.GET("/.well-known/host-meta", func(c echo.Context) error {
		type link struct {
			Rel  string `xml:"rel,attr"`
			Href string `xml:"href,attr"`
		}
		type xrd struct {
			XMLName xml.Name `xml:"http://docs.oasis-open.org/ns/xri/xrd-1.0 XRD"`
			Link    link     `xml:"Link"`
		}
		body, err := xml.Marshal(xrd{Link: link{"restconf", prefix + "/restconf"}})
		if err != nil {
			return err
		}
		return c.Blob(http.StatusOK, "application/xrd+xml", body)
	})
	document := func(path string, v any) {
		g.GET(Route(path), func(c echo.Context) error { return Answer(c, http.StatusOK, v) })
	}
	empty := map[string]any{}
	document("/restconf", map[string]any{"ietf-restconf:restconf": map[string]any{
		"data": empty, "operations": empty, "yang-library-version": libraryVersion,
	}})
	document("/restconf/yang-library-version", map[string]any{"ietf-restconf:yang-library-version": libraryVersion})
	document("/restconf/data/ietf-yang-library:modules-state", map[string]any{"ietf-yang-library:modules-state": map[string]any{
		"module-set-id": setID(modules), "module": modules,
	}})
}

// once returns each module of many doors once, and has a list where there is none.
func once(modules []Module) []Module {
	all := []Module{}
	for _, m := range modules {
		if !slices.ContainsFunc(all, func(have Module) bool { return have.Name == m.Name && have.Revision == m.Revision }) {
			all = append(all, m)
		}
	}
	return all
}

// setID is another one for other modules.
func setID(modules []Module) string {
	sum := sha256.New()
	for _, m := range modules {
		sum.Write([]byte(m.Name + "@" + m.Revision + "\n"))
	}
	return hex.EncodeToString(sum.Sum(nil)[:8])
}
