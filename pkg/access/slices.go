package access

import (
	"context"
	"fmt"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// Slices are what package api calls so.
type Slices interface {
	orders
	plans
	views
}

type orders interface {
	Apply(ctx context.Context, in intent.Intents, o intent.Order) (intent.Status, error)
	Edit(ctx context.Context, id slice.ID, edits []intent.Edit, o intent.Order) (intent.Status, error)
	Delete(ctx context.Context, id slice.ID, o intent.Order) (existed bool, err error)
	Pause(ctx context.Context, id slice.ID, paused bool, o intent.Order) (intent.Status, error)
}

type plans interface {
	Plan(ctx context.Context, in intent.Intents) (intent.Difference, error)
	PlanEdits(ctx context.Context, id slice.ID, edits []intent.Edit) (intent.Difference, error)
	PlanDelete(ctx context.Context, id slice.ID) (intent.Difference, error)
}

type views interface {
	Status(ctx context.Context, id slice.ID) (intent.Status, error)
	List(ctx context.Context, q intent.Query) (intent.Page, error)
	Watch(ctx context.Context, q intent.Query, tell func(intent.Moment) error) error
	History(ctx context.Context, id slice.ID) ([]intent.Revision, error)
}

// Slices returns slices as the caller of each call may see and change them.
func (g *Gate) Slices(inner Slices) Slices { return guarded{g, inner} }

// guarded are slices behind a gate.
type guarded struct {
	gate  *Gate
	inner Slices
}

// Apply makes a slice of the caller's tenant, or changes it.
func (s guarded) Apply(ctx context.Context, in intent.Intents, o intent.Order) (out intent.Status, err error) {
	c, err := s.gate.enter(ctx, ApplySlice, object(in.Slice.ID))
	if err != nil {
		return out, err
	}
	defer func() { c.leave(&err) }()
	c.detail = detail(in, o)
	release, err := s.gate.turns.take(ctx, in.Slice.ID)
	if err != nil {
		return out, err
	}
	defer release()
	if err := c.settle(&in, o); err != nil {
		return out, err
	}
	after, err := s.masked(ctx, in, o.Mask)
	if err != nil {
		return out, err
	}
	done, err := s.gate.claim(after)
	if err != nil {
		return out, err
	}
	defer done()
	out, err = s.inner.Apply(ctx, in, o)
	return out, c.reveals(in.Slice.ID, err)
}

// masked returns what an order with a mask makes of a slice, as far as it can
// be told before.
func (s guarded) masked(ctx context.Context, in intent.Intents, mask []string) (intent.Intents, error) {
	if len(mask) == 0 {
		return in, nil
	}
	now, err := s.inner.Status(ctx, in.Slice.ID)
	if slice.KindOf(err) == slice.NotFound || err == nil && now.Intents == nil {
		return in, nil
	}
	if err != nil {
		return in, err
	}
	return now.Intents.Masked(in, mask)
}

// Edit carries several changes of a slice out, all or none.
func (s guarded) Edit(ctx context.Context, id slice.ID, edits []intent.Edit, o intent.Order) (out intent.Status, err error) {
	c, err := s.gate.enter(ctx, EditSlice, object(id))
	if err != nil {
		return out, err
	}
	defer func() { c.leave(&err) }()
	c.detail = fmt.Sprintf("edits=%d%s", len(edits), dry(o))
	release, err := s.turn(ctx, c, id)
	if err != nil {
		return out, err
	}
	defer release()
	done, err := s.edited(ctx, id, edits)
	if err != nil {
		return out, err
	}
	defer done()
	out, err = s.inner.Edit(ctx, id, edits, o)
	return out, c.reveals(id, err)
}

// turn waits for the turn of a slice that the caller may know of.
func (s guarded) turn(ctx context.Context, c *call, id slice.ID) (release func(), err error) {
	release, err = s.gate.turns.take(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := c.hides(id); err != nil {
		release()
		return nil, err
	}
	return release, nil
}

// edited makes room for a slice as edits make it. What is wrong with them is for
// the SCO to say.
func (s guarded) edited(ctx context.Context, id slice.ID, edits []intent.Edit) (done func(), err error) {
	now, err := s.inner.Status(ctx, id)
	if err != nil || now.Intents == nil {
		return func() {}, nil //nolint:nilerr // the edit will meet the same fault, and tell it
	}
	after, err := now.Intents.With(edits...)
	if err != nil {
		return func() {}, nil //nolint:nilerr // as above
	}
	return s.gate.claim(after)
}

func (g *Gate) claim(in intent.Intents) (done func(), err error) {
	return g.quotas.claim(g.policy.now(), in)
}

// Delete takes a slice apart. One that the caller must not know of is absent.
func (s guarded) Delete(ctx context.Context, id slice.ID, o intent.Order) (existed bool, err error) {
	c, err := s.gate.enter(ctx, DeleteSlice, object(id))
	if err != nil {
		return false, err
	}
	defer func() { c.leave(&err) }()
	c.detail = dry(o)
	release, err := s.gate.turns.take(ctx, id)
	if err != nil {
		return false, err
	}
	defer release()
	owner, there := s.gate.cfg.Holdings.Owner(id)
	if there && !c.caller.sees(owner) {
		c.hidden(owner)
		if o.Old {
			return false, absent(id)
		}
		return false, nil
	}
	if there {
		c.tenant = owner
	}
	existed, err = s.inner.Delete(ctx, id, o)
	return existed, c.reveals(id, err)
}

// Pause stops changes and repairs of a slice, or lets them go on.
func (s guarded) Pause(ctx context.Context, id slice.ID, paused bool, o intent.Order) (out intent.Status, err error) {
	c, err := s.gate.enter(ctx, PauseSlice, object(id))
	if err != nil {
		return out, err
	}
	defer func() { c.leave(&err) }()
	c.detail = fmt.Sprintf("paused=%t%s", paused, dry(o))
	release, err := s.turn(ctx, c, id)
	if err != nil {
		return out, err
	}
	defer release()
	out, err = s.inner.Pause(ctx, id, paused, o)
	return out, c.reveals(id, err)
}

func object(id slice.ID) string { return "slice/" + string(id) }

// detail says in short what was ordered.
func detail(in intent.Intents, o intent.Order) string {
	u := usage(in)
	return fmt.Sprintf("domains=%d networks=%d ports=%d%s", len(in.Slice.Domains), u.Networks, u.Ports, dry(o))
}

func dry(o intent.Order) string {
	if o.DryRun {
		return " dry run"
	}
	return ""
}
