package flowtest

import (
	"slices"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/slice"
)

// after returns what a switch holds after a change. It refuses what OpenFlow
// makes a switch refuse: to add a group or meter that is there, to replace one
// that is not, and to point at one that is not (OpenFlow 1.3.5, section 7.4.4).
func after(r flow.Rules, c flow.Change) (flow.Rules, error) {
	r = clone(r)
	var err error
	if r.Meters, err = put(r.Meters, c.PutMeters, meterID, c.HeldMeters, "meter"); err != nil {
		return r, err
	}
	if r.Groups, err = put(r.Groups, c.PutGroups, groupID, c.HeldGroups, "group"); err != nil {
		return r, err
	}
	for i, f := range c.PutFlows {
		if err := pointsAtNothing(r, f); err != nil {
			r.Flows = append(without(r.Flows, c.PutFlows[:i], flow.Flow.Key), c.PutFlows[:i]...)
			return r, err
		}
	}
	r.Flows = append(without(r.Flows, c.PutFlows, flow.Flow.Key), c.PutFlows...)
	r.Flows = without(r.Flows, c.TakeFlows, flow.Flow.Key)
	r.Groups = without(r.Groups, c.TakeGroups, groupID)
	r.Meters = without(r.Meters, c.TakeMeters, meterID)
	r.Flows = slices.DeleteFunc(r.Flows, func(f flow.Flow) bool { return f.Learned && slices.Contains(c.Forget, f.Owner) })
	// A switch takes the flows off that use a group or meter it takes off.
	r.Flows = slices.DeleteFunc(r.Flows, func(f flow.Flow) bool { return pointsAtNothing(r, f) != nil })
	return r, nil
}

func groupID(g flow.Group) uint32 { return g.ID }
func meterID(m flow.Meter) uint32 { return m.ID }

func put[T any](have, more []T, id func(T) uint32, held map[uint32]bool, what string) ([]T, error) {
	for _, x := range more {
		i := slices.IndexFunc(have, func(o T) bool { return id(o) == id(x) })
		switch {
		case i < 0 && held[id(x)]:
			return have, slice.Errorf(slice.NotFound, "there is no %s %d to replace", what, id(x))
		case i < 0:
			have = append(have, x)
		case !held[id(x)]:
			return have, slice.Errorf(slice.Conflict, "there is a %s %d already", what, id(x))
		default:
			have[i] = x
		}
	}
	return have, nil
}

func without[T any, K comparable](have, less []T, key func(T) K) []T {
	if len(less) == 0 {
		return have
	}
	gone := make(map[K]bool, len(less))
	for _, x := range less {
		gone[key(x)] = true
	}
	return slices.DeleteFunc(have, func(x T) bool { return gone[key(x)] })
}

// pointsAtNothing reports the group or meter that a flow uses and that is not
// there.
func pointsAtNothing(r flow.Rules, f flow.Flow) error {
	for _, a := range f.Actions {
		id := uint32(a.Arg)
		switch {
		case a.Verb == flow.VerbGroup && !slices.ContainsFunc(r.Groups, func(g flow.Group) bool { return g.ID == id }):
			return slice.Errorf(slice.NotFound, "there is no group %d for the flow %s", id, f)
		case a.Verb == flow.VerbMeter && !slices.ContainsFunc(r.Meters, func(m flow.Meter) bool { return m.ID == id }):
			return slice.Errorf(slice.NotFound, "there is no meter %d for the flow %s", id, f)
		}
	}
	return nil
}
