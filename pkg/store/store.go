// Package store keeps values, so that what was promised survives the process:
// in a file, which one process has, or in etcd, which several share and one of
// them writes to. A value is there when the call that wrote it has returned. It
// does not know what the values mean.
//
//	s, err := store.Open("/var/lib/l2sces/sco.db")
//	err = s.Put("slices", "press", text)
package store

import (
	"fmt"
	"strings"
	"time"

	"github.com/l2sces/l2sces/pkg/slice"
)

// The mark of what we wrote. Its bucket is closed to callers.
const (
	markBucket    = "_store"
	markKey       = "schema"
	generationKey = "generation"
)

// A Store is an open file, or a term of leadership over keys in etcd. Its
// methods may be called by several goroutines.
type Store struct{ in backend }

// A backend carries transactions out.
type backend interface {
	view(func(keys) error) error
	update(func(keys) error) error // all of what the function does, or nothing
	close() error
}

// keys are the values that a transaction sees, with its own changes.
type keys interface {
	put(bucket, key string, value []byte) error
	remove(bucket, key string) error
	get(bucket, key string) (value []byte, there bool, err error)
	list(bucket string) (map[string][]byte, error)
	// each calls f for every value of callers as it was before the transaction.
	each(f func(bucket, key string, value []byte) error) error
}

// Put writes a value.
func (s *Store) Put(bucket, key string, value []byte) error {
	return s.Update(func(tx Tx) error { return tx.Put(bucket, key, value) })
}

// Delete removes a value. An absent one is no error.
func (s *Store) Delete(bucket, key string) error {
	return s.Update(func(tx Tx) error { return tx.Delete(bucket, key) })
}

// Get returns a value. An absent one is an error of kind NotFound.
func (s *Store) Get(bucket, key string) (value []byte, err error) {
	err = s.in.view(func(k keys) error {
		value, err = Tx{k}.Get(bucket, key)
		return err
	})
	return value, err
}

// List returns everything in a bucket by key. A bucket that nobody wrote to is
// empty.
func (s *Store) List(bucket string) (values map[string][]byte, err error) {
	err = s.in.view(func(k keys) error {
		values, err = k.list(bucket)
		return err
	})
	return values, err
}

// Update makes all the changes of f, or none if f returns an error. It waits
// for other updates: f must not call the store, only its Tx.
func (s *Store) Update(f func(Tx) error) error {
	return s.in.update(func(k keys) error { return f(Tx{k}) })
}

// Close lets the file go, after the calls that are under way. Keys in etcd are
// let go with the term.
func (s *Store) Close() error { return s.in.close() }

// next returns a number that is larger than all it returned before, and
// durable. It follows the clock, so that it is also larger than those of a
// store that was lost, and does not follow the clock back.
func (s *Store) next(now time.Time) (generation uint64, err error) {
	err = s.in.update(func(k keys) error {
		text, there, err := k.get(markBucket, generationKey)
		if err != nil {
			return err
		}
		generation = uint64(max(now.UnixNano(), 0)) //nolint:gosec // not negative
		if there {
			var last uint64
			if _, err := fmt.Sscan(string(text), &last); err != nil {
				return slice.Errorf(slice.Invalid, "the stored generation %q is no number", text)
			}
			generation = max(generation, last+1)
		}
		return k.put(markBucket, generationKey, fmt.Append(nil, generation))
	})
	return generation, err
}

// A Tx is a set of changes that become true together. It lives as long as the
// function that was given it.
type Tx struct{ keys keys }

// Put writes a value.
func (t Tx) Put(bucket, key string, value []byte) error {
	if bucket == markBucket || bucket == "" || key == "" || strings.Contains(bucket, "/") {
		return slice.Errorf(slice.Invalid, "store %q in %q: not a key or a bucket for callers", key, bucket)
	}
	if err := t.keys.put(bucket, key, value); err != nil {
		return fmt.Errorf("store %s in %s: %w", key, bucket, err)
	}
	return nil
}

// Delete removes a value. An absent one is no error.
func (t Tx) Delete(bucket, key string) error {
	if bucket == markBucket || bucket == "" || key == "" {
		return nil // nothing of callers is there
	}
	if err := t.keys.remove(bucket, key); err != nil {
		return fmt.Errorf("remove %s from %s: %w", key, bucket, err)
	}
	return nil
}

// Get returns a value. An absent one is an error of kind NotFound.
func (t Tx) Get(bucket, key string) ([]byte, error) {
	value, there, err := t.keys.get(bucket, key)
	if err == nil && !there {
		err = slice.Errorf(slice.NotFound, "there is no %s in %s", key, bucket)
	}
	return value, err
}

// List returns everything in a bucket by key.
func (t Tx) List(bucket string) (map[string][]byte, error) { return t.keys.list(bucket) }
