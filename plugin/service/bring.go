package service

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

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
			k, ok := b.pending(id)
			if !ok {
				continue
			}
			err := b.bringOne(ctx, id, k)
			b.settled(id, k, err)
			if err != nil {
				again = append(again, id)
				if first == nil || slice.KindOf(first) == slice.Conflict {
					first = err
				}
			}
		}
		if first == nil || slice.KindOf(first) != slice.Conflict || len(again) == len(left) {
			return first
		}
		left = again
	}
}

// pending returns a slice that the SCO has to hear of.
func (b *Book) pending(id slice.ID) (kept, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	k := b.slices[id]
	if k == nil || !k.Pending {
		return kept{}, false
	}
	return *k, true
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

// remove deletes a slice that the book has made.
func (b *Book) remove(ctx context.Context, id slice.ID, k kept) error {
	if !k.There {
		// It may have been made before a crash; one of somebody else's is left alone.
		have, err := b.cfg.Slices.Status(ctx, id)
		switch {
		case slice.KindOf(err) == slice.NotFound:
			return nil
		case err != nil:
			return err
		case !ours(have, k):
			return nil
		}
	}
	_, err := b.cfg.Slices.Delete(ctx, id, intent.Order{})
	if slice.KindOf(err) == slice.NotFound {
		return nil
	}
	return err
}

// apply makes a slice, or changes it. Members that others have added stay.
func (b *Book) apply(ctx context.Context, id slice.ID, k kept) error {
	if !k.There {
		_, err := b.cfg.Slices.Apply(ctx, k.Applied, intent.Order{New: true})
		if slice.KindOf(err) != slice.Conflict {
			return err
		}
		have, look := b.cfg.Slices.Status(ctx, id)
		if look != nil || !ours(have, k) {
			return err
		}
	}
	var err error
	for range staleTries {
		have, look := b.cfg.Slices.Status(ctx, id)
		if look != nil && slice.KindOf(look) != slice.NotFound {
			return look
		}
		if look == nil && have.Tenant != k.Applied.Slice.Tenant {
			return slice.Errorf(slice.Conflict, "slice %s belongs to another tenant now", id)
		}
		_, err = b.cfg.Slices.Apply(ctx, withOthers(k, have.Intents), intent.Order{Generation: have.Generation})
		if slice.KindOf(err) != slice.Stale {
			return err
		}
	}
	return err
}

// ours reports whether a slice of the SCO is one that the book has asked for: a
// crash may have come between the order and its note in the book. Members may have
// been added since, so the networks tell.
func ours(have intent.Status, k kept) bool {
	if have.Intents == nil || have.Tenant != cmp.Or(k.Applied.Slice.Tenant, k.Before.Slice.Tenant) {
		return false
	}
	return sameNetworks(*have.Intents, k.Applied) || sameNetworks(*have.Intents, k.Before)
}

func sameNetworks(a, b intent.Intents) bool {
	return slices.EqualFunc(a.Slice.Networks, b.Slice.Networks, func(x, y intent.Network) bool {
		return x.Name == y.Name && x.Type == y.Type && x.CIDR == y.CIDR
	})
}

// withOthers returns what the book wants, with the members that others have added.
func withOthers(k kept, have *intent.Intents) intent.Intents {
	out := k.Applied.Clone()
	if have == nil {
		return out
	}
	asked := both(k.Before, k.Applied)
	for i := range out.Slice.Networks {
		n := &out.Slice.Networks[i]
		now, before := find(*have, n.Name), find(asked, n.Name)
		for _, m := range now.Members {
			same := func(o intent.Member) bool { return o.Name == m.Name }
			if !slices.ContainsFunc(before.Members, same) && !slices.ContainsFunc(n.Members, same) && slices.Contains(n.Domains, m.Domain) {
				n.Members = append(n.Members, m)
			}
		}
	}
	return out.Canonical()
}

func find(in intent.Intents, name slice.NetworkName) intent.Network {
	for _, n := range in.Slice.Networks {
		if n.Name == name {
			return n
		}
	}
	return intent.Network{}
}

// settled notes what came of an order to the SCO. It is written down with the next
// change, or when Run ends: after a crash, the book asks once more.
func (b *Book) settled(id slice.ID, was kept, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	k := b.slices[id]
	switch {
	case err != nil:
		k.tries++
		if refuses(err) {
			k.Refused = err.Error()
		}
		return
	case was.Gone:
		delete(b.slices, id)
	default:
		k.Pending, k.There, k.Refused, k.tries = false, true, "", 0
		k.Before = intent.Intents{}
	}
	b.unsaved[id] = true
}

// save writes down what is not yet. That it cannot only costs a question after a
// crash.
func (b *Book) save() {
	b.mu.Lock()
	defer b.mu.Unlock()
	w := changes{}
	if err := b.settle(w); err != nil || len(w) == 0 {
		return
	}
	if err := errors.Join(b.fail("settle"), b.cfg.Store.WriteAll(w)); err != nil {
		b.cfg.Logger.Error("the book was not written", "reason", err.Error())
		return
	}
	clear(b.unsaved)
}

// refuses reports whether the SCO will say the same again.
func refuses(err error) bool {
	switch slice.KindOf(err) {
	case slice.Invalid, slice.Conflict, slice.Exhausted, slice.Denied, slice.NotFound:
		return true
	}
	return false
}

// The pauses between two tries of Run, and between two looks at everything.
const (
	firstPause = time.Second
	longPause  = time.Minute
	lookEvery  = 5 * time.Minute
)

// Run brings what is in the book into the SCO, again after failures with
// back-off, until ctx ends; then it returns nil. Everything that was ordered
// before a crash is finished. A slice that somebody has deleted comes back.
func (b *Book) Run(ctx context.Context) error {
	b.missing()
	defer b.save()
	var tries int
	look := b.cfg.Now().Add(lookEvery)
	for {
		left := b.finish(ctx)
		b.save()
		if tries++; left == 0 {
			tries = 0
		}
		pause := lookEvery
		if left > 0 {
			pause = min(firstPause<<min(tries, 10), longPause)
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-b.kick:
			tries = 0
		case <-timer.C:
		}
		timer.Stop()
		if now := b.cfg.Now(); now.After(look) {
			b.lookAll(ctx)
			look = now.Add(lookEvery)
		}
	}
}

// wake lets Run try now.
func (b *Book) wake() {
	select {
	case b.kick <- struct{}{}:
	default:
	}
}

// missing marks slices for which what is kept is not what the services come to.
func (b *Book) missing() {
	b.mu.Lock()
	defer b.mu.Unlock()
	kept := make([]slice.ID, 0, len(b.slices))
	for id := range b.slices {
		kept = append(kept, id)
	}
	slices.Sort(kept)
	w := changes{}
	for _, id := range union(kept, b.now.Slices()) {
		if have := b.slices[id]; have != nil && b.right(id, have) {
			continue
		}
		one, err := b.wanted(b.now, []slice.ID{id}, nil, w)
		if err != nil {
			b.cfg.Logger.Error("a slice of the book is not valid", "slice", string(id), "reason", err.Error())
			continue
		}
		b.slices[id] = one[id]
	}
	if len(w) == 0 {
		return
	}
	if err := b.cfg.Store.WriteAll(w); err != nil {
		b.cfg.Logger.Error("the book was not written", "reason", err.Error())
	}
}

// right reports whether what is kept of a slice is what is wanted.
func (b *Book) right(id slice.ID, have *kept) bool {
	if _, is := b.now.parts[id]; !is {
		return have.Gone
	}
	want, notes := b.now.Intents(id)
	have.notes = notes
	return !have.Gone && intent.Equal(want, have.Applied)
}

// finish tries what is pending and returns how much is left.
func (b *Book) finish(ctx context.Context) (left int) {
	for _, id := range b.waiting(b.kept()) {
		if ctx.Err() != nil {
			return left
		}
		release, err := b.ways.take(ctx, id)
		if err != nil {
			return left + 1
		}
		if err := b.bring(ctx, []slice.ID{id}); err != nil {
			left++
			b.cfg.Logger.Warn("slice is not as ordered", "slice", string(id), "reason", err.Error())
		}
		release()
	}
	return left
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

// kept returns the slices that the book keeps.
func (b *Book) kept() []slice.ID {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Sorted(maps.Keys(b.slices))
}

// lookAll asks for every slice, and marks those that are gone.
func (b *Book) lookAll(ctx context.Context) {
	b.mu.Lock()
	var ids []slice.ID
	for id, k := range b.slices {
		if k.There && !k.Gone {
			ids = append(ids, id)
		}
	}
	b.mu.Unlock()
	for _, id := range ids {
		_, err := b.cfg.Slices.Status(ctx, id)
		if slice.KindOf(err) != slice.NotFound {
			continue
		}
		b.cfg.Logger.Warn("somebody has deleted a slice that is wanted: it is made again", "slice", string(id))
		b.mu.Lock()
		if k := b.slices[id]; k != nil {
			k.Pending, k.There = true, false
		}
		b.mu.Unlock()
	}
}
