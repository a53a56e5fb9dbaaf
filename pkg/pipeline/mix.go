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
func (p Plan) Mixes(q Plan) bool {
	if p.open != q.open {
		return false
	}
	both := topology.Graph{Links: slices.Concat(p.tree, q.tree)}
	for _, l := range both.Links {
		both.Switches = append(both.Switches, l.A.Switch, l.B.Switch)
	}
	if _, err := both.Tree(nil, both.Links); err != nil {
		return false
	}
	for s, r := range p.Rules {
		if !sameWays(r, q.Rules[s]) {
			return false
		}
	}
	return true
}

// sameWays reports whether two sets of rules of a switch send no frame for one
// address out by different links.
func sameWays(x, y flow.Rules) bool {
	ways := map[string]string{}
	for _, f := range x.Flows {
		if f.Table == Forward {
			ways[f.Rule()] = fmt.Sprint(f.Actions)
		}
	}
	for _, f := range y.Flows {
		was, ok := ways[f.Rule()]
		if now := fmt.Sprint(f.Actions); f.Table == Forward && ok && was != now {
			return false
		}
	}
	return true
}

// Transit returns the rules of the plan without those of its ports: they carry
// frames that have the network's number already, and give it to none.
func (p Plan) Transit() map[slice.DPID]flow.Rules {
	out := map[slice.DPID]flow.Rules{}
	for s, r := range p.Rules {
		r.Flows = slices.DeleteFunc(slices.Clone(r.Flows), ofPort)
		r.Meters = nil
		out[s] = r
	}
	return out
}

// ofPort tells rules of ports from rules of numbers.
func ofPort(f flow.Flow) bool {
	switch f.Table {
	case Classify:
		return !slices.ContainsFunc(f.Match, func(m flow.Match) bool { return m.Field == flow.FieldTunnel })
	case Guard, Limit:
		return true
	}
	return false
}
