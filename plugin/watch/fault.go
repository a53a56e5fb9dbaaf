package watch

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// A Fault is why a slice is not followed, or not all the way.
type Fault struct {
	ID    string // of the slice at OSM
	Name  string
	Text  string
	Since time.Time
}

// Faults returns what is wrong now, by the slices' ids.
func (w *Watcher) Faults() []Fault {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.SortedFunc(maps.Values(w.faults), func(a, b Fault) int { return cmp.Compare(a.ID, b.ID) })
}

// Counts are numbers for metrics, since the start.
type Counts struct {
	Polls    uint64 // all
	Failed   uint64 // of them
	Changed  uint64 // services put into the book
	Removed  uint64 // and taken out
	Hints    uint64 // calls of OSM
	Followed int    // slices in the book, after the last poll
	Last     time.Time
}

// Counts returns them. Last is the time of the last good poll.
func (w *Watcher) Counts() Counts {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.counts
}

func (w *Watcher) count(f func(*Counts)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f(&w.counts)
}

// maxText is what is kept of the text of a fault, in bytes.
const maxText = 2000

// fault notes what is wrong with a slice, and logs it when it is new. An empty
// text is no fault.
func (w *Watcher) fault(id, name, text string) {
	w.mu.Lock()
	old, had := w.faults[id]
	if text == "" {
		delete(w.faults, id)
	} else if old.Text != text {
		w.faults[id] = Fault{ID: id, Name: name, Text: text[:min(len(text), maxText)], Since: w.cfg.Now()}
	}
	w.mu.Unlock()
	switch {
	case text == "" && had:
		w.log.Info("slice instance is followed again", "nsi", id, "name", name)
	case text != "" && old.Text != text[:min(len(text), maxText)]:
		w.log.Warn("slice instance is not followed", "nsi", id, "name", name, "error", text)
	}
}
