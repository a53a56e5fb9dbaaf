package pipeline

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/topology"
)

// A Path says how the frames of a network go between two switches. All frames
// of the network keep to the paths that it has.
type Path struct {
	From, To slice.DPID
	Hops     []slice.DPID // explicit: every switch, with From and To; loose: those to pass, in this order
	Loose    bool
	// The limits; zero is none.
	MaxLatency time.Duration
	MinKbps    uint32 // reserved on every link of the path
	Avoid      []slice.DPID
	// Degrade gives up the limits, and then the hops, where they cannot be met.
	Degrade bool
}

// Explicit returns the path over exactly these switches.
func Explicit(hops ...slice.DPID) Path {
	p := Path{Hops: hops}
	if len(hops) > 0 {
		p.From, p.To = hops[0], hops[len(hops)-1]
	}
	return p
}

// String names the ends of the path.
func (p Path) String() string { return fmt.Sprintf("path from switch %s to switch %s", p.From, p.To) }

// free reports whether every way will do.
func (p Path) free() bool {
	return len(p.Hops) == 0 && p.MaxLatency == 0 && p.MinKbps == 0 && len(p.Avoid) == 0
}

func (p Path) explicit() bool { return len(p.Hops) > 0 && !p.Loose }

func (p Path) limits() topology.Limits {
	l := topology.Limits{MaxLatency: p.MaxLatency, MinKbps: p.MinKbps, Avoid: p.Avoid}
	if p.Loose {
		l.Through = p.Hops
	}
	return l
}

// alternatives is how many paths are looked at to find one that closes no loop
// with the other paths of its network.
const alternatives = 8

// A steering is what the paths of a network come to.
type steering struct {
	links    []topology.Link
	reserved map[string]uint32 // kilobits a second, by the name of the link
	degraded []string          // what had to be given up
}

// steer finds the links of the paths, in the order in which they are named:
// what one has reserved is not there for the next.
func (n Network) steer(g topology.Graph) (steering, error) {
	s := steering{reserved: map[string]uint32{}}
	if len(n.Paths) > 0 {
		g = g.Forgotten() // what is reserved changes its links
		g.Links = slices.Clone(g.Links)
	}
	for _, p := range n.Paths {
		way, err := n.find(p, g, s.links)
		if err != nil && p.Degrade && slice.KindOf(err) != slice.Invalid {
			s.degraded = append(s.degraded, err.Error())
			way, p.MinKbps = n.settle(p, g, s.links), 0
		} else if err != nil {
			return s, err
		}
		for _, l := range way {
			s.links = append(s.links, l)
			if p.MinKbps == 0 {
				continue
			}
			s.reserved[l.Name] += p.MinKbps
			i := slices.IndexFunc(g.Links, l.Same)
			g.Links[i].Reserved += p.MinKbps
		}
	}
	return s, nil
}

// settle finds what is left of a path that may give up its limits: its hops,
// or nothing.
func (n Network) settle(p Path, g topology.Graph, before []topology.Link) []topology.Link {
	p.MaxLatency, p.MinKbps, p.Avoid = 0, 0, nil
	way, err := n.find(p, g, before)
	if err != nil {
		return nil // every way will do
	}
	return way
}

// find returns the links of a path, none if every way will do.
func (n Network) find(p Path, g topology.Graph, before []topology.Link) ([]topology.Link, error) {
	switch {
	case p.free():
		return nil, nil
	case p.explicit():
		return n.along(p, g)
	}
	for _, k := range []int{1, alternatives} {
		ways, err := g.Alternatives(p.From, p.To, k, p.limits())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p, err)
		}
		for _, way := range ways {
			var links []topology.Link
			for _, h := range way {
				links = append(links, h.Link)
			}
			if _, err := g.Tree(nil, slices.Concat(before, links)); err == nil {
				return links, nil
			}
		}
	}
	return nil, slice.Errorf(slice.Exhausted, "%s: every way closes a loop with the other paths of the network", p)
}

// along returns the links of an explicit path.
func (n Network) along(p Path, g topology.Graph) ([]topology.Link, error) {
	if len(p.Hops) < 2 {
		return nil, slice.Errorf(slice.Invalid, "network %d: an explicit path has %d switches, not two or more", n.Number, len(p.Hops))
	}
	var links []topology.Link
	var latency time.Duration
	for i, at := range p.Hops[1:] {
		from := p.Hops[i]
		if slices.Contains(p.Hops[:i+1], at) {
			return nil, slice.Errorf(slice.Invalid, "network %d: an explicit path comes to switch %s twice", n.Number, at)
		}
		between := g.Between(from, at)
		if len(between) == 0 {
			return nil, slice.Errorf(slice.Unavailable, "network %d: there is no link for the explicit path from switch %s to switch %s", n.Number, from, at)
		}
		step, err := topology.Graph{Switches: []slice.DPID{from, at}, Links: between, Spread: g.Spread}.Route(from, at, topology.Limits{MinKbps: p.MinKbps})
		if err != nil {
			return nil, fmt.Errorf("explicit %s: %w", p, err)
		}
		links = append(links, step[0].Link)
		latency += step[0].Link.Latency
	}
	if p.MaxLatency != 0 && latency > p.MaxLatency {
		return nil, slice.Errorf(slice.Exhausted, "explicit %s: it takes %s, the limit is %s", p, latency, p.MaxLatency)
	}
	return links, nil
}

// avoided returns the switches that no path is to pass and no port is at.
func (n Network) avoided(members []slice.DPID) map[slice.DPID]bool {
	all := map[slice.DPID]bool{}
	for _, p := range n.Paths {
		for _, s := range p.Avoid {
			all[s] = true
		}
	}
	maps.DeleteFunc(all, func(s slice.DPID, _ bool) bool { return slices.Contains(members, s) })
	return all
}
