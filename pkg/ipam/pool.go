package ipam

import (
	"maps"

	"github.com/l2sces/l2sces/pkg/slice"
)

// A Pool hands out the numbers of a range to holders, lowest first. Each holder
// has one number; asking again changes nothing. See Ring for numbers that must
// rest before they are used again.
type Pool struct {
	First uint32            `json:"first"`
	Last  uint32            `json:"last"`
	Held  map[string]uint32 `json:"held,omitempty"` // by holder
}

// Clone returns a pool that shares nothing with this one, to try things on.
func (p *Pool) Clone() *Pool {
	return &Pool{First: p.First, Last: p.Last, Held: maps.Clone(p.Held)}
}

// Take returns the number of a holder: the one it has, or else the lowest that
// is free. An Exhausted error says that there is none.
func (p *Pool) Take(holder string) (uint32, error) {
	if n, ok := p.Held[holder]; ok {
		return n, nil
	}
	taken := make(map[uint32]bool, len(p.Held))
	for _, n := range p.Held {
		taken[n] = true
	}
	for n := uint64(p.First); n <= uint64(p.Last); n++ { // 64 bits, so that the highest number ends the loop
		if !taken[uint32(n)] {
			p.hold(holder, uint32(n))
			return uint32(n), nil
		}
	}
	return 0, slice.Errorf(slice.Exhausted, "no number from %d to %d is free for %s", p.First, p.Last, holder)
}

// Reserve gives a holder a number of somebody's choice. It is Invalid outside
// the range, and a Conflict if another holds the number or the holder another.
func (p *Pool) Reserve(holder string, n uint32) error {
	if n < p.First || n > p.Last {
		return slice.Errorf(slice.Invalid, "number %d for %s is not between %d and %d", n, holder, p.First, p.Last)
	}
	if old, ok := p.Held[holder]; ok && old != n {
		return slice.Errorf(slice.Conflict, "%s holds number %d and cannot take %d", holder, old, n)
	}
	for other, m := range p.Held {
		if m == n && other != holder {
			return slice.Errorf(slice.Conflict, "number %d for %s is held by %s", n, holder, other)
		}
	}
	p.hold(holder, n)
	return nil
}

// Release takes the number of a holder back. There need not be one.
func (p *Pool) Release(holder string) { delete(p.Held, holder) }

func (p *Pool) hold(holder string, n uint32) {
	if p.Held == nil {
		p.Held = map[string]uint32{}
	}
	p.Held[holder] = n
}
