package pipeline

import (
	"fmt"
	"maps"
	"slices"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/topology"
)

// A mirroring holds the ways of copies to the mirror port. They are copied
// where the frame comes in, once, and carry a number of their own, under which
// nothing but these ways is known.
type mirroring struct {
	next   map[slice.DPID]topology.Hop                 // by the switch that copies are at
	in     map[slice.DPID]map[slice.Port]topology.Link // links by which they come, by switch and port
	lonely []slice.DPID                                // from which no way leads to the mirror port
}

// mirrored reports whether frames of the network are copied.
func (n Network) mirrored() bool { return n.Mirror != (topology.End{}) }

// mirror finds the ways of copies: from each switch by which frames come in a
// cheapest path to the mirror port, so that they never come together in a loop.
func (r *route) mirror(n Network, g topology.Graph) {
	m := mirroring{next: map[slice.DPID]topology.Hop{}, in: map[slice.DPID]map[slice.Port]topology.Link{}}
	hops := g.Toward(n.Mirror.Switch)
	members, _ := n.switches()
	for _, at := range members {
		_, ok := hops(at)
		if !ok && at != n.Mirror.Switch {
			m.lonely = append(m.lonely, at)
		}
		for h, ok := hops(at); ok && at != n.Mirror.Switch; h, ok = hops(at) {
			m.next[at] = h
			if m.in[h.To] == nil {
				m.in[h.To] = map[slice.Port]topology.Link{}
			}
			m.in[h.To][h.In] = h.Link
			at = h.To
		}
	}
	r.mirroring = m
}

// degraded tells from where there are no copies.
func (m mirroring) degraded() []string {
	var all []string
	for _, s := range m.lonely {
		all = append(all, fmt.Sprintf("no link leads from switch %s to the mirror port: what comes in there is not copied", s))
	}
	return all
}

// switches returns those that copies pass.
func (m mirroring) switches() []slice.DPID {
	return slices.Concat(slices.Collect(maps.Keys(m.next)), slices.Collect(maps.Keys(m.in)))
}

// copies returns the rules of one switch for copies: what comes in here is
// copied before it goes on, and copies from elsewhere go to the mirror port.
func copies(n Network, r route, s slice.DPID) []flow.Flow {
	if !n.mirrored() {
		return nil
	}
	var all []flow.Flow
	for _, p := range slices.Sorted(maps.Keys(r.mirroring.in[s])) {
		all = append(all, fromTunnel(n, n.Copies, p, r.mirroring.in[s][p]))
	}
	away := []flow.Action{flow.Output(n.Mirror.Port)}
	back := []flow.Action{flow.Goto(Forward)}
	if s != n.Mirror.Switch {
		h, ok := r.mirroring.next[s]
		if !ok {
			return all
		}
		away = over(n.Copies, h)
		if h.Link.Wire {
			back = []flow.Action{flow.PopLabel(), flow.Goto(Forward)}
		}
	}
	if slices.ContainsFunc(n.Attachments, func(a Attachment) bool { return a.Switch == s }) {
		all = append(all, known(n, Mirror, []flow.Match{flow.InNetwork(n.Number)}, slices.Concat(away, back)...))
	}
	if len(r.mirroring.in[s]) > 0 {
		all = append(all, known(n, Forward, []flow.Match{flow.InNetwork(n.Copies)}, away...))
	}
	return all
}

// checkMirror reports a mirror port that is none.
func (n Network) checkMirror(taken map[topology.End]string) error {
	if !n.mirrored() {
		return nil
	}
	m := n.Mirror
	switch what, used := taken[m]; {
	case m.Port == 0 || m.Port > lastPort:
		return slice.Errorf(slice.Invalid, "network %d: %d is no number of a mirror port", n.Number, m.Port)
	case used:
		return slice.Errorf(slice.Invalid, "network %d: mirror port %d of switch %s is %s", n.Number, m.Port, m.Switch, what)
	case n.Copies == 0 || n.Copies == n.Number || n.Copies == n.Backup || n.Copies > slice.LastNetwork:
		return slice.Errorf(slice.Invalid, "network %d: %d is no number for its copies", n.Number, n.Copies)
	case slices.ContainsFunc(n.Attachments, func(a Attachment) bool { return !a.tenant() }):
		return slice.Errorf(slice.Invalid, "network %d: what another fabric hands over is not copied: a network with hand-offs has no mirror port", n.Number)
	}
	return nil
}
