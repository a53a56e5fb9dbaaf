package fabric

import (
	"strconv"
	"time"

	"github.com/l2sces/l2sces/pkg/ipam"
	"github.com/l2sces/l2sces/pkg/slice"
)

// number takes the next number that nobody has and that has rested.
func (f *Fabric) number(used func(uint32) bool) (uint32, error) {
	for _, n := range f.resting.Release(time.Now()) {
		f.awake = append(f.awake, slice.Network(n))
	}
	return f.resting.Take(&f.numbers, used)
}

// rest keeps the numbers of a network that gives them back from a new owner
// for a while: the first one, and the second ones that belong to it. That is
// saved with what else is being written, or at once; should it fail, they rest
// until the controller ends.
func (f *Fabric) rest(first slice.Network) {
	if f.cfg.Rest == 0 {
		return
	}
	numbers := []slice.Network{first}
	for second, of := range f.shadows {
		if of == first {
			numbers = append(numbers, second)
		}
	}
	for _, n := range numbers {
		r, ok := f.resting.Give(uint32(n), time.Now())
		if !ok {
			continue
		}
		if err := f.save(bucketResting, strconv.Itoa(int(n)), r); err != nil {
			f.cfg.Logger.Error("rest of a number was not saved", "network", uint32(n), "reason", err.Error())
		}
	}
}

// forgetRests has what is being written next drop the rests that are over.
func (f *Fabric) forgetRests() {
	for _, n := range f.awake {
		if !f.resting.Rests(uint32(n)) {
			f.tx.put(bucketResting, strconv.Itoa(int(n)), nil)
		}
	}
	f.awake = nil
}

// recallRest takes in a rest that an earlier run began.
func (f *Fabric) recallRest(key string, r *ipam.Rest) {
	if n, err := strconv.ParseUint(key, 10, 32); err == nil {
		f.resting.Recall(uint32(n), *r, time.Now())
	}
}
