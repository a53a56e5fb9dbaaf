package nss

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/web"
	"github.com/l2sces/l2sces/plugin/account"
	"github.com/l2sces/l2sces/plugin/restconf"
	"github.com/l2sces/l2sces/plugin/service"
)

func (d *Door) create(c echo.Context) error {
	body, err := restconf.Body(c, module)
	if err != nil {
		return err
	}
	err = d.edit(c, body, func(t *restconf.Tree, steps []restconf.Step) error {
		made, err := t.Create(steps, body)
		if err == nil {
			restconf.Location(c, made)
		}
		return err
	})
	if err != nil {
		return err
	}
	return c.NoContent(http.StatusCreated)
}

func (d *Door) replace(c echo.Context) error {
	body, err := restconf.Body(c, module)
	if err != nil {
		return err
	}
	status := http.StatusNoContent
	err = d.edit(c, body, func(t *restconf.Tree, steps []restconf.Step) error {
		created, err := t.Replace(steps, body)
		if created {
			status = http.StatusCreated
		}
		return err
	})
	if err != nil {
		return err
	}
	return c.NoContent(status)
}

func (d *Door) merge(c echo.Context) error {
	body, err := restconf.Body(c, module)
	if err != nil {
		return err
	}
	err = d.edit(c, body, func(t *restconf.Tree, steps []restconf.Step) error { return t.Merge(steps, body) })
	if err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func (d *Door) remove(c echo.Context) error {
	err := d.edit(c, nil, func(t *restconf.Tree, steps []restconf.Step) error { return t.Remove(steps) })
	if err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// edit changes the document, and with it the services, or nothing at all.
func (d *Door) edit(c echo.Context, body map[string]any, change func(*restconf.Tree, []restconf.Step) error) error {
	steps, err := restconf.PathOf(c)
	if err != nil {
		return err
	}
	if len(c.QueryParams()) > 0 {
		return restconf.Errorf(restconf.InvalidValue, "", "an edit takes no query parameters here")
	}
	return d.update(c, func(ctx context.Context, tx *service.Tx) error {
		about := body
		if conditional(c) {
			about = nil // the condition is about all of the node
		}
		p, err := partOf(tx, steps, about)
		if err != nil {
			return err
		}
		if err := fresh(c, p, steps); err != nil {
			return err
		}
		if err := change(&p.tree, steps); err != nil {
			return err
		}
		return d.keep(ctx, account.Of(c), tx, p)
	})
}

// keep writes back what is left of a part.
func (d *Door) keep(ctx context.Context, who account.Account, tx *service.Tx, p *part) error {
	doc, err := p.document()
	if err != nil {
		return err
	}
	if err := doc.check(); err != nil {
		return err
	}
	notes, err := doc.notes()
	if err != nil {
		return err
	}
	templates, err := d.rewrite(tx, p.had, notes)
	if err != nil {
		return err
	}
	if doc.Services == nil {
		return nil
	}
	for _, s := range doc.Services.Services {
		name := serviceNote + s.ID
		same := bytes.Equal(p.had[name], notes[name])
		if same && (!templates || s.TestOnly != nil) { // what is only a test was one when it was written
			continue
		}
		if err := d.put(ctx, who, tx, &doc, s); err != nil {
			return err
		}
	}
	return nil
}

// rewrite puts notes in the place of those that were there, with the services of
// those that are gone, and reports whether a template is another one than before.
func (d *Door) rewrite(tx *service.Tx, had, notes map[string][]byte) (templates bool, err error) {
	for name, text := range had {
		if notes[name] == nil {
			tx.SetNote(name, nil)
		}
		if id, ok := strings.CutPrefix(name, serviceNote); ok && notes[name] == nil {
			tx.Remove(id)
		}
		templates = templates || strings.HasPrefix(name, templateNote) && !bytes.Equal(text, notes[name])
	}
	for name, text := range notes {
		if !bytes.Equal(had[name], text) {
			tx.SetNote(name, text)
		}
	}
	for _, prefix := range []string{serviceNote, templateNote} {
		if count(tx, prefix) > d.cfg.Most {
			return templates, restconf.Errorf(restconf.ResourceDenied, "", "the account would have more than %d entries of %s", d.cfg.Most, strings.TrimSuffix(prefix, "/"))
		}
	}
	return templates, nil
}

// put brings a slice service into the book, or takes it out if nothing of it is
// wanted now.
func (d *Door) put(ctx context.Context, who account.Account, tx *service.Tx, doc *document, s sliceService) error {
	t := translator{ctx: ctx, who: who, catalog: d.catalog, doc: doc}
	made, err := t.service(s)
	if err != nil {
		return err
	}
	switch {
	case s.TestOnly != nil:
		tx.Remove(s.ID)
		return d.try(ctx, s, made)
	case !s.wanted() || len(made.Intents.Slice.Networks) == 0:
		tx.Remove(s.ID)
	default:
		tx.Put(made)
	}
	return nil
}

// try asks whether a slice service could be had.
func (d *Door) try(ctx context.Context, s sliceService, made service.Service) error {
	if d.cfg.Check == nil || len(made.Intents.Slice.Networks) == 0 {
		return nil
	}
	in := made.Intents
	sum := sha256.Sum256([]byte(made.Key.String()))
	in.Slice.ID, in.Slice.Tenant = slice.ID("test-"+hex.EncodeToString(sum[:8])), made.Tenant
	return restconf.At(s.path(), d.cfg.Check(ctx, in))
}

func conditional(c echo.Context) bool {
	return c.Request().Header.Get("If-Match") != "" || c.Request().Header.Get("If-None-Match") != ""
}

// fresh holds the precondition of a request against the resource as it is (RFC 8040,
// section 3.5.2, and RFC 9110, section 13.1).
func fresh(c echo.Context, p *part, steps []restconf.Step) error {
	if !conditional(c) {
		return nil
	}
	match, none := c.Request().Header.Get("If-Match"), c.Request().Header.Get("If-None-Match")
	tag, err := p.tag(steps)
	if err != nil {
		return err
	}
	if match != "" && !web.Matches(match, tag, false) || none != "" && web.Matches(none, tag, true) {
		return web.Errorf(http.StatusPreconditionFailed, "the resource is another one than the request expects: look again")
	}
	return nil
}
