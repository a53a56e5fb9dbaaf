package sco

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// atOnce is how many slices are repaired side by side.
const atOnce = 8

// Run looks at all domains again and again, and repairs what strays from the
// records: pending slices go on, deletions are finished, lost segments come
// back, segments of no slice are removed. It ends with ctx.
func (s *SCO) Run(ctx context.Context) {
	tick := time.NewTicker(s.cfg.Every)
	defer tick.Stop()
	for {
		s.look(ctx)
		s.repairAll(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-s.wake:
		}
	}
}

// repairAll brings the slices in line side by side, some at a time.
func (s *SCO) repairAll(ctx context.Context) {
	places := make(chan struct{}, atOnce)
	var wait sync.WaitGroup
	for _, id := range s.ids() {
		places <- struct{}{}
		wait.Go(func() {
			defer func() { <-places }()
			s.repair(ctx, id)
		})
	}
	wait.Wait()
}

// look asks every domain for its segments. A domain that does not answer keeps
// what was seen last, and is said to be away: a failed list is not an empty
// one.
func (s *SCO) look(ctx context.Context) {
	within, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	_ = s.each(slices.Collect(maps.Keys(s.cfg.Domains)), func(d slice.Domain, driver Domain) error {
		before := s.touches(d)
		all, err := driver.List(within)
		switch {
		case err == nil:
			s.renew(d, all, before)
		case ctx.Err() == nil: // else it is the loop that ends
			s.lost(d, err)
		}
		return nil
	}) // each domain's fault is noted with the domain
}

func (s *SCO) lost(d slice.Domain, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away[d] == "" {
		s.cfg.Logger.Warn("domain does not answer", "domain", string(d), "reason", err.Error())
	}
	s.away[d] = err.Error()
}

func (s *SCO) touches(d slice.Domain) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.touched[d]
}

// renew takes a list in, unless an apply or a delete came in between: it knows
// better.
func (s *SCO) renew(d slice.Domain, all []intent.SegmentStatus, before uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away[d] != "" {
		s.cfg.Logger.Info("domain answers again", "domain", string(d))
	}
	delete(s.away, d)
	if s.touched[d] != before {
		return
	}
	s.segments[d] = map[slice.NetworkID]intent.SegmentStatus{}
	for _, seg := range all {
		s.segments[d][seg.ID] = seg
	}
}

// ids returns the slices that have a record, or a segment somewhere.
func (s *SCO) ids() []slice.ID {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := map[slice.ID]bool{}
	for id := range s.records {
		found[id] = true
	}
	for _, segments := range s.segments {
		for id := range segments {
			found[id.Slice] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// repair brings one slice in line with its record. A slice that is being
// changed is left to whoever changes it.
func (s *SCO) repair(ctx context.Context, id slice.ID) {
	ctx, cancel := context.WithTimeout(ctx, applyTimeout)
	defer cancel()
	unlock, free := s.tryLock(id, cancel)
	if !free {
		return
	}
	defer unlock()
	r := s.record(id)
	switch {
	case r == nil:
		s.note(id, s.trim(ctx, id, Plan{}, Plan{}))
	case r.Deleting:
		_ = s.dismantle(ctx, r) // noted with the slice, as all below
	default:
		s.mend(ctx, r)
	}
}

// mend makes true what is not, and removes what should not be there. What was
// not tried since the start may be half done.
func (s *SCO) mend(ctx context.Context, r *record) {
	id := r.Intents.Slice.ID
	watch := newStopwatch(s.cfg.Now)
	_, tried := s.fault(id)
	if tried && s.statusOf(r).Phase == intent.Ready && len(s.surplus(id, r.Plan, Plan{})) == 0 {
		s.note(id, s.join(ctx, r)) // a domain may tell another label
	} else if s.converge(ctx, r, nil, watch) != nil {
		return
	}
	s.report(r, false, watch)
}
