package ipam

import "github.com/l2sces/l2sces/pkg/slice"

// A Ring hands out the numbers of a range in turn. A number that was given
// back is not taken again before all others were, so that a late frame or a
// stale rule does not meet a new owner. The zero Ring is empty.
type Ring struct {
	First uint32 `json:"first"`
	Last  uint32 `json:"last"`
	Next  uint32 `json:"next"` // where the search begins
}

// Take returns the next number that is not used, and steps on. An Exhausted
// error says that all are used.
func (r *Ring) Take(used func(uint32) bool) (uint32, error) {
	if r.First == 0 || r.Last < r.First {
		return 0, slice.Errorf(slice.Exhausted, "the range of numbers is empty")
	}
	n := max(r.Next, r.First)
	for range r.Last - r.First + 1 {
		if n > r.Last {
			n = r.First
		}
		if !used(n) {
			r.Next = n + 1
			return n, nil
		}
		n++
	}
	return 0, slice.Errorf(slice.Exhausted, "all %d numbers from %d to %d are used", r.Last-r.First+1, r.First, r.Last)
}
