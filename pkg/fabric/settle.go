package fabric

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/l2sces/l2sces/pkg/pipeline"
	"github.com/l2sces/l2sces/pkg/slice"
)

const (
	// mostForms is how many forms of a network switches may hold before it
	// moves instead of changing once more.
	mostForms = 8
	// markPause gathers the marks of many networks into one write.
	markPause = 50 * time.Millisecond
	// tryPause is how long a network waits that could not move.
	tryPause = 5 * time.Second
)

var errOtherWays = errors.New("the ways are others")

// inPlace gives a network a plan under the number that it has. That is right
// where the plan mixes with every one that some switch may hold; else it is
// errOtherWays.
func (f *Fabric) inPlace(n *network, plan pipeline.Plan) error {
	if n.now.Rules != nil && !n.now.Same(plan) {
		if f.engine.Confirmed(n.Number) {
			n.older = nil
		}
		forms := append(slices.Clone(n.older), n.now)
		if len(forms) > mostForms || !pipeline.Mix(append(slices.Clone(forms), plan)...) {
			return errOtherWays
		}
		if err := f.unsettle(n); err != nil {
			return err
		}
		n.older = forms
	}
	n.now = plan
	f.reserve(n)
	f.set(n.Number, plan.Rules)
	if n.Unsettled {
		f.open[n.ID] = true
	}
	return nil
}

// unsettle marks a network before a switch can hold another form of it: a
// controller that ends now must not begin with a third one.
func (f *Fabric) unsettle(n *network) error {
	if n.Unsettled {
		return nil
	}
	n.Unsettled = true
	if err := f.saveNetwork(n, n); err != nil {
		n.Unsettled = false
		return fmt.Errorf("network %s: %w", n.ID, err)
	}
	return nil
}

// settle takes the mark off a network that no switch holds in another form.
func (f *Fabric) settle(id slice.NetworkID) {
	n := f.networks[id]
	switch {
	case n == nil || !n.Unsettled:
		delete(f.open, id)
		return
	case n.move != nil || n.fault != nil || !f.engine.Confirmed(n.Number):
		return
	}
	delete(f.open, id)
	n.older, n.Unsettled = nil, false
	if f.settled = append(f.settled, id); len(f.settled) == 1 {
		time.AfterFunc(markPause, f.saveMarks)
	}
}

// saveMarks makes durable which networks are settled. One that cannot be saved
// gets another number at the next start, no more.
func (f *Fabric) saveMarks() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tx = writes{}
	for _, id := range f.settled {
		if n := f.networks[id]; n != nil && !n.Unsettled {
			if err := f.saveNetwork(n, n); err != nil {
				f.cfg.Logger.Error("network was not saved", "slice", string(id.Slice), "network", string(id.Network), "reason", err.Error())
			}
		}
	}
	f.settled = nil
	if err := f.commit(); err != nil {
		f.cfg.Logger.Error("networks were not saved", "reason", err.Error())
	}
}

// tryAgain has the networks that are at fault compiled once more, later.
func (f *Fabric) tryAgain() {
	if f.trying {
		return
	}
	f.trying = true
	time.AfterFunc(tryPause, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.trying = false
		f.compile(f.faulty())
		f.tell()
	})
}

// afresh gives networks that were not settled when the controller ended
// other numbers: what switches hold of the old ones may be neither what is
// stored nor mix with it, and goes when each is read.
func (f *Fabric) afresh() error {
	for _, id := range f.ids() {
		n := f.networks[id]
		if !n.Unsettled {
			continue
		}
		number, err := f.number(f.taken)
		if err != nil {
			f.cfg.Logger.Error("network keeps its number", "slice", string(id.Slice), "network", string(id.Network), "reason", err.Error())
			continue
		}
		f.rest(n.Number)
		delete(f.shadows, n.Backup)
		delete(f.shadows, n.Copies)
		n.Number, n.Backup, n.Copies, n.Unsettled = slice.Network(number), 0, 0, false
		f.register.numbers[n.Number] = id
		if err := f.save(bucketRing, "next", f.numbers.Next); err != nil {
			return err
		}
		if err := f.second(n); err != nil {
			return err
		}
		if err := f.saveNetwork(n, n); err != nil {
			return err
		}
		f.cfg.Logger.Info("network was being changed and gets another number", "slice", string(id.Slice), "network", string(id.Network), "number", number)
	}
	return nil
}
