package topology

import (
	"slices"
	"strings"
	"time"

	"github.com/l2sces/l2sces/pkg/slice"
)

// Limits are what a path has to keep to. The zero value leaves everything open.
type Limits struct {
	MaxLatency time.Duration // of all links together; 0: none
	MinKbps    uint32        // to be left on every link; 0: none
	Avoid      []slice.DPID  // switches that it must not pass
	AvoidLinks []Link        // links that it must not take
	Through    []slice.DPID  // switches that it must pass, in this order
}

// Route returns the hops of the cheapest path between two switches that keeps
// to the limits and comes to no switch twice. Of paths that cost the same it
// takes the faster one. Where there is none that would do, the error is
// Exhausted and names the limit and what there is; where there is no path at
// all it is Unavailable.
func (g Graph) Route(a, b slice.DPID, l Limits) ([]Hop, error) {
	way, err := g.explore(a, b, l)
	if way != nil || err != nil || a == b {
		return way, err
	}
	return nil, g.why(a, b, l)
}

// why says which limit is in the way: the first without which there is a path.
func (g Graph) why(a, b slice.DPID, l Limits) error {
	if _, err := g.Path(a, b); err != nil {
		return err
	}
	fast := l
	fast.MaxLatency = 0
	if way, err := g.fastest(a, b, fast); way != nil && err == nil {
		return slice.Errorf(slice.Exhausted, "the fastest path from switch %s to switch %s takes %s (over %s), the limit is %s",
			a, b, Latency(way), names(way), l.MaxLatency)
	}
	wide := fast
	wide.MinKbps = 0
	if way, err := g.explore(a, b, wide); way != nil && err == nil {
		return g.short(way, l.MinKbps)
	}
	if len(l.Through) > 0 {
		loose := wide
		loose.Through = nil
		if way, err := g.explore(a, b, loose); way != nil && err == nil {
			return slice.Errorf(slice.Exhausted, "no path from switch %s to switch %s passes %s in this order", a, b, list(l.Through))
		}
	}
	return slice.Errorf(slice.Exhausted, "every path from switch %s to switch %s passes what it is to avoid: %s", a, b, list(l.Avoid))
}

// short names the link of a path that lacks most.
func (g Graph) short(way []Hop, kbps uint32) error {
	least := way[0].Link
	for _, h := range way {
		left, known := h.Link.Left()
		if has, _ := least.Left(); known && (least.Capacity == 0 || left < has) {
			least = h.Link
		}
	}
	left, _ := least.Left()
	return slice.Errorf(slice.Exhausted, "link %s has %d of its %d kbps left, %d are asked for: it lacks %d",
		least.Name, left, least.Capacity, kbps, kbps-min(left, kbps))
}

// fastest returns the path with the least latency within the other limits.
func (g Graph) fastest(a, b slice.DPID, l Limits) ([]Hop, error) {
	timed := Graph{Switches: g.Switches, Spread: g.Spread}
	for _, link := range g.Links {
		link.Cost = uint32(min(max(link.Latency/time.Microsecond, 1), 1<<31)) //nolint:gosec // bounded
		timed.Links = append(timed.Links, link)
	}
	return timed.explore(a, b, l)
}

// admits reports whether a link is one that a path may take.
func (l Limits) admits(link Link) bool {
	left, known := link.Left()
	return (!known || left >= l.MinKbps) && !slices.ContainsFunc(l.AvoidLinks, link.Same)
}

// Met reports whether a path keeps to the limits.
func (l Limits) Met(way []Hop) bool {
	through := l.Through
	for i, h := range way {
		from, _ := h.Link.from(h.To)
		if i == 0 && len(through) > 0 && through[0] == from.To {
			through = through[1:]
		}
		if len(through) > 0 && through[0] == h.To {
			through = through[1:]
		}
		if !l.admits(h.Link) || slices.Contains(l.Avoid, h.To) {
			return false
		}
	}
	return len(through) == 0 && (l.MaxLatency == 0 || Latency(way) <= l.MaxLatency)
}

// Latency returns the time that the links of a path take together.
func Latency(way []Hop) time.Duration {
	var d time.Duration
	for _, h := range way {
		d += h.Link.Latency
	}
	return d
}

func names(way []Hop) string {
	all := make([]string, len(way))
	for i, h := range way {
		all[i] = h.Link.Name
	}
	return strings.Join(all, ", ")
}
