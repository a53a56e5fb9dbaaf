package sco

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// The time that a domain has for an answer, and the time that a slice has to
// become true before Apply answers that it is pending.
const (
	askTimeout   = 5 * time.Second
	applyTimeout = 30 * time.Second
)

// Apply makes a slice, or changes it. The intents are durable before anything
// is done for them. A domain that refuses leaves the slice as it was before; one
// that does not answer leaves it pending, and the loop goes on. With dryRun the
// intents are checked and planned, and nothing else.
func (s *SCO) Apply(ctx context.Context, in intent.Intents, dryRun bool) (intent.Status, error) {
	watch := newStopwatch(s.cfg.Now)
	intent.Default(&in)
	if err := in.Validate(); err != nil {
		return intent.Status{}, err
	}
	in = in.Canonical()
	if err := s.known(in); err != nil {
		return intent.Status{}, err
	}
	defer s.lock(in.Slice.ID)()
	next, before, err := s.prepare(ctx, in)
	if err != nil {
		return intent.Status{}, err
	}
	watch.lap("plan")
	if dryRun {
		return s.statusOf(next, "a dry run: nothing was changed"), nil
	}
	changed := next != before
	if changed {
		if err := s.save(next); err != nil {
			return intent.Status{}, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, applyTimeout)
	defer cancel()
	if err := s.converge(ctx, next, before, watch); err != nil {
		if !changed || transient(err) {
			s.poke()
			return s.report(next, changed, watch, err.Error()), nil
		}
		return intent.Status{}, errors.Join(err, s.back(ctx, next, before))
	}
	return s.report(next, changed, watch, ""), nil
}

// known refuses what names a domain that no driver reaches, or what this
// release cannot do.
func (s *SCO) known(in intent.Intents) error {
	for i, d := range in.Slice.Domains {
		if s.cfg.Domains[d.Name] == nil {
			return slice.Errorf(slice.Invalid, "slice.domains[%d].name: domain %s is not known here; known are %v", i, d.Name, slices.Sorted(maps.Keys(s.cfg.Domains)))
		}
	}
	return supported(in)
}

// prepare returns the record that the intents make: the one that is there if
// they ask for the same, else a planned one of the next generation.
func (s *SCO) prepare(ctx context.Context, in intent.Intents) (next, before *record, err error) {
	id := in.Slice.ID
	before = s.record(id)
	switch {
	case before == nil: // a new one
	case before.Intents.Slice.Tenant != in.Slice.Tenant:
		return nil, nil, slice.Errorf(slice.Conflict, "slice %s belongs to another tenant: choose another id", id)
	case before.Deleting:
		return nil, nil, slice.Errorf(slice.Conflict, "slice %s is being deleted: wait until it is gone", id)
	case intent.Equal(before.Intents, in):
		return before, before, nil
	}
	infos, err := s.infos(ctx, in)
	if err != nil {
		return nil, nil, err
	}
	next = &record{Intents: in, Generation: 1, Since: s.cfg.Now().UTC()}
	var old Plan
	if before != nil {
		next.Generation, old = before.Generation+1, before.Plan
	}
	next.Plan, err = MakePlan(in, infos, old)
	return next, before, err
}

// infos asks the domains of a slice what they are.
func (s *SCO) infos(ctx context.Context, in intent.Intents) (map[slice.Domain]intent.DomainInfo, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	infos := map[slice.Domain]intent.DomainInfo{}
	var mu sync.Mutex
	err := s.each(domainsOf(in), func(d slice.Domain, driver Domain) error {
		info, err := driver.Info(ctx)
		mu.Lock()
		defer mu.Unlock()
		infos[d] = info
		return err
	})
	return infos, err
}

// each calls f for some domains side by side and joins what went wrong.
func (s *SCO) each(domains []slice.Domain, f func(slice.Domain, Domain) error) error {
	faults := make([]error, len(domains))
	var wait sync.WaitGroup
	for i, d := range domains {
		driver := s.cfg.Domains[d]
		if driver == nil {
			faults[i] = slice.Errorf(slice.Unavailable, "domain %s is not known here any more", d)
			continue
		}
		wait.Go(func() {
			if err := f(d, driver); err != nil {
				faults[i] = fmt.Errorf("domain %s: %w", d, err)
			}
		})
	}
	wait.Wait()
	return errors.Join(faults...)
}

func domainsOf(in intent.Intents) []slice.Domain {
	var all []slice.Domain
	for _, d := range in.Slice.Domains {
		all = append(all, d.Name)
	}
	return all
}

// converge makes a record true: segments in the domains, joints between them,
// and nothing of the record before that the new one does not have.
func (s *SCO) converge(ctx context.Context, r, before *record, watch *stopwatch) error {
	if before != nil && before != r {
		if err := s.trim(ctx, r, before); err != nil {
			return err
		}
	}
	if err := s.segment(ctx, r, watch); err != nil {
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
// is true.
func (s *SCO) join(ctx context.Context, r *record) error {
	id := r.Intents.Slice.ID
	var joints []slice.NetworkID
	for _, n := range r.Plan.Networks {
		joint, needed, err := r.Plan.Joint(id, n, s.labels(slice.NetworkID{Slice: id, Network: n.Name}))
		if err != nil {
			return err
		}
		if !needed {
			continue
		}
		if _, err := s.fabric.Put(joint); err != nil {
			return err
		}
		joints = append(joints, joint.ID)
	}
	for _, n := range joints {
		status, err := s.fabric.Wait(ctx, n)
		if err != nil {
			return err
		}
		if !status.Ready {
			return slice.Errorf(slice.Unavailable, "network %s between domains: %s", n.Network, status.Message)
		}
	}
	return nil
}

// labels returns the labels of the hand-offs of a network, as last seen.
func (s *SCO) labels(id slice.NetworkID) map[slice.Domain]slice.VLAN {
	s.mu.Lock()
	defer s.mu.Unlock()
	labels := map[slice.Domain]slice.VLAN{}
	for d, segments := range s.segments {
		if seg, ok := segments[id]; ok {
			labels[d] = seg.Label
		}
	}
	return labels
}

// seen notes segments as a domain tells them.
func (s *SCO) seen(d slice.Domain, all []intent.SegmentStatus) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.segments[d] == nil {
		s.segments[d] = map[slice.NetworkID]intent.SegmentStatus{}
	}
	for _, seg := range all {
		s.segments[d][seg.ID] = seg
	}
	s.touched[d]++
}

// transient reports whether trying again later may help.
func transient(err error) bool {
	k := slice.KindOf(err)
	return k == slice.Unavailable || k == slice.Internal || errors.Is(err, context.DeadlineExceeded)
}

// back returns to the record before, after a domain has refused the next one.
func (s *SCO) back(ctx context.Context, next, before *record) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), applyTimeout)
	defer cancel()
	if before == nil {
		next.Deleting = true
		return s.dismantle(ctx, next)
	}
	if err := s.save(before); err != nil {
		return err
	}
	return s.converge(ctx, before, next, newStopwatch(s.cfg.Now))
}
