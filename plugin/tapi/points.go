package tapi

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/account"
	"github.com/l2sces/l2sces/plugin/endpoint"
	"github.com/l2sces/l2sces/plugin/restconf"
	"github.com/l2sces/l2sces/plugin/service"
)

// context answers with everything that the account sees.
func (d *Door) context(c echo.Context) error {
	if err := wantsAll(c); err != nil {
		return err
	}
	points, err := d.points(c)
	if err != nil {
		return err
	}
	var links json.RawMessage
	d.view(c, func(tx *service.Tx) { links = linksOf(tx) })
	return restconf.Answer(c, http.StatusOK, map[string]any{common + ":context": map[string]any{
		"name":                    []name{{"tenant", string(account.Of(c).Tenant)}},
		"service-interface-point": points,
		connectivity + ":connectivity-context": map[string]any{
			"connectivity-service": links,
		},
	}})
}

// sips answers with the endpoints that the account may use. The connector takes the
// layer and the first qualifier of each into its orders.
func (d *Door) sips(c echo.Context) error {
	if err := wantsAll(c); err != nil {
		return err
	}
	points, err := d.points(c)
	if err != nil {
		return err
	}
	return restconf.Answer(c, http.StatusOK, map[string]any{common + ":service-interface-point": points})
}

func (d *Door) sip(c echo.Context) error {
	if err := wantsAll(c); err != nil {
		return err
	}
	id, err := restconf.LastKey(c)
	if err != nil {
		return err
	}
	points, err := d.points(c)
	if err != nil {
		return err
	}
	for _, p := range points {
		if p.UUID == id {
			return restconf.Answer(c, http.StatusOK, map[string]any{common + ":service-interface-point": []sip{p}})
		}
	}
	return restconf.NotFoundf("", "there is no service interface point %s", id)
}

func (d *Door) points(c echo.Context) ([]sip, error) {
	all, err := d.catalog.List(c.Request().Context(), account.Of(c).Tenant)
	if err != nil {
		return nil, err
	}
	points := make([]sip, len(all))
	for i, e := range all {
		points[i] = sip{
			UUID: e.UUID, Layer: ethernet, Qualifiers: []string{unspecified}, Direction: bidirectional,
			Names: namesOf(e), Admin: unlocked, Oper: enabled, Lifecycle: installed,
		}
	}
	return points, nil
}

// namesOf returns our own names of an endpoint.
func namesOf(e endpoint.Endpoint) []name {
	names := []name{{"name", e.Name}, {"domain", string(e.Domain)}}
	if e.Workload != "" {
		names = append(names, name{"workload", string(e.Workload)})
	}
	return names
}

// A directory finds endpoints by what orders call them: the UUID, or our own name.
type directory map[string]endpoint.Endpoint

func (d *Door) directory(ctx context.Context, tenant slice.Tenant) (directory, error) {
	all, err := d.catalog.List(ctx, tenant)
	if err != nil {
		return nil, err
	}
	dir := directory{}
	for _, e := range all {
		dir[e.Name] = e
	}
	for _, e := range all { // whatever somebody has named like a UUID
		dir[e.UUID] = e
	}
	return dir, nil
}

// wantsAll refuses to leave something out.
func wantsAll(c echo.Context) error {
	content, err := restconf.Content(c)
	if err == nil && content != restconf.All {
		return restconf.Errorf(restconf.NotSupported, "", "content=%s is not served here: leave it out", content)
	}
	return err
}
