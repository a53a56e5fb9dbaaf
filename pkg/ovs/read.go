package ovs

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/ovn-kubernetes/libovsdb/client"

	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/slice"
)

// content is the database as it is cached, by UUID.
type content struct {
	root        rootRow
	bridges     map[string]bridgeRow // by name
	controllers map[string]controllerRow
	ports       map[string]portRow
	interfaces  map[string]interfaceRow
	ssl         map[string]sslRow
}

// Read returns a bridge and the state of its ports, both by name, and whether
// it is there. A port that is not as this package would have made it has no
// kind; its difference from the wanted one shows.
func (d *Database) Read(ctx context.Context, name string) (bridge.Bridge, []bridge.PortState, bool, error) {
	c, err := d.current()
	if err != nil {
		return bridge.Bridge{}, nil, false, err
	}
	all, err := load(ctx, c)
	if err != nil {
		return bridge.Bridge{}, nil, false, fmt.Errorf("read bridge %s: %w", name, err)
	}
	row, ok := all.bridges[name]
	if !ok {
		return bridge.Bridge{}, nil, false, nil
	}
	b := bridge.Bridge{Name: name, Datapath: cmp.Or(row.DatapathType, "system"), Faults: faults(row)}
	_ = b.DPID.UnmarshalText([]byte(row.OtherConfig[keyDPID])) // none is zero, which nobody wants
	for _, id := range row.Controller {
		if k := all.controllers[id]; tuned(k) {
			b.Controllers = append(b.Controllers, k.Target)
		}
	}
	slices.Sort(b.Controllers)
	var states []bridge.PortState
	for _, id := range row.Ports {
		p := all.ports[id]
		if p.Name == name {
			continue // the bridge's own port
		}
		port, state := bridge.Port{Name: p.Name}, bridge.PortState{Name: p.Name}
		if len(p.Interfaces) == 1 {
			i := all.interfaces[p.Interfaces[0]]
			port, state = portOf(i, d.cfg.Local), stateOf(i)
		}
		b.Ports, states = append(b.Ports, port), append(states, state)
	}
	slices.SortFunc(b.Ports, func(x, y bridge.Port) int { return cmp.Compare(x.Name, y.Name) })
	slices.SortFunc(states, func(x, y bridge.PortState) int { return cmp.Compare(x.Name, y.Name) })
	return b, states, true, nil
}

// load copies the cache.
func load(ctx context.Context, c client.Client) (content, error) {
	all := content{}
	var roots []rootRow
	if err := c.List(ctx, &roots); err != nil {
		return all, err
	}
	if len(roots) != 1 {
		return all, slice.Errorf(slice.Unavailable, "the database is not initialised")
	}
	all.root = roots[0]
	var err error
	keep := func(e error) { err = cmp.Or(err, e) }
	all.bridges = rows(ctx, c, func(r bridgeRow) string { return r.Name }, keep)
	all.controllers = rows(ctx, c, func(r controllerRow) string { return r.UUID }, keep)
	all.ports = rows(ctx, c, func(r portRow) string { return r.UUID }, keep)
	all.interfaces = rows(ctx, c, func(r interfaceRow) string { return r.UUID }, keep)
	all.ssl = rows(ctx, c, func(r sslRow) string { return r.UUID }, keep)
	return all, err
}

// rows copies one table of the cache.
func rows[R any](ctx context.Context, c client.Client, key func(R) string, fault func(error)) map[string]R {
	var list []R
	if err := c.List(ctx, &list); err != nil {
		fault(err)
	}
	m := make(map[string]R, len(list))
	for _, r := range list {
		m[key(r)] = r
	}
	return m
}

// faults tells where the settings of a bridge are not safe.
func faults(r bridgeRow) []string {
	var all []string
	switch {
	case r.FailMode == nil:
		all = append(all, "fail mode is not set: without a controller the switch would connect everything")
	case *r.FailMode != secure:
		all = append(all, "fail mode is "+*r.FailMode+", not "+secure)
	}
	if r.OtherConfig[keyInBand] != "true" {
		all = append(all, "in-band control is not disabled: the switch may add flows that nobody sees")
	}
	if !slices.Equal(r.Protocols, []string{protocol}) {
		all = append(all, fmt.Sprintf("protocols are %v, not %s alone", r.Protocols, protocol))
	}
	return all
}

// stateOf returns what became of an interface.
func stateOf(i interfaceRow) bridge.PortState {
	s := bridge.PortState{Name: i.Name, Up: i.LinkState != nil && *i.LinkState == "up"}
	if i.Ofport != nil && *i.Ofport > 0 { // -1: the switch could not make it
		s.Number = slice.Port(*i.Ofport)
	}
	if i.Error != nil {
		s.Message = *i.Error
	}
	if s.Message == "" && unheard(i) {
		s.Up = false
		s.Message = "the other end of the tunnel is not heard any more (BFD is " + i.BFDStatus["state"] + ")"
	}
	return s
}

// unheard reports whether BFD has lost the other end of a tunnel. The switch
// itself does not take such a port in a group that fails over. A session that
// has never been up says nothing: a new one takes a second, in which frames
// pass already.
func unheard(i interfaceRow) bool {
	flaps := cmp.Or(i.BFDStatus["flap_count"], "0")
	return i.BFD["enable"] == "true" && flaps != "0" && i.BFDStatus["forwarding"] != "true"
}
