package watch

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/l2sces/l2sces/plugin/service"
)

// A memory is what is kept of a slice beside its service, so that an answer from
// earlier changes nothing: OSM writes into each record when it was modified.
type memory struct {
	Modified float64 `json:"modified"`        // of the record when the service last changed
	Ended    bool    `json:"ended,omitempty"` // OSM said so
	Lost     bool    `json:"lost,omitempty"`  // OSM did not know it any more
}

// maxMemories is how many slices that are gone are remembered.
const maxMemories = 500

const memoryPrefix = "nsi/"

// open reads what the book has, for one poll: nobody else changes it.
func (w *Watcher) open() {
	w.held, w.memories = map[string]*service.Service{}, map[string]memory{}
	w.book.View(service.NSI, w.cfg.Account, func(tx *service.Tx) {
		for _, s := range tx.Services() {
			w.held[s.Key.ID] = &s
		}
		for _, name := range tx.Notes() {
			if id, ok := strings.CutPrefix(name, memoryPrefix); ok {
				w.memories[id] = recall(tx, id)
			}
		}
	})
}

// update changes service and memory of a slice in one; nil removes the service.
func (w *Watcher) update(ctx context.Context, id string, s *service.Service, m memory) error {
	err := w.book.Update(ctx, service.NSI, w.cfg.Account, func(tx *service.Tx) error {
		if s == nil {
			tx.Remove(id)
		} else {
			tx.Put(*s)
		}
		return remember(tx, id, m)
	})
	if err != nil {
		return err
	}
	if w.memories[id] = m; s == nil {
		delete(w.held, id)
	} else {
		w.held[id] = s
	}
	return nil
}

func recall(tx *service.Tx, id string) (m memory) {
	if text := tx.Note(memoryPrefix + id); text != nil && json.Unmarshal(text, &m) != nil {
		return memory{} // what cannot be read says nothing
	}
	return m
}

// remember keeps a memory, and drops the oldest of slices that are gone.
func remember(tx *service.Tx, id string, m memory) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	tx.SetNote(memoryPrefix+id, text)
	type gone struct {
		name     string
		modified float64
	}
	var all []gone
	for _, name := range tx.Notes() {
		if of, ok := strings.CutPrefix(name, memoryPrefix); ok {
			if m := recall(tx, of); m.Ended || m.Lost {
				all = append(all, gone{name, m.Modified})
			}
		}
	}
	slices.SortFunc(all, func(a, b gone) int { return cmp.Or(cmp.Compare(a.modified, b.modified), cmp.Compare(a.name, b.name)) })
	for len(all) > maxMemories {
		tx.SetNote(all[0].name, nil)
		all = all[1:]
	}
	return nil
}

// same reports whether two services wish the same.
func same(a, b service.Service) bool {
	for _, s := range []*service.Service{&a, &b} {
		s.Number, s.Since = 0, b.Since
		s.Intents = s.Intents.Canonical()
	}
	x, err := json.Marshal(a)
	if err != nil {
		return false
	}
	y, err := json.Marshal(b)
	return err == nil && string(x) == string(y)
}
