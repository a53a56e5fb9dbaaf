package service

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// The pauses between two tries of Run and between two looks at everything, and the
// time for one slice.
const (
	firstPause = time.Second
	longPause  = time.Minute
	lookEvery  = 5 * time.Minute
	oneTimeout = time.Minute
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
		if now := b.cfg.Now(); !now.Before(look) {
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
	all, w := compose(slices.Collect(maps.Values(b.services))), changes{}
	for _, id := range union(slices.Sorted(maps.Keys(b.slices)), all.Slices()) {
		if have := b.slices[id]; have != nil && right(all, id, have) {
			continue
		}
		one, err := b.wanted(all, []slice.ID{id}, nil, w)
		if err != nil {
			b.cfg.Logger.Error("a slice of the book is not valid", "slice", string(id), "reason", err.Error())
			if have := b.slices[id]; have != nil {
				have.Refused = err.Error()
			}
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
func right(all *Composition, id slice.ID, have *kept) bool {
	if all.parts[id] == nil {
		return have.Gone
	}
	want, _ := all.Intents(id)
	return !have.Gone && intent.Equal(want, have.Applied)
}

// finish tries what is pending and returns how much is left.
func (b *Book) finish(ctx context.Context) (left int) {
	for _, id := range b.waiting(b.kept()) {
		if ctx.Err() != nil {
			return left
		}
		if err := b.finishOne(ctx, id); err != nil {
			left++
			b.said(id, err)
		}
	}
	return left
}

func (b *Book) finishOne(ctx context.Context, id slice.ID) error {
	ctx, cancel := context.WithTimeout(ctx, oneTimeout)
	defer cancel()
	release, err := b.ways.take(ctx, id)
	if err != nil {
		return err
	}
	defer release()
	return b.bring(ctx, []slice.ID{id})
}

// said logs why a slice is not as it is wanted, unless that was said last time.
func (b *Book) said(id slice.ID, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if k := b.slices[id]; k != nil && k.said != err.Error() {
		k.said = err.Error()
		b.cfg.Logger.Warn("slice is not as ordered", "slice", string(id), "reason", err.Error())
	}
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
		if ctx.Err() != nil {
			return
		}
		if err := b.lookAt(ctx, id); slice.KindOf(err) != slice.NotFound {
			continue
		}
		b.cfg.Logger.Warn("somebody has deleted a slice that is wanted: it is made again", "slice", string(id))
		b.mu.Lock()
		if k := b.slices[id]; k != nil && !k.Gone {
			k.Pending, k.There = true, false
		}
		b.mu.Unlock()
	}
}

func (b *Book) lookAt(ctx context.Context, id slice.ID) error {
	ctx, cancel := context.WithTimeout(ctx, oneTimeout)
	defer cancel()
	_, err := b.cfg.Slices.Status(ctx, id)
	return err
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
