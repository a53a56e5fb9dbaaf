package fabric

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/slice"
)

// The time that a switch has for one change, and the pause before a change
// that it refused is tried again.
const (
	changeTimeout = 15 * time.Second
	retryPause    = time.Second
)

// keeper keeps one connected switch. The engine's lock guards all but sw.
type keeper struct {
	sw      Switch
	wakeup  chan struct{}
	dirty   map[slice.Network]bool
	held    map[slice.Network]flow.Rules // what the switch has, by owner
	applied map[slice.Network]uint64     // version that it has confirmed
	faults  map[slice.Network]error
	synced  bool
	busy    bool
}

// Serve keeps a switch until its connection is lost or ctx ends. It first
// compares all that the switch holds with all that is wanted, so that a switch
// that was right gets nothing.
func (e *Engine) Serve(ctx context.Context, sw Switch) error {
	k := &keeper{
		sw: sw, wakeup: make(chan struct{}, 1), dirty: map[slice.Network]bool{},
		applied: map[slice.Network]uint64{}, faults: map[slice.Network]error{},
	}
	if err := e.admit(k); err != nil {
		return err
	}
	defer e.dismiss(k)
	have, err := sw.Rules(ctx)
	if err != nil {
		return fmt.Errorf("read the rules of switch %s: %w", sw.DPID(), err)
	}
	e.begin(k, have)
	for {
		again := e.round(ctx, k)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-sw.Done():
			return nil
		case <-k.wakeup:
		case <-again:
		}
	}
}

// admit enters a switch. A second one with the same identifier is refused: two
// switches that take turns would undo each other.
func (e *Engine) admit(k *keeper) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.switches[k.sw.DPID()] != nil {
		return slice.Errorf(slice.Conflict, "switch %s is connected already", k.sw.DPID())
	}
	e.switches[k.sw.DPID()] = k
	return nil
}

func (e *Engine) dismiss(k *keeper) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.switches, k.sw.DPID())
	e.progress()
}

// begin notes what the switch has and marks every network to be compared.
// Owner zero holds the base rules and whatever is not ours.
func (e *Engine) begin(k *keeper, have flow.Rules) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.syncs.Add(1)
	k.held = byOwner(have)
	k.dirty[0] = true
	for n := range k.held {
		k.dirty[n] = true
	}
	for n := range e.wanted[k.sw.DPID()] {
		k.dirty[n] = true
	}
}

func byOwner(r flow.Rules) map[slice.Network]flow.Rules {
	held := map[slice.Network]flow.Rules{}
	add := func(n slice.Network, f func(*flow.Rules)) {
		h := held[n]
		f(&h)
		held[n] = h
	}
	for _, x := range r.Flows {
		add(x.Owner, func(h *flow.Rules) { h.Flows = append(h.Flows, x) })
	}
	for _, x := range r.Groups {
		add(x.Owner, func(h *flow.Rules) { h.Groups = append(h.Groups, x) })
	}
	for _, x := range r.Meters {
		add(x.Owner, func(h *flow.Rules) { h.Meters = append(h.Meters, x) })
	}
	return held
}

// round brings the switch up to date in one bundle. If the switch refuses it,
// each network is tried alone, so that only the one at fault waits; the
// returned channel says when to try that again.
func (e *Engine) round(ctx context.Context, k *keeper) <-chan time.Time {
	jobs := e.take(k)
	if err := e.apply(ctx, k, jobs); err == nil || len(jobs) == 0 {
		return nil
	}
	bad := false
	for _, j := range jobs {
		if err := e.apply(ctx, k, []job{j}); err != nil {
			bad = true
			e.fail(k, j, err)
		}
	}
	if !bad {
		return nil
	}
	return time.After(retryPause)
}

// job is the change of one network on one switch.
type job struct {
	network slice.Network
	want    flow.Rules
	version uint64
	change  flow.Change
}

// take computes what there is to do, lowest network first.
func (e *Engine) take(k *keeper) []job {
	e.mu.Lock()
	defer e.mu.Unlock()
	var jobs []job
	for _, n := range slices.Sorted(maps.Keys(k.dirty)) {
		w := e.wanted[k.sw.DPID()][n]
		if n == 0 {
			w.rules = e.base
		}
		jobs = append(jobs, job{n, w.rules, w.version, flow.Diff(k.held[n], w.rules)})
	}
	clear(k.dirty)
	k.busy = len(jobs) > 0
	return jobs
}

func (e *Engine) apply(ctx context.Context, k *keeper, jobs []job) error {
	all := merge(jobs)
	if !all.Empty() {
		ctx, cancel := context.WithTimeout(ctx, changeTimeout)
		defer cancel()
		if err := k.sw.Apply(ctx, all); err != nil {
			return err
		}
		e.mods.Add(uint64(all.Mods()))
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, j := range jobs {
		k.held[j.network] = j.want
		if len(j.want.Flows)+len(j.want.Groups)+len(j.want.Meters) == 0 {
			delete(k.held, j.network)
		}
		k.applied[j.network] = j.version
		delete(k.faults, j.network)
	}
	k.busy, k.synced = false, true
	e.progress()
	return nil
}

func merge(jobs []job) flow.Change {
	all := flow.Change{HeldGroups: map[uint32]bool{}, HeldMeters: map[uint32]bool{}}
	for _, j := range jobs {
		c := j.change
		all.PutMeters = append(all.PutMeters, c.PutMeters...)
		all.PutGroups = append(all.PutGroups, c.PutGroups...)
		all.PutFlows = append(all.PutFlows, c.PutFlows...)
		all.TakeFlows = append(all.TakeFlows, c.TakeFlows...)
		all.TakeGroups = append(all.TakeGroups, c.TakeGroups...)
		all.TakeMeters = append(all.TakeMeters, c.TakeMeters...)
		maps.Copy(all.HeldGroups, c.HeldGroups)
		maps.Copy(all.HeldMeters, c.HeldMeters)
	}
	// What changes hands is put and must not be taken: one network gives up a
	// rule that another one makes.
	put := map[string]bool{}
	for _, f := range all.PutFlows {
		put[f.Rule()] = true
	}
	all.TakeFlows = slices.DeleteFunc(all.TakeFlows, func(f flow.Flow) bool { return put[f.Rule()] })
	return all
}

// fail notes what the switch refused, and leaves it to be tried again.
func (e *Engine) fail(k *keeper, j job, err error) {
	e.faults.Add(1)
	e.log.Warn("switch refused a change", "dpid", k.sw.DPID().String(), "network", uint32(j.network), "reason", err.Error())
	e.mu.Lock()
	defer e.mu.Unlock()
	k.faults[j.network] = err
	k.dirty[j.network] = true
	k.busy = false
	e.progress()
}
