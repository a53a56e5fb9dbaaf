package sco

import (
	"context"
	"errors"
	"fmt"
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
// that does not answer leaves it pending, and the loop goes on. In a dry run the
// intents are checked and planned, and nothing else.
func (s *SCO) Apply(ctx context.Context, in intent.Intents, o intent.Order) (intent.Status, error) {
	id := in.Slice.ID
	sum, err := sumOf(o, "apply", in)
	if err != nil {
		return intent.Status{}, err
	}
	a := ask{id: id, tenant: in.Slice.Tenant, what: created, order: o, sum: sum}
	if len(o.Mask) > 0 {
		a.wanted = s.masked(in, o.Mask)
		return s.carry(ctx, a)
	}
	tenant := in.Slice.Tenant
	if in, err = s.checked(in); err != nil { // before it waits for its turn
		if !o.DryRun {
			s.refused(id, tenant, created, err)
		}
		return intent.Status{}, err
	}
	a.wanted = func(*record) (intent.Intents, error) { return in, nil }
	return s.carry(ctx, a)
}

// masked returns what is there with the fields of a mask as they are given.
func (s *SCO) masked(given intent.Intents, mask []string) func(*record) (intent.Intents, error) {
	return func(before *record) (intent.Intents, error) {
		in := intent.Intents{Slice: intent.Slice{ID: given.Slice.ID, Tenant: given.Slice.Tenant}}
		if before != nil {
			in = before.Intents
		}
		in, err := in.Masked(given, mask)
		if err != nil {
			return in, err
		}
		return s.checked(in)
	}
}

// checked returns intents in canonical order, with defaults, if they are in
// order and the SCO can do them.
func (s *SCO) checked(in intent.Intents) (intent.Intents, error) {
	in = in.Clone() // for defaults; faults name the indices of who asks
	intent.Default(&in)
	if err := in.Validate(); err != nil {
		return in, err
	}
	if err := s.known(in); err != nil {
		return in, err
	}
	return in.Canonical(), nil
}

// change makes the next record durable and true, or goes back to the one
// before if it is refused.
func (s *SCO) change(ctx context.Context, next, before *record, watch *stopwatch) (intent.Status, error) {
	changed := next != before
	if changed {
		if err := s.follow(next, before); err != nil {
			return intent.Status{}, err
		}
	}
	within, cancel := context.WithTimeout(ctx, applyTimeout)
	defer cancel()
	err := s.converge(within, next, before, watch)
	switch {
	case err == nil:
	case !changed || transient(err):
		s.poke()
	default:
		return intent.Status{}, errors.Join(err, s.back(ctx, next, before))
	}
	out := s.report(next, changed, watch)
	if changed {
		s.cfg.Logger.Info("slice applied", "slice", string(out.ID), "generation", out.Generation, "phase", string(out.Phase))
	}
	return out, nil
}

// known refuses what names a domain that no driver reaches, or what this
// release cannot do.
func (s *SCO) known(in intent.Intents) error {
	for i, d := range in.Slice.Domains {
		if s.cfg.Domains.Domain(d.Name) == nil {
			return slice.Errorf(slice.Invalid, "slice.domains[%d].name: domain %s is not known here; known are %v", i, d.Name, s.cfg.Domains.Names())
		}
	}
	return supported(in)
}

// prepare returns the record that the intents make: the one before if they ask
// for the same, else a planned one of the next generation.
func (s *SCO) prepare(ctx context.Context, in intent.Intents, before *record) (*record, error) {
	if before != nil && intent.Equal(before.Intents, in) {
		return before, nil
	}
	if err := s.claim(in, before); err != nil {
		return nil, err
	}
	infos, err := s.infos(ctx, in)
	if err != nil {
		return nil, err
	}
	next := &record{Intents: in, Generation: 1, Since: s.cfg.Now().UTC()}
	var old Plan
	if before != nil {
		next.Generation, old = before.Generation+1, before.Plan
	}
	next.Plan, err = MakePlan(in, infos, old)
	return next, err
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

// back returns to the record before, after a domain has refused the next one.
func (s *SCO) back(ctx context.Context, next, before *record) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), applyTimeout)
	defer cancel()
	var err error
	if before == nil {
		err = s.dismantle(ctx, next)
	} else if err = s.save(before); err == nil {
		err = s.converge(ctx, before, next, newStopwatch(s.cfg.Now))
	}
	if err != nil {
		s.poke()
		return fmt.Errorf("the way back is not finished and goes on: %w", err)
	}
	return nil
}
