package nbi

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/topology"
)

type onosDoor struct{ conf OnosConfig }

// onosNetwork is a body of /onos/vnets/api.
type onosNetwork struct {
	ID        string   `json:"networkId"`
	Endpoints []string `json:"networkEndpoints"`
	Tunnels   []int64  `json:"tunnelList"` // read by nobody
	Mirror    string   `json:"mirrorPort"`
}

// create makes a network, or leaves the one that is there.
func (d onosDoor) create(c echo.Context) error {
	var body onosNetwork
	if err := onosBody(c, &body); err != nil {
		return err
	}
	if err := checkOnosName(body.ID); err != nil {
		return err
	}
	ends, err := parseEnds(body.Endpoints)
	if err != nil {
		return err
	}
	_, _, _, missing := d.conf.Links.Find(slice.VNet, body.ID)
	if err := d.conf.Networks.Create(slice.VNet, body.ID); err != nil {
		return err
	}
	if err := d.fill(body, ends); err != nil {
		if slice.KindOf(missing) == slice.NotFound { // it is new: nothing of it stays
			err = errors.Join(err, d.conf.Networks.Delete(slice.VNet, body.ID))
		}
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// fill gives a network the ports that came with it.
func (d onosDoor) fill(body onosNetwork, ends []topology.End) error {
	if len(ends) > 0 {
		if err := d.conf.Networks.Attach(slice.VNet, body.ID, ends); err != nil {
			return err
		}
	}
	if body.Mirror == "" {
		return nil
	}
	at, err := parseEnd(body.Mirror)
	if err != nil {
		return err
	}
	return d.conf.Networks.Mirror(slice.VNet, body.ID, at)
}

// mirror gives a network the port that its frames are copied to.
func (d onosDoor) mirror(c echo.Context) error {
	var body onosNetwork
	if err := onosBody(c, &body); err != nil {
		return err
	}
	if body.Mirror == "" {
		return slice.Errorf(slice.Invalid, "mirrorPort is missing")
	}
	at, err := parseEnd(body.Mirror)
	if err != nil {
		return err
	}
	if err := d.conf.Networks.Mirror(slice.VNet, body.ID, at); err != nil {
		return unknown(err, http.StatusConflict)
	}
	return c.NoContent(http.StatusNoContent)
}

// unknown answers that there is no such network as the original does.
func unknown(err error, status int) error {
	if slice.KindOf(err) == slice.NotFound {
		return errEmpty(status)
	}
	return err
}

func (d onosDoor) attach(c echo.Context) error {
	id, ends, err := portsOf(c)
	if err != nil {
		return err
	}
	if err := d.conf.Networks.Attach(slice.VNet, id, ends); err != nil {
		return unknown(err, http.StatusConflict)
	}
	return c.NoContent(http.StatusNoContent)
}

// detach answers 200, where everything else answers 204, and 500 with a text
// for a port that the network does not have.
func (d onosDoor) detach(c echo.Context) error {
	id, ends, err := portsOf(c)
	if err != nil {
		return err
	}
	err = d.conf.Networks.Detach(slice.VNet, id, ends)
	switch {
	case slice.KindOf(err) == slice.Exhausted:
		return c.String(http.StatusInternalServerError, err.Error())
	case err != nil:
		return unknown(err, http.StatusConflict)
	}
	return c.NoContent(http.StatusOK)
}

func portsOf(c echo.Context) (string, []topology.End, error) {
	var body onosNetwork
	if err := onosBody(c, &body); err != nil {
		return "", nil, err
	}
	ends, err := parseEnds(body.Endpoints)
	if err == nil && len(ends) == 0 {
		err = slice.Errorf(slice.Invalid, "networkEndpoints are missing")
	}
	return body.ID, ends, err
}

func parseEnds(list []string) ([]topology.End, error) {
	var ends []topology.End
	for _, s := range list {
		e, err := parseEnd(s)
		if err != nil {
			return nil, err
		}
		ends = append(ends, e)
	}
	return ends, nil
}

// onosShown is a network as JSON. The original writes a text, and says that it
// is JSON.
type onosShown struct {
	ID        string   `json:"networkId"`
	Endpoints []string `json:"networkEndpoints"`
	Tunnels   []uint32 `json:"tunnelList"`
	Mirror    *string  `json:"mirrorPort"`
}

func (d onosDoor) show(t slice.NetworkType) echo.HandlerFunc {
	return func(c echo.Context) error {
		ends, number, mirror, err := d.conf.Links.Find(t, c.Param("id"))
		if err != nil {
			return unknown(err, http.StatusNotFound)
		}
		shown := onosShown{ID: c.Param("id"), Endpoints: []string{}, Tunnels: []uint32{uint32(number)}}
		for _, e := range ends {
			shown.Endpoints = append(shown.Endpoints, endText(e))
		}
		if mirror != (topology.End{}) {
			text := endText(mirror)
			shown.Mirror = &text
		}
		if strings.Contains(c.Request().Header.Get("Accept"), "text/plain") {
			return c.String(http.StatusOK, shown.text(t))
		}
		return c.JSON(http.StatusOK, shown)
	}
}

// text is the network as the original shows it.
func (s onosShown) text(t slice.NetworkType) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Id: %s\nEndpoints: \n", s.ID)
	for _, e := range s.Endpoints {
		fmt.Fprintf(&b, " -%s\n", e)
	}
	b.WriteString("Tunnel Ids: \n")
	for _, n := range s.Tunnels {
		fmt.Fprintf(&b, " -%d\n", n)
	}
	if t == slice.VNet {
		mirror := "null"
		if s.Mirror != nil {
			mirror = *s.Mirror
		}
		fmt.Fprintf(&b, "Mirror Port: %s\n", mirror)
	}
	return b.String()
}

// remove answers 204 for an unknown network of many ports, and 404 for one of
// two, as the original does.
func (d onosDoor) remove(t slice.NetworkType) echo.HandlerFunc {
	return func(c echo.Context) error {
		if t == slice.VLink {
			if _, _, _, err := d.conf.Links.Find(t, c.Param("id")); err != nil {
				return unknown(err, http.StatusNotFound)
			}
		}
		if err := d.conf.Networks.Delete(t, c.Param("id")); err != nil {
			return err
		}
		return c.NoContent(http.StatusNoContent)
	}
}
