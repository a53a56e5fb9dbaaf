package flow

import "github.com/l2sces/l2sces/pkg/slice"

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
// no frame falls in between.
func Diff(have, want Rules) Change {
	c := Change{HeldGroups: map[uint32]bool{}, HeldMeters: map[uint32]bool{}}
	for _, g := range have.Groups {
		c.HeldGroups[g.ID] = true
	}
	for _, m := range have.Meters {
		c.HeldMeters[m.ID] = true
	}
	c.PutFlows, c.TakeFlows = differ(have.Flows, want.Flows, Flow.Rule, Flow.same)
	c.PutGroups, c.TakeGroups = differ(have.Groups, want.Groups, groupID, sameText[Group])
	c.PutMeters, c.TakeMeters = differ(have.Meters, want.Meters, meterID, sameText[Meter])
	return c
}

func groupID(g Group) uint32 { return g.ID }
func meterID(m Meter) uint32 { return m.ID }

func (f Flow) same(o Flow) bool { return f.Foreign == o.Foreign && f.String() == o.String() }

func sameText[T interface{ String() string }](x, y T) bool { return x.String() == y.String() }

// differ compares two sets by key. What has the key and is not the same is
// put; what has a key that is not wanted is taken.
func differ[T any, K comparable](have, want []T, key func(T) K, same func(T, T) bool) (put, take []T) {
	old := make(map[K]T, len(have))
	for _, x := range have {
		old[key(x)] = x
	}
	for _, x := range want {
		if o, ok := old[key(x)]; !ok || !same(o, x) {
			put = append(put, x)
		}
		delete(old, key(x))
	}
	for _, x := range have {
		if _, ok := old[key(x)]; ok {
			take = append(take, x)
		}
	}
	return put, take
}
