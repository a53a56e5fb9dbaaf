package sco

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A watcher rests after each look, for longer if the look took long, so that it
// spends one part in so many of its time with looking.
const (
	watchPause = 20 * time.Millisecond
	watchRest  = time.Second // and no longer
	watchShare = 10
)

// Watch tells the slices that a query chooses as they are, then SYNC, then each
// that is different from what was told last, or gone from the query. States
// that were over before tell had time for them are skipped, so that a slow
// watcher is late by one state at most and holds nobody up. It ends with ctx,
// whose error it returns, or with an error of tell.
func (s *SCO) Watch(ctx context.Context, q intent.Query, tell func(intent.Moment) error) error {
	c, err := chooserOf(q)
	if err != nil {
		return err
	}
	w := watcher{sco: s, choose: c, tell: tell, told: map[slice.ID]told{}}
	first := true
	for {
		stirred := s.stirring() // before the look: what comes after it is not missed
		start := s.cfg.Now()
		if err := w.look(); err != nil {
			return err
		}
		if first {
			if err := tell(intent.Moment{Kind: intent.Sync}); err != nil {
				return err
			}
			first = false
		}
		if err := rest(ctx, min(watchPause+watchShare*s.cfg.Now().Sub(start), watchRest)); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-stirred:
		}
	}
}

// rest waits for some time, or for the end of ctx.
func rest(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// watcher is one Watch.
type watcher struct {
	sco    *SCO
	choose chooser
	tell   func(intent.Moment) error
	told   map[slice.ID]told
}

// told is what a watcher was told of a slice.
type told struct {
	tenant     slice.Tenant
	generation uint32
	sum        [sha256.Size]byte
}

// look tells what is different.
func (w *watcher) look() error {
	there := map[slice.ID]bool{}
	for _, r := range w.sco.sortedRecords() {
		if !w.choose.wants(r) {
			continue
		}
		now := w.sco.statusOf(r)
		if !w.choose.likes(now) {
			continue
		}
		there[now.ID] = true
		text, err := json.Marshal(now)
		if err != nil {
			return fmt.Errorf("tell slice %s: %w", now.ID, err)
		}
		next := told{now.Tenant, now.Generation, sha256.Sum256(text)}
		if w.told[now.ID] == next {
			continue
		}
		w.told[now.ID] = next
		if err := w.tell(intent.Moment{Kind: intent.Changed, Slice: now}); err != nil {
			return err
		}
	}
	return w.gone(there)
}

// gone tells what is not there any more.
func (w *watcher) gone(there map[slice.ID]bool) error {
	for _, id := range slices.Sorted(maps.Keys(w.told)) {
		if there[id] {
			continue
		}
		last := intent.Status{ID: id, Tenant: w.told[id].tenant, Generation: w.told[id].generation}
		delete(w.told, id)
		if err := w.tell(intent.Moment{Kind: intent.Gone, Slice: last}); err != nil {
			return err
		}
	}
	return nil
}

// stirring returns a channel that closes when something changes that a status
// may show.
func (s *SCO) stirring() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stirred == nil {
		s.stirred = make(chan struct{})
	}
	return s.stirred
}

// stir wakes those who watch; the lock is held.
func (s *SCO) stir() {
	if s.stirred != nil {
		close(s.stirred)
		s.stirred = nil
	}
}
