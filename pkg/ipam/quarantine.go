package ipam

import (
	"fmt"
	"slices"
	"time"

	"github.com/l2sces/l2sces/pkg/slice"
)

// A Quarantine keeps numbers that were given back from a new owner: a frame may
// be on its way with one, or a switch that is away may have a rule of it. The
// zero Quarantine keeps none.
type Quarantine struct {
	Pause time.Duration // that a number rests; 0: none does
	// Others end a rest as well: so many numbers that were given meanwhile. 0:
	// only time does.
	Others uint32

	given   uint32 // numbers, since the oldest rest began
	resting map[uint32]Rest
	line    []uint32 // those that rest, the one first whose rest ends first
}

// A Rest is the time that a number is kept for, as it is stored.
type Rest struct {
	Until time.Time `json:"until"`
	Given uint32    `json:"given"` // how many numbers had been given when it began
}

// NewQuarantine returns the quarantine of a ring. It never keeps more than a
// quarter of the numbers, so that many short lives do not use up what is free,
// but at least one.
func NewQuarantine(pause time.Duration, r Ring) Quarantine {
	return Quarantine{Pause: pause, Others: max((r.Last-r.First+1)/4, 1)}
}

// Give begins the rest of a number that was given back. It reports false where
// numbers do not rest.
func (q *Quarantine) Give(n uint32, now time.Time) (Rest, bool) {
	if q.Pause == 0 || n == 0 {
		return Rest{}, false
	}
	r := Rest{Until: now.Add(q.Pause), Given: q.given}
	q.enter(n, r)
	return r, true
}

// Recall takes in a rest as it was stored. However clocks were turned
// meanwhile, it lasts no longer than one that begins now.
func (q *Quarantine) Recall(n uint32, r Rest, now time.Time) {
	if last := now.Add(q.Pause); r.Until.After(last) {
		r.Until = last
	}
	q.given = max(q.given, r.Given)
	q.enter(n, r)
}

// enter keeps the line in order.
func (q *Quarantine) enter(n uint32, r Rest) {
	if q.resting == nil {
		q.resting = map[uint32]Rest{}
	}
	if _, again := q.resting[n]; again {
		q.line = slices.DeleteFunc(q.line, func(o uint32) bool { return o == n })
	}
	q.resting[n] = r
	i := len(q.line)
	if i > 0 && r.Until.Before(q.resting[q.line[i-1]].Until) {
		i, _ = slices.BinarySearchFunc(q.line, r.Until, func(o uint32, until time.Time) int { return q.resting[o].Until.Compare(until) })
	}
	q.line = slices.Insert(q.line, i, n)
}

// Rests reports whether a number is kept.
func (q *Quarantine) Rests(n uint32) bool { _, ok := q.resting[n]; return ok }

// Release ends the rests that are over and returns their numbers.
func (q *Quarantine) Release(now time.Time) []uint32 {
	i := 0
	for i < len(q.line) && q.over(q.resting[q.line[i]], now) {
		delete(q.resting, q.line[i])
		i++
	}
	ended := q.line[:i]
	q.line = q.line[i:]
	return ended
}

func (q *Quarantine) over(r Rest, now time.Time) bool {
	return !now.Before(r.Until) || q.Others > 0 && q.given-r.Given >= q.Others
}

// Take returns the next number of a ring that is neither used nor kept. An
// Exhausted error says how many are kept, and until when. Call Release first.
func (q *Quarantine) Take(r *Ring, used func(uint32) bool) (uint32, error) {
	kept := 0
	n, err := r.Take(func(n uint32) bool {
		switch {
		case used(n):
			return true
		case q.Rests(n):
			kept++
			return true
		}
		return false
	})
	switch {
	case err == nil:
		q.given++
	case kept > 0:
		err = slice.Errorf(slice.Exhausted, "%w: %s", err, q.says(kept))
	}
	return n, err
}

// says tells what is kept.
func (q *Quarantine) says(kept int) string {
	first := q.resting[q.line[0]].Until.UTC()
	return fmt.Sprintf("%d of them were given back a moment ago and are kept from new owners, the first until %s", kept, first.Format(time.RFC3339))
}
