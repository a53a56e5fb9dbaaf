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

// repairTimeout is more than a domain takes for segments that do not become
// true.
const repairTimeout = 15 * time.Second

// Run looks at all domains again and again, and repairs what strays from the
// records: pending slices go on, deletions are finished, lost segments come
// back, segments of no slice are removed. It ends with ctx.
func (s *SCO) Run(ctx context.Context) {
	tick := time.NewTicker(s.cfg.Every)
	defer tick.Stop()
	var asks sync.WaitGroup // of domains that are away
	defer asks.Wait()
	asks.Go(func() {
		s.events.run(ctx, func(err error) { s.cfg.Logger.Error("events were not saved", "error", err.Error()) })
	})
	for {
		s.look(ctx, &asks)
		s.repairAll(ctx)
		s.observeAll()
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
		if !s.due(id) {
			continue
		}
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
// one. One that was away before is not waited for.
func (s *SCO) look(ctx context.Context, asks *sync.WaitGroup) {
	s.forgetDomains()
	s.mu.Lock()
	clear(s.stuck)
	s.mu.Unlock()
	var here sync.WaitGroup
	for _, d := range s.cfg.Domains.Names() {
		driver := s.cfg.Domains.Domain(d)
		if driver == nil || !s.begin(d) {
			continue
		}
		ask := func() { s.ask(ctx, d, driver); s.end(d) }
		if s.whyAway(d) == "" {
			here.Go(ask)
		} else {
			asks.Go(func() { ask(); s.awake(d) })
		}
	}
	here.Wait()
}

// begin reports whether a domain may be asked: it is not being asked already.
func (s *SCO) begin(d slice.Domain) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.asking[d] {
		return false
	}
	s.asking[d] = true
	return true
}

func (s *SCO) end(d slice.Domain) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.asking, d)
}

// awake has the loop look at once after a domain that was away has answered.
func (s *SCO) awake(d slice.Domain) {
	if s.whyAway(d) == "" {
		s.poke()
	}
}

func (s *SCO) ask(ctx context.Context, d slice.Domain, driver Domain) {
	within, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	asked := s.moment()
	all, err := driver.List(within)
	switch {
	case err == nil:
		s.renew(d, all, asked)
	case ctx.Err() == nil: // else it is the loop that ends
		s.lost(d, inTime(err))
	}
}

func (s *SCO) lost(d slice.Domain, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.stir()
	if s.away[d] == "" {
		s.cfg.Logger.Warn("domain does not answer", "domain", string(d), "reason", err.Error())
	}
	if s.away[d] == "" {
		s.happenedTo(d, "domain/"+string(d), true, "DomainAway", err.Error())
	}
	s.away[d] = err.Error()
}

// answers notes that a domain answers; the lock is held.
func (s *SCO) answers(d slice.Domain) {
	if s.away[d] == "" {
		return
	}
	s.cfg.Logger.Info("domain answers again", "domain", string(d))
	s.happenedTo(d, "domain/"+string(d), false, "DomainBack", "it answers again")
	delete(s.away, d)
	s.hasten(d)
}

// ids returns the slices that have a record, or a segment somewhere.
func (s *SCO) ids() []slice.ID {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := map[slice.ID]bool{}
	for id := range s.records {
		found[id] = true
	}
	for _, v := range s.segments {
		for id := range v {
			found[id] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// repair brings one slice in line with its record. A slice that is being
// changed is left to whoever changes it, and one that is paused alone.
func (s *SCO) repair(ctx context.Context, id slice.ID) {
	ctx, cancel := context.WithTimeout(ctx, repairTimeout)
	defer cancel()
	unlock, free := s.tryLock(id, cancel)
	if !free {
		return
	}
	defer unlock()
	r := s.record(id)
	e := effort{patience: s.patience(id), repair: true}
	switch {
	case r == nil:
		s.note(id, s.trim(ctx, id, Plan{}, Plan{}, e))
	case r.Deleting:
		_ = s.dismantleWith(ctx, r, e) // noted with the slice, as all below
	case r.Paused:
	default:
		s.mend(ctx, r, e)
	}
}

// mend makes true what is not, and removes what should not be there. It asks
// domains only for what they do not have already.
func (s *SCO) mend(ctx context.Context, r *record, e effort) {
	err := s.remake(ctx, r, e)
	s.note(r.Intents.Slice.ID, err)
	if err == nil && !r.Was {
		s.report(r, false, newStopwatch(s.cfg.Now))
	}
}

func (s *SCO) remake(ctx context.Context, r *record, e effort) error {
	err := s.trim(ctx, r.Intents.Slice.ID, r.Plan, Plan{}, e)
	if err != nil && !transient(err) {
		return err
	}
	if err := gather(err, s.resend(ctx, r, e)); err != nil {
		return err
	}
	within, cancel := context.WithTimeout(ctx, e.patience)
	defer cancel()
	return s.join(within, r)
}

// resend asks the domains again that have something else than they should.
func (s *SCO) resend(ctx context.Context, r *record, e effort) error {
	var stray []slice.Domain
	wanted := map[slice.Domain][]want{}
	for _, d := range domainsOf(r.Intents) {
		if wanted[d] = s.wants(r, d); s.differs(d, wanted[d]) {
			stray = append(stray, d)
		}
	}
	return s.each(stray, func(d slice.Domain, driver Domain) error {
		if err := s.reach(d, e); err != nil {
			return err
		}
		var segments []intent.Segment
		for _, w := range wanted[d] {
			segments = append(segments, w.Segment)
		}
		all, err := driver.Apply(ctx, segments)
		s.met(d, e, err)
		s.seen(d, all)
		if err != nil {
			return err
		}
		for i, seg := range all {
			if i < len(wanted[d]) && seg.Digest != "" && seg.Digest != wanted[d][i].digest {
				return slice.Errorf(slice.Unavailable, "it keeps network %s in another form than was asked for: does it speak an older version?", seg.ID)
			}
		}
		return nil
	})
}
