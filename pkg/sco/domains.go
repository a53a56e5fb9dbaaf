package sco

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A Domain is one domain as the SCO drives it. Package api has the direct
// driver, which calls the domain's SDN controller. It is another name for the
// methods, so that package registry, which names them as well, needs no
// translation.
type Domain = interface {
	Apply(ctx context.Context, segments []intent.Segment) ([]intent.SegmentStatus, error)
	Delete(ctx context.Context, ids []slice.NetworkID) error
	List(ctx context.Context) ([]intent.SegmentStatus, error)
	Info(ctx context.Context) (intent.DomainInfo, error)
}

// Domains are those that slices can use. They come and go while the SCO runs.
type Domains interface {
	// Names returns them in order.
	Names() []slice.Domain
	// Domain returns one, or nil if it is not known.
	Domain(d slice.Domain) Domain
	// Terms tells on which terms one takes slices. It may be asked under any
	// lock, and so waits for nobody.
	Terms(d slice.Domain) intent.Terms
}

// Fixed are domains that stay, without limits.
type Fixed map[slice.Domain]Domain

// Names returns the domains in order.
func (f Fixed) Names() []slice.Domain { return slices.Sorted(maps.Keys(f)) }

// Domain returns one, or nil if it is not known.
func (f Fixed) Domain(d slice.Domain) Domain { return f[d] }

// Terms are the same for every domain.
func (f Fixed) Terms(slice.Domain) intent.Terms { return intent.Terms{Static: true} }

// Use tells what slices take of a domain, those that are about to use it among
// them.
func (s *SCO) Use(d slice.Domain) intent.Use {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := intent.Use{Usage: s.usage(d, "")}
	for id, r := range s.records {
		if _, claims := s.claims[id]; !claims && uses(r.Intents, d) && !r.Deleting {
			u.Living++
		}
		for _, n := range r.Plan.Networks {
			if slices.Contains(n.Domains, d) {
				u.MTU = max(u.MTU, n.MTU)
			}
		}
	}
	for id, in := range s.claims {
		if uses(in, d) || s.records[id] != nil && uses(s.records[id].Intents, d) {
			u.Living++
		}
	}
	u.Left = s.stray(d)
	return u
}

// stray counts the segments of a domain that no slice should have there; the lock
// is held.
func (s *SCO) stray(d slice.Domain) uint32 {
	var count uint32
	for id, networks := range s.segments[d] {
		r := s.records[id]
		for n := range networks {
			if r == nil || !r.Plan.has(n, d) {
				count++
			}
		}
	}
	return count
}

func uses(in intent.Intents, d slice.Domain) bool { return in.UseOf(d).Slices > 0 }

// usage adds up what slices, but one, take of a domain; the lock is held. Of a
// slice that changes it is the larger of both.
func (s *SCO) usage(d slice.Domain, but slice.ID) intent.Usage {
	var all intent.Usage
	for id, r := range s.records {
		if id == but {
			continue
		}
		mine := r.Intents.UseOf(d)
		if in, claims := s.claims[id]; claims {
			mine = larger(mine, in.UseOf(d))
		}
		all = all.Plus(mine)
	}
	for id, in := range s.claims {
		if id != but && s.records[id] == nil {
			all = all.Plus(in.UseOf(d))
		}
	}
	return all
}

func larger(x, y intent.Usage) intent.Usage {
	return intent.Usage{
		Slices: max(x.Slices, y.Slices), Networks: max(x.Networks, y.Networks),
		Ports: max(x.Ports, y.Ports), BandwidthKbps: max(x.BandwidthKbps, y.BandwidthKbps),
	}
}

// claim holds what a slice is about to take of its domains until its turn ends,
// so that no two slices get the last place of a domain, and no domain is removed
// under a slice that is being made. A domain that takes no slice now, or has no
// place left, refuses. The turn of the slice is held.
func (s *SCO) claim(in intent.Intents, before *record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.claims[in.Slice.ID] = in
	for i, d := range in.Slice.Domains {
		if err := s.admit(in, before, d.Name); err != nil {
			delete(s.claims, in.Slice.ID)
			return fmt.Errorf("slice.domains[%d].name: %w", i, err)
		}
	}
	return nil
}

// admit says why a domain does not take a slice, or nil; the lock is held.
func (s *SCO) admit(in intent.Intents, before *record, d slice.Domain) error {
	var had intent.Usage
	if before != nil {
		had = before.Intents.UseOf(d)
	}
	terms := s.cfg.Domains.Terms(d)
	if terms.Closed != "" && had.Slices == 0 {
		return slice.Errorf(slice.Unavailable, "domain %s takes no new slice: %s", d, terms.Closed)
	}
	if terms.Capacity.Unlimited() {
		return nil
	}
	if terms.Capacity.BandwidthKbps > 0 {
		if err := capped(in, before, d); err != nil {
			return err
		}
	}
	others := s.usage(d, in.Slice.ID)
	if over := terms.Capacity.Over(others.Plus(in.UseOf(d)), others.Plus(had)); over != "" {
		return slice.Errorf(slice.Exhausted, "domain %s has no place for it: %s: ask for less there, or use another domain", d, over)
	}
	return nil
}

// capped refuses a network without a cap where bandwidth is limited: nobody could
// say what it takes. One that is there already stays.
func capped(in intent.Intents, before *record, d slice.Domain) error {
	had := map[slice.NetworkName]bool{}
	if before != nil {
		for _, i := range before.Intents.Uncapped(d) {
			had[before.Intents.Slice.Networks[i].Name] = true
		}
	}
	for _, i := range in.Uncapped(d) {
		if name := in.Slice.Networks[i].Name; !had[name] {
			return slice.Errorf(slice.Invalid, "domain %s limits bandwidth, and network %s has no cap: set slice.networks[%d].bandwidthKbps", d, name, i)
		}
	}
	return nil
}

// unclaim ends what a slice has claimed: it is in the records now, or not
// wanted any more.
func (s *SCO) unclaim(id slice.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.claims, id)
}

// forgetDomains forgets what was seen of domains that are not known any more.
func (s *SCO) forgetDomains() {
	known := s.cfg.Domains.Names()
	s.mu.Lock()
	defer s.mu.Unlock()
	for d := range s.segments {
		if !slices.Contains(known, d) {
			delete(s.segments, d)
			delete(s.touched, d)
		}
	}
	for d := range s.away {
		if !slices.Contains(known, d) {
			delete(s.away, d)
			s.hasten(d)
		}
	}
}

// Tell writes down what happened to a domain, for those who ask for events.
func (s *SCO) Tell(e intent.Event) {
	s.happenedTo(e.Domain, e.Object, e.Warning, e.Reason, e.Message)
}
