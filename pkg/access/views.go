package access

import (
	"context"
	"slices"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// Plan tells what Apply would change.
func (s guarded) Plan(ctx context.Context, in intent.Intents) (out intent.Difference, err error) {
	c, err := s.gate.enter(ctx, PlanSlice, object(in.Slice.ID))
	if err != nil {
		return out, err
	}
	if err := c.settle(&in, intent.Order{}); err != nil {
		c.note(err)
		return out, err
	}
	done, err := s.gate.claim(in)
	if err != nil {
		return out, err
	}
	done() // it is a plan: it keeps no room
	out, err = s.inner.Plan(ctx, in)
	return out, c.reveals(in.Slice.ID, err)
}

// PlanEdits tells what Edit would change.
func (s guarded) PlanEdits(ctx context.Context, id slice.ID, edits []intent.Edit) (out intent.Difference, err error) {
	c, err := s.look(ctx, PlanSlice, id)
	if err != nil {
		return out, err
	}
	out, err = s.inner.PlanEdits(ctx, id, edits)
	return out, c.reveals(id, err)
}

// PlanDelete tells what Delete would change.
func (s guarded) PlanDelete(ctx context.Context, id slice.ID) (out intent.Difference, err error) {
	c, err := s.look(ctx, PlanSlice, id)
	if err != nil {
		return out, err
	}
	out, err = s.inner.PlanDelete(ctx, id)
	return out, c.reveals(id, err)
}

// look is enter for what looks at one slice.
func (s guarded) look(ctx context.Context, v Verb, id slice.ID) (*call, error) {
	c, err := s.gate.enter(ctx, v, object(id))
	if err != nil {
		return nil, err
	}
	return c, c.hides(id)
}

// Status returns one slice as it is.
func (s guarded) Status(ctx context.Context, id slice.ID) (intent.Status, error) {
	c, err := s.look(ctx, GetSlice, id)
	if err != nil {
		return intent.Status{}, err
	}
	out, err := s.inner.Status(ctx, id)
	if err != nil {
		return intent.Status{}, c.reveals(id, err)
	}
	if !c.caller.sees(out.Tenant) { // it has changed hands in between
		return intent.Status{}, absent(id)
	}
	return out, nil
}

// List returns the slices that the caller may see.
func (s guarded) List(ctx context.Context, q intent.Query) (intent.Page, error) {
	c, err := s.gate.enter(ctx, ListSlices, "")
	if err != nil {
		return intent.Page{}, err
	}
	if !c.narrow(&q.Tenant) {
		return intent.Page{}, nil
	}
	page, err := s.inner.List(ctx, q)
	page.Slices = slices.DeleteFunc(page.Slices, func(st intent.Status) bool { return !c.caller.sees(st.Tenant) })
	return page, err
}

// narrow restricts a query to what the caller sees. It reports false if nothing
// is left of it.
func (c *call) narrow(t *slice.Tenant) bool {
	if !c.caller.Bound() {
		return true
	}
	if *t == "" {
		*t = c.caller.Tenant
	}
	return c.caller.sees(*t)
}

// Watch tells what happens to the slices that the caller may see.
func (s guarded) Watch(ctx context.Context, q intent.Query, tell func(intent.Moment) error) error {
	c, err := s.gate.enter(ctx, WatchSlices, "")
	if err != nil {
		return err
	}
	own := c.narrow(&q.Tenant)
	if !own {
		q.Tenant, q.IDs = c.caller.Tenant, []slice.ID{""} // of no slice
	}
	return s.inner.Watch(ctx, q, func(m intent.Moment) error {
		if err := s.gate.still(ctx); err != nil {
			return err
		}
		if m.Kind != intent.Sync && (!own || !c.caller.sees(m.Slice.Tenant)) {
			return nil
		}
		return tell(m)
	})
}

// History returns what was ordered of a slice. The id may have been another
// tenant's before, or be now: each tenant sees its own time only.
func (s guarded) History(ctx context.Context, id slice.ID) ([]intent.Revision, error) {
	c, err := s.gate.enter(ctx, SliceHistory, object(id))
	if err != nil {
		return nil, err
	}
	all, err := s.inner.History(ctx, id)
	if !c.caller.Bound() {
		return all, err
	}
	if err != nil {
		return nil, c.reveals(id, err)
	}
	had := len(all)
	all = slices.DeleteFunc(all, func(r intent.Revision) bool { return !c.caller.sees(r.Intents.Slice.Tenant) })
	if len(all) == 0 {
		err := absent(id)
		if had > 0 {
			c.detail = "it belongs to another tenant"
			c.note(err)
		}
		return nil, err
	}
	return all, nil
}
