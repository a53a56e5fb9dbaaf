package fabric

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/slice"
)

// An Engine holds the rules that every switch should have, by network, and
// keeps the connected switches at that. Each switch is served by a goroutine
// of its own: a slow or broken one delays nobody else.
type Engine struct {
	log  *slog.Logger
	base flow.Rules

	own own // rules of single switches; mu guards it

	mu        sync.Mutex
	wanted    map[slice.DPID]map[slice.Network]wanted
	on        map[slice.Network][]slice.DPID // switches that have a wanted of the network, in order
	flows     map[slice.DPID]int             // flows that are wanted, of all networks
	held      map[slice.Network]int          // connected switches that may have rules of the network
	switches  map[slice.DPID]*keeper
	refusals  map[string]uint64                       // switches that were not let in, by reason
	left      map[slice.DPID]map[slice.Network]uint64 // versions that switches which are away may hold
	version   uint64
	changed   chan struct{}      // closed and renewed when a switch got on
	failpoint func(string) error // before and after each change of a switch; may be nil
	stepped   func()             // called without the lock after each step of a switch; may be nil

	mods, syncs, faults atomic.Uint64
}

// wanted is what one network wants on one switch. Nil rules want it gone.
type wanted struct {
	rules   flow.Rules
	version uint64
}

// NewEngine returns an engine whose switches all have the base rules. Without
// a logger it is silent.
func NewEngine(base flow.Rules, log *slog.Logger) *Engine {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Engine{
		log: log, base: base, changed: make(chan struct{}),
		wanted:   map[slice.DPID]map[slice.Network]wanted{},
		on:       map[slice.Network][]slice.DPID{},
		flows:    map[slice.DPID]int{},
		held:     map[slice.Network]int{},
		switches: map[slice.DPID]*keeper{},
		left:     map[slice.DPID]map[slice.Network]uint64{},
	}
}

// Set replaces the rules of a network on all switches, and wakes those that it
// concerns: the ones that have it now and the ones that had it before.
func (e *Engine) Set(n slice.Network, rules map[slice.DPID]flow.Rules) {
	e.SetAll(map[slice.Network]map[slice.DPID]flow.Rules{n: rules})
}

// SetAll replaces the rules of several networks: a switch gets what concerns
// it in one bundle.
func (e *Engine) SetAll(all map[slice.Network]map[slice.DPID]flow.Rules) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for n, rules := range all {
		e.set(n, rules)
	}
}

func (e *Engine) set(n slice.Network, rules map[slice.DPID]flow.Rules) {
	for _, id := range e.on[n] {
		if _, has := rules[id]; !has {
			e.flows[id] -= len(e.wanted[id][n].rules.Flows)
			delete(e.wanted[id], n)
			e.wake(id, n)
		}
	}
	for id, r := range rules {
		have, ok := e.wanted[id][n]
		if ok && flow.Diff(have.rules, r).Empty() {
			continue
		}
		if e.wanted[id] == nil {
			e.wanted[id] = map[slice.Network]wanted{}
		}
		e.version++
		e.flows[id] += len(r.Flows) - len(have.rules.Flows)
		e.wanted[id][n] = wanted{rules: r, version: e.version}
		e.wake(id, n)
	}
	if e.on[n] = slices.Sorted(maps.Keys(rules)); len(rules) == 0 {
		delete(e.on, n)
	}
}

func (e *Engine) wake(id slice.DPID, n slice.Network) {
	if k := e.switches[id]; k != nil {
		k.dirty[n] = true
		delete(k.waiting, n)
		e.count(k, n)
		poke(k.wakeup)
	}
}

// count keeps the number of switches that may have rules of a network; it is
// called after every step that can change it.
func (e *Engine) count(k *keeper, n slice.Network) {
	_, has := k.have.rules[n]
	has = has || k.dirty[n] || k.doing[n] || k.waiting[n]
	if has == k.counted[n] {
		return
	}
	if has {
		k.counted[n] = true
		e.held[n]++
		return
	}
	e.uncount(k, n)
}

func (e *Engine) uncount(k *keeper, n slice.Network) {
	delete(k.counted, n)
	if e.held[n]--; e.held[n] == 0 {
		delete(e.held, n)
	}
}

// Holds reports whether a connected switch may still have rules of a network.
func (e *Engine) Holds(n slice.Network) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.held[n] > 0
}

// Behind reports whether a connected switch has not confirmed the rules of a
// network yet. Those that are away get all of them when they return.
func (e *Engine) Behind(n slice.Network) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.ContainsFunc(e.on[n], func(id slice.DPID) bool {
		k := e.switches[id]
		return k != nil && k.applied[n] != e.wanted[id][n].version
	})
}

// Pending says why a network is not yet in place on every switch that it
// concerns, or nothing if it is.
func (e *Engine) Pending(n slice.Network) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, id := range e.on[n] {
		w, k := e.wanted[id][n], e.switches[id]
		switch {
		case k == nil:
			return fmt.Sprintf("switch %s is not connected", id)
		case k.faults[n] != nil:
			return fmt.Sprintf("switch %s: %s", id, k.faults[n])
		case k.applied[n] != w.version:
			return fmt.Sprintf("switch %s has not confirmed the rules yet", id)
		}
	}
	return ""
}

// Unsettled names a connected switch that does not hold what is wanted of it,
// or nothing.
func (e *Engine) Unsettled() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(e.switches)) {
		k := e.switches[id]
		if !k.synced || len(k.dirty)+len(k.doing) > 0 {
			return fmt.Sprintf("switch %s is being changed", id)
		}
		for _, n := range slices.Sorted(maps.Keys(k.waiting)) {
			return fmt.Sprintf("switch %s: %s", id, k.faults[n])
		}
	}
	return ""
}

// Connected reports whether a switch is connected.
func (e *Engine) Connected(d slice.DPID) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.switches[d] != nil
}

// flowsOf returns how many flows are wanted on a switch of a network, or of
// all networks and the base for zero.
func (e *Engine) flowsOf(d slice.DPID, n slice.Network) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	if n == 0 {
		return e.flows[d] + len(e.base.Flows)
	}
	return len(e.wanted[d][n].rules.Flows)
}

// fail is a place where a test can end the controller.
func (e *Engine) fail(step string) error {
	if e.failpoint == nil {
		return nil
	}
	return e.failpoint(step)
}

// Changed returns a channel that is closed when some switch got on.
func (e *Engine) Changed() <-chan struct{} {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.changed
}

// progress tells everybody who waits that a switch got on; the lock is held.
func (e *Engine) progress() {
	close(e.changed)
	e.changed = make(chan struct{})
}

// Stats are totals since the start.
type Stats struct {
	Switches int    // connected now
	Mods     uint64 // flow-, group- and meter-mods that were confirmed
	Syncs    uint64 // full readings: one for each connection, and one after each fault
	Faults   uint64 // changes that a switch refused
}

// Stats returns the totals.
func (e *Engine) Stats() Stats {
	e.mu.Lock()
	defer e.mu.Unlock()
	return Stats{len(e.switches), e.mods.Load(), e.syncs.Load(), e.faults.Load()}
}
