package flow

import (
	"hash/maphash"
	"slices"
)

// A Key stands for what Rule returns: flows with the same rule have the same
// key. Two rules have the same key by chance only, one time in many thousand
// millions for a switch with a hundred thousand flows; nobody can make two
// such rules on purpose, because the keys of every process differ.
type Key uint64

var seed = maphash.MakeSeed()

// Key returns what a switch tells the flow from others by.
func (f Flow) Key() Key {
	var conditions uint64 // in any order
	for _, m := range f.Match {
		conditions += maphash.Comparable(seed, m)
	}
	return Key(maphash.Comparable(seed, struct {
		conditions uint64
		raw        string
		priority   Priority
		table      uint8
	}{conditions, f.Raw, f.Priority, f.Table.ID}))
}

// same reports whether a flow, of which another has the rule, is the other.
func (f Flow) same(o Flow) bool {
	return f.Foreign == o.Foreign && f.Owner == o.Owner && f.Idle == o.Idle && f.Raw == o.Raw && sameActions(f.Actions, o.Actions)
}

func (g Group) same(o Group) bool {
	return g.ID == o.ID && g.Type == o.Type && slices.EqualFunc(g.Buckets, o.Buckets, func(x, y Bucket) bool {
		return (x.Watch == y.Watch || g.Type != FastFailover) && sameActions(x.Actions, y.Actions)
	})
}

func (m Meter) same(o Meter) bool {
	m.Owner, o.Owner = 0, 0 // a switch does not say whose it is
	return m == o
}

func sameActions(x, y []Action) bool {
	return slices.EqualFunc(x, y, func(a, b Action) bool {
		if (a.Next == nil) != (b.Next == nil) || a.Next != nil && a.Next.ID != b.Next.ID {
			return false
		}
		return a.Verb == b.Verb && a.Arg == b.Arg
	})
}
