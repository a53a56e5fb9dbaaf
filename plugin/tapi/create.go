package tapi

import (
	"fmt"
	"math"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/l2sces/l2sces/plugin/account"
	"github.com/l2sces/l2sces/plugin/restconf"
	"github.com/l2sces/l2sces/plugin/service"
)

// Limits of an order.
const (
	maxAtOnce = 100 // connectivity services
	maxName   = 255 // bytes
)

// create adds connectivity services: all of them, or none. One that is there
// already and asks for the same is content.
func (d *Door) create(c echo.Context) error {
	var in struct {
		Links []link `json:"connectivity-service" key:"uuid"`
	}
	if err := restconf.Bind(c, connectivity, &in); err != nil {
		return err
	}
	if n := len(in.Links); n == 0 || n > maxAtOnce {
		return restconf.Errorf(restconf.BadElement, "/tapi-connectivity:connectivity-service", "there are %d: give 1 to %d", n, maxAtOnce)
	}
	made, err := d.make(c, in.Links)
	if err != nil {
		return err
	}
	err = d.update(c, func(tx *service.Tx) error {
		for i, s := range made {
			if err := d.add(tx, in.Links[i], s); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if len(in.Links) == 1 {
		restconf.Location(c, []restconf.Step{
			{Module: common, Name: "context"},
			{Module: connectivity, Name: "connectivity-context"},
			{Name: "connectivity-service", Keys: []string{in.Links[0].UUID}},
		})
	}
	return c.NoContent(http.StatusCreated)
}

// make translates connectivity services.
func (d *Door) make(c echo.Context, links []link) ([]service.Service, error) {
	who := account.Of(c)
	dir, err := d.directory(c.Request().Context(), who.Tenant)
	if err != nil {
		return nil, err
	}
	made := make([]service.Service, len(links))
	for i := range links {
		if err := check(&links[i]); err != nil {
			return nil, err
		}
		if made[i], err = translate(&links[i], who, dir); err != nil {
			return nil, err
		}
	}
	return made, nil
}

func (d *Door) add(tx *service.Tx, l link, s service.Service) error {
	old, err := kept(tx, s.Key.ID)
	if err != nil {
		return err
	}
	switch {
	case old != nil && reflect.DeepEqual(*old, l):
		return nil
	case old != nil:
		return restconf.Errorf(restconf.DataExists, l.path(), "it is there already, and is another one: delete it first")
	case len(tx.Notes()) >= d.cfg.Most:
		return restconf.Errorf(restconf.ResourceDenied, l.path(), "the account has %d connectivity services already", d.cfg.Most)
	}
	if err := samePair(tx, l, s); err != nil {
		return err
	}
	tx.Put(s)
	return keep(tx, l)
}

// samePair wants the two services of a pair to lie between the same places. Their
// service interface points may be others: one for each direction of a place.
func samePair(tx *service.Tx, l link, s service.Service) error {
	other, there := tx.Service(l.partner())
	if there && !slices.Equal(places(other), places(s)) {
		return restconf.Errorf(restconf.DataExists, l.path(), "%s, the other direction, lies between other places", other.Key.ID)
	}
	return nil
}

// places returns what a service joins, in an order of its own.
func places(s service.Service) []string {
	var all []string
	for _, n := range s.Intents.Slice.Networks {
		for _, d := range n.Domains {
			all = append(all, string(d))
		}
		for _, m := range n.Members {
			all = append(all, string(m.Domain)+"/"+string(m.Name)+"/"+m.Interface)
		}
	}
	slices.Sort(all)
	return all
}

func (l *link) path() string {
	return fmt.Sprintf("/tapi-connectivity:connectivity-service[uuid='%s']", l.UUID)
}

// The ends of the UUIDs that the connector gives to the two directions of what is
// one service to OSM.
const (
	outward = "00af"
	inward  = "00fa"
)

// partner returns the id of the service of the other direction; nothing, if this
// one is not half of a pair.
func (l *link) partner() string {
	if l.Direction != unidirectional {
		return ""
	}
	id := idOf(l.UUID)
	if stem, ok := strings.CutSuffix(id, outward); ok {
		return stem + inward
	}
	if stem, ok := strings.CutSuffix(id, inward); ok {
		return stem + outward
	}
	return ""
}

// check holds an order against the models, and against what we can do.
func check(l *link) error {
	if !isUUID(l.UUID) {
		return restconf.Errorf(restconf.InvalidValue, "/tapi-connectivity:connectivity-service/uuid", "%.64q is not a UUID", l.UUID)
	}
	for _, v := range []struct{ enum, leaf, value string }{
		{"layer", "service-layer", l.Layer},
		{"type", "service-type", l.Type},
		{"direction", "connectivity-direction", l.Direction},
		{"admin", "administrative-state", l.Admin},
	} {
		if err := oneOf(v.enum, l.path()+"/"+v.leaf, v.value); err != nil {
			return err
		}
	}
	if len(l.Ends) != 2 {
		return restconf.Errorf(restconf.BadElement, l.path()+"/end-point", "there are %d: a connectivity service has two here", len(l.Ends))
	}
	for _, e := range l.Ends {
		if err := e.check(l.path()); err != nil {
			return err
		}
	}
	return checkNames(l.path(), l.Names)
}

func (e *endPoint) check(path string) error {
	path = fmt.Sprintf("%s/end-point[local-id='%.64s']", path, e.LocalID)
	if len(e.LocalID) > maxName || len(e.Qualifier) > maxName {
		return restconf.Errorf(restconf.InvalidValue, path, "a text is longer than %d bytes", maxName)
	}
	if e.SIP.UUID == "" {
		return restconf.Errorf(restconf.MissingElement, path+"/service-interface-point/service-interface-point-uuid", "which service interface point is not said")
	}
	for _, v := range []struct{ enum, leaf, value string }{
		{"layer", "layer-protocol-name", e.Layer}, {"port", "direction", e.Direction}, {"role", "role", e.Role},
	} {
		if err := oneOf(v.enum, path+"/"+v.leaf, v.value); err != nil {
			return err
		}
	}
	return checkNames(path, e.Names)
}

func checkNames(path string, names []name) error {
	for _, n := range names {
		if len(n.Name) > maxName || len(n.Value) > maxName {
			return restconf.Errorf(restconf.InvalidValue, path+"/name", "a text is longer than %d bytes", maxName)
		}
	}
	return nil
}

// oneOf wants a known value, or none.
func oneOf(enum, path, value string) error {
	if value == "" || slices.Contains(enums[enum], value) {
		return nil
	}
	return restconf.Errorf(restconf.InvalidValue, path, "%.64q is not one of %v", value, enums[enum])
}

// kbps returns the capacity that was asked for, 0 if none was.
func (l *link) kbps() (uint32, error) {
	if l.Capacity == nil {
		return 0, nil
	}
	total := l.Capacity.Total
	unit, known := units[total.Unit]
	path := l.path() + "/requested-capacity/total-size"
	switch {
	case !known:
		return 0, restconf.Errorf(restconf.InvalidValue, path+"/unit", "%.64q is not one of KBPS, MBPS, GBPS and TBPS", total.Unit)
	case total.Value == 0 || uint64(total.Value) > math.MaxUint32/unit:
		return 0, restconf.Errorf(restconf.InvalidValue, path+"/value", "%d %s is not between 1 and %d kbit/s", total.Value, total.Unit, uint32(math.MaxUint32))
	}
	return uint32(uint64(total.Value) * unit), nil
}
