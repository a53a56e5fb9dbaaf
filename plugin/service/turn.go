package service

import (
	"context"
	"sync"
)

// turns lets one caller at a time have a key.
type turns[K comparable] struct {
	mu  *sync.Mutex
	has map[K]*turn
}

// A turn is a key that somebody has or waits for.
type turn struct {
	free chan struct{} // holds one value while nobody has the key
	uses int
}

func newTurns[K comparable]() turns[K] { return turns[K]{mu: &sync.Mutex{}, has: map[K]*turn{}} }

// take waits for a key; the caller gives it back with the function.
func (t turns[K]) take(ctx context.Context, k K) (func(), error) {
	t.mu.Lock()
	one := t.has[k]
	if one == nil {
		one = &turn{free: make(chan struct{}, 1)}
		one.free <- struct{}{}
		t.has[k] = one
	}
	one.uses++
	t.mu.Unlock()
	leave := func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if one.uses--; one.uses == 0 {
			delete(t.has, k)
		}
	}
	select {
	case <-one.free:
		return func() { one.free <- struct{}{}; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	}
}

// takeAll waits for several keys, which have to be in the order that all callers
// share.
func (t turns[K]) takeAll(ctx context.Context, keys []K) (func(), error) {
	var back []func()
	giveBack := func() {
		for _, f := range back {
			f()
		}
	}
	for _, k := range keys {
		f, err := t.take(ctx, k)
		if err != nil {
			giveBack()
			return nil, err
		}
		back = append(back, f)
	}
	return giveBack, nil
}
