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
	// Detours are those that carry frames for known addresses only while another
	// one is down.
	Detours  []string
	Reserved map[string]uint32 // kilobits a second that the paths reserve, by the name of the link
	Degraded []string          // limits of paths that could not be kept, and that may be given up

	tree []topology.Link       // of frames for all
	open bool                  // frames for unknown addresses go to everybody
	ends map[topology.End]bool // ports that are ends of its links

	number   slice.Network
	ways     topology.Tree      // of frames for learned addresses
	learning []Attachment       // behind which addresses are learned
	known    map[slice.MAC]bool // that are not; nil if none are learned
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
	plan := Plan{
		Rules: map[slice.DPID]flow.Rules{}, Links: r.links(), Detours: r.protection.links(),
		Reserved: r.steering.reserved, Degraded: slices.Concat(r.steering.degraded, r.mirroring.degraded()), open: n.open(), ends: r.ends(),
	}
	for _, l := range r.tree.Links() {
		plan.tree = append(plan.tree, l.Bare()) // what is measured of it changes no way
	}
	plan.teach(n, r)
	for _, s := range slices.Concat(r.tree.Switches(), slices.Collect(maps.Keys(r.used)), slices.Collect(maps.Keys(r.protection.in)), r.mirroring.switches()) {
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
		all.Flows = append(all.Flows, fromTunnel(n, n.Number, p, r.used[s][p]))
	}
	for _, p := range slices.Sorted(maps.Keys(r.protection.in[s])) {
		all.Flows = append(all.Flows, fromTunnel(n, n.Backup, p, r.protection.in[s][p]))
	}
	for _, a := range n.Attachments {
		if a.Switch == s {
			all = attach(all, n, a)
		}
		for _, mac := range slices.Compact(a.Behind) {
			all.Flows = append(all.Flows, toKnown(n, r, s, a, mac)...)
			all.Flows = append(all.Flows, aside(n, r, s, a, mac)...)
		}
	}
	if slices.Contains(r.tree.Switches(), s) {
		if n.open() {
			all.Flows = append(all.Flows, toUnknown(n))
		}
		all.Flows = append(all.Flows, toAll(n))
		all.Groups = append(all.Groups, everybody(n, r, s))
	}
	all.Groups = append(all.Groups, failovers(n, r, s)...)
	all.Flows = append(all.Flows, copies(n, r, s)...)
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
		if a.bound() {
			all.Flows = append(all.Flows, speaker{n, a, mac}.flows()...)
		} else {
			all.Flows = append(all.Flows, bySender(n, a, mac))
		}
	}
	if a.Unbound && len(a.Behind) == 0 && !n.learns(a) {
		all.Flows = append(all.Flows, byAnySender(n, a))
	}
	if n.learns(a) {
		m := budgetOf(n, a)
		all.Flows = append(all.Flows, byUnknownSender(n, a, m))
		all.Meters = append(all.Meters, m)
	}
	if n.BandwidthKbps > 0 {
		all.Meters = append(all.Meters, capOf(n, a))
	}
	storm := stormOf(n, a)
	all.Flows = append(all.Flows, limited(n, a, storm))
	all.Meters = append(all.Meters, storm)
	return all
}
