package sco

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// revision returns a record as it stands in the history.
func (r *record) revision() revision {
	out := revision{Number: r.Revision, Revision: intent.Revision{
		Generation: r.Generation, Time: r.Time, By: r.By, What: r.What, Intents: r.Intents,
	}}
	if r.Revision == 0 { // of a release that had no history
		out.Revision.Time, out.Revision.What = r.Since, updated
	}
	if r.What == deleted {
		out.Requests = r.Requests
	}
	return out
}

// nextRevision returns the number of the revision after a record, or of the
// first one of a new slice.
func (s *SCO) nextRevision(id slice.ID, before *record) uint32 {
	if before != nil {
		return before.Revision + 1
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.pasts[id]; p != nil {
		return p.last + 1
	}
	return 1
}

// follow makes a record durable that follows another, which goes into the
// history first.
func (s *SCO) follow(next, before *record) error {
	if before != nil {
		if err := s.remember(before); err != nil {
			return err
		}
	}
	return s.save(next)
}

// remember puts a record into the history, in place of its oldest revision if
// there are many.
func (s *SCO) remember(r *record) error {
	id := r.Intents.Slice.ID
	rev := r.revision()
	text, err := json.Marshal(rev)
	key := fmt.Sprintf("%s/%d", id, rev.Number%keptRevisions)
	if err == nil {
		err = s.cfg.Store.Put(bucketHistory, key, text)
	}
	if err != nil {
		return fmt.Errorf("remember revision %d of slice %s: %w", rev.Number, id, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.noteRevision(id, key, rev)
	return nil
}

// lastRevision returns the newest stored revision of a slice, or nil.
func (s *SCO) lastRevision(id slice.ID) (*revision, error) {
	s.mu.Lock()
	key := ""
	if p := s.pasts[id]; p != nil {
		for k, number := range p.at {
			if number == p.last {
				key = k
			}
		}
	}
	s.mu.Unlock()
	if key == "" {
		return nil, nil
	}
	return s.readRevision(key)
}

// trimHistory forgets the slices that have been gone the longest, if there are
// many. Whoever cannot be forgotten now is with the next slice that ends.
func (s *SCO) trimHistory() {
	for _, id := range s.longGone() {
		for _, key := range s.revisionKeys(id) {
			if err := s.cfg.Store.Delete(bucketHistory, key); err != nil {
				s.cfg.Logger.Error("history was not forgotten", "slice", string(id), "error", err.Error())
				return
			}
		}
		s.mu.Lock()
		if s.records[id] == nil {
			delete(s.pasts, id)
		}
		s.mu.Unlock()
	}
}

// longGone returns the slices that are gone and too many, those that went first
// before the others.
func (s *SCO) longGone() []slice.ID {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.pasts) <= keptGone {
		return nil
	}
	gone := slices.DeleteFunc(slices.Collect(maps.Keys(s.pasts)), func(id slice.ID) bool { return s.records[id] != nil })
	slices.SortFunc(gone, func(a, b slice.ID) int {
		return cmp.Or(s.pasts[a].gone.Compare(s.pasts[b].gone), cmp.Compare(a, b))
	})
	return gone[:max(0, len(gone)-keptGone)]
}
