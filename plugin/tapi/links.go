package tapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/account"
	"github.com/l2sces/l2sces/plugin/restconf"
	"github.com/l2sces/l2sces/plugin/service"
)

// noteOf is where the document of a connectivity service is kept.
func noteOf(id string) string { return "service/" + id }

// idOf is the id of a connectivity service in the book: the case of a UUID says
// nothing.
func idOf(uuid string) string { return strings.ToLower(uuid) }

func keep(tx *service.Tx, l link) error {
	text, err := json.Marshal(l)
	if err != nil {
		return err
	}
	tx.SetNote(noteOf(idOf(l.UUID)), text)
	return nil
}

// kept returns the document of a connectivity service, nil if there is none.
func kept(tx *service.Tx, id string) (*link, error) {
	text := tx.Note(noteOf(id))
	if text == nil {
		return nil, nil //nolint:nilnil // there is none, which is no error
	}
	var l link
	if err := json.Unmarshal(text, &l); err != nil {
		return nil, fmt.Errorf("read connectivity service %s: %w", id, err)
	}
	return &l, nil
}

// linksOf returns the documents of all connectivity services in the order in which
// they came, as a JSON array. They are not read: OSM asks for them all to learn of
// one.
func linksOf(tx *service.Tx) []byte {
	all := [][]byte{}
	for _, s := range tx.Services() {
		if text := tx.Note(noteOf(s.Key.ID)); text != nil {
			all = append(all, text)
		}
	}
	return slices.Concat([]byte("["), bytes.Join(all, []byte(",")), []byte("]"))
}

// list answers with all connectivity services. The connector asks for it to learn
// whether one is there; how each is, the SCO is asked for one alone.
func (d *Door) list(c echo.Context) error {
	return d.answerLinks(c, `{"tapi-connectivity:connectivity-service":`, `}`)
}

func (d *Door) links(c echo.Context) error {
	return d.answerLinks(c, `{"tapi-connectivity:connectivity-context":{"connectivity-service":`, `}}`)
}

func (d *Door) answerLinks(c echo.Context, before, after string) error {
	if err := wantsAll(c); err != nil {
		return err
	}
	var all []byte
	d.view(c, func(tx *service.Tx) { all = linksOf(tx) })
	c.Response().Header().Set("Cache-Control", "no-cache")
	return c.Blob(http.StatusOK, restconf.MediaType, slices.Concat([]byte(before), all, []byte(after)))
}

// get answers with one connectivity service and how it is.
func (d *Door) get(c echo.Context) error {
	if err := wantsAll(c); err != nil {
		return err
	}
	uuid, err := restconf.LastKey(c)
	if err != nil {
		return err
	}
	var l *link
	d.view(c, func(tx *service.Tx) { l, err = kept(tx, idOf(uuid)) })
	if err != nil {
		return err
	}
	if l == nil {
		return noService(uuid)
	}
	state, err := d.book.State(c.Request().Context(), service.Key{Door: service.TAPI, Account: account.Of(c).Name, ID: idOf(uuid)})
	if err != nil && slice.KindOf(err) != slice.NotFound { // else it was deleted meanwhile
		return err
	}
	out := linkState{link: *l, Oper: disabled, Lifecycle: planned}
	if out.Admin == "" {
		out.Admin = unlocked
	}
	switch state.Phase {
	case service.Active:
		out.Oper, out.Lifecycle = enabled, installed
	case service.Degraded:
		out.Lifecycle = installed
	}
	return restconf.Answer(c, http.StatusOK, map[string]any{connectivity + ":connectivity-service": []linkState{out}})
}

func noService(uuid string) error {
	return restconf.NotFoundf("", "there is no connectivity service %.64q", uuid)
}

// remove deletes a connectivity service that is there (RFC 8040, section 4.7).
func (d *Door) remove(c echo.Context) error {
	uuid, err := restconf.LastKey(c)
	if err != nil {
		return err
	}
	err = d.update(c, func(tx *service.Tx) error {
		if tx.Note(noteOf(idOf(uuid))) == nil {
			return noService(uuid)
		}
		forget(tx, idOf(uuid))
		return nil
	})
	if err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// removeByRPC deletes a connectivity service, and is content if there is none: OSM
// repeats the order until it is. The model's name of the leaf is service-id-or-name;
// the connector says uuid.
func (d *Door) removeByRPC(c echo.Context) error {
	var in struct {
		Input struct {
			UUID string `json:"uuid"`
			ID   string `json:"service-id-or-name"`
		} `json:"input"`
	}
	if err := restconf.Bind(c, connectivity, &in); err != nil {
		return err
	}
	uuid := in.Input.UUID
	switch {
	case uuid == "" && in.Input.ID == "":
		return restconf.Errorf(restconf.MissingElement, "/tapi-connectivity:input/service-id-or-name", "which connectivity service is not said")
	case uuid != "" && in.Input.ID != "" && uuid != in.Input.ID:
		return restconf.Errorf(restconf.BadElement, "/tapi-connectivity:input", "uuid and service-id-or-name differ")
	case uuid == "":
		uuid = in.Input.ID
	}
	err := d.update(c, func(tx *service.Tx) error {
		forget(tx, idOf(uuid))
		return nil
	})
	if err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func forget(tx *service.Tx, id string) {
	tx.Remove(id)
	tx.SetNote(noteOf(id), nil)
}
