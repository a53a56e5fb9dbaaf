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
func (s *SCO) Delete(ctx context.Context, id slice.ID, _ intent.Order) (bool, error) {
	unlock, err := s.lock(ctx, id)
	if err != nil {
		return false, err
	}
	defer unlock()
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
	s.cfg.Logger.Info("slice deleted", "slice", string(id))
	return true, nil
}

// dismantle makes the end of a slice durable, takes it apart, and forgets it
// when nothing is left.
func (s *SCO) dismantle(ctx context.Context, r *record) error {
	err := s.takeApart(ctx, r)
	s.note(r.Intents.Slice.ID, err)
	return err
}

func (s *SCO) takeApart(ctx context.Context, r *record) error {
	id := r.Intents.Slice.ID
	if !r.Deleting {
		gone := *r
		gone.Deleting = true
		if err := s.save(&gone); err != nil {
			return err
		}
	}
	if err := s.trim(ctx, id, Plan{}, r.Plan); err != nil {
		return err
	}
	return s.forgetRecord(id)
}

// trim removes what a slice has and should not have: networks between domains,
// and segments, both those of the plan before and those that domains tell of.
// It waits until the NEDs are rid of them.
func (s *SCO) trim(ctx context.Context, id slice.ID, want, before Plan) error {
	var parted []slice.NetworkID
	for _, n := range before.Networks {
		if !want.joins(n.Name) {
			parted = append(parted, slice.NetworkID{Slice: id, Network: n.Name})
		}
	}
	for _, n := range s.fabric.Networks() {
		if n.ID.Slice != id || want.joins(n.ID.Network) {
			continue
		}
		if err := s.fabric.Remove(n.ID); err != nil {
			return err
		}
		parted = append(parted, n.ID)
	}
	gone := s.surplus(id, want, before)
	err := s.each(slices.Sorted(maps.Keys(gone)), func(d slice.Domain, driver Domain) error {
		if err := driver.Delete(ctx, gone[d]); err != nil {
			return err
		}
		s.unseen(d, gone[d])
		return nil
	})
	if err != nil {
		return err
	}
	return s.fabric.Gone(ctx, parted...)
}

// surplus returns the segments that a slice has, or had by the plan before, and
// should not have.
func (s *SCO) surplus(id slice.ID, want, before Plan) map[slice.Domain][]slice.NetworkID {
	gone := map[slice.Domain][]slice.NetworkID{}
	add := func(d slice.Domain, n slice.NetworkName) {
		net := slice.NetworkID{Slice: id, Network: n}
		if !want.has(n, d) && !slices.Contains(gone[d], net) {
			gone[d] = append(gone[d], net)
		}
	}
	for _, n := range before.Networks {
		for _, d := range n.Domains {
			add(d, n.Name)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for d, segments := range s.segments {
		for net := range segments {
			if net.Slice == id {
				add(d, net.Network)
			}
		}
	}
	return gone
}

func (s *SCO) unseen(d slice.Domain, ids []slice.NetworkID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		delete(s.segments[d], id)
	}
	s.touched[d]++
}
