package openflow

import (
	"context"
	"sync"

	"github.com/l2sces/l2sces/pkg/slice"
)

// Sizes of an outbox: how many bytes wait before those who have more must
// wait as well, and how large a buffer an idle connection keeps.
const (
	backlog = 256 << 10
	keepOut = 8 << 10
)

// An outbox holds what is to be written to one switch. Whoever writes takes
// all of it at once, so that what came meanwhile goes out together.
type outbox struct {
	mu      sync.Mutex
	pending []byte
	spare   []byte        // what was written last, to be used again
	room    chan struct{} // closed when the outbox is emptied; nil if nobody waits
	filled  chan struct{} // holds a token while there is something to write
}

func newOutbox() outbox { return outbox{filled: make(chan struct{}, 1)} }

// post copies bytes into the outbox, and waits while it is full.
func (s *Session) post(ctx context.Context, b []byte) error {
	select {
	case <-s.done: // even if there is room
		return s.lost()
	default:
	}
	for {
		room := s.out.offer(b, backlog)
		if room == nil {
			return nil
		}
		select {
		case <-room:
		case <-s.done:
			return s.lost()
		case <-ctx.Done():
			return slice.Errorf(slice.Unavailable, "switch %s takes nothing: %w", s.DPID(), ctx.Err())
		}
	}
}

// offer takes bytes if fewer than so many wait, and returns nil; else it
// returns what to wait for.
func (o *outbox) offer(b []byte, most int) (room <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.pending) >= most {
		if o.room == nil {
			o.room = make(chan struct{})
		}
		return o.room
	}
	o.pending = append(o.pending, b...)
	select {
	case o.filled <- struct{}{}:
	default: // the writer knows
	}
	return nil
}

// take returns what waits. It is the writer's until it calls take again.
func (o *outbox) take() []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	b := o.pending
	if o.pending = o.spare[:0]; cap(o.pending) > keepOut && len(b) <= keepOut {
		o.pending = nil // the rush is over
	}
	o.spare = b
	if o.room != nil {
		close(o.room)
		o.room = nil
	}
	return b
}
