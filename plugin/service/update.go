package service

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// MaxServices is how many services a book takes.
const MaxServices = 20_000

// Update lets a door change its services and notes of one account. Nobody else
// changes those of this door and account meanwhile. When change returns nil, what
// it did is checked, made durable in one transaction, and brought into the SCO;
// Update returns when the SCO has taken it (its switches may take longer: see
// State), or, with everything as it was before, the reason why not. It waits for
// the SCO up to the deadline of ctx. What only takes services out is done even
// while the SCO is away: Run finishes it.
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
	release, s, err := b.take(ctx, t)
	if err != nil {
		return err
	}
	defer release()
	err = b.bring(ctx, s.slices)
	switch {
	case err == nil:
		return nil
	case t.removes() && slice.KindOf(err) == slice.Unavailable:
		b.wake()
		return nil
	}
	return errors.Join(err, b.undo(context.WithoutCancel(ctx), t, s))
}

// busy is the end of a wait for somebody else's change.
func busy(err error) error {
	return slice.Errorf(slice.Unavailable, "another change takes too long: try again: %w", err)
}

// A step is what an update has made durable, and how to take it back.
type step struct {
	slices   []slice.ID // that it touches
	services map[Key]*Service
	notes    map[string][]byte
}

// take makes a change durable while it has the ways to all slices that it touches.
func (b *Book) take(ctx context.Context, t *Tx) (release func(), s step, err error) {
	var want []slice.ID
	for {
		if release, err = b.ways.takeAll(ctx, want); err != nil {
			return nil, s, busy(err)
		}
		var touched []slice.ID
		touched, s, err = b.write(t, want)
		switch {
		case err != nil:
			release()
			return nil, s, err
		case touched == nil:
			return release, s, nil
		}
		// Somebody else's change has joined more meanwhile.
		release()
		want = touched
	}
}

// write makes a change durable if the ways that the caller has are enough; else it
// returns those that it takes.
func (b *Book) write(t *Tx, ways []slice.ID) ([]slice.ID, step, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	next, s := b.with(t)
	touched := b.touched(next, t.keys())
	for _, id := range touched {
		if !slices.Contains(ways, id) {
			return touched, s, nil
		}
	}
	w := changes{}
	if err := b.settle(w); err != nil {
		return nil, s, err
	}
	after, err := b.wanted(next, touched, t.keys(), w)
	if err != nil {
		return nil, s, err
	}
	if err := b.writeServices(t, next, w); err != nil {
		return nil, s, err
	}
	if err := b.fail("write"); err != nil {
		return nil, s, err
	}
	if err := b.cfg.Store.WriteAll(w); err != nil {
		return nil, s, fmt.Errorf("write the book: %w", err)
	}
	clear(b.unsaved)
	b.accept(t, next)
	maps.Copy(b.slices, after)
	s.slices = touched
	return nil, s, nil
}

// keys are those of the services that a Tx has changed.
func (t *Tx) keys() map[Key]bool {
	all := map[Key]bool{}
	for id := range t.changed {
		all[Key{t.door, t.account, id}] = true
	}
	return all
}

// with returns what comes of all services with those of a Tx, and what was there
// instead. New ones get their numbers, which are higher than all others.
func (b *Book) with(t *Tx) (*Composition, step) {
	s := step{services: map[Key]*Service{}, notes: map[string][]byte{}}
	for name := range t.noted {
		s.notes[name] = b.notes[[2]string{t.door, t.account}][name]
	}
	if len(t.changed) == 0 {
		return b.now, s
	}
	now := map[Key]*Service{}
	var late []*Service
	number := b.number
	for _, id := range t.inOrder() {
		key := Key{t.door, t.account, id}
		have, had := b.services[key]
		if had {
			s.services[key] = &have
		} else {
			s.services[key] = nil
		}
		one, ok := t.services[id]
		switch {
		case !ok:
			now[key] = nil
		case had && one.Number == have.Number:
			now[key] = &one
		default:
			if t.back == nil {
				number++
				one.Number, one.Since = number, b.cfg.Now().UTC()
				t.services[id] = one
			}
			late = append(late, &one)
		}
	}
	all := make([]*Service, 0, len(b.now.services)+len(late))
	for _, one := range b.now.services {
		if next, changed := now[one.Key]; !changed {
			all = append(all, one)
		} else if next != nil {
			all = append(all, next)
		}
	}
	return compose(append(all, late...), b.now), s
}

// inOrder returns the ids of the services that a Tx has changed, new ones in the
// order in which they came.
func (t *Tx) inOrder() []string {
	return slices.SortedFunc(maps.Keys(t.changed), func(x, y string) int {
		return cmp.Or(cmp.Compare(t.services[x].Number, t.services[y].Number), cmp.Compare(x, y))
	})
}

// touched returns the slices, sorted, that another composition makes of other
// services, or of services that have changed.
func (b *Book) touched(next *Composition, changed map[Key]bool) []slice.ID {
	var all []slice.ID
	if next == b.now {
		return nil
	}
	for id := range b.now.parts {
		if b.now.names(id, changed) || next.names(id, changed) || !b.now.alike(next, id) {
			all = append(all, id)
		}
	}
	for id := range next.parts {
		if b.now.parts[id] == nil {
			all = append(all, id)
		}
	}
	slices.Sort(all)
	return all
}

func union(a, b []slice.ID) []slice.ID {
	all := append(slices.Clone(a), b...)
	slices.Sort(all)
	return slices.Compact(all)
}

// wanted puts what is wanted of some slices into a transaction, or says what is
// wrong with it.
func (b *Book) wanted(next *Composition, touched []slice.ID, changed map[Key]bool, w changes) (map[slice.ID]*kept, error) {
	for key := range changed {
		if id, lost := next.clashes[key]; lost {
			return nil, slice.Errorf(slice.Conflict, "service %s: slice %s belongs to another service: choose another id", key, id)
		}
	}
	after := map[slice.ID]*kept{}
	for _, id := range touched {
		k := &kept{Pending: true}
		if have := b.slices[id]; have != nil {
			k.There, k.Before = have.There, have.Applied
			if have.Pending {
				k.Before = both(have.Before, have.Applied)
			}
		}
		if _, is := next.parts[id]; is {
			k.Applied, k.notes = next.Intents(id)
			if err := k.Applied.Validate(); err != nil {
				return nil, slice.Errorf(slice.Invalid, "%w", err)
			}
		} else {
			k.Gone = true
		}
		after[id] = k
		if err := w.put(bucketSlices, string(id), k); err != nil {
			return nil, err
		}
	}
	return after, nil
}

// both returns intents with the members of either: it is not known which of them
// the SCO has.
func both(a, b intent.Intents) intent.Intents {
	out := b.Clone()
	for _, n := range a.Slice.Networks {
		i := slices.IndexFunc(out.Slice.Networks, func(o intent.Network) bool { return o.Name == n.Name })
		if i < 0 {
			out.Slice.Networks = append(out.Slice.Networks, n)
			continue
		}
		into := &out.Slice.Networks[i]
		for _, m := range n.Members {
			if !slices.ContainsFunc(into.Members, func(o intent.Member) bool { return o.Name == m.Name }) {
				into.Members = append(into.Members, m)
			}
		}
	}
	return out
}

// writeServices puts the services and notes of a Tx into a transaction.
func (b *Book) writeServices(t *Tx, next *Composition, w changes) error {
	if len(next.services) > MaxServices {
		return slice.Errorf(slice.Exhausted, "the book holds %d services, and no more", MaxServices)
	}
	number := b.number
	for id := range t.changed {
		key := Key{t.door, t.account, id}
		s, ok := t.services[id]
		if !ok {
			w.raw(bucketServices, key.path(), nil)
			continue
		}
		number = max(number, s.Number)
		if err := w.put(bucketServices, key.path(), s); err != nil {
			return err
		}
	}
	if number != b.number {
		w.raw(bucketBook, keyNumber, strconv.AppendUint(nil, number, 10))
	}
	for name := range t.noted {
		w.raw(bucketNotes, path(t.door, t.account, name), t.notes[name])
	}
	return nil
}

// accept makes what was written true in memory.
func (b *Book) accept(t *Tx, next *Composition) {
	b.now = next
	for id := range t.changed {
		key := Key{t.door, t.account, id}
		s, ok := t.services[id]
		if !ok {
			b.unset(key)
			continue
		}
		b.set(s)
		b.number = max(b.number, s.Number)
	}
	for name := range t.noted {
		b.setNote(t.door, t.account, name, t.notes[name])
	}
}

// undo puts everything back as it was before a step that the SCO did not take. The
// ways to the slices are the caller's.
func (b *Book) undo(ctx context.Context, t *Tx, s step) error {
	back := &Tx{
		door: t.door, account: t.account, services: map[string]Service{}, notes: s.notes, changed: t.changed, noted: t.noted, back: t,
	}
	for key, have := range s.services {
		if have != nil {
			back.services[key.ID] = *have
		}
	}
	more, again, err := b.write(back, s.slices)
	switch {
	case err != nil:
		return fmt.Errorf("take the change back: %w", err)
	case more != nil: // joins that came meanwhile are somebody else's way: Run finds them
		b.wake()
		return nil
	}
	if err := b.bring(ctx, again.slices); err != nil {
		b.cfg.Logger.Warn("a slice is not yet as it was before a change that was refused", "reason", err.Error())
		b.wake()
	}
	return nil
}
