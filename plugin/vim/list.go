package vim

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/web"
	"github.com/l2sces/l2sces/plugin/account"
	"github.com/l2sces/l2sces/plugin/service"
)

// Networks are a page of a list.
type Networks struct {
	Networks []Network `json:"networks"`
	Next     *string   `json:"next,omitempty"` // cursor of the page that follows
}

// list answers the networks that match every filter.
func (d *Door) list(c echo.Context) error {
	match, err := filters(c)
	if err != nil {
		return err
	}
	var all []document
	who := account.Of(c)
	d.book.View(service.VIM, who.Name, func(tx *service.Tx) { all, err = documents(tx, match) })
	if err != nil {
		return err
	}
	if shared, asked := c.QueryParams()["shared"]; asked {
		all = slices.DeleteFunc(all, func(doc document) bool { return fmt.Sprint(doc.Wish.Shared) != shared[0] })
	}
	cursor := c.QueryParam("cursor")
	limit, err := number(c.QueryParam("limit"))
	if err != nil {
		return err
	}
	page, next, err := web.Page(all, func(doc document) string { return doc.key() }, limit, &cursor)
	if err != nil {
		return err
	}
	out := Networks{Networks: []Network{}, Next: next}
	for _, doc := range page {
		n, err := d.network(c.Request().Context(), who, doc, false)
		if err != nil {
			return err
		}
		if status := c.QueryParam("status"); n.Status != Deleted && (status == "" || status == string(n.Status)) {
			out.Networks = append(out.Networks, n)
		}
	}
	return c.JSON(http.StatusOK, out)
}

// number reads the number of a query.
func number(text string) (*int, error) {
	if text == "" {
		return nil, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return nil, slice.Errorf(slice.Invalid, "limit %.16q is not a number", text)
	}
	return &n, nil
}

// filters returns what a list was asked for. A filter that nobody knows is refused:
// to leave it out would answer too much.
func filters(c echo.Context) (func(service.Service) bool, error) {
	known := []string{"id", "name", "domain", "tenant_id", "shared", "status", "limit", "cursor"}
	for key := range c.QueryParams() {
		if !slices.Contains(known, key) {
			return nil, slice.Errorf(slice.Invalid, "filter %.32q is none of %s", key, strings.Join(known, ", "))
		}
	}
	is := func(key, has string) bool {
		want, asked := c.QueryParams()[key]
		return !asked || slices.Equal(want, []string{has})
	}
	if s, asked := c.QueryParams()["shared"]; asked && (len(s) != 1 || s[0] != "true" && s[0] != "false") {
		return nil, slice.Errorf(slice.Invalid, "filter shared is neither true nor false")
	}
	return func(s service.Service) bool {
		domain := string(s.Intents.Slice.Domains[0].Name)
		return is("id", s.Key.ID) && is("name", s.Title) && is("domain", domain) && is("tenant_id", domain)
	}, nil
}
