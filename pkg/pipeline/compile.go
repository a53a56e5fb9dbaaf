package pipeline

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/topology"
)

// A Plan is what one network takes in the switches of its fabric.
type Plan struct {
	Rules map[slice.DPID]flow.Rules // without those of Base
	Links []string                  // names of the links that carry the network, sorted

	tree []topology.Link // of frames for all
	open bool            // frames for unknown addresses go to everybody
}

// Compile returns the rules of one network. A network that makes no sense is
// Invalid; one that the fabric cannot join is Unavailable.
func Compile(n Network, g topology.Graph) (Plan, error) {
	n = n.sorted()
	if err := n.check(g); err != nil {
		return Plan{}, err
	}
	r, err := routes(n, g)
	if err != nil {
		return Plan{}, fmt.Errorf("find the ways of network %d: %w", n.Number, err)
	}
	plan := Plan{Rules: map[slice.DPID]flow.Rules{}, Links: r.links(), tree: r.tree.Links(), open: n.open()}
	for _, s := range slices.Concat(r.tree.Switches(), slices.Collect(maps.Keys(r.used))) {
		if _, done := plan.Rules[s]; !done {
			plan.Rules[s] = rules(n, r, s)
		}
	}
	return plan, nil
}

// rules returns the rules of a network in one switch, table by table.
func rules(n Network, r route, s slice.DPID) flow.Rules {
	var all flow.Rules
	for _, p := range slices.Sorted(maps.Keys(r.used[s])) {
		all.Flows = append(all.Flows, fromTunnel(n, p))
	}
	for _, a := range n.Attachments {
		if a.Switch == s {
			all = attach(all, n, a)
		}
		for _, mac := range slices.Compact(a.Behind) {
			if f, ok := toKnown(n, r, s, a, mac); ok {
				all.Flows = append(all.Flows, f)
			}
		}
	}
	if slices.Contains(r.tree.Switches(), s) {
		if n.open() {
			all.Flows = append(all.Flows, toUnknown(n))
		}
		all.Flows = append(all.Flows, toAll(n))
		all.Groups = append(all.Groups, everybody(n, r, s))
	}
	slices.SortStableFunc(all.Flows, func(x, y flow.Flow) int { return cmp.Compare(x.Table.ID, y.Table.ID) })
	return all
}

// attach adds the rules of a port of the switch.
func attach(all flow.Rules, n Network, a Attachment) flow.Rules {
	if !a.tenant() {
		all.Flows = append(all.Flows, fromHandOff(n, a))
		return all
	}
	all.Flows = append(all.Flows, fromTenant(n, a))
	for _, mac := range slices.Compact(a.Behind) {
		all.Flows = append(all.Flows, bySender(n, a, mac))
	}
	if n.Type == slice.ExtVNet && len(a.Behind) == 0 {
		all.Flows = append(all.Flows, byAnySender(n, a))
	}
	if n.BandwidthKbps > 0 {
		m := capOf(n, a)
		all.Flows = append(all.Flows, limited(n, a, m))
		all.Meters = append(all.Meters, m)
	}
	return all
}
