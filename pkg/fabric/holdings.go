package fabric

import (
	"slices"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/slice"
)

// holdings are the rules that a switch has, by network, and whose each of them
// is. A rule has one owner at a time: who puts it last.
type holdings struct {
	rules  map[slice.Network]flow.Rules
	flows  map[string]slice.Network // by flow.Flow.Rule
	groups map[uint32]slice.Network
	meters map[uint32]slice.Network
}

// holdingsOf sorts what was read from a switch. A meter that comes without an
// owner belongs to the network in meters.
func holdingsOf(r flow.Rules, meters map[uint32]slice.Network) holdings {
	h := holdings{
		rules: map[slice.Network]flow.Rules{}, flows: map[string]slice.Network{},
		groups: map[uint32]slice.Network{}, meters: map[uint32]slice.Network{},
	}
	for _, f := range r.Flows {
		o := h.rules[f.Owner]
		o.Flows = append(o.Flows, f)
		h.rules[f.Owner], h.flows[f.Rule()] = o, f.Owner
	}
	for _, g := range r.Groups {
		o := h.rules[g.Owner]
		o.Groups = append(o.Groups, g)
		h.rules[g.Owner], h.groups[g.ID] = o, g.Owner
	}
	for _, m := range r.Meters {
		if m.Owner == 0 {
			m.Owner = meters[m.ID]
		}
		o := h.rules[m.Owner]
		o.Meters = append(o.Meters, m)
		h.rules[m.Owner], h.meters[m.ID] = o, m.Owner
	}
	return h
}

// change returns what brings the networks of the jobs to what they should
// have. What passes from one of them to another is put and not taken.
func (h holdings) change(jobs []job) flow.Change {
	all := flow.Change{HeldGroups: map[uint32]bool{}, HeldMeters: map[uint32]bool{}}
	for _, j := range jobs {
		c := flow.Diff(h.rules[j.network], j.want)
		all.PutMeters = append(all.PutMeters, c.PutMeters...)
		all.PutGroups = append(all.PutGroups, c.PutGroups...)
		all.PutFlows = append(all.PutFlows, c.PutFlows...)
		all.TakeFlows = append(all.TakeFlows, c.TakeFlows...)
		all.TakeGroups = append(all.TakeGroups, c.TakeGroups...)
		all.TakeMeters = append(all.TakeMeters, c.TakeMeters...)
	}
	for _, g := range all.PutGroups {
		_, all.HeldGroups[g.ID] = h.groups[g.ID]
	}
	for _, m := range all.PutMeters {
		_, all.HeldMeters[m.ID] = h.meters[m.ID]
	}
	all.TakeFlows = without(all.TakeFlows, all.PutFlows, flow.Flow.Rule)
	all.TakeGroups = without(all.TakeGroups, all.PutGroups, groupID)
	all.TakeMeters = without(all.TakeMeters, all.PutMeters, meterID)
	return all
}

// enter notes a change that the switch has confirmed.
func (h holdings) enter(jobs []job, c flow.Change) {
	forget(h.flows, c.TakeFlows, flow.Flow.Rule)
	forget(h.groups, c.TakeGroups, groupID)
	forget(h.meters, c.TakeMeters, meterID)
	// Who had a rule before does not have it any more, and must not take it
	// off when it learns that it should not.
	for n := range losers(h.flows, c.PutFlows, flow.Flow.Rule) {
		r := h.rules[n]
		r.Flows = without(r.Flows, c.PutFlows, flow.Flow.Rule)
		h.rules[n] = r
	}
	for n := range losers(h.groups, c.PutGroups, groupID) {
		r := h.rules[n]
		r.Groups = without(r.Groups, c.PutGroups, groupID)
		h.rules[n] = r
	}
	for n := range losers(h.meters, c.PutMeters, meterID) {
		r := h.rules[n]
		r.Meters = without(r.Meters, c.PutMeters, meterID)
		h.rules[n] = r
	}
	for _, j := range jobs {
		h.rules[j.network] = j.want
		own(h.flows, j.network, j.want.Flows, flow.Flow.Rule)
		own(h.groups, j.network, j.want.Groups, groupID)
		own(h.meters, j.network, j.want.Meters, meterID)
		if len(j.want.Flows)+len(j.want.Groups)+len(j.want.Meters) == 0 {
			delete(h.rules, j.network)
		}
	}
}

func groupID(g flow.Group) uint32 { return g.ID }
func meterID(m flow.Meter) uint32 { return m.ID }

func without[T any, K comparable](from, less []T, key func(T) K) []T {
	gone := map[K]bool{}
	for _, x := range less {
		gone[key(x)] = true
	}
	var rest []T
	for _, x := range from {
		if !gone[key(x)] {
			rest = append(rest, x)
		}
	}
	return slices.Clip(rest)
}

func forget[T any, K comparable](owner map[K]slice.Network, taken []T, key func(T) K) {
	for _, x := range taken {
		delete(owner, key(x))
	}
}

func losers[T any, K comparable](owner map[K]slice.Network, put []T, key func(T) K) map[slice.Network]bool {
	had := map[slice.Network]bool{}
	for _, x := range put {
		if n, ok := owner[key(x)]; ok {
			had[n] = true
		}
	}
	return had
}

func own[T any, K comparable](owner map[K]slice.Network, n slice.Network, has []T, key func(T) K) {
	for _, x := range has {
		owner[key(x)] = n
	}
}
