package sco

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// The bounds of request ids: bytes of one, and how many a slice remembers.
const (
	maxRequestID = 128
	keptRequests = 32
)

// An ask is an order of one slice on its way through the SCO.
type ask struct {
	id     slice.ID
	tenant slice.Tenant // that the slice must have; empty: any
	what   string       // happens, in the words of a revision
	order  intent.Order
	sum    string // of everything it says; the same for the same
	// wanted returns the intents that it asks for, checked, in canonical order.
	wanted func(before *record) (intent.Intents, error)
}

// A request is one that was carried out.
type request struct {
	ID      string `json:"id"`
	Sum     string `json:"sum"`
	Changed bool   `json:"changed,omitempty"`
}

// carry carries an order out, or, if it is a dry run, tells how the slice
// would be.
func (s *SCO) carry(ctx context.Context, a ask) (intent.Status, error) {
	out, err := s.carryOut(ctx, a)
	if err != nil && !a.order.DryRun {
		s.refused(a.id, a.tenant, a.what, err)
	}
	return out, err
}

func (s *SCO) carryOut(ctx context.Context, a ask) (intent.Status, error) {
	watch := newStopwatch(s.cfg.Now)
	unlock, err := s.lock(ctx, a.id)
	if err != nil {
		return intent.Status{}, err
	}
	defer unlock()
	before := s.record(a.id)
	if r, err := s.repeated(before, a); r != nil || err != nil {
		return s.answerAgain(before, a, r), err
	}
	if err := a.fits(before); err != nil {
		return intent.Status{}, err
	}
	in, err := a.wanted(before)
	if err != nil {
		return intent.Status{}, err
	}
	next, err := s.prepare(ctx, in, before)
	if err != nil {
		return intent.Status{}, err
	}
	watch.lap("plan")
	if a.order.DryRun {
		return s.foresee(next, next != before), nil
	}
	if next, before, err = s.sign(ctx, a, next, before); err != nil {
		return intent.Status{}, err
	}
	return s.change(ctx, next, before, watch)
}

// fits says why an order cannot be carried out on what is there, or nil.
func (a ask) fits(before *record) error {
	o := a.order
	switch {
	case len(o.RequestID) > maxRequestID:
		return slice.Errorf(slice.Invalid, "order.requestId: %d bytes are more than %d", len(o.RequestID), maxRequestID)
	case before == nil && o.Old:
		return absent(a.id)
	case before == nil && o.Generation != 0:
		return slice.Errorf(slice.Stale, "order.generation: slice %s is not there, you have seen generation %d: look again", a.id, o.Generation)
	case before == nil:
		return nil
	case a.tenant != "" && before.Intents.Slice.Tenant != a.tenant:
		return slice.Errorf(slice.Conflict, "slice %s belongs to another tenant: choose another id", a.id)
	case o.New:
		return slice.Errorf(slice.Conflict, "slice %s is there already: choose another id, or change that one", a.id)
	case o.Generation != 0 && o.Generation != before.Generation:
		return slice.Errorf(slice.Stale, "order.generation: slice %s has generation %d, you have seen %d: look again", a.id, before.Generation, o.Generation)
	}
	return before.changeable()
}

// changeable says why a slice takes no change now, or nil.
func (r *record) changeable() error {
	id := r.Intents.Slice.ID
	switch {
	case r.Deleting:
		return slice.Errorf(slice.Conflict, "slice %s is being deleted: wait until it is gone", id)
	case r.Paused:
		return slice.Errorf(slice.Conflict, "slice %s is paused: resume it first, with l2sces slice resume %s", id, id)
	}
	return nil
}

func absent(id slice.ID) error { return slice.Errorf(slice.NotFound, "there is no slice %s", id) }

// repeated returns the request that an order repeats, if it does. An order that
// has the id of another request is refused.
func (s *SCO) repeated(before *record, a ask) (*request, error) {
	id := a.order.RequestID
	if id == "" || a.order.DryRun {
		return nil, nil
	}
	known, err := s.requests(a, before)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(known, func(r request) bool { return r.ID == id })
	switch {
	case i < 0:
		return nil, nil
	case known[i].Sum != a.sum:
		return nil, slice.Errorf(slice.Conflict, "order.requestId: %.64q was another order of slice %s: take a new id for each order", id, a.id)
	case before == nil && a.what != deleted:
		return nil, slice.Errorf(slice.NotFound, "slice %s was ordered by request %.64q and has been deleted since: take a new id to order it again", a.id, id)
	}
	return &known[i], nil
}

// answerAgain is the answer to an order that was carried out before.
func (s *SCO) answerAgain(r *record, a ask, again *request) intent.Status {
	if again == nil {
		return intent.Status{}
	}
	out := intent.Status{ID: a.id}
	if r != nil {
		out = s.statusOf(r)
	}
	out.Changed = again.Changed
	return out
}

// requests returns those that a slice remembers, also after its end.
func (s *SCO) requests(a ask, r *record) ([]request, error) {
	if r != nil {
		return r.Requests, nil
	}
	last, err := s.lastRevision(a.id)
	if err != nil || last == nil || a.tenant != "" && last.Revision.Intents.Slice.Tenant != a.tenant {
		return nil, err
	}
	return last.Requests, nil
}

// sign writes on the next record who has ordered it and by which request. A
// record that stays, and has to remember the request, is saved here.
func (s *SCO) sign(ctx context.Context, a ask, next, before *record) (*record, *record, error) {
	known, err := s.requests(a, before)
	if err != nil {
		return nil, nil, err
	}
	known = remembered(known, a, next != before)
	if next == before {
		if a.order.RequestID == "" {
			return next, before, nil
		}
		same := *before
		same.Requests = known
		return &same, &same, s.save(&same)
	}
	next.Requests, next.By, next.What, next.Time = known, s.caller(ctx), a.what, s.cfg.Now().UTC()
	if a.what == created && before != nil {
		next.What = updated
	}
	next.Revision = s.nextRevision(a.id, before)
	return next, before, nil
}

// remembered returns the requests with one more, without the oldest.
func remembered(known []request, a ask, changed bool) []request {
	if a.order.RequestID == "" {
		return known
	}
	all := append(slices.Clone(known), request{ID: a.order.RequestID, Sum: a.sum, Changed: changed})
	return all[max(0, len(all)-keptRequests):]
}

// caller names who has ordered what is done in a context.
func (s *SCO) caller(ctx context.Context) string {
	if s.cfg.Caller == nil {
		return ""
	}
	return s.cfg.Caller(ctx)
}

// sumOf returns the same text for the same order, whatever the id of its
// request.
func sumOf(o intent.Order, parts ...any) (string, error) {
	o.RequestID = ""
	text, err := json.Marshal(append(parts, o))
	if err != nil {
		return "", fmt.Errorf("sum an order up: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16]), nil
}

// deletes says why a slice cannot be deleted, or nil. One that is paused, or is
// being deleted, can.
func (a ask) deletes(before *record) error {
	if before == nil {
		if a.order.Old {
			return absent(a.id)
		}
		return nil
	}
	open := *before
	open.Paused, open.Deleting = false, false
	return a.fits(&open)
}

// ending makes the order to delete a slice durable.
func (s *SCO) ending(ctx context.Context, a ask, r *record) (*record, error) {
	if r.Deleting {
		return r, nil
	}
	end := *r
	end.Deleting, end.Paused = true, false
	next, _, err := s.sign(ctx, a, &end, r)
	if err != nil {
		return r, err
	}
	return next, s.follow(next, r)
}
