package agent

import (
	"context"
	"reflect"
	"sync"
	"time"

	"github.com/l2sces/l2sces/pkg/bridge"
)

// The pauses between two sessions grow from least to most.
const (
	least = 100 * time.Millisecond
	most  = 2 * time.Second
)

// sessions keeps a session with the controller until ctx ends.
func (a *Agent) sessions(ctx context.Context) {
	pause := least
	for {
		if a.session(ctx) {
			pause = least
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		pause = min(2*pause, most)
	}
}

// session runs one session and reports whether the controller spoke in it. It
// begins with a report of what is in place.
func (a *Agent) session(ctx context.Context) bool {
	a.mu.Lock()
	a.current, a.inPlace = false, 0
	a.mu.Unlock()
	err := a.ctl.Keep(ctx, a.out.open(), a.want)
	a.out.close()
	a.mu.Lock()
	spoke := a.current
	a.spoken = false
	a.mu.Unlock()
	if ctx.Err() == nil {
		if spoke {
			a.cfg.Log.Warn("controller lost", "error", err)
		} else {
			a.cfg.Log.Debug("controller away", "error", err)
		}
	}
	return spoke
}

// backlog is how many reports wait for a slow line before the oldest is lost.
const backlog = 16

// An outbox carries reports to the session that is open, if any, and greets
// each new session with the last report.
type outbox struct {
	mu   sync.Mutex
	last *bridge.Report
	line chan bridge.Report
}

func (o *outbox) open() <-chan bridge.Report {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.line = make(chan bridge.Report, backlog)
	if o.last != nil {
		o.last.Applied = 0 // of a session that is over
		o.line <- *o.last
	}
	return o.line
}

func (o *outbox) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.line = nil // not closed: the session may still look at it
}

// put sends a report unless it says what the last one said.
func (o *outbox) put(r bridge.Report) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.last != nil && reflect.DeepEqual(*o.last, r) {
		return
	}
	o.last = &r
	if o.line == nil {
		return
	}
	for {
		select {
		case o.line <- r:
			return
		default:
		}
		select {
		case <-o.line: // the oldest gives way
		default:
		}
	}
}
