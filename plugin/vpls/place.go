package vpls

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/endpoint"
)

// A point is an interface of a service and where it leads.
type point struct {
	Name string     `json:"name"`
	Port string     `json:"port,omitempty"` // empty: no port has it
	VLAN slice.VLAN `json:"vlan,omitempty"`
	At   *place     `json:"at,omitempty"` // nil: nobody knows
}

// A place is where an endpoint is.
type place struct {
	Domain    slice.Domain   `json:"domain"`
	Workload  slice.Workload `json:"workload,omitempty"`
	Interface string         `json:"interface,omitempty"`
}

// place finds out where a point leads: by its name, else by its port. Where the
// catalog does not know (any more), it leads where it did. Refused is only what is
// new and at a port: an interface at none may be what was left behind when another
// service went.
func (d *Door) place(ctx context.Context, tenant slice.Tenant, path string, p *point, before []point) error {
	e, err := d.find(ctx, tenant, p)
	if err == nil {
		p.At = &place{e.Domain, e.Workload, e.Interface}
		return nil
	}
	i := slices.IndexFunc(before, func(b point) bool { return b.Name == p.Name && (p.Port == "" || p.Port == b.Port) })
	if i >= 0 {
		p.At = before[i].At
	}
	switch {
	case p.At != nil:
		return nil
	case slice.KindOf(err) != slice.NotFound:
		return err
	case p.Port == "" || i >= 0:
		return nil
	}
	return wrongf("look up the names of endpoints, or add this one", "no endpoint is called %.64q, nor is there one at port %.64q", p.Name, p.Port).at("%s", path)
}

// find looks a point up in the catalog: a port may be known there while names are
// not.
func (d *Door) find(ctx context.Context, tenant slice.Tenant, p *point) (endpoint.Endpoint, error) {
	e, err := d.catalog.Find(ctx, tenant, p.Name)
	device, port, ok := socket(p.Port)
	if err == nil || !ok {
		return e, err
	}
	at, absent := d.catalog.At(ctx, tenant, device, port)
	if absent == nil || slice.KindOf(err) == slice.NotFound {
		return at, absent
	}
	return e, err
}

// socket reads the key of a port, of:DPID/PORT, if it is one of an OpenFlow switch.
func socket(key string) (device slice.DPID, port slice.Port, ok bool) {
	name, number, _ := strings.Cut(strings.TrimPrefix(key, "of:"), "/")
	n, err := strconv.ParseUint(number, 10, 32)
	if err != nil || !strings.HasPrefix(key, "of:") || device.UnmarshalText([]byte(name)) != nil {
		return 0, 0, false
	}
	return device, slice.Port(n), true
}
