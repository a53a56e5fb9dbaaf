package nbi

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/l2sces/l2sces/pkg/fabric"
	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/nbi/rest"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/topology"
	"github.com/l2sces/l2sces/pkg/web"
)

// ListPorts answers a page of the ports of all networks, or of one.
func (a *api) ListPorts(_ context.Context, r rest.ListPortsRequestObject) (rest.ListPortsResponseObject, error) {
	var all []rest.Port
	for _, s := range a.conf.Networks.Segments() {
		if n := r.Params.Network; n != nil && *n != s.ID.String() {
			continue
		}
		status, err := a.conf.Networks.Status(s.ID)
		if err != nil {
			continue // it went meanwhile
		}
		for _, p := range status.Ports {
			all = append(all, rest.Port{
				Network: s.ID.String(), Workload: text(string(p.Workload)), Node: text(string(p.Node)),
				Ready: p.Ready, Message: text(p.Message),
			})
		}
	}
	key := func(p rest.Port) string { return p.Network + "\x00" + *cmp.Or(p.Workload, new(string)) }
	slices.SortFunc(all, func(x, y rest.Port) int { return strings.Compare(key(x), key(y)) })
	items, next, err := web.Page(all, key, r.Params.Limit, r.Params.Cursor)
	return rest.ListPorts200JSONResponse{Items: items, Next: next}, err
}

// ListSwitches answers a page of switches.
func (a *api) ListSwitches(_ context.Context, r rest.ListSwitchesRequestObject) (rest.ListSwitchesResponseObject, error) {
	var all []rest.Switch
	for _, s := range a.conf.Switches.Switches() {
		all = append(all, a.shown(s))
	}
	slices.SortFunc(all, func(x, y rest.Switch) int { return strings.Compare(x.Dpid, y.Dpid) })
	items, next, err := web.Page(all, func(s rest.Switch) string { return s.Dpid }, r.Params.Limit, r.Params.Cursor)
	return rest.ListSwitches200JSONResponse{Items: items, Next: next}, err
}

func (a *api) shown(s fabric.SwitchInfo) rest.Switch {
	synced, networks := s.Synced, len(s.Networks)
	out := rest.Switch{
		Dpid: s.DPID.String(), Node: string(s.Name), Connected: s.Connected, Agent: s.Online, Guest: s.Guest,
		Networks: networks, Flows: s.Flows, Synced: &synced,
	}
	if len(s.Faults) == 0 {
		return out
	}
	faults := []rest.Fault{}
	for n, why := range s.Faults {
		faults = append(faults, rest.Fault{Network: a.name(n), Message: why})
	}
	slices.SortFunc(faults, func(x, y rest.Fault) int { return strings.Compare(x.Network, y.Network) })
	out.Faults = &faults
	return out
}

// name returns the network that has a number, or the number if none has.
func (a *api) name(n slice.Network) string {
	if id, ok := a.conf.Switches.NetworkOf(n); ok {
		return id.String()
	}
	return fmt.Sprintf("number %d", n)
}

// ListLinks answers a page of links.
func (a *api) ListLinks(_ context.Context, r rest.ListLinksRequestObject) (rest.ListLinksResponseObject, error) {
	names := a.nodes()
	var all []rest.Link
	for _, l := range a.conf.Switches.Links() {
		all = append(all, rest.Link{
			Name: l.Name, A: end(names, l.A), B: end(names, l.B), Up: l.Up, Reason: text(l.Reason),
			LatencyUs: number(l.Latency.Microseconds()), BandwidthKbps: number(l.BandwidthKbps), Loss: number(l.Loss),
		})
	}
	key := func(l rest.Link) string { return l.Name + "\x00" + l.A.Switch + "\x00" + l.B.Switch }
	slices.SortFunc(all, func(x, y rest.Link) int { return strings.Compare(key(x), key(y)) })
	items, next, err := web.Page(all, key, r.Params.Limit, r.Params.Cursor)
	return rest.ListLinks200JSONResponse{Items: items, Next: next}, err
}

// number returns what was measured, or nil for what was not.
func number[T int64 | uint64 | float64](v T) *float32 {
	if v == 0 {
		return nil
	}
	f := float32(v)
	return &f
}

// nodes returns the names of the nodes by their switches.
func (a *api) nodes() map[slice.DPID]slice.Node {
	names := map[slice.DPID]slice.Node{}
	for _, s := range a.conf.Switches.Switches() {
		names[s.DPID] = s.Name
	}
	return names
}

func end(names map[slice.DPID]slice.Node, e topology.End) rest.End {
	return rest.End{Switch: e.Switch.String(), Node: string(names[e.Switch]), Port: int(e.Port)}
}

// ListFlows answers a page of rules: of all switches or one, of all networks
// or one.
func (a *api) ListFlows(ctx context.Context, r rest.ListFlowsRequestObject) (rest.ListFlowsResponseObject, error) {
	held, err := fromSwitch(r.Params.Source)
	if err != nil {
		return nil, err
	}
	var all []rest.Flow
	found := r.Params.Switch == nil
	for _, s := range a.conf.Switches.Switches() {
		if r.Params.Switch != nil && *r.Params.Switch != s.DPID.String() {
			continue
		}
		found = true
		if held && !s.Connected && r.Params.Switch == nil {
			continue // what is away cannot be asked
		}
		rules, err := a.conf.Switches.Rules(ctx, s.DPID, held)
		if err != nil {
			return nil, err
		}
		all = append(all, a.lines(s, rules, r.Params.Network)...)
	}
	if !found {
		return nil, slice.Errorf(slice.NotFound, "there is no switch %s", *r.Params.Switch)
	}
	key := func(f rest.Flow) string {
		return f.Switch + "\x00" + string(*f.Kind) + "\x00" + *cmp.Or(f.Network, new(string)) + "\x00" + f.Text
	}
	slices.SortFunc(all, func(x, y rest.Flow) int { return strings.Compare(key(x), key(y)) })
	items, next, err := web.Page(all, key, r.Params.Limit, r.Params.Cursor)
	return rest.ListFlows200JSONResponse{Items: items, Next: next}, err
}

// lines returns the rules of a switch, of one network if it is named.
func (a *api) lines(s fabric.SwitchInfo, r flow.Rules, of *string) []rest.Flow {
	var all []rest.Flow
	names := map[slice.Network]string{0: ""}
	add := func(kind rest.FlowKind, owner slice.Network, line string) *rest.Flow {
		if _, known := names[owner]; !known {
			names[owner] = a.name(owner)
		}
		if of != nil && *of != names[owner] {
			return &rest.Flow{}
		}
		all = append(all, rest.Flow{Switch: s.DPID.String(), Node: string(s.Name), Kind: &kind, Network: text(names[owner]), Text: line})
		return &all[len(all)-1]
	}
	for _, f := range r.Flows {
		line := add(rest.FlowKindFlow, f.Owner, f.String())
		line.Table = text(f.Table.Name)
		if f.Foreign {
			line.Foreign = &f.Foreign
		}
	}
	for _, g := range r.Groups {
		add(rest.FlowKindGroup, g.Owner, g.String())
	}
	for _, m := range r.Meters {
		add(rest.FlowKindMeter, m.Owner, m.String())
	}
	return all
}

func fromSwitch(s *rest.Source) (bool, error) {
	switch {
	case s == nil || *s == rest.SourceWanted:
		return false, nil
	case *s == rest.SourceSwitch:
		return true, nil
	}
	return false, slice.Errorf(slice.Invalid, "source %q is neither wanted nor switch", *s)
}
