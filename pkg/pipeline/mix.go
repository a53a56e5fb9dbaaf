package pipeline

import (
	"fmt"
	"slices"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/topology"
)

// Mixes reports whether switches of which some have this plan and some another
// one of the same network carry frames without a loop, so that one plan can
// take the place of the other in any order. It can if frames for all keep to
// one tree, and if no frame for one is sent another way by both.
func (p Plan) Mixes(q Plan) bool { return Mix(p, q) }

// Mix reports whether each switch may have any one of some plans of the same
// network and no frame circles: see Mixes.
func Mix(plans ...Plan) bool {
	var all topology.Graph
	for i, p := range plans {
		all.Links = append(all.Links, p.tree...)
		for _, q := range plans[:i] {
			if p.open != q.open || !alike(p, q) {
				return false
			}
		}
	}
	for _, l := range all.Links {
		all.Switches = append(all.Switches, l.A.Switch, l.B.Switch)
	}
	_, err := all.Tree(nil, all.Links)
	return err == nil
}

func alike(p, q Plan) bool {
	for s, r := range p.Rules {
		if !sameWays(r, q.Rules[s]) {
			return false
		}
	}
	return true
}

// Same reports whether two plans have the same rules.
func (p Plan) Same(q Plan) bool {
	if len(p.Rules) != len(q.Rules) {
		return false
	}
	for s, r := range p.Rules {
		o, ok := q.Rules[s]
		if !ok || !flow.Diff(r, o).Empty() {
			return false
		}
	}
	return true
}

// sameWays reports whether two sets of rules of a switch send no frame for one
// address out by different links.
func sameWays(x, y flow.Rules) bool {
	before, after := waysOf(x), waysOf(y)
	for frames, now := range after {
		if was, ok := before[frames]; ok && !slices.Equal(was, now) {
			return false
		}
	}
	return true
}

// A kind of frames is what a switch may treat alike, whatever port they come
// in by.
type kind struct{ network, to uint64 }

// waysOf returns what becomes of each kind of frames, by port and with the
// groups written out.
func waysOf(r flow.Rules) map[kind][]string {
	groups := map[uint32]string{}
	for _, g := range r.Groups {
		if g.Type == flow.FastFailover {
			groups[g.ID] = fmt.Sprint(g.Buckets)
		}
	}
	ways := map[kind][]string{}
	for _, f := range r.Flows {
		if f.Table != Forward {
			continue
		}
		var k kind
		port := uint64(0)
		for _, m := range f.Match {
			switch m.Field {
			case flow.FieldMetadata:
				k.network = m.Value
			case flow.FieldEthDst:
				k.to = m.Value
			case flow.FieldInPort:
				port = m.Value
			}
		}
		way := fmt.Sprint(port, f.Actions)
		for _, a := range f.Actions {
			if a.Verb == flow.VerbGroup {
				way = fmt.Sprint(port, groups[uint32(a.Arg)])
			}
		}
		ways[k] = append(ways[k], way)
	}
	for _, all := range ways {
		slices.Sort(all)
	}
	return ways
}

// Transit returns the rules of the plan without those of its ports: they carry
// frames that have the network's number already, and give it to none.
func (p Plan) Transit() map[slice.DPID]flow.Rules {
	out := map[slice.DPID]flow.Rules{}
	for s, r := range p.Rules {
		r.Flows = slices.DeleteFunc(slices.Clone(r.Flows), func(f flow.Flow) bool { return p.ofPort(s, f) })
		r.Meters = nil
		out[s] = r
	}
	return out
}

// ofPort tells rules of ports from rules of numbers.
func (p Plan) ofPort(s slice.DPID, f flow.Flow) bool {
	switch f.Table {
	case Classify:
		return !slices.ContainsFunc(f.Match, func(m flow.Match) bool {
			return m.Field == flow.FieldInPort && p.ends[topology.End{Switch: s, Port: slice.Port(m.Value)}] //nolint:gosec // a port
		})
	case Guard, Limit:
		return true
	}
	return false
}
