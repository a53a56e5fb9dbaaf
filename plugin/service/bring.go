package service

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// staleTries is how often a slice that somebody else changes meanwhile is looked at
// again.
const staleTries = 5

// bring makes slices in the SCO what the book wants of them. Those that go come
// first and those that are new last, since others take their members over. One that
// is in the way of another is tried again when the others are done. The ways to them
// are the caller's.
func (b *Book) bring(ctx context.Context, ids []slice.ID) error {
	left := b.waiting(ids)
	for {
		var again []slice.ID
		var first error
		for _, id := range left {
			of, k := b.pending(id)
			if of == nil {
				continue
			}
			err := b.bringOne(ctx, id, k)
			b.settled(id, of, err)
			switch {
			case err == nil:
			case slice.KindOf(err) != slice.Conflict:
				return err
			default:
				again, first = append(again, id), cmp.Or(first, err)
			}
		}
		if first == nil || len(again) == len(left) {
			return first
		}
		left = again
	}
}

// waiting returns those of some slices that the SCO has to hear of, in the order in
// which it is told.
func (b *Book) waiting(ids []slice.ID) []slice.ID {
	b.mu.Lock()
	defer b.mu.Unlock()
	turn := func(id slice.ID) int {
		switch k := b.slices[id]; {
		case k.Gone:
			return 0
		case k.There:
			return 1
		}
		return 2
	}
	var all []slice.ID
	for _, id := range ids {
		if k := b.slices[id]; k != nil && k.Pending {
			all = append(all, id)
		}
	}
	slices.SortFunc(all, func(x, y slice.ID) int { return cmp.Or(cmp.Compare(turn(x), turn(y)), cmp.Compare(x, y)) })
	return all
}

// pending returns a slice that the SCO has to hear of, and how it is now; nil if it has
// not.
func (b *Book) pending(id slice.ID) (of *kept, now kept) {
	b.mu.Lock()
	defer b.mu.Unlock()
	k := b.slices[id]
	if k == nil || !k.Pending {
		return nil, kept{}
	}
	return k, *k
}

func (b *Book) bringOne(ctx context.Context, id slice.ID, k kept) error {
	step := "apply"
	if k.Gone {
		step = "delete"
	}
	if err := b.fail(step); err != nil {
		return err
	}
	var err error
	if k.Gone {
		err = b.remove(ctx, id, k)
	} else {
		err = b.apply(ctx, id, k)
	}
	if err == nil {
		err = b.fail(step + " done")
	}
	if err != nil && ctx.Err() != nil && slice.KindOf(err) == slice.Internal {
		err = slice.Errorf(slice.Unavailable, "slice %s: the orchestrator did not answer in time: %w", id, err)
	}
	return err
}

// remove deletes a slice that the book has made. One of somebody else's is left
// alone.
func (b *Book) remove(ctx context.Context, id slice.ID, k kept) error {
	have, err := b.cfg.Slices.Status(ctx, id)
	switch {
	case slice.KindOf(err) == slice.NotFound:
		return nil
	case err != nil:
		return err
	case have.Tenant != k.tenant(), !k.There && !k.ours(have):
		b.cfg.Logger.Warn("a slice that is not wanted any more is somebody else's, and stays", "slice", string(id))
		return nil
	}
	_, err = b.cfg.Slices.Delete(ctx, id, intent.Order{})
	if slice.KindOf(err) == slice.NotFound {
		return nil
	}
	return err
}

// apply makes a slice, or changes it. Members that others have added stay.
func (b *Book) apply(ctx context.Context, id slice.ID, k kept) error {
	if !k.There {
		_, err := b.cfg.Slices.Apply(ctx, k.Applied.Clone(), intent.Order{New: true})
		if slice.KindOf(err) != slice.Conflict {
			return err
		}
		have, look := b.cfg.Slices.Status(ctx, id)
		switch {
		case look != nil:
			return err
		case have.Phase == intent.Deleting && have.Tenant == k.tenant():
			return deleting(id)
		case !k.ours(have):
			return foreign{err}
		}
	}
	var err error
	for range staleTries {
		if err = b.alter(ctx, id, k); slice.KindOf(err) != slice.Stale {
			return err
		}
	}
	return err
}

// A foreign error is about a slice that somebody else has made: the SCO holds nothing
// of what the book asked for under its id.
type foreign struct{ error }

func (f foreign) Unwrap() error { return f.error }

// alter changes a slice as it is now.
func (b *Book) alter(ctx context.Context, id slice.ID, k kept) error {
	have, err := b.cfg.Slices.Status(ctx, id)
	order := intent.Order{Generation: have.Generation}
	switch {
	case slice.KindOf(err) == slice.NotFound:
		order = intent.Order{New: true}
	case err != nil:
		return err
	case have.Tenant != k.tenant():
		return slice.Errorf(slice.Conflict, "slice %s belongs to another tenant now", id)
	case have.Phase == intent.Deleting:
		return deleting(id)
	}
	_, err = b.cfg.Slices.Apply(ctx, k.withOthers(have.Intents), order)
	return err
}

func deleting(id slice.ID) error {
	return slice.Errorf(slice.Unavailable, "slice %s is being deleted: try again when it is gone", id)
}

// settled notes what came of an order to the SCO. It is written down with the next
// change, or when Run ends: after a crash, the book asks once more. If something else
// is wanted meanwhile, what came of it is found out with that.
func (b *Book) settled(id slice.ID, k *kept, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.slices[id] != k:
		return
	case err != nil:
		if refuses(err) {
			k.Refused = err.Error()
		}
		k.foreign = errors.As(err, new(foreign))
		return
	case k.Gone:
		delete(b.slices, id)
	default:
		k.Pending, k.There, k.Refused = false, true, ""
		k.Before, k.foreign = intent.Intents{}, false
	}
	b.unsaved[id] = true
}

// refuses reports whether the SCO will say the same again.
func refuses(err error) bool {
	switch slice.KindOf(err) {
	case slice.Invalid, slice.Conflict, slice.Exhausted, slice.Denied, slice.NotFound:
		return true
	}
	return false
}
