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
	"time"

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

	Capacity uint32        // kilobits a second; 0: not told, and taken to be enough
	Reserved uint32        // kilobits a second of it that are promised to others
	Latency  time.Duration // of one way; 0: not told
	Loss     uint32        // frames lost of a million
	// Wire tells a link without a tunnel, on which a frame has the number of its
	// network as an 802.1Q label.
	Wire bool
}

// Bare returns the link without its metrics, by which it can be told from
// others whatever has been measured since.
func (l Link) Bare() Link { return Link{Name: l.Name, A: l.A, B: l.B, Wire: l.Wire} }

// Same reports whether two values are one link: they join the same ports.
func (l Link) Same(o Link) bool { return l.A == o.A && l.B == o.B || l.A == o.B && l.B == o.A }

// Left returns the kilobits a second that nobody has been promised, and whether
// the capacity of the link is known at all.
func (l Link) Left() (kbps uint32, known bool) {
	return l.Capacity - min(l.Reserved, l.Capacity), l.Capacity != 0
}

// A Graph is the switches of a fabric and the links between them. A link to a
// switch that is not listed leads nowhere and is passed over.
type Graph struct {
	Switches []slice.DPID
	Links    []Link
	// Spread chooses among ways of equal cost: graphs with different numbers
	// take different ones, one with the same number always takes the same. Zero
	// takes the switch with the lower identifier, then the link that comes first
	// by name.
	Spread uint32

	memo *memo // nil: nothing is remembered
}

// A Hop is a link seen from one of its ends.
type Hop struct {
	Link Link
	Out  slice.Port // the port at this end
	To   slice.DPID // the switch at the other end
	In   slice.Port // the port at the other end
}

// Between returns the links that join two switches, cheapest first, and of
// those that cost the same the one first that the spread chooses.
func (g Graph) Between(a, b slice.DPID) []Link {
	var found []Link
	for _, l := range g.Links {
		if h, ok := l.from(a); ok && h.To == b {
			found = append(found, l)
		}
	}
	slices.SortFunc(found, g.compare)
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
	links := slices.SortedFunc(slices.Values(g.Links), g.compare)
	for _, l := range links {
		for _, s := range []slice.DPID{l.A.Switch, l.B.Switch} {
			if h, ok := l.from(s); ok && listed[s] && listed[h.To] {
				out[s] = append(out[s], h)
			}
		}
	}
	return out
}

// compare puts links in the order in which the graph takes them.
func (g Graph) compare(x, y Link) int {
	return cmp.Or(cmp.Compare(x.cost(), y.cost()), cmp.Compare(g.lot(x), g.lot(y)), compareLinks(x, y))
}

// lot draws a number for a link, by which the spread chooses.
func (g Graph) lot(l Link) uint64 {
	if g.Spread == 0 {
		return 0
	}
	n := uint64(g.Spread)
	for _, part := range []uint64{uint64(l.A.Switch), uint64(l.A.Port), uint64(l.B.Switch), uint64(l.B.Port)} {
		n = mix(n ^ part)
	}
	return n
}

// mix spreads the bits of a number over all of it (the finalizer of SplitMix64).
func mix(n uint64) uint64 {
	n += 0x9e3779b97f4a7c15
	n = (n ^ n>>30) * 0xbf58476d1ce4e5b9
	n = (n ^ n>>27) * 0x94d049bb133111eb
	return n ^ n>>31
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
