package registry

import (
	"context"
	"errors"
	"sync"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

var errClosed = slice.Errorf(slice.Unavailable, "the line to the domain is closed")

// A line is the way to a domain. It is opened with the first call. Another
// driver can take the place of the one it has: calls that are under way end
// with the old one, which is closed after the last of them.
type line struct {
	open    func(context.Context) (*session, error)
	opening chan struct{} // one opens, the others wait

	mu     sync.Mutex
	now    *session
	old    map[*session]bool // with calls under way
	closed bool
}

// session is one open driver.
type session struct {
	Driver
	mark  string // of its credentials
	calls int
}

func newLine(open func(context.Context) (*session, error)) *line {
	return &line{open: open, opening: make(chan struct{}, 1), old: map[*session]bool{}}
}

// opener returns what opens sessions with a domain.
func (r *Registry) opener(reg intent.Registration) func(context.Context) (*session, error) {
	return func(ctx context.Context) (*session, error) {
		// Before it is opened: a change in between is seen with the next look.
		mark, err := r.cfg.Mark(ctx, reg)
		if err != nil {
			return nil, err
		}
		d, err := r.cfg.Open(ctx, reg)
		if err != nil {
			return nil, err
		}
		return &session{Driver: d, mark: mark}, nil
	}
}

// take returns the session, and what to call when it is not needed any more.
func (l *line) take(ctx context.Context) (*session, func(), error) {
	if s, err := l.current(); s != nil || err != nil {
		return s, func() { l.give(s) }, err
	}
	select {
	case l.opening <- struct{}{}:
		defer func() { <-l.opening }()
	case <-ctx.Done():
		return nil, nil, slice.Errorf(slice.Unavailable, "the line to the domain is not open yet: %w", ctx.Err())
	}
	if s, err := l.current(); s != nil || err != nil {
		return s, func() { l.give(s) }, err
	}
	fresh, err := l.open(ctx)
	if err != nil {
		return nil, nil, err
	}
	l.swap(fresh)
	s, err := l.current()
	return s, func() { l.give(s) }, err
}

// current returns the session with one call more, or nil if none is open.
func (l *line) current() (*session, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, errClosed
	}
	if l.now != nil {
		l.now.calls++
	}
	return l.now, nil
}

func (l *line) give(s *session) {
	if s == nil {
		return
	}
	l.mu.Lock()
	s.calls--
	last := s.calls == 0 && l.old[s]
	if last {
		delete(l.old, s)
	}
	l.mu.Unlock()
	if last {
		_ = s.Close() // nobody is left who could do anything about it
	}
}

// swap puts a session in the place of the one that is there.
func (l *line) swap(fresh *session) {
	l.mu.Lock()
	was := fresh
	if !l.closed {
		was, l.now = l.now, fresh
	}
	idle := l.part(was)
	l.mu.Unlock()
	if idle {
		_ = was.Close() // as in give
	}
}

// retire lets no new call in and closes the session after the last one.
func (l *line) retire() {
	l.mu.Lock()
	was := l.now
	l.now, l.closed = nil, true
	idle := l.part(was)
	l.mu.Unlock()
	if idle {
		_ = was.Close() // as in give
	}
}

// part reports whether a session that is let go can be closed at once; else its
// last call closes it. The lock is held.
func (l *line) part(s *session) (idle bool) {
	if s == nil || s.calls == 0 {
		return s != nil
	}
	l.old[s] = true
	return false
}

// close closes all, whoever still speaks.
func (l *line) close() {
	l.mu.Lock()
	l.closed = true
	all := l.old
	if l.now != nil {
		all[l.now] = true
	}
	l.now, l.old = nil, map[*session]bool{}
	l.mu.Unlock()
	for s := range all {
		_ = s.Close() // as in give
	}
}

// member is a domain as slices call it.
type member struct {
	registry *Registry
	name     slice.Domain
}

func (m member) session(ctx context.Context) (*session, func(), error) {
	for {
		e := m.registry.entry(m.name)
		if e == nil {
			return nil, nil, slice.Errorf(slice.Unavailable, "domain %s is not known here any more", m.name)
		}
		s, done, err := e.line.take(ctx)
		if errors.Is(err, errClosed) && m.registry.entry(m.name) != e {
			continue // it has got another line meanwhile
		}
		return s, done, err
	}
}

// Apply makes segments, or changes them.
func (m member) Apply(ctx context.Context, segments []intent.Segment) ([]intent.SegmentStatus, error) {
	s, done, err := m.session(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	return s.Apply(ctx, segments)
}

// Delete takes segments apart.
func (m member) Delete(ctx context.Context, ids []slice.NetworkID) error {
	s, done, err := m.session(ctx)
	if err != nil {
		return err
	}
	defer done()
	return s.Delete(ctx, ids)
}

// List returns the segments that the domain keeps.
func (m member) List(ctx context.Context) ([]intent.SegmentStatus, error) {
	s, done, err := m.session(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	return s.List(ctx)
}

// Info tells what the domain is.
func (m member) Info(ctx context.Context) (intent.DomainInfo, error) {
	s, done, err := m.session(ctx)
	if err != nil {
		return intent.DomainInfo{}, err
	}
	defer done()
	return s.Info(ctx)
}
