package nbi

import (
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/l2sces/l2sces/pkg/slice"
)

// onosLink is a body of /onos/vlinks/api.
type onosLink struct {
	ID   string   `json:"linkNetworkId"`
	From string   `json:"fromEndP"`
	To   string   `json:"toEndP"`
	Path []string `json:"path"`
}

func (d onosDoor) createLink(c echo.Context) error {
	var body onosLink
	if err := onosBody(c, &body); err != nil {
		return err
	}
	if err := checkOnosName(body.ID); err != nil {
		return err
	}
	from, err := parseEnd(body.From)
	if err != nil {
		return err
	}
	to, err := parseEnd(body.To)
	if err != nil {
		return err
	}
	path, err := parsePath(body.Path)
	if err != nil {
		return err
	}
	if err := d.conf.Links.CreateLink(body.ID, from, to, path); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// parsePath reads a path of devices. Connect points are taken as well; two in
// a row on one device are its way in and its way out.
func parsePath(list []string) ([]slice.DPID, error) {
	var path []slice.DPID
	for _, s := range list {
		device, port, exact := strings.Cut(s, "/")
		if exact {
			if _, err := parseEnd(device + "/" + port); err != nil {
				return nil, err
			}
		}
		d, err := parseDevice(device)
		if err != nil {
			return nil, err
		}
		if exact && len(path) > 0 && path[len(path)-1] == d {
			continue
		}
		if slices.Contains(path, d) {
			return nil, slice.Errorf(slice.Invalid, "the path comes to %s twice", device)
		}
		path = append(path, d)
	}
	return path, nil
}
