// Package topology holds the graph of one fabric as a value, and answers
// questions about it: which links make a loop-free tree, what is the next hop.
// It knows no switch and no traffic. The same graph always gets the same
// answer, in whatever order its links are listed.
//
//	tree, err := g.Tree(members, forced)
package topology

import (
	"cmp"
	"slices"

	"github.com/l2sces/l2sces/pkg/slice"
)

// An End is one end of a link: a port of a switch.
type End struct {
	Switch slice.DPID
	Port   slice.Port
}

// A Link joins two switches. It has no direction.
type Link struct {
	Name string // for people: field-fire
	A, B End
	Cost uint32 // 0 means 1
}

// A Graph is the switches of a fabric and the links between them. A link to a
// switch that is not listed leads nowhere and is passed over.
type Graph struct {
	Switches []slice.DPID
	Links    []Link
}

// A Hop is a link seen from one of its ends.
type Hop struct {
	Link Link
	Out  slice.Port // the port at this end
	To   slice.DPID // the switch at the other end
	In   slice.Port // the port at the other end
}

// Between returns the links that join two switches, cheapest first.
func (g Graph) Between(a, b slice.DPID) []Link {
	var found []Link
	for _, l := range g.Links {
		if h, ok := l.from(a); ok && h.To == b {
			found = append(found, l)
		}
	}
	slices.SortFunc(found, compareLinks)
	return found
}

// from returns the link as seen from a switch. A link from a switch to itself
// is of no use to anybody and is seen from nowhere.
func (l Link) from(s slice.DPID) (Hop, bool) {
	switch {
	case l.A.Switch == l.B.Switch:
		return Hop{}, false
	case l.A.Switch == s:
		return Hop{Link: l, Out: l.A.Port, To: l.B.Switch, In: l.B.Port}, true
	case l.B.Switch == s:
		return Hop{Link: l, Out: l.B.Port, To: l.A.Switch, In: l.A.Port}, true
	}
	return Hop{}, false
}

func (l Link) cost() uint64 { return uint64(max(l.Cost, 1)) }

// hops returns the ways out of every switch, cheapest first.
func (g Graph) hops() map[slice.DPID][]Hop {
	listed := map[slice.DPID]bool{}
	for _, s := range g.Switches {
		listed[s] = true
	}
	out := make(map[slice.DPID][]Hop, len(g.Switches))
	links := slices.SortedFunc(slices.Values(g.Links), compareLinks)
	for _, l := range links {
		for _, s := range []slice.DPID{l.A.Switch, l.B.Switch} {
			if h, ok := l.from(s); ok && listed[s] && listed[h.To] {
				out[s] = append(out[s], h)
			}
		}
	}
	return out
}

// compareLinks puts links in an order that depends on nothing but themselves.
func compareLinks(x, y Link) int {
	return cmp.Or(
		cmp.Compare(x.cost(), y.cost()),
		cmp.Compare(x.Name, y.Name),
		compareEnds(x.A, y.A),
		compareEnds(x.B, y.B),
	)
}

func compareEnds(x, y End) int {
	return cmp.Or(cmp.Compare(x.Switch, y.Switch), cmp.Compare(x.Port, y.Port))
}
