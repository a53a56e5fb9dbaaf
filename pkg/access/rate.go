package access

import (
	"errors"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/l2sces/l2sces/pkg/slice"
)

// maxRates is how many callers are remembered; those that have not called for
// longest make room.
const maxRates = 4096

// rates counts the calls of each caller.
type rates struct {
	now func() time.Time

	mu      sync.Mutex
	terms   Rate
	callers map[string]*meter
}

type meter struct {
	limit *rate.Limiter
	last  time.Time
}

// admit counts a call, and says how long to wait if it is one too many.
func (r *rates) admit(name string, terms Rate) error {
	if terms.PerSecond == 0 {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.terms != terms || r.callers == nil {
		r.terms, r.callers = terms, map[string]*meter{}
	}
	now := r.now()
	m := r.callers[name]
	if m == nil {
		r.makeRoom()
		burst := terms.Burst
		if burst == 0 {
			burst = max(1, int(2*terms.PerSecond))
		}
		m = &meter{limit: rate.NewLimiter(rate.Limit(terms.PerSecond), burst)}
		r.callers[name] = m
	}
	m.last = now
	place := m.limit.ReserveN(now, 1)
	if wait := place.DelayFrom(now); wait > 0 {
		place.CancelAt(now)
		return &tooFast{wait, slice.Errorf(slice.Exhausted, "%s may make %g calls per second: try again in %s", name, terms.PerSecond, wait.Round(time.Millisecond))}
	}
	return nil
}

func (r *rates) makeRoom() {
	for len(r.callers) >= maxRates {
		oldest := ""
		for name, m := range r.callers {
			if oldest == "" || m.last.Before(r.callers[oldest].last) {
				oldest = name
			}
		}
		delete(r.callers, oldest)
	}
}

// tooFast is the fault of a caller that does not wait.
type tooFast struct {
	wait time.Duration
	err  error
}

func (t *tooFast) Error() string { return t.err.Error() }
func (t *tooFast) Unwrap() error { return t.err }

// RetryAfter returns how long a caller has to wait that made too many calls.
func RetryAfter(err error) (time.Duration, bool) {
	var t *tooFast
	if errors.As(err, &t) {
		return t.wait, true
	}
	return 0, false
}
