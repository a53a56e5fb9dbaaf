package sco

import (
	"maps"
	"sync"
	"time"
)

// stopwatch measures the phases of one Apply. Phases may end side by side.
type stopwatch struct {
	now func() time.Time

	mu   sync.Mutex
	last time.Time
	ms   map[string]uint32
}

func newStopwatch(now func() time.Time) *stopwatch {
	return &stopwatch{now: now, last: now(), ms: map[string]uint32{}}
}

// lap notes the time since the lap before.
func (w *stopwatch) lap(name string) {
	now := w.now()
	w.note(name, now.Sub(w.last))
	w.last = now
}

func (w *stopwatch) note(name string, d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ms[name] = uint32(max(0, d.Milliseconds())) //nolint:gosec // a phase is shorter than 49 days
}

func (w *stopwatch) all() map[string]uint32 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.ms)
}
