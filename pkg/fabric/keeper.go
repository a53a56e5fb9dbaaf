package fabric

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/slice"
)

// The time that a switch has for one change, and the pauses before a change
// that it refused is tried again: the first, and the longest.
const (
	changeTimeout = 15 * time.Second
	firstPause    = time.Second
	longestPause  = 30 * time.Second
)

// keeper keeps one connected switch. The engine's lock guards all but sw, and
// stale and pause, which belong to the goroutine that serves the switch.
type keeper struct {
	sw      Switch
	wakeup  chan struct{}
	dirty   map[slice.Network]bool // to be brought up to date
	doing   map[slice.Network]bool // being brought up to date now
	waiting map[slice.Network]bool // refused, to be tried again after a pause
	counted map[slice.Network]bool // that count as held
	have    holdings
	applied map[slice.Network]uint64 // version that it has confirmed
	faults  map[slice.Network]error
	read    bool // what it has is known
	synced  bool

	stale bool // a change failed: what the switch has is not known
	pause time.Duration
}

// Serve keeps a switch until its connection is lost or ctx ends. It first
// compares all that the switch holds with all that is wanted, so that a switch
// that was right gets nothing.
func (e *Engine) Serve(ctx context.Context, sw Switch) error {
	k := &keeper{
		sw: sw, wakeup: make(chan struct{}, 1), dirty: map[slice.Network]bool{},
		doing: map[slice.Network]bool{}, waiting: map[slice.Network]bool{}, counted: map[slice.Network]bool{},
		applied: map[slice.Network]uint64{}, faults: map[slice.Network]error{},
	}
	if err := e.admit(k); err != nil {
		e.Refuse(sw.DPID(), err)
		return err
	}
	defer e.tellStep() // after the switch is dismissed
	defer e.dismiss(k)
	if err := e.read(ctx, k); err != nil {
		return err
	}
	e.begin(k)
	var again <-chan time.Time
	for {
		e.round(ctx, k)
		e.tellStep()
		if again == nil {
			again = e.rest(k)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-sw.Done():
			return nil
		case <-k.wakeup:
		case <-again:
			again = nil
			e.retry(k)
		}
	}
}

func (e *Engine) tellStep() {
	if e.stepped != nil {
		e.stepped()
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
	e.leave(k)
	for n := range k.counted {
		e.uncount(k, n)
	}
	e.progress()
}

// read notes what the switch has.
func (e *Engine) read(ctx context.Context, k *keeper) error {
	ctx, cancel := context.WithTimeout(ctx, changeTimeout)
	defer cancel()
	r, err := k.sw.Rules(ctx)
	if err != nil {
		return fmt.Errorf("read the rules of switch %s: %w", k.sw.DPID(), err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.syncs.Add(1)
	before := k.have.rules
	k.have = holdingsOf(r, e.meters(k))
	k.stale = false
	for _, all := range []map[slice.Network]flow.Rules{before, k.have.rules} {
		for n := range all {
			e.count(k, n)
		}
	}
	return nil
}

// meters returns whose meters the switch has or should have. A switch does not
// say whose a meter is.
func (e *Engine) meters(k *keeper) map[uint32]slice.Network {
	owner := maps.Clone(k.have.meters)
	if owner == nil {
		owner = map[uint32]slice.Network{}
	}
	for n, w := range e.wanted[k.sw.DPID()] {
		for _, m := range w.rules.Meters {
			owner[m.ID] = n
		}
	}
	return owner
}

// begin marks every network to be compared. Owner zero holds the base rules
// and whatever is not ours.
func (e *Engine) begin(k *keeper) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.left, k.sw.DPID())
	k.read = true
	k.dirty[0] = true
	for n := range k.have.rules {
		k.dirty[n] = true
	}
	for n := range e.wanted[k.sw.DPID()] {
		k.dirty[n] = true
	}
	for n := range k.dirty {
		e.count(k, n)
	}
}

// round brings the switch up to date in one bundle. If the switch refuses it,
// the networks are tried apart, so that only the one at fault has to wait.
func (e *Engine) round(ctx context.Context, k *keeper) {
	todo := e.take(k)
	if len(todo) == 0 {
		return
	}
	err := e.try(ctx, k, todo)
	switch {
	case err == nil || k.lost(ctx):
	case len(todo) == 1 || !refused(err):
		e.refuse(k, todo, err)
	default:
		e.apart(ctx, k, todo)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	clear(k.doing)
	for _, n := range todo {
		e.count(k, n)
	}
	k.synced = true
	e.progress()
}

// refused tells the answer of a switch from its silence.
func refused(err error) bool {
	return slice.KindOf(err) != slice.Unavailable && !errors.Is(err, context.DeadlineExceeded)
}

func (k *keeper) lost(ctx context.Context) bool {
	select {
	case <-k.sw.Done():
		return true
	default:
		return ctx.Err() != nil
	}
}

// apart tries the halves of what was refused as a whole, and their halves, so
// that few that are at fault among many are soon found.
func (e *Engine) apart(ctx context.Context, k *keeper, todo []slice.Network) {
	for _, half := range [][]slice.Network{todo[:len(todo)/2], todo[len(todo)/2:]} {
		err := e.try(ctx, k, half)
		switch {
		case k.lost(ctx):
			return
		case err == nil:
		case len(half) == 1 || !refused(err):
			e.refuse(k, half, err)
		default:
			e.apart(ctx, k, half)
		}
	}
}

// take returns the networks to bring up to date, in ascending order.
func (e *Engine) take(k *keeper) []slice.Network {
	e.mu.Lock()
	defer e.mu.Unlock()
	todo := slices.Sorted(maps.Keys(k.dirty))
	maps.Copy(k.doing, k.dirty)
	clear(k.dirty)
	return todo
}

// try brings networks up to date, all of them or none. What a switch has after
// a change that failed is not certain, because meters are no part of the
// bundle: it is asked before the next.
func (e *Engine) try(ctx context.Context, k *keeper, todo []slice.Network) error {
	if k.stale {
		if err := e.read(ctx, k); err != nil {
			return err
		}
	}
	jobs, change := e.plan(k, todo)
	if !change.Empty() {
		ctx, cancel := context.WithTimeout(ctx, changeTimeout)
		defer cancel()
		if err := e.apply(ctx, k, change); err != nil {
			k.stale = true
			return err
		}
		e.mods.Add(uint64(change.Mods())) //nolint:gosec // a count is not negative
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for n := range k.have.enter(jobs, change) {
		e.count(k, n)
	}
	for _, j := range jobs {
		delete(k.faults, j.network)
		if k.applied[j.network] = j.version; j.version == 0 {
			delete(k.applied, j.network)
		}
	}
	e.progress()
	return nil
}

func (e *Engine) apply(ctx context.Context, k *keeper, c flow.Change) error {
	if err := e.fail("apply"); err != nil {
		return err
	}
	if err := k.sw.Apply(ctx, c); err != nil {
		return err
	}
	return e.fail("applied")
}

// A job is what a network should have on one switch.
type job struct {
	network slice.Network
	want    flow.Rules
	version uint64
}

func (e *Engine) plan(k *keeper, todo []slice.Network) ([]job, flow.Change) {
	e.mu.Lock()
	defer e.mu.Unlock()
	jobs := make([]job, len(todo))
	for i, n := range todo {
		w := e.wanted[k.sw.DPID()][n]
		if n == 0 {
			w.rules = e.rulesOf(k.sw.DPID())
		}
		jobs[i] = job{n, w.rules, w.version}
	}
	return jobs, k.have.change(jobs)
}

// refuse notes what the switch refused, and leaves it to be tried again.
func (e *Engine) refuse(k *keeper, networks []slice.Network, err error) {
	e.faults.Add(1)
	e.log.Warn("switch refused a change", "dpid", k.sw.DPID().String(), "network", uint32(networks[0]), "networks", len(networks), "reason", err.Error())
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, n := range networks {
		k.faults[n] = err
		if !k.dirty[n] { // else it has got other rules meanwhile, which need not wait
			k.waiting[n] = true
		}
	}
}

// rest says when to try again what was refused. The pauses grow as long as
// something is.
func (e *Engine) rest(k *keeper) <-chan time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(k.waiting) == 0 {
		k.pause = 0
		return nil
	}
	k.pause = min(max(2*k.pause, firstPause), longestPause)
	return time.After(k.pause)
}

func (e *Engine) retry(k *keeper) {
	e.mu.Lock()
	defer e.mu.Unlock()
	maps.Copy(k.dirty, k.waiting)
	clear(k.waiting)
}
