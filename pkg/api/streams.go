package api

import (
	"sync"

	"github.com/l2sces/l2sces/pkg/slice"
)

// The most streams that can be open at a server, and of one caller. A node has
// one.
const (
	maxOpen      = 16_384
	maxOpenOfOne = 256
)

// streams counts those that are open, over all connections, so that no caller
// takes them all.
type streams struct {
	mu  sync.Mutex
	all int
	of  map[string]int
}

// enter counts one more and returns how to count it off.
func (s *streams) enter(caller string) (leave func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.of[caller] >= maxOpenOfOne:
		return nil, slice.Errorf(slice.Exhausted, "%s has %d streams open, which is the most: close some", caller, maxOpenOfOne)
	case s.all >= maxOpen:
		return nil, slice.Errorf(slice.Exhausted, "%d streams are open here, which is the most: come back later", maxOpen)
	}
	if s.of == nil {
		s.of = map[string]int{}
	}
	s.all++
	s.of[caller]++
	return func() { s.leave(caller) }, nil
}

func (s *streams) leave(caller string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all--
	if s.of[caller]--; s.of[caller] == 0 {
		delete(s.of, caller)
	}
}
