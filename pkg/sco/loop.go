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
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	_ = s.each(slices.Collect(maps.Keys(s.cfg.Domains)), func(d slice.Domain, driver Domain) error {
		before := s.touches(d)
		all, err := driver.List(ctx)
		if err != nil {
			s.lost(d, err)
			return nil
		}
		s.renew(d, all, before)
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
	unlock, free := s.tryLock(id)
	if !free {
		return
	}
	defer unlock()
	ctx, cancel := context.WithTimeout(ctx, applyTimeout)
	defer cancel()
	r := s.record(id)
	var err error
	switch {
	case r == nil:
		err = s.removeOrphans(ctx, id)
	case r.Deleting:
		err = s.dismantle(ctx, r)
	default:
		err = s.mend(ctx, r)
	}
	if err != nil && ctx.Err() == nil {
		s.cfg.Logger.Warn("slice is not as it should be", "slice", string(id), "reason", err.Error())
	}
}

// mend removes what a network should not have and makes true what is not.
func (s *SCO) mend(ctx context.Context, r *record) error {
	if err := s.removeOrphans(ctx, r.Intents.Slice.ID); err != nil {
		return err
	}
	if s.statusOf(r, "").Phase == intent.Ready && s.joined(r) {
		return nil
	}
	watch := newStopwatch(s.cfg.Now)
	if err := s.converge(ctx, r, nil, watch); err != nil {
		return err
	}
	s.report(r, false, watch, "")
	return nil
}

// joined reports whether the NEDs have the labels that the domains tell.
func (s *SCO) joined(r *record) bool {
	for _, n := range r.Plan.Networks {
		id := slice.NetworkID{Slice: r.Intents.Slice.ID, Network: n.Name}
		labels := s.labels(id)
		for _, have := range s.fabric.Networks() {
			if have.ID != id {
				continue
			}
			for i, d := range n.Domains {
				if i >= len(have.Attachments) || have.Attachments[i].Label != labels[d] {
					return false
				}
			}
		}
	}
	return true
}

// removeOrphans removes segments that no record of the slice asks for.
func (s *SCO) removeOrphans(ctx context.Context, id slice.ID) error {
	r := s.record(id)
	orphans := map[slice.Domain][]slice.NetworkID{}
	s.mu.Lock()
	for d, segments := range s.segments {
		for net := range segments {
			if net.Slice != id {
				continue
			}
			if r != nil {
				if n := r.Plan.network(net.Network); n != nil && slices.Contains(n.Domains, d) {
					continue
				}
			}
			orphans[d] = append(orphans[d], net)
		}
	}
	s.mu.Unlock()
	return s.each(slices.Collect(maps.Keys(orphans)), func(d slice.Domain, driver Domain) error {
		if err := driver.Delete(ctx, orphans[d]); err != nil {
			return err
		}
		s.unseen(d, orphans[d])
		return nil
	})
}

// tryLock is lock for those who can come back later.
func (s *SCO) tryLock(id slice.ID) (unlock func(), ok bool) {
	s.mu.Lock()
	l := s.locks[id]
	if l == nil {
		l = &sync.Mutex{}
		s.locks[id] = l
	}
	s.mu.Unlock()
	return l.Unlock, l.TryLock()
}
