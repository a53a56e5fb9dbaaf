package intent

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/l2sces/l2sces/pkg/slice"
)

// Terms are those on which a domain takes slices.
type Terms struct {
	Capacity Capacity
	Closed   string // why no slice may come to use it; empty: it is open
	Static   bool   // given on the command line: nothing is complete without it
}

// A Use is what slices take of a domain, all together.
type Use struct {
	Usage
	MTU    uint32 // of the largest packet that one of their networks may carry
	Living uint32 // slices that are not being deleted
	Left   uint32 // segments that the domain still has of slices that no longer use it
}

// UseOf returns what the intents take of a domain: nothing of one that the slice
// does not reach. Bandwidth is the sum of the caps of all ports there; a port
// without a cap counts for nothing, and its network is one of Uncapped.
func (in *Intents) UseOf(d slice.Domain) Usage {
	var u Usage
	if !slices.ContainsFunc(in.Slice.Domains, func(have Domain) bool { return have.Name == d }) {
		return u
	}
	u.Slices = 1
	for _, n := range in.Slice.Networks {
		if !slices.Contains(n.Domains, d) {
			continue
		}
		u = u.Plus(Usage{Networks: 1})
		for _, m := range n.Members {
			if m.Domain == d {
				u = u.Plus(Usage{Ports: 1, BandwidthKbps: n.BandwidthKbps})
			}
		}
	}
	return u
}

// Uncapped returns the networks, by index, that have ports in a domain without
// a cap.
func (in *Intents) Uncapped(d slice.Domain) []int {
	var all []int
	for i, n := range in.Slice.Networks {
		if n.BandwidthKbps == 0 && slices.ContainsFunc(n.Members, func(m Member) bool { return m.Domain == d }) {
			all = append(all, i)
		}
	}
	return all
}

// Plus returns the sum of two usages. A sum that is too large stays at the end.
func (u Usage) Plus(v Usage) Usage {
	return Usage{
		Slices: plus(u.Slices, v.Slices), Networks: plus(u.Networks, v.Networks),
		Ports: plus(u.Ports, v.Ports), BandwidthKbps: plus(u.BandwidthKbps, v.BandwidthKbps),
	}
}

func plus(x, y uint32) uint32 {
	if y > math.MaxUint32-x {
		return math.MaxUint32
	}
	return x + y
}

// Unlimited reports whether the capacity has no limit at all.
func (c Capacity) Unlimited() bool { return c == Capacity{} }

// Over says where a usage is over the capacity and more than it was before, or
// nothing. What was over already may stay, and may shrink.
func (c Capacity) Over(now, before Usage) string {
	var over []string
	for _, x := range []struct {
		what                string
		now, before, limits uint32
	}{
		{"slices", now.Slices, before.Slices, c.Slices},
		{"networks", now.Networks, before.Networks, c.Networks},
		{"ports", now.Ports, before.Ports, c.Ports},
		{"kbit/s", now.BandwidthKbps, before.BandwidthKbps, c.BandwidthKbps},
	} {
		if x.limits != 0 && x.now > x.limits && x.now > x.before {
			over = append(over, fmt.Sprintf("%d %s of %d", x.now, x.what, x.limits))
		}
	}
	return strings.Join(over, ", ")
}
