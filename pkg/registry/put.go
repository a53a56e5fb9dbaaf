package registry

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// PutDomain registers a domain, or changes it. A domain that is new or that is
// called otherwise than before is looked at first, and refused if it is not
// fit; o.Force takes it nevertheless. Whether one that is there drains stays as
// it is: DrainDomain changes that.
func (r *Registry) PutDomain(ctx context.Context, wanted intent.Registration, o intent.Order) (intent.Registration, error) {
	o.Generation = cmp.Or(o.Generation, wanted.Generation)
	wanted, err := r.check(wanted)
	if err == nil && len(o.Mask) > 0 {
		err = slice.Errorf(slice.Invalid, "order.mask: a domain is put as a whole: leave it out")
	}
	if err != nil {
		return intent.Registration{}, err
	}
	end, err := r.turns.wait(ctx, wanted.Name)
	if err != nil {
		return intent.Registration{}, err
	}
	defer end()
	have := r.entry(wanted.Name)
	next := stored{Registration: wanted, RequestID: o.RequestID, Asked: digest(wanted)}
	again, err := r.may(have, next, o)
	if err != nil {
		return intent.Registration{}, err
	}
	if again {
		return r.told(have), nil
	}
	return r.put(ctx, have, next, o)
}

func (r *Registry) check(wanted intent.Registration) (intent.Registration, error) {
	wanted, err := Check(wanted)
	if err == nil {
		err = r.cfg.Allow(wanted)
	}
	return wanted, err
}

// may checks the preconditions of an order. Again tells that there is nothing
// to do: it was given already, or it asks for what is there.
func (r *Registry) may(have *entry, next stored, o intent.Order) (again bool, err error) {
	if have == nil {
		switch {
		case o.Old:
			return false, r.unknown(next.Name)
		case o.Generation != 0:
			return false, slice.Errorf(slice.NotFound, "domain %s is not known here, and so has no generation %d", next.Name, o.Generation)
		}
		return false, nil
	}
	switch {
	case o.RequestID != "" && o.RequestID == have.RequestID && next.Asked == have.Asked:
		return true, nil
	case o.RequestID != "" && o.RequestID == have.RequestID:
		return false, slice.Errorf(slice.Invalid, "order.requestId: %s was given with another domain or other fields: use a new one", clip(o.RequestID))
	case o.New:
		return false, slice.Errorf(slice.Conflict, "domain %s is there already", next.Name)
	case o.Generation != 0 && o.Generation != have.Generation:
		return false, slice.Errorf(slice.Stale, "domain %s has generation %d, not %d: somebody has changed it, look again", next.Name, have.Generation, o.Generation)
	case have.Static && way(have.Registration) != way(next.Registration):
		return false, slice.Errorf(slice.Conflict, "domain %s is given on the command line of the SCO: addresses, driver and credentials change there", next.Name)
	}
	return same(have.Registration, next.Registration), nil
}

// put does what an order asks for. The turn is held.
func (r *Registry) put(ctx context.Context, have *entry, next stored, o intent.Order) (intent.Registration, error) {
	next.Generation = 1
	if have != nil {
		next.Generation, next.Draining, next.Static = have.Generation+1, have.Draining, have.Static
	}
	e := r.newEntry(next)
	if have != nil && way(have.Registration) == way(next.Registration) {
		e.line, e.info, e.conditions = have.line, have.info, have.conditions
	}
	retire := func() {
		if have == nil || e.line != have.line {
			e.line.retire()
		}
	}
	if err := r.tryOut(ctx, have, e, o.Force); err != nil {
		retire()
		return intent.Registration{}, err
	}
	if o.DryRun {
		retire()
		return r.told(e), nil
	}
	if err := r.save(next); err != nil {
		retire()
		return intent.Registration{}, err
	}
	r.publish(e)
	r.cfg.Logger.Info("domain registered", "domain", string(next.Name), "generation", next.Generation)
	r.tell(next.Name, false, "DomainRegistered", fmt.Sprintf("generation %d, at %s", next.Generation, strings.Join(next.Addresses, ", ")))
	return r.told(e), nil
}

// tryOut looks at a domain that is to be called otherwise than before. One that
// is not fit is refused, unless it is forced.
func (r *Registry) tryOut(ctx context.Context, have, e *entry, force bool) error {
	fresh := []intent.Condition{draining(e.Registration)}
	if have == nil || e.line != have.line {
		info, conditions := r.ask(ctx, e.Registration, e.line)
		if err := fit(conditions); err != nil && !force {
			return slice.Errorf(slice.KindOf(err), "domain %s is not fit (order.force takes it nevertheless): %w", e.Name, err)
		}
		e.info, fresh = info, append(conditions, fresh...)
	}
	e.conditions = renew(e.conditions, fresh, e.Generation, r.cfg.Now())
	return nil
}

// publish makes an entry known, in the place of the one that is there. If the
// line is another one, calls that are under way end with the old one.
func (r *Registry) publish(e *entry) {
	r.mu.Lock()
	have := r.entries[e.Name]
	r.entries[e.Name] = e
	r.mu.Unlock()
	if have != nil && have.line != e.line {
		have.line.retire()
	}
}

// DrainDomain lets no new slice into a domain, or lets them in again.
func (r *Registry) DrainDomain(ctx context.Context, d slice.Domain, drain bool) (intent.Registration, error) {
	end, err := r.turns.wait(ctx, d)
	if err != nil {
		return intent.Registration{}, err
	}
	defer end()
	e := r.entry(d)
	if e == nil {
		return intent.Registration{}, r.unknown(d)
	}
	if e.Draining == drain {
		return r.told(e), nil
	}
	next := &entry{stored: e.stored, line: e.line, info: e.info}
	next.Draining, next.Generation = drain, e.Generation+1
	next.conditions = renew(e.conditions, []intent.Condition{draining(next.Registration)}, next.Generation, r.cfg.Now())
	if err := r.save(next.stored); err != nil {
		return intent.Registration{}, err
	}
	r.publish(next)
	r.cfg.Logger.Info("domain drains", "domain", string(d), "draining", drain)
	if drain {
		r.tell(d, false, "DomainDrains", "no new slice gets in")
	} else {
		r.tell(d, false, "DomainOpen", "slices get in again")
	}
	return r.told(next), nil
}

// way is how a domain is called, as a text to compare.
func way(r intent.Registration) string {
	return digest(intent.Registration{Driver: r.Driver, Addresses: r.Addresses, Credentials: r.Credentials})
}

// same reports whether two registrations ask for the same.
func same(x, y intent.Registration) bool {
	return way(x) == way(y) && maps.Equal(x.Labels, y.Labels) && x.Capacity == y.Capacity
}

// digest is a short text that tells two registrations apart.
func digest(r intent.Registration) string {
	text, err := json.Marshal(r)
	if err != nil {
		panic(err) // it consists of texts and numbers
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}
