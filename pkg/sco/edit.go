package sco

import (
	"context"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// Edit carries several changes of a slice out, all or none, in the way of
// Apply.
func (s *SCO) Edit(ctx context.Context, id slice.ID, edits []intent.Edit, o intent.Order) (intent.Status, error) {
	if len(o.Mask) > 0 {
		return intent.Status{}, slice.Errorf(slice.Invalid, "order.mask: edits have none: leave it out")
	}
	sum, err := sumOf(o, "edit", id, edits)
	if err != nil {
		return intent.Status{}, err
	}
	return s.carry(ctx, ask{id: id, what: edited, order: o, sum: sum, wanted: s.edits(id, edits)})
}

// edits returns what edits make of a slice.
func (s *SCO) edits(id slice.ID, edits []intent.Edit) func(*record) (intent.Intents, error) {
	return func(before *record) (intent.Intents, error) {
		if before == nil {
			return intent.Intents{}, absent(id)
		}
		in, err := before.Intents.With(edits...)
		if err != nil {
			return in, err
		}
		if err := s.known(in); err != nil {
			return in, err
		}
		return in.Canonical(), nil
	}
}
