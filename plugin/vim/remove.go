package vim

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/web"
	"github.com/l2sces/l2sces/plugin/account"
	"github.com/l2sces/l2sces/plugin/service"
)

// remove takes a network away with its ports. One that is not there is told so: RO
// counts it as deleted.
func (d *Door) remove(c echo.Context) error {
	id := c.Param("id")
	err := d.change(c, func(tx *service.Tx, _ slice.Tenant) error {
		doc, err := load(tx, id)
		if err == nil {
			doc.forget(tx)
		}
		return err
	})
	if err != nil {
		return err
	}
	d.conf.Logger.Info("network deleted", "network", id, "account", account.Of(c).Name)
	return c.NoContent(http.StatusNoContent)
}

// cancel takes back what a request has made and nobody has asked for since: its
// answer did not reach who asked.
func (d *Door) cancel(c echo.Context) error {
	err := d.change(c, func(tx *service.Tx, _ slice.Tenant) error {
		id := string(tx.Note(noteRequest + c.Param("id")))
		if id == "" || tx.Note(noteUnclaimed+id) == nil {
			return nil
		}
		doc, err := load(tx, id)
		if err == nil {
			doc.forget(tx)
		}
		return err
	})
	if err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// change is an Update of the account that asks, with the door's patience.
func (d *Door) change(c echo.Context, f func(*service.Tx, slice.Tenant) error) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), d.conf.Patience)
	defer cancel()
	who := account.Of(c)
	return d.book.Update(ctx, service.VIM, who.Name, func(tx *service.Tx) error { return f(tx, who.Tenant) })
}

// noTenant answers who wants to make or delete a tenant of the VIM.
func (d *Door) noTenant(echo.Context) error {
	return web.Errorf(http.StatusNotImplemented, "a tenant of this VIM is a domain: domains are registered with the SCO, not made here")
}
