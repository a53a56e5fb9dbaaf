package sco

import (
	"context"

	"github.com/l2sces/l2sces/pkg/slice"
)

// gate lets one change of a slice through at a time.
type gate struct {
	place chan struct{}
	users int // who holds it or waits for it; the last one takes it away

	giveWay func() // of a repair that holds it: whoever asks for a change goes first
}

// lock waits for the turn to change a slice, or until ctx ends.
func (s *SCO) lock(ctx context.Context, id slice.ID) (unlock func(), err error) {
	g := s.enter(id)
	select {
	case g.place <- struct{}{}:
		return func() { s.unclaim(id); <-g.place; s.leave(id, g) }, nil
	case <-ctx.Done():
		s.leave(id, g)
		return nil, slice.Errorf(slice.Unavailable, "slice %s is being changed by another call: try again", id)
	}
}

// tryLock is lock for a repair, which can come back later. It ends early, by
// giveWay, when somebody else waits.
func (s *SCO) tryLock(id slice.ID, giveWay func()) (unlock func(), ok bool) {
	g := s.enter(id)
	select {
	case g.place <- struct{}{}:
		s.yields(g, giveWay)
		return func() { s.yields(g, nil); <-g.place; s.leave(id, g) }, true
	default:
		s.leave(id, g)
		return nil, false
	}
}

func (s *SCO) yields(g *gate, giveWay func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g.giveWay = giveWay; giveWay != nil && g.users > 1 {
		giveWay()
	}
}

func (s *SCO) enter(id slice.ID) *gate {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.gates[id]
	if g == nil {
		g = &gate{place: make(chan struct{}, 1)}
		s.gates[id] = g
	}
	if g.users++; g.giveWay != nil {
		g.giveWay()
	}
	return g
}

func (s *SCO) leave(id slice.ID, g *gate) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g.users--; g.users == 0 {
		delete(s.gates, id)
	}
}
