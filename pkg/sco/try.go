package sco

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/l2sces/l2sces/pkg/slice"
)

// The bounds of the rest that the loop gives a slice after a try that failed:
// it doubles with each further one. And the time that the first repair after a
// success waits for switches; later ones only look.
const (
	shortestRest  = time.Second
	longestRest   = time.Minute
	firstPatience = time.Second
)

// A try is how it went to make a slice true, or to take it apart.
type try struct {
	why        string     // it went wrong; empty: it went well
	kind       slice.Kind // of what went wrong
	generation uint32     // that was tried
	failures   int        // in a row
	next       time.Time  // before which the loop leaves the slice alone
}

// note remembers how a try to make a slice true, or to take it apart, has
// ended. It logs what is new.
func (s *SCO) note(id slice.ID, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.stir()
	r := s.records[id]
	if r == nil && err == nil {
		delete(s.tries, id)
		return
	}
	t := s.tries[id]
	if t == nil {
		t = &try{}
		s.tries[id] = t
	}
	if r != nil {
		t.generation = r.Generation
	}
	switch {
	case errors.Is(err, context.Canceled):
		// Cut short, which is no news; but what was begun is not true.
		t.why, t.kind = cmp.Or(t.why, err.Error()), slice.Unavailable
	case err != nil:
		why := strings.ReplaceAll(err.Error(), "\n", "; ")
		if t.why != why {
			s.cfg.Logger.Warn("slice is not as it should be", "slice", string(id), "reason", why)
		}
		t.why, t.kind, t.failures = why, slice.KindOf(err), t.failures+1
		t.next = s.cfg.Now().Add(restAfter(t.failures))
	default:
		t.why, t.failures, t.next = "", 0, time.Time{}
	}
}

// restAfter returns how long to rest after so many failures in a row. Chance
// keeps slices apart that failed together.
func restAfter(failures int) time.Duration {
	d := longestRest
	if failures < 8 {
		d = min(d, shortestRest<<failures)
	}
	return d/2 + rand.N(d/2) //nolint:gosec // it hides nothing
}

// fault returns how the last try for a slice has ended, if there was one.
func (s *SCO) fault(id slice.ID) (why string, tried bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.tries[id]; t != nil {
		return t.why, true
	}
	return "", false
}

// due reports whether the loop may look after a slice now.
func (s *SCO) due(id slice.ID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tries[id]
	return t == nil || t.failures == 0 || !s.cfg.Now().Before(t.next)
}

// patience is how long a repair of a slice waits for switches.
func (s *SCO) patience(id slice.ID) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.tries[id]; t != nil && t.failures > 0 {
		return 0
	}
	return firstPatience
}

// hasten ends the rest of slices whose trouble may be over: those of a domain,
// or all. The lock is held.
func (s *SCO) hasten(d slice.Domain) {
	for id, t := range s.tries {
		if r := s.records[id]; d == "" || r == nil || uses(r.Intents, d) {
			t.next = time.Time{}
		}
	}
}

// nodeJoined is called when a NED has something new to say.
func (s *SCO) nodeJoined() {
	s.mu.Lock()
	s.hasten("")
	s.mu.Unlock()
	s.poke()
}
