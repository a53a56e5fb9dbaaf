package sco

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// converge makes a record true: segments in the domains, joints between them,
// and nothing of the record before that the new one does not have.
func (s *SCO) converge(ctx context.Context, r, before *record, watch *stopwatch) error {
	err := s.makeTrue(ctx, r, before, watch)
	s.note(r.Intents.Slice.ID, err)
	return err
}

func (s *SCO) makeTrue(ctx context.Context, r, before *record, watch *stopwatch) error {
	// What goes comes first: its interfaces and numbers may be wanted again. A
	// domain that is away does not keep the others from their part.
	err := s.clear(ctx, r, before)
	if err != nil && !transient(err) {
		return err
	}
	if err := gather(err, s.segment(ctx, r, watch)); err != nil {
		return err
	}
	watch.lap("domains")
	if err := s.join(ctx, r); err != nil {
		return err
	}
	watch.lap("overlay")
	return nil
}

// segment asks each domain for its part.
func (s *SCO) segment(ctx context.Context, r *record, watch *stopwatch) error {
	id := r.Intents.Slice.ID
	return s.each(domainsOf(r.Intents), func(d slice.Domain, driver Domain) error {
		segments := r.Plan.Segments(id, d)
		if len(segments) == 0 {
			return nil
		}
		start := s.cfg.Now()
		all, err := driver.Apply(ctx, segments)
		watch.note(string(d), s.cfg.Now().Sub(start))
		s.seen(d, all)
		return err
	})
}

// join joins the segments of every network over the NEDs and waits until that
// is true, or until ctx ends. A network at fault does not keep the others.
func (s *SCO) join(ctx context.Context, r *record) error {
	id := r.Intents.Slice.ID
	var joints []slice.NetworkID
	var faults []error
	for _, n := range r.Plan.Networks {
		joint, needed, err := r.Plan.Joint(id, n, s.labels(slice.NetworkID{Slice: id, Network: n.Name}))
		if err == nil && needed {
			_, err = s.fabric.Put(joint)
		}
		if err == nil && needed {
			joints = append(joints, joint.ID)
		}
		faults = append(faults, err)
	}
	if err := gather(faults...); err != nil && !transient(err) {
		return err
	}
	for _, n := range joints {
		status, err := s.fabric.Wait(ctx, n)
		if err == nil && !status.Ready {
			err = slice.Errorf(slice.Unavailable, "network %s between domains: %s", n.Network, status.Message)
		}
		faults = append(faults, err)
	}
	return gather(faults...)
}

// clear removes what a record should not have.
func (s *SCO) clear(ctx context.Context, r, before *record) error {
	var had Plan
	if before != nil && before != r {
		had = before.Plan
	}
	return s.trim(ctx, r.Intents.Slice.ID, r.Plan, had, full)
}

func domainsOf(in intent.Intents) []slice.Domain {
	var all []slice.Domain
	for _, d := range in.Slice.Domains {
		all = append(all, d.Name)
	}
	return all
}

// An effort is how much a change or a repair does at once.
type effort struct {
	patience time.Duration // to wait for switches
	repair   bool          // the loop comes again: who is known to be away is not called
}

// full is the effort of a change that somebody waits for.
var full = effort{patience: applyTimeout}

// reach says why a domain need not be called, or nil.
func (s *SCO) reach(d slice.Domain, e effort) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !e.repair:
		return nil
	case s.away[d] != "":
		return slice.Errorf(slice.Unavailable, "%s", s.away[d])
	}
	return s.stuck[d]
}

// met notes what a repair met in a domain.
func (s *SCO) met(d slice.Domain, e effort, err error) {
	if !e.repair || slice.KindOf(err) != slice.Unavailable && !errors.Is(err, context.DeadlineExceeded) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stuck[d] = err
}

// each calls f for some domains side by side and gathers what went wrong.
func (s *SCO) each(domains []slice.Domain, f func(slice.Domain, Domain) error) error {
	faults := make([]error, len(domains))
	var wait sync.WaitGroup
	for i, d := range domains {
		driver := s.cfg.Domains.Domain(d)
		if driver == nil {
			faults[i] = slice.Errorf(slice.Unavailable, "domain %s is not known here any more", d)
			continue
		}
		wait.Go(func() {
			if err := f(d, driver); err != nil {
				faults[i] = fmt.Errorf("domain %s: %w", d, inTime(err))
			}
		})
	}
	wait.Wait()
	return gather(faults...)
}

// inTime gives an answer that did not come in time its kind.
func inTime(err error) error {
	if slice.KindOf(err) == slice.Internal && errors.Is(err, context.DeadlineExceeded) {
		return slice.Errorf(slice.Unavailable, "it does not answer in time: %w", err)
	}
	return err
}

// gather joins faults. Those that stay come first and give the whole its kind:
// a domain that refuses counts more than one that does not answer.
func gather(faults ...error) error {
	stays := func(err error) int {
		if err != nil && !transient(err) {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(faults, func(a, b error) int { return stays(a) - stays(b) })
	return errors.Join(faults...)
}

// transient reports whether trying again later may help.
func transient(err error) bool {
	k := slice.KindOf(err)
	return k == slice.Unavailable || k == slice.Internal
}
