package fabric

import (
	"slices"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/slice"
)

// own are rules of single switches that belong to no network.
type own map[slice.DPID]flow.Rules

// Own gives a switch rules beside those that every switch has, in place of the
// ones that it was given before.
func (e *Engine) Own(id slice.DPID, r flow.Rules) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if flow.Diff(e.own[id], r).Empty() {
		return
	}
	if e.own == nil {
		e.own = own{}
	}
	e.own[id] = r
	e.wake(id, 0)
}

// rulesOf returns the rules of a switch that belong to no network.
func (e *Engine) rulesOf(id slice.DPID) flow.Rules {
	r := e.own[id]
	return flow.Rules{
		Flows:  slices.Concat(e.base.Flows, r.Flows),
		Groups: slices.Concat(e.base.Groups, r.Groups),
		Meters: slices.Concat(e.base.Meters, r.Meters),
	}
}
