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
	flows  map[flow.Key]slice.Network
	groups map[uint32]slice.Network
	meters map[uint32]slice.Network
}

// holdingsOf sorts what was read from a switch. A meter that comes without an
// owner belongs to the network in meters.
func holdingsOf(r flow.Rules, meters map[uint32]slice.Network) holdings {
	h := holdings{
		rules: map[slice.Network]flow.Rules{}, flows: map[flow.Key]slice.Network{},
		groups: map[uint32]slice.Network{}, meters: map[uint32]slice.Network{},
	}
	for _, f := range r.Flows {
		o := h.rules[f.Owner]
		o.Flows = append(o.Flows, f)
		h.rules[f.Owner], h.flows[f.Key()] = o, f.Owner
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
		if len(j.want.Flows) == 0 && learns(h.rules[j.network]) {
			all.Forget = append(all.Forget, j.network)
		}
	}
	for _, g := range all.PutGroups {
		_, all.HeldGroups[g.ID] = h.groups[g.ID]
	}
	for _, m := range all.PutMeters {
		_, all.HeldMeters[m.ID] = h.meters[m.ID]
	}
	all.TakeFlows = without(all.TakeFlows, all.PutFlows, flow.Flow.Key)
	all.TakeGroups = without(all.TakeGroups, all.PutGroups, groupID)
	all.TakeMeters = without(all.TakeMeters, all.PutMeters, meterID)
	return all
}

// enter notes a change that the switch has confirmed, and returns the networks
// of which rules have passed to the others.
func (h holdings) enter(jobs []job, c flow.Change) map[slice.Network]bool {
	forget(h.flows, c.TakeFlows, flow.Flow.Key)
	forget(h.groups, c.TakeGroups, groupID)
	forget(h.meters, c.TakeMeters, meterID)
	// Who had a rule before does not have it any more, and must not take it
	// off when it learns that it should not.
	var own rank
	for _, j := range jobs {
		own = append(own, j.network)
	}
	slices.Sort(own)
	lost := map[slice.Network]bool{}
	for n := range losers(own, lost, h.flows, c.PutFlows, flow.Flow.Key) {
		r := h.rules[n]
		r.Flows = without(r.Flows, c.PutFlows, flow.Flow.Key)
		h.rules[n] = r
	}
	for n := range losers(own, lost, h.groups, c.PutGroups, groupID) {
		r := h.rules[n]
		r.Groups = without(r.Groups, c.PutGroups, groupID)
		h.rules[n] = r
	}
	for n := range losers(own, lost, h.meters, c.PutMeters, meterID) {
		r := h.rules[n]
		r.Meters = without(r.Meters, c.PutMeters, meterID)
		h.rules[n] = r
	}
	for _, j := range jobs {
		h.rules[j.network] = j.want
		if len(j.want.Flows)+len(j.want.Groups)+len(j.want.Meters) == 0 {
			delete(h.rules, j.network)
		}
	}
	for _, f := range c.PutFlows {
		h.flows[f.Key()] = f.Owner
	}
	for _, g := range c.PutGroups {
		h.groups[g.ID] = g.Owner
	}
	for _, m := range c.PutMeters {
		h.meters[m.ID] = m.Owner
	}
	return lost
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

// A rank is the networks of some jobs, in order.
type rank []slice.Network

// losers returns the networks, but those that have got all that they want,
// that had a rule before it was put for another, and notes them.
func losers[T any, K comparable](but rank, lost map[slice.Network]bool, owner map[K]slice.Network, put []T, key func(T) K) map[slice.Network]bool {
	had := map[slice.Network]bool{}
	for _, x := range put {
		n, ok := owner[key(x)]
		if !ok || had[n] {
			continue
		}
		if _, found := slices.BinarySearch(but, n); !found {
			had[n], lost[n] = true, true
		}
	}
	return had
}
