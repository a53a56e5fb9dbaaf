package primitive

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// Slices keeps slices: the SCO, as primitives need it.
type Slices interface {
	Apply(ctx context.Context, in intent.Intents, o intent.Order) (intent.Status, error)
	Edit(ctx context.Context, id slice.ID, edits []intent.Edit, o intent.Order) (intent.Status, error)
	Delete(ctx context.Context, id slice.ID, o intent.Order) (existed bool, err error)
	Status(ctx context.Context, id slice.ID) (intent.Status, error)
	List(ctx context.Context, q intent.Query) (intent.Page, error)
}

// createSlice makes a slice. One that is there and asks for the same is as good
// as made; one that asks for something else is in the way.
func createSlice(ctx context.Context, c Call[SCO]) (Result, error) {
	in, err := intentsOf(c.Text("intents"), slice.ID(c.Text("slice")), c.tenant(), false)
	if err != nil {
		return Result{}, err
	}
	o := c.order()
	o.New = true
	brief, cancel := c.brief(ctx)
	defer cancel()
	status, err := c.To.Slices.Apply(brief, in, o)
	same := func(intent.Intents) (intent.Intents, error) { return in, nil }
	if have, there := already(brief, c, in.Slice.ID, err, same); there {
		return settled(ctx, c, have)
	}
	if slice.KindOf(err) == slice.Conflict {
		return Result{}, At("slice", err)
	}
	if err != nil {
		return Result{}, At("intents", err)
	}
	return settled(ctx, c, status)
}

// updateSlice changes a slice that is there.
func updateSlice(ctx context.Context, c Call[SCO]) (Result, error) {
	mask := c.Words("mask")
	in, err := intentsOf(c.Text("intents"), slice.ID(c.Text("slice")), c.tenant(), len(mask) > 0)
	if err != nil {
		return Result{}, err
	}
	o := c.order()
	o.Old, o.Mask = true, mask
	brief, cancel := c.brief(ctx)
	defer cancel()
	status, err := c.To.Slices.Apply(brief, in, o)
	after := func(have intent.Intents) (intent.Intents, error) { return masked(have, in, mask) }
	if have, there := already(brief, c, in.Slice.ID, err, after); there {
		return settled(ctx, c, have)
	}
	switch {
	case err == nil:
		return settled(ctx, c, status)
	case slice.KindOf(err) == slice.Stale:
		return Result{}, At("generation", err)
	case slice.KindOf(err) == slice.NotFound || slice.KindOf(err) == slice.Conflict:
		return Result{}, At("slice", err)
	}
	return Result{}, At("intents", err)
}

// masked returns what a slice asks for after an update.
func masked(have, given intent.Intents, mask []string) (intent.Intents, error) {
	if len(mask) == 0 {
		return given, nil
	}
	out, err := have.Clone().Masked(given, mask)
	if err == nil {
		intent.Default(&out)
	}
	return out, err
}

// edit carries one edit of a slice out.
func edit(ctx context.Context, c Call[SCO], field string, e intent.Edit) (Result, error) {
	id := slice.ID(c.Text("slice"))
	brief, cancel := c.brief(ctx)
	defer cancel()
	status, err := c.To.Slices.Edit(brief, id, []intent.Edit{e}, c.order())
	after := func(have intent.Intents) (intent.Intents, error) { return have.With(e) }
	if have, there := already(brief, c, id, err, after); there {
		return settled(ctx, c, have)
	}
	switch {
	case err == nil:
		return settled(ctx, c, status)
	case slice.KindOf(err) == slice.Stale:
		return Result{}, At("generation", err)
	case slice.KindOf(err) == slice.NotFound:
		return Result{}, At("slice", err)
	}
	return Result{}, At(field, err)
}

// lastLook is how long the look after a deadline may take.
const lastLook = 2 * time.Second

// already reports of an order that failed whether the slice asks nevertheless
// for what the order makes of it: somebody has called the same before, or the
// time was over while switches were waited for.
func already(ctx context.Context, c Call[SCO], id slice.ID, err error, after func(have intent.Intents) (intent.Intents, error)) (intent.Status, bool) {
	if kind := slice.KindOf(err); err == nil || kind != slice.Conflict && kind != slice.Stale && !over(ctx, err) {
		return intent.Status{}, false
	}
	look, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastLook)
	defer cancel()
	have, err := c.To.Slices.Status(look, id)
	if err != nil || have.Intents == nil || have.Phase == intent.Deleting {
		return have, false
	}
	want, err := after(*have.Intents)
	return have, err == nil && intent.Equal(*have.Intents, want)
}

// deleteSlice takes a slice apart. One that is not there is gone.
func deleteSlice(ctx context.Context, c Call[SCO]) (Result, error) {
	id := slice.ID(c.Text("slice"))
	existed, err := c.To.Slices.Delete(ctx, id, c.order())
	switch {
	case err == nil && c.True("dry-run") && existed:
		return Result{Message: fmt.Sprintf("slice %s would be deleted", id)}, nil
	case err == nil && existed:
		return Result{Message: fmt.Sprintf("slice %s is deleted", id)}, nil
	case err == nil, slice.KindOf(err) == slice.NotFound:
		return Result{Message: fmt.Sprintf("there is no slice %s", id)}, nil
	case slice.KindOf(err) == slice.Stale:
		return Result{}, At("generation", err)
	case slice.KindOf(err) == slice.Unavailable && existed:
		return Result{Pending: true, Message: err.Error()}, nil
	}
	if have, seen := c.To.Slices.Status(ctx, id); seen == nil && have.Phase == intent.Deleting {
		return Result{Pending: true, Message: err.Error()}, nil
	}
	return Result{}, At("slice", err)
}

// tenant returns who orders: the one of the call, or the one that is configured.
func (c Call[T]) tenant() slice.Tenant {
	return slice.Tenant(cmp.Or(c.Text("tenant"), c.Settings.Tenant))
}

// order returns how a change is meant.
func (c Call[T]) order() intent.Order {
	return intent.Order{RequestID: c.Text("request-id"), Generation: c.Number("generation"), DryRun: c.True("dry-run")}
}

// noWait is how long an order may take that is not waited for: it has to be
// durable by then.
const noWait = 5 * time.Second

// brief returns the time that an order has: that of the call, or less where the
// call does not wait for switches.
func (c Call[T]) brief(ctx context.Context) (context.Context, context.CancelFunc) {
	if c.Text(wait) == "false" {
		return context.WithTimeout(ctx, noWait)
	}
	return context.WithCancel(ctx)
}

// pause is how long the next look at a slice waits.
const pause = 200 * time.Millisecond

// settled waits until a slice is ready, if the call asks for that, and tells
// how it is then.
func settled(ctx context.Context, c Call[SCO], status intent.Status) (Result, error) {
	if c.True("dry-run") {
		r := told(status)
		r.Message = "nothing is changed: " + r.Message
		return r, nil
	}
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for said := ""; c.Text(wait) != "false" && status.Phase != intent.Ready; {
		if now := line(status); now != said {
			said = now
			c.Tell(now)
		}
		select {
		case <-ctx.Done():
			return pending(status), nil
		case <-tick.C:
		}
		now, err := c.To.Slices.Status(ctx, status.ID)
		switch {
		case ctx.Err() != nil:
			return pending(status), nil
		case err != nil:
			return Result{}, At("slice", err)
		}
		now.Changed, status = status.Changed, now
	}
	if status.Phase != intent.Ready {
		return pending(status), nil
	}
	return told(status), nil
}

// pending tells of a slice that is ordered and not ready yet.
func pending(status intent.Status) Result {
	r := told(status)
	r.Pending = true
	return r
}
