package sco

import (
	"context"
	"slices"

	"github.com/l2sces/l2sces/pkg/slice"
)

// Delete takes a slice apart and tells whether there was one. It answers when
// nothing of the slice is left; a domain that cannot be reached leaves the
// slice in phase Deleting, and the loop goes on.
func (s *SCO) Delete(ctx context.Context, id slice.ID) (bool, error) {
	defer s.lock(id)()
	r := s.record(id)
	if r == nil {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, applyTimeout)
	defer cancel()
	if err := s.dismantle(ctx, r); err != nil {
		s.poke()
		return true, slice.Errorf(slice.Unavailable, "slice %s is not wholly gone yet, deleting goes on: %w", id, err)
	}
	return true, nil
}

// dismantle makes the end of a slice durable, takes it apart, and forgets it
// when nothing is left.
func (s *SCO) dismantle(ctx context.Context, r *record) error {
	id := r.Intents.Slice.ID
	gone := *r
	gone.Deleting = true
	if err := s.save(&gone); err != nil {
		return err
	}
	if err := s.trim(ctx, &record{Plan: Plan{}}, &gone); err != nil {
		return err
	}
	return s.forgetRecord(id)
}

// trim removes what the record before has and the next one has not: networks,
// and segments of networks that have left a domain.
func (s *SCO) trim(ctx context.Context, next, before *record) error {
	id := before.Intents.Slice.ID
	for _, n := range before.Plan.Networks {
		now := next.Plan.network(n.Name)
		if now != nil && len(now.Domains) > 1 {
			continue
		}
		if err := s.fabric.Remove(slice.NetworkID{Slice: id, Network: n.Name}); err != nil {
			return err
		}
	}
	err := s.each(domainsOf(before.Intents), func(d slice.Domain, driver Domain) error {
		var gone []slice.NetworkID
		for _, n := range before.Plan.Networks {
			now := next.Plan.network(n.Name)
			if slices.Contains(n.Domains, d) && (now == nil || !slices.Contains(now.Domains, d)) {
				gone = append(gone, slice.NetworkID{Slice: id, Network: n.Name})
			}
		}
		if len(gone) == 0 {
			return nil
		}
		if err := driver.Delete(ctx, gone); err != nil {
			return err
		}
		s.unseen(d, gone)
		return nil
	})
	if err != nil {
		return err
	}
	return s.fabric.Settle(ctx)
}

func (s *SCO) unseen(d slice.Domain, ids []slice.NetworkID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		delete(s.segments[d], id)
	}
	s.touched[d]++
}
