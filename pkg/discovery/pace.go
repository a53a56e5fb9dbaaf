package discovery

import (
	"container/heap"
	"time"
)

// A bucket lets a number of things through in a time, and some of them at once.
type bucket struct {
	every time.Duration // for one
	burst time.Duration // time that can be saved up
	spent time.Duration // the time up to which everything is spent
}

func newBucket(rate, burst int) bucket {
	every := max(time.Second/time.Duration(rate), 1)
	return bucket{every: every, burst: every * time.Duration(burst), spent: -every * time.Duration(burst)}
}

// take lets one through, or says when the next may come.
func (b *bucket) take(now time.Duration) (ok bool, next time.Duration) {
	b.spent = max(b.spent, now-b.burst)
	if b.spent+b.every > now {
		return false, b.spent + b.every
	}
	b.spent += b.every
	return true, 0
}

// A date is something to be looked at, at a time.
type date struct {
	at    time.Duration
	index int // in the diary, plus one; 0: in none
	visit func(now time.Duration) (next time.Duration)
}

// never is a time that does not come.
const never = time.Duration(1<<63 - 1)

// A diary holds dates, the next one first.
type diary []*date

func (d diary) Len() int           { return len(d) }
func (d diary) Less(i, j int) bool { return d[i].at < d[j].at }
func (d diary) Swap(i, j int) {
	d[i], d[j] = d[j], d[i]
	d[i].index, d[j].index = i+1, j+1
}

// Push is for package heap.
func (d *diary) Push(x any) {
	e := x.(*date) //nolint:forcetypeassert,errcheck // package heap hands back what it was given
	*d = append(*d, e)
	e.index = len(*d)
}

// Pop is for package heap.
func (d *diary) Pop() any {
	old := *d
	e := old[len(old)-1]
	*d = old[:len(old)-1]
	e.index = 0
	return e
}

// set puts a date at a time, or takes it out if that does not come.
func (d *diary) set(e *date, at time.Duration) {
	e.at = at
	switch {
	case at == never && e.index > 0:
		heap.Remove(d, e.index-1)
	case at == never:
	case e.index > 0:
		heap.Fix(d, e.index-1)
	default:
		heap.Push(d, e)
	}
}

// next returns the time of the first date.
func (d diary) next() time.Duration {
	if len(d) == 0 {
		return never
	}
	return d[0].at
}
