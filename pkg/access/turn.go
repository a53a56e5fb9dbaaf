package access

import (
	"context"
	"sync"

	"github.com/l2sces/l2sces/pkg/slice"
)

// turns lets one change of a slice pass at a time, so that the slice that a
// change finds is the one whose owner was looked at. The zero value works.
type turns struct {
	mu   sync.Mutex
	open map[slice.ID]*turn
}

type turn struct {
	place chan struct{}
	users int
}

// take waits for the turn of a slice.
func (t *turns) take(ctx context.Context, id slice.ID) (release func(), err error) {
	t.mu.Lock()
	if t.open == nil {
		t.open = map[slice.ID]*turn{}
	}
	one := t.open[id]
	if one == nil {
		one = &turn{place: make(chan struct{}, 1)}
		t.open[id] = one
	}
	one.users++
	t.mu.Unlock()
	select {
	case one.place <- struct{}{}:
		return func() { <-one.place; t.leave(id, one) }, nil
	case <-ctx.Done():
		t.leave(id, one)
		return nil, slice.Errorf(slice.Unavailable, "slice %s is being changed by another call: try again", id)
	}
}

func (t *turns) leave(id slice.ID, one *turn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if one.users--; one.users == 0 {
		delete(t.open, id)
	}
}
