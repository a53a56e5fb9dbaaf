// Package vpls is the door of ONOS' VPLS application, as the connector onos_vpls
// of OSM uses it: one network configuration document for each account, which is
// read and written as a whole. What the document lists are services of the book,
// each a network over the endpoints that its interfaces stand for; a document that
// is written makes, edits and removes what differs.
//
//	vpls.New(book, catalog, vpls.Config{Logger: log}).Mount(group)
package vpls

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/web"
	"github.com/l2sces/l2sces/plugin/account"
	"github.com/l2sces/l2sces/plugin/endpoint"
	"github.com/l2sces/l2sces/plugin/service"
)

// The paths that the connector knows, without a slash at their end.
const (
	configPath = "/onos/v1/network/configuration"
	hostsPath  = "/onos/v1/hosts"
)

// maxBody is what a document may have, in bytes.
const maxBody = 4 << 20

// defaultPatience is how long an order waits for the SCO: the connector would wait
// for ever.
const defaultPatience = 25 * time.Second

// A Catalog knows the endpoints. *endpoint.Catalog is one.
type Catalog interface {
	Find(ctx context.Context, tenant slice.Tenant, name string) (endpoint.Endpoint, error)
	At(ctx context.Context, tenant slice.Tenant, device slice.DPID, port slice.Port) (endpoint.Endpoint, error)
}

// A Config is what the door can do without.
type Config struct {
	Logger *slog.Logger
	Now    func() time.Time
	// Patience is how long an order waits for the SCO. 0: 25 s.
	Patience time.Duration
}

// A Door serves configuration documents. It keeps nothing but what is in the book.
type Door struct {
	book    *service.Book
	catalog Catalog
	cfg     Config
}

// New returns a door to a book.
func New(book *service.Book, catalog Catalog, cfg Config) *Door {
	cfg.Logger = cmp.Or(cfg.Logger, slog.New(slog.DiscardHandler))
	cfg.Patience = cmp.Or(cfg.Patience, defaultPatience)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Door{book, catalog, cfg}
}

// Mount serves the door below a group, which admits accounts.
func (d *Door) Mount(g *echo.Group) {
	for _, slash := range []string{"", "/"} {
		g.GET(configPath+slash, d.read)
		g.POST(configPath+slash, d.write)
		g.GET(hostsPath+slash, noHosts)
	}
	g.GET(configPath+"/*", d.readPart)
	g.GET(hostsPath+"/*", noHost)
	g.DELETE(hostsPath+"/*", gone)
}

// read answers with the whole document.
func (d *Door) read(c echo.Context) error {
	text, err := d.document(account.Of(c).Name)
	if err != nil {
		return err
	}
	return c.JSONBlob(http.StatusOK, text)
}

// document returns what an account has written, or what it would read before.
func (d *Door) document(name string) (text []byte, err error) {
	d.book.View(service.VPLS, name, func(tx *service.Tx) { text, err = documentOf(tx) })
	return text, err
}

// readPart answers with one value of the document: the ports, or what one app has.
func (d *Door) readPart(c echo.Context) error {
	text, err := d.document(account.Of(c).Name)
	if err != nil {
		return err
	}
	for step := range strings.SplitSeq(strings.TrimSuffix(c.Param("*"), "/"), "/") {
		key, err := url.PathUnescape(step)
		if err != nil {
			return slice.Errorf(slice.Invalid, "path: %w", err)
		}
		o, _ := readObject(text) // what is no object has no keys
		if text = o.get(key); text == nil {
			return slice.Errorf(slice.NotFound, "the document has no %.64q there", key)
		}
	}
	return c.JSONBlob(http.StatusOK, text)
}

// written is the answer where there is something to tell: the connector wants the
// status and reads nothing.
type written struct {
	Warnings []string `json:"warnings"`
}

// write replaces the document, and answers with exactly 200: the connector takes
// nothing else for success.
func (d *Door) write(c echo.Context) error {
	c.Request().Body = http.MaxBytesReader(c.Response(), c.Request().Body, maxBody)
	text, err := web.JSONBody(c.Request())
	if err != nil {
		return err
	}
	doc, err := readDocument(text)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.Request().Context(), d.cfg.Patience)
	defer cancel()
	who, warnings := account.Of(c), []string(nil)
	err = d.book.Update(ctx, service.VPLS, who.Name, func(tx *service.Tx) error {
		warnings, err = d.bring(ctx, tx, who, doc)
		if err == nil {
			keep(tx, doc, d.cfg.Now())
		}
		return err
	})
	if err != nil {
		return err
	}
	if len(warnings) == 0 {
		return c.NoContent(http.StatusOK)
	}
	return c.JSON(http.StatusOK, written{warnings})
}

// noHosts is the list of hosts, which is always empty.
func noHosts(c echo.Context) error {
	return c.JSON(http.StatusOK, struct {
		Hosts []string `json:"hosts"`
	}{[]string{}})
}

func noHost(echo.Context) error { return slice.Errorf(slice.NotFound, "there are no hosts") }

// gone answers the removal of a host: it is not there.
func gone(c echo.Context) error { return c.NoContent(http.StatusOK) }
