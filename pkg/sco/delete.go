package sco

import (
	"context"
	"maps"
	"slices"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// Delete takes a slice apart and tells whether there was one. It answers when
// nothing of the slice is left; a domain that cannot be reached leaves the
// slice in phase Deleting, and the loop goes on.
func (s *SCO) Delete(ctx context.Context, id slice.ID, o intent.Order) (bool, error) {
	sum, err := sumOf(o, "delete", id)
	if err != nil {
		return false, err
	}
	a := ask{id: id, what: deleted, order: o, sum: sum}
	unlock, err := s.lock(ctx, id)
	if err != nil {
		return false, err
	}
	defer unlock()
	r := s.record(id)
	again, err := s.repeated(r, a)
	if err != nil || again != nil && (r == nil || !r.Deleting) { // else it goes on
		return again != nil, err
	}
	if err := a.deletes(r); r == nil || o.DryRun || err != nil {
		return r != nil, err
	}
	if r, err = s.ending(ctx, a, r); err != nil {
		return true, err
	}
	ctx, cancel := context.WithTimeout(ctx, applyTimeout)
	defer cancel()
	if err := s.dismantle(ctx, r); err != nil {
		s.poke()
		return true, slice.Errorf(slice.Unavailable, "slice %s is not wholly gone yet, deleting goes on: %w", id, err)
	}
	s.cfg.Logger.Info("slice deleted", "slice", string(id))
	return true, nil
}

// dismantle makes the end of a slice durable, takes it apart, and forgets it
// when nothing is left.
func (s *SCO) dismantle(ctx context.Context, r *record) error { return s.dismantleWith(ctx, r, full) }

func (s *SCO) dismantleWith(ctx context.Context, r *record, e effort) error {
	err := s.takeApart(ctx, r, e)
	s.note(r.Intents.Slice.ID, err)
	return err
}

func (s *SCO) takeApart(ctx context.Context, r *record, e effort) error {
	id := r.Intents.Slice.ID
	if !r.Deleting {
		gone := *r
		gone.Deleting = true
		if err := s.save(&gone); err != nil {
			return err
		}
	}
	if err := s.trim(ctx, id, Plan{}, r.Plan, e); err != nil {
		return err
	}
	return s.forgetRecord(id)
}

// trim removes what a slice has and should not have: networks between domains,
// and segments, both those of the plan before and those that domains tell of.
// It waits until the NEDs are rid of them.
func (s *SCO) trim(ctx context.Context, id slice.ID, want, before Plan, e effort) error {
	var parted []slice.NetworkID
	for _, n := range before.Networks {
		if !want.joins(n.Name) {
			parted = append(parted, slice.NetworkID{Slice: id, Network: n.Name})
		}
	}
	for _, n := range s.fabric.NetworksOf(id) {
		if want.joins(n.Network) {
			continue
		}
		if err := s.fabric.Remove(n); err != nil {
			return err
		}
		parted = append(parted, n)
	}
	gone := s.surplus(id, want, before)
	for d := range gone {
		if s.cfg.Domains.Domain(d) == nil { // it was removed: nothing can be asked of it
			delete(gone, d)
		}
	}
	err := s.each(slices.Sorted(maps.Keys(gone)), func(d slice.Domain, driver Domain) error {
		if err := s.reach(d, e); err != nil {
			return err
		}
		if err := driver.Delete(ctx, gone[d]); err != nil {
			s.met(d, e, err)
			return err
		}
		s.unseen(d, gone[d])
		return nil
	})
	if err != nil {
		return err
	}
	if len(parted) == 0 {
		return nil
	}
	within, cancel := context.WithTimeout(ctx, e.patience)
	defer cancel()
	return s.fabric.Gone(within, parted...)
}
