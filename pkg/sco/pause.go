package sco

import (
	"context"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// Pause stops changes and repairs of a slice until it is resumed, also over
// restarts. Its frames go on, and it can be deleted.
func (s *SCO) Pause(ctx context.Context, id slice.ID, paused bool, o intent.Order) (intent.Status, error) {
	sum, err := sumOf(o, "pause", id, paused)
	if err != nil {
		return intent.Status{}, err
	}
	a := ask{id: id, what: resumed, order: o, sum: sum}
	if paused {
		a.what = pausing
	}
	unlock, err := s.lock(ctx, id)
	if err != nil {
		return intent.Status{}, err
	}
	defer unlock()
	before := s.record(id)
	if r, err := s.repeated(before, a); r != nil || err != nil {
		return s.answerAgain(before, a, r), err
	}
	if err := a.pauses(before); err != nil {
		return intent.Status{}, err
	}
	return s.pause(ctx, a, before, paused)
}

// pauses says why a slice cannot be paused or resumed, or nil.
func (a ask) pauses(before *record) error {
	if before == nil {
		return absent(a.id)
	}
	open := *before
	open.Paused = false
	return a.fits(&open)
}

// pause makes a slice paused or not. It is no new generation: the intents are
// the same.
func (s *SCO) pause(ctx context.Context, a ask, before *record, paused bool) (intent.Status, error) {
	next := before
	if before.Paused != paused {
		other := *before
		other.Paused, next = paused, &other
	}
	if a.order.DryRun {
		return s.foresee(next, next != before), nil
	}
	changed := next != before
	next, before, err := s.sign(ctx, a, next, before)
	if err != nil {
		return intent.Status{}, err
	}
	if changed {
		if err := s.follow(next, before); err != nil {
			return intent.Status{}, err
		}
		s.cfg.Logger.Info("slice may be changed or not", "slice", string(a.id), "paused", paused)
		s.poke()
	}
	out := s.statusOf(next)
	out.Changed = changed
	return out, nil
}
