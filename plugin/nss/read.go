package nss

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/web"
	"github.com/l2sces/l2sces/plugin/account"
	"github.com/l2sces/l2sces/plugin/restconf"
	"github.com/l2sces/l2sces/plugin/service"
)

// read answers with a node of the document, and with how it is unless only the
// configuration is asked for. The entity tag is that of the configuration.
func (d *Door) read(c echo.Context) error {
	steps, err := restconf.PathOf(c)
	if err != nil {
		return err
	}
	content, err := restconf.Content(c)
	if err != nil {
		return err
	}
	if content == restconf.NonConfig {
		return restconf.Errorf(restconf.NotSupported, "", "content=nonconfig is not served: take all")
	}
	var p *part
	d.book.View(service.NSS, account.Of(c).Name, func(tx *service.Tx) { p, err = partOf(tx, steps, nil) })
	if err != nil {
		return err
	}
	tag, err := p.tag(steps)
	if err != nil {
		return err
	}
	if tag != "" {
		c.Response().Header().Set("ETag", tag)
	}
	if content == restconf.All {
		if err := d.observe(c, p); err != nil {
			return err
		}
	}
	there, err := p.tree.Get(steps)
	if err != nil {
		return err
	}
	if none := c.Request().Header.Get("If-None-Match"); none != "" && content == restconf.Config && web.Matches(none, tag, true) {
		return c.NoContent(http.StatusNotModified)
	}
	return restconf.Answer(c, http.StatusOK, there)
}

// observe adds to each slice service of a part how it is.
func (d *Door) observe(c echo.Context, p *part) error {
	top, _ := p.tree.Data["network-slice-services"].(map[string]any)
	list, _ := top["slice-service"].([]any)
	for _, item := range list {
		entry, _ := item.(map[string]any)
		id, _ := entry["id"].(string)
		o := observer{}
		if err := json.Unmarshal(p.had[serviceNote+id], &o.s); err != nil {
			return fmt.Errorf("read slice service %s: %w", id, err)
		}
		var err error
		o.state, err = d.book.State(c.Request().Context(), service.Key{Door: service.NSS, Account: account.Of(c).Name, ID: id})
		if err != nil && slice.KindOf(err) != slice.NotFound { // one that is not wanted now is not in the book
			return err
		}
		o.show(entry)
	}
	return nil
}
