package registry

import (
	"context"
	"sync"

	"github.com/l2sces/l2sces/pkg/slice"
)

// turns let one change or look of a domain through at a time.
type turns struct {
	mu sync.Mutex
	of map[slice.Domain]*turn
}

type turn struct {
	place chan struct{}
	users int // who has it or waits for it; the last one takes it away
}

// wait waits for the turn of a domain, or until ctx ends.
func (t *turns) wait(ctx context.Context, d slice.Domain) (end func(), err error) {
	t.mu.Lock()
	mine := t.of[d]
	if mine == nil {
		mine = &turn{place: make(chan struct{}, 1)}
		t.of[d] = mine
	}
	mine.users++
	t.mu.Unlock()
	select {
	case mine.place <- struct{}{}:
		return func() { <-mine.place; t.leave(d, mine) }, nil
	case <-ctx.Done():
		t.leave(d, mine)
		return nil, slice.Errorf(slice.Unavailable, "domain %s is being changed or looked at by another call: try again", d)
	}
}

func (t *turns) leave(d slice.Domain, mine *turn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if mine.users--; mine.users == 0 {
		delete(t.of, d)
	}
}
