package sco

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// bucketHistory keeps the revisions of slices, but for the newest of those that
// are there: the record of a slice is its newest revision. So a revision is
// never lost between two writes, and none is told that never was.
const bucketHistory = "slice-history"

// The bounds of the history: revisions of a slice, and slices that are gone.
const (
	keptRevisions = 100
	keptGone      = 1000
)

// What a revision does.
const (
	created = "create"
	updated = "update"
	edited  = "edit"
	pausing = "pause"
	resumed = "resume"
	deleted = "delete"
)

// revision is what is durable of a revision.
type revision struct {
	Number   uint32          `json:"number"` // grows by one, also over the ends of a slice
	Revision intent.Revision `json:"revision"`
	Requests []request       `json:"requests,omitempty"` // of the last one of a slice that is gone
}

// A past is what the history knows of a slice; the revisions are in the store.
type past struct {
	last uint32            // number of the newest one there
	at   map[string]uint32 // numbers by key
	gone time.Time         // when the newest one was ordered
}

// loadHistory reads which revisions there are.
func (s *SCO) loadHistory() error {
	stored, err := s.cfg.Store.List(bucketHistory)
	if err != nil {
		return fmt.Errorf("load the history: %w", err)
	}
	for key, text := range stored {
		var r revision
		if err := json.Unmarshal(text, &r); err != nil {
			return fmt.Errorf("load revision %s: %w", key, err)
		}
		id, _, _ := strings.Cut(key, "/")
		s.noteRevision(slice.ID(id), key, r)
	}
	return nil
}

// noteRevision notes that a revision is in the store; the lock is held, or
// nobody else is there yet.
func (s *SCO) noteRevision(id slice.ID, key string, r revision) {
	p := s.pasts[id]
	if p == nil {
		p = &past{at: map[string]uint32{}}
		s.pasts[id] = p
	}
	p.at[key] = r.Number
	if r.Number >= p.last {
		p.last, p.gone = r.Number, r.Revision.Time
	}
}

// History returns what was ordered of a slice, newest first.
func (s *SCO) History(_ context.Context, id slice.ID) ([]intent.Revision, error) {
	current := s.record(id)
	var all []revision
	if current != nil {
		all = append(all, current.revision())
	}
	for _, key := range s.revisionKeys(id) {
		r, err := s.readRevision(key)
		if err != nil {
			return nil, err
		}
		if r != nil && (current == nil || r.Number != current.Revision) {
			all = append(all, *r)
		}
	}
	if len(all) == 0 {
		return nil, absent(id)
	}
	slices.SortFunc(all, func(a, b revision) int { return cmp.Compare(b.Number, a.Number) })
	var out []intent.Revision
	for _, r := range all[:min(len(all), keptRevisions)] {
		if r.Revision.Intents.Slice.Tenant != all[0].Revision.Intents.Slice.Tenant {
			break // the id was somebody else's then
		}
		out = append(out, r.Revision)
	}
	return out, nil
}

func (s *SCO) revisionKeys(id slice.ID) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var keys []string
	if p := s.pasts[id]; p != nil {
		for key := range p.at {
			keys = append(keys, key)
		}
	}
	return keys
}

// readRevision returns a stored revision, or nil if it is not there.
func (s *SCO) readRevision(key string) (*revision, error) {
	r := &revision{}
	text, err := s.cfg.Store.Get(bucketHistory, key)
	switch {
	case err == nil:
		err = json.Unmarshal(text, r)
	case slice.KindOf(err) == slice.NotFound:
		r, err = nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read revision %s: %w", key, err)
	}
	return r, nil
}
