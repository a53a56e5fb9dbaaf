package service

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// undoTimeout is how long a change that was not taken may take to be taken back,
// after the time of its caller is over.
const undoTimeout = 30 * time.Second

// Update lets a door change its services and notes of one account. Nobody else
// changes those of this door and account meanwhile. When change returns nil, what
// it did is checked, made durable in one transaction, and brought into the SCO;
// Update returns when the SCO has taken it (its switches may take longer: see
// State), or, with everything as it was before, the reason why not. It waits for
// the SCO up to the deadline of ctx. What only takes services out is done even
// while the SCO is away, or refuses what is left as it did before: Run finishes it.
func (b *Book) Update(ctx context.Context, door, account string, change func(*Tx) error) error {
	done, err := b.doors.take(ctx, [2]string{door, account})
	if err != nil {
		return busy(err)
	}
	defer done()
	t := b.begin(door, account)
	if err := change(t); err != nil {
		return err
	}
	if len(t.changed) == 0 && len(t.noted) == 0 {
		return nil
	}
	if err := t.check(); err != nil {
		return err
	}
	undo, err := b.carry(ctx, t)
	switch {
	case err == nil || undo == nil:
		return err
	case t.removes() && (slice.KindOf(err) == slice.Unavailable || undo.stuck):
		b.wake()
		return nil
	}
	return errors.Join(err, b.undo(ctx, undo))
}

// carry makes a change durable and brings it into the SCO. If that does not take it,
// it returns the change that takes it back.
func (b *Book) carry(ctx context.Context, t *Tx) (undo *Tx, err error) {
	release, ids, undo, err := b.take(ctx, t)
	if err != nil {
		return nil, err
	}
	defer release()
	return undo, b.bring(ctx, ids)
}

// undo puts everything back as it was before a change that the SCO did not take. It
// waits for nobody: what is under way to the SCO is overtaken. If the SCO does not
// answer, Run tells it later.
func (b *Book) undo(ctx context.Context, t *Tx) error {
	ids, _, err := b.write(t, nil)
	if err != nil {
		return fmt.Errorf("take the change back: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTimeout)
	defer cancel()
	release, err := b.ways.takeAll(ctx, ids)
	if err == nil {
		err = b.bring(ctx, ids)
		release()
	}
	if err != nil {
		b.cfg.Logger.Warn("a slice is not yet as it was before a change that was refused", "reason", err.Error())
		b.wake()
	}
	return nil
}

// busy is the end of a wait for somebody else's change.
func busy(err error) error {
	return slice.Errorf(slice.Unavailable, "another change takes too long: try again: %w", err)
}

// take makes a change durable while it has the ways to all slices that it touches. It
// returns these, and the change that takes it back.
func (b *Book) take(ctx context.Context, t *Tx) (release func(), touched []slice.ID, undo *Tx, err error) {
	for {
		ways := touched
		if release, err = b.ways.takeAll(ctx, ways); err != nil {
			return nil, nil, nil, busy(err)
		}
		touched, undo, err = b.write(t, ways)
		switch {
		case err != nil:
			release()
			return nil, nil, nil, err
		case undo != nil:
			return release, touched, undo, nil
		}
		release() // somebody else's change has joined more meanwhile
	}
}

// write makes a change durable if the ways that the caller has are enough, or if it
// takes another one back, and returns what takes it back; else nothing but the slices
// that it touches.
func (b *Book) write(t *Tx, ways []slice.ID) (touched []slice.ID, undo *Tx, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.change(t)
	r := b.compose(c)
	touched = r.touched(c)
	for _, id := range touched {
		if _, has := slices.BinarySearch(ways, id); !has && !t.back {
			return touched, nil, nil
		}
	}
	w := changes{}
	after, err := b.wanted(r.after, touched, c, w)
	if err != nil {
		return nil, nil, err
	}
	if err := b.writeTx(t, c, w); err != nil {
		return nil, nil, err
	}
	if err := b.fail("write"); err != nil {
		return nil, nil, err
	}
	if err := b.cfg.Store.WriteAll(w); err != nil {
		return nil, nil, fmt.Errorf("write the book: %w", err)
	}
	clear(b.unsaved)
	undo = b.before(t)
	undo.stuck = b.refused(touched)
	b.accept(t, c, r)
	maps.Copy(b.slices, after)
	return touched, undo, nil
}

// refused reports whether the SCO refuses one of some slices.
func (b *Book) refused(ids []slice.ID) bool {
	return slices.ContainsFunc(ids, func(id slice.ID) bool { return b.slices[id] != nil && b.slices[id].Refused != "" })
}

// change returns what a Tx makes of services. New ones get numbers that are higher
// than all others; one that comes back has its old one.
func (b *Book) change(t *Tx) change {
	out := change{}
	number := b.number
	for _, id := range t.ids() {
		key := t.key(id)
		s := t.services[id]
		if s == nil {
			out[key] = nil
			continue
		}
		one := *s
		switch have := b.services[key]; {
		case t.back:
		case have != nil:
			one.Number, one.Since = have.Number, have.Since
		default:
			number++
			one.Number, one.Since = number, b.cfg.Now().UTC()
		}
		out[key] = &one
	}
	return out
}

// before returns the change that takes a Tx back.
func (b *Book) before(t *Tx) *Tx {
	back := &Tx{
		door: t.door, account: t.account, services: map[string]*Service{}, notes: map[string][]byte{}, changed: t.changed, noted: t.noted, back: true,
	}
	for id := range t.changed {
		if s := b.services[t.key(id)]; s != nil {
			back.services[id] = s
		}
	}
	for name := range t.noted {
		if text, ok := b.notes[t.at()][name]; ok {
			back.notes[name] = text
		}
	}
	return back
}

// wanted puts what is wanted of some slices into a transaction, or says what is
// wrong with it. Slices of which nothing else is wanted than they are stay.
func (b *Book) wanted(next *Composition, touched []slice.ID, c change, w changes) (map[slice.ID]*kept, error) {
	for key := range c {
		if id, lost := next.clashes[key]; lost {
			return nil, slice.Errorf(slice.Conflict, "service %s: slice %s belongs to another service: choose another id", key, id)
		}
	}
	after := map[slice.ID]*kept{}
	for _, id := range touched {
		k := b.slices[id].next()
		if next.parts[id] == nil {
			k.Gone = true
		} else {
			k.Applied, k.notes = next.Intents(id)
			if err := k.Applied.Validate(); err != nil {
				return nil, blame(id, c, err)
			}
			if have := b.slices[id]; have != nil && !have.Pending && intent.Equal(have.Applied, k.Applied) {
				same := *have
				same.notes = k.notes
				k = &same
			}
		}
		after[id] = k
		if err := w.put(bucketSlices, string(id), k); err != nil {
			return nil, err
		}
	}
	return after, nil
}

// blame names a service whose intents are wrong by themselves, or else the slice.
func blame(id slice.ID, c change, err error) error {
	for key, s := range c {
		if s == nil {
			continue
		}
		alone := compose([]*Service{s})
		for _, id := range alone.Slices() {
			in, _ := alone.Intents(id)
			if fault := in.Validate(); fault != nil {
				return slice.Errorf(slice.Invalid, "service %s: %w", key, fault)
			}
		}
	}
	return slice.Errorf(slice.Invalid, "slice %s, of several services: %w", id, err)
}

// writeTx puts the services and notes of a Tx into a transaction, with what came of
// orders since the last one.
func (b *Book) writeTx(t *Tx, c change, w changes) error {
	count, number := len(b.services), b.number
	for key, s := range c {
		_, had := b.services[key]
		switch {
		case s == nil:
			w.raw(bucketServices, key.path(), nil)
			continue
		case !had:
			count++
		}
		number = max(number, s.Number)
		if err := w.put(bucketServices, key.path(), s); err != nil {
			return err
		}
	}
	if count > MaxServices && count > len(b.services) {
		return slice.Errorf(slice.Exhausted, "the book holds %d services, and no more", MaxServices)
	}
	if number != b.number {
		w.raw(bucketBook, keyNumber, strconv.AppendUint(nil, number, 10))
	}
	for name := range t.noted {
		w.raw(bucketNotes, path(t.door, t.account, name), t.notes[name])
	}
	return b.settle(w)
}

// accept makes what was written true in memory.
func (b *Book) accept(t *Tx, c change, r regional) {
	for key, s := range c {
		if b.unset(key); s != nil {
			b.set(s)
			b.number = max(b.number, s.Number)
		}
	}
	for key := range r.region {
		if b.services[key] != nil {
			b.of[key] = r.after
		}
	}
	for name := range t.noted {
		b.setNote(t.door, t.account, name, t.notes[name])
	}
}
