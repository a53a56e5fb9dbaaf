package fabric

import (
	"context"
	"maps"
	"slices"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A SwitchInfo is a switch as others may know it.
type SwitchInfo struct {
	NodeInfo
	Connected bool
	Synced    bool            // it has confirmed everything that is wanted of it
	Networks  []slice.Network // numbers that have rules on it
	Flows     int             // that are wanted on it
	Faults    map[slice.Network]string
}

// Switches returns the switches of the nodes that ever joined, by node.
func (f *Fabric) Switches() []SwitchInfo {
	var all []SwitchInfo
	for _, n := range f.Nodes() {
		info := SwitchInfo{NodeInfo: n}
		f.engine.describe(&info)
		all = append(all, info)
	}
	return all
}

// describe fills in what the engine knows of a switch.
func (e *Engine) describe(s *SwitchInfo) {
	e.mu.Lock()
	defer e.mu.Unlock()
	s.Flows = len(e.base.Flows)
	for _, n := range slices.Sorted(maps.Keys(e.wanted[s.DPID])) {
		rules := e.wanted[s.DPID][n].rules
		s.Networks, s.Flows = append(s.Networks, n), s.Flows+len(rules.Flows)
	}
	k := e.switches[s.DPID]
	if k == nil {
		return
	}
	s.Connected = true
	s.Synced = k.synced && len(k.dirty)+len(k.doing)+len(k.waiting) == 0
	s.Faults = map[slice.Network]string{}
	for n, err := range k.faults {
		s.Faults[n] = err.Error()
	}
}

// Rules returns the rules that are wanted on a switch or, if held, those that
// it says it has.
func (f *Fabric) Rules(ctx context.Context, d slice.DPID, held bool) (flow.Rules, error) {
	if held {
		return f.engine.readRules(ctx, d)
	}
	return f.engine.wantedOn(d), nil
}

func (e *Engine) wantedOn(d slice.DPID) flow.Rules {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := flow.Rules{
		Flows: slices.Clone(e.base.Flows), Groups: slices.Clone(e.base.Groups), Meters: slices.Clone(e.base.Meters),
	}
	for _, n := range slices.Sorted(maps.Keys(e.wanted[d])) {
		r := e.wanted[d][n].rules
		all.Flows, all.Groups, all.Meters = append(all.Flows, r.Flows...), append(all.Groups, r.Groups...), append(all.Meters, r.Meters...)
	}
	return all
}

// readRules reads the rules of a switch.
func (e *Engine) readRules(ctx context.Context, d slice.DPID) (flow.Rules, error) {
	e.mu.Lock()
	k := e.switches[d]
	e.mu.Unlock()
	if k == nil {
		return flow.Rules{}, slice.Errorf(slice.Unavailable, "switch %s is not connected", d)
	}
	ctx, cancel := context.WithTimeout(ctx, changeTimeout)
	defer cancel()
	return k.sw.Rules(ctx)
}

// NetworkOf returns the network that has a number, now or on the way to
// another one.
func (f *Fabric) NetworkOf(number slice.Network) (slice.NetworkID, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for id, n := range f.networks {
		if n.Number == number || n.move != nil && n.move.from == number {
			return id, true
		}
	}
	return slice.NetworkID{}, false
}

// Changes returns channels that are closed when a node or a network has
// changed, and when a switch got on.
func (f *Fabric) Changes() (nodes, switches <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.reported, f.engine.Changed()
}
