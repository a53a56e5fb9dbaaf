package l2vpn

import (
	"context"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/web"
	"github.com/l2sces/l2sces/plugin/account"
	"github.com/l2sces/l2sces/plugin/restconf"
	"github.com/l2sces/l2sces/plugin/service"
)

const methods = "GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE"

// options says what there is (RFC 8040, section 4.1).
func (d *Door) options(c echo.Context) error {
	c.Response().Header().Set("Allow", methods)
	c.Response().Header().Set("Accept-Patch", restconf.MediaType)
	return c.NoContent(http.StatusOK)
}

// get answers GET and HEAD.
func (d *Door) get(c echo.Context) error {
	steps, err := restconf.PathOf(c)
	if err != nil {
		return err
	}
	content, err := restconf.Content(c)
	if err != nil {
		return err
	}
	if !acceptable(c.Request().Header.Get("Accept")) {
		return notAcceptable()
	}
	if steps[len(steps)-1].Module == statusModule {
		return d.status(c, steps)
	}
	if content == restconf.NonConfig {
		return restconf.Errorf(restconf.InvalidValue, "", "what is no configuration is served as %s:status of a vpn-service", statusModule)
	}
	var body []byte
	var tag string
	d.book.View(service.L2VPN, account.Of(c).Name, func(tx *service.Tx) {
		s := scopeOf(steps)
		s.implicit = false
		body, tag, err = represent(load(tx, s), steps)
	})
	if err != nil {
		return err
	}
	header := c.Response().Header()
	header.Set("ETag", tag)
	header.Set("Cache-Control", "no-cache")
	if web.Matches(c.Request().Header.Get("If-None-Match"), tag, true) {
		return c.NoContent(http.StatusNotModified)
	}
	return c.Blob(http.StatusOK, restconf.MediaType, body)
}

// edit answers POST, PUT, PATCH and DELETE.
func (d *Door) edit(c echo.Context) error {
	r, err := read(c)
	if err != nil {
		return err
	}
	made, err := d.change(c.Request().Context(), account.Of(c), r)
	if err != nil {
		return err
	}
	if made == nil {
		return c.NoContent(http.StatusNoContent)
	}
	restconf.Location(c, made)
	return c.NoContent(http.StatusCreated)
}

// change carries out an edit in one transaction. It returns the path of what was
// made, if something was.
func (d *Door) change(ctx context.Context, who account.Account, r request) (made []restconf.Step, err error) {
	steps := r.steps
	if r.method == http.MethodPost {
		steps = r.child()
	}
	s := scopeOf(steps)
	s.implicit = s.implicit && r.method != http.MethodDelete
	err = d.book.Update(ctx, service.L2VPN, who.Name, func(tx *service.Tx) error {
		old := load(tx, s)
		if r.match != "" {
			_, tag, err := represent(load(tx, s), r.steps)
			if err != nil || !web.Matches(r.match, tag, false) {
				return slice.Errorf(slice.Stale, "the resource has changed: look again")
			}
		}
		var wanted config
		if wanted, made, err = r.apply(old); err != nil {
			return err
		}
		draft := &draft{tx: tx, tenant: who.Tenant, now: d.now(), again: end{s.site, s.access}, find: d.finder(ctx, who.Tenant)}
		return draft.save(old, wanted)
	})
	if err != nil {
		return nil, err
	}
	d.log.Debug("configuration changed", "account", who.Name, "method", r.method)
	return slices.Clone(made), nil
}

// finder returns how the endpoints of a tenant are found.
func (d *Door) finder(ctx context.Context, tenant slice.Tenant) func(string) (place, error) {
	return func(name string) (place, error) {
		e, err := d.catalog.Find(ctx, tenant, name)
		return place{e.Domain, e.Workload, e.Interface}, err
	}
}
