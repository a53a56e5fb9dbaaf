package store

import (
	"strconv"

	"github.com/l2sces/l2sces/pkg/slice"
)

// A migration brings what a store holds from one schema to the next. Records
// may gain fields without one: whoever reads them takes an absent field for its
// zero value. A migration is for what an older record cannot say by that.
type migration func(keys) error

// migrations are all there are, in order: the first brings schema 1 to 2. A
// released one is never changed.
var migrations []migration

// schemaName names the schema after so many migrations.
func schemaName(steps int) string { return strconv.Itoa(steps + 1) }

// schemaNumber returns how many migrations made a schema, if the program knows
// it.
func schemaNumber(name string, known int) (int, error) {
	n, err := strconv.Atoi(name)
	if err != nil || n < 1 {
		return 0, slice.Errorf(slice.Invalid, "the state has schema %q, which is none", name)
	}
	if n-1 > known {
		return 0, slice.Errorf(slice.Invalid, "the state has schema %q and this program knows %q: use the version that wrote it", name, schemaName(known))
	}
	return n - 1, nil
}

// upgrade brings what is there from its schema to that of the program, all or
// nothing with its transaction, and marks it so.
func upgrade(k keys, have string, steps []migration) error {
	from, err := schemaNumber(have, len(steps))
	if err != nil || from == len(steps) {
		return err
	}
	for _, step := range steps[from:] {
		if err := step(k); err != nil {
			return err
		}
	}
	return k.put(markBucket, markKey, []byte(schemaName(len(steps))))
}
