package flow

import (
	"slices"

	"github.com/l2sces/l2sces/pkg/slice"
)

// Rules are all that a switch holds, or should hold.
type Rules struct {
	Flows  []Flow
	Groups []Group
	Meters []Meter
}

// A Change brings a switch from one set of rules to another. A switch carries
// it out in the order of the fields.
type Change struct {
	PutMeters  []Meter // added, or replaced where the number is there
	PutGroups  []Group // added, or replaced where the number is there
	PutFlows   []Flow  // added, or replaced where the rule is there
	TakeFlows  []Flow
	TakeGroups []Group
	TakeMeters []Meter
	// Forget are networks whose learned flows go, whatever they are.
	Forget []slice.Network
	// Held lists the numbers of the groups and meters that were there before,
	// so that a hand knows an addition from a replacement.
	HeldGroups map[uint32]bool
	HeldMeters map[uint32]bool
}

// Empty reports whether there is nothing to do.
func (c Change) Empty() bool { return c.Mods() == 0 }

// Mods returns the number of messages that the change takes.
func (c Change) Mods() int {
	return len(c.PutMeters) + len(c.PutGroups) + len(c.PutFlows) + len(c.TakeFlows) + len(c.TakeGroups) + len(c.TakeMeters) + len(c.Forget)
}

// Diff returns the change that turns have into want. A flow that only changes
// its actions or its owner is put and not taken: the switch replaces it, and
// no frame falls in between. Learned flows stay, unless one that is wanted
// takes the place of one.
func Diff(have, want Rules) Change {
	c := Change{HeldGroups: map[uint32]bool{}, HeldMeters: map[uint32]bool{}}
	for _, g := range have.Groups {
		c.HeldGroups[g.ID] = true
	}
	for _, m := range have.Meters {
		c.HeldMeters[m.ID] = true
	}
	c.PutFlows, c.TakeFlows = differ(unlearned(have.Flows), unlearned(want.Flows), Flow.Key, Flow.same)
	c.PutGroups, c.TakeGroups = differ(have.Groups, want.Groups, groupID, Group.same)
	c.PutMeters, c.TakeMeters = differ(have.Meters, want.Meters, meterID, Meter.same)
	return c
}

// unlearned leaves learned flows out.
func unlearned(list []Flow) []Flow {
	learned := func(f Flow) bool { return f.Learned }
	if !slices.ContainsFunc(list, learned) {
		return list
	}
	return slices.DeleteFunc(slices.Clone(list), learned)
}

func groupID(g Group) uint32 { return g.ID }
func meterID(m Meter) uint32 { return m.ID }

// differ compares two sets by key. What has the key and is not the same is
// put; what has a key that is not wanted is taken.
func differ[T any, K comparable](have, want []T, key func(T) K, same func(T, T) bool) (put, take []T) {
	if alike(have, want) {
		return nil, nil
	}
	old := make(map[K]int, len(have))
	for i, x := range have {
		old[key(x)] = i
	}
	kept := make([]bool, len(have))
	for _, x := range want {
		i, ok := old[key(x)]
		if ok {
			kept[i] = true
		}
		if !ok || !same(have[i], x) {
			put = append(put, x)
		}
	}
	for i, x := range have {
		if !kept[i] && old[key(x)] == i {
			take = append(take, x)
		}
	}
	return put, take
}

// alike reports whether two lists are one in memory.
func alike[T any](x, y []T) bool {
	return len(x) == len(y) && (len(x) == 0 || &x[0] == &y[0])
}
