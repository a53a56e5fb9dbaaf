package fabric

import (
	"math"

	"github.com/l2sces/l2sces/pkg/slice"
)

// unsure stands for the version of a network that a switch was being changed
// to, or from, when it was lost.
const unsure = math.MaxUint64

// leave notes what a switch may hold that goes away. The lock is held.
func (e *Engine) leave(k *keeper) {
	if !k.read {
		return // what it had when it left before is still so
	}
	left := map[slice.Network]uint64{}
	for n := range k.counted {
		if n != 0 {
			left[n] = unsure
		}
	}
	for n, version := range k.applied {
		if !k.dirty[n] && !k.doing[n] && !k.waiting[n] {
			left[n] = version
		}
	}
	e.left[k.sw.DPID()] = left
}

// presume takes the switches that were not seen yet to hold what is wanted of
// them now, or nothing: a controller that begins has left them so.
func (e *Engine) presume() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for id, networks := range e.wanted {
		left := map[slice.Network]uint64{}
		for n, w := range networks {
			left[n] = w.version
		}
		e.left[id] = left
	}
}

// Confirmed reports whether no switch can hold other rules of a network than
// those that are wanted: the ones that are connected have confirmed them, and
// the ones that are away had them when they left, or had none.
func (e *Engine) Confirmed(n slice.Network) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	for id, k := range e.switches {
		w, wanted := e.wanted[id][n]
		if !k.read && wanted || k.counted[n] && (!wanted || k.applied[n] != w.version) {
			return false
		}
	}
	for id, left := range e.left {
		if v, may := left[n]; may && v != e.wanted[id][n].version {
			return false
		}
	}
	return true
}

// Lingers reports whether a switch that is away may still hold rules of a
// network.
func (e *Engine) Lingers(n slice.Network) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, left := range e.left {
		if _, may := left[n]; may {
			return true
		}
	}
	return false
}
