// Package fabrictest has what tests and models of a fabric need instead of the
// world: a store in memory that can be told to fail. It keeps nothing over a
// restart of the process.
//
//	var s fabrictest.Store
//	s.Break("fabric-nodes")
package fabrictest

import (
	"errors"
	"maps"
	"slices"
	"sync"

	"github.com/l2sces/l2sces/pkg/slice"
)

// ErrDisk is what a store says that was told to fail.
var ErrDisk = errors.New("the disk is full")

// Store is a fabric.Store in memory. The zero value is empty and works.
type Store struct {
	mu     sync.Mutex
	values map[string]map[string][]byte
	broken string
	limits bool
	left   int // writes that still succeed, if there is a limit
}

// Of returns a store that holds these values, by bucket and key.
func Of(values map[string]map[string][]byte) *Store { return &Store{values: values} }

// Put keeps a value.
func (s *Store) Put(bucket, key string, value []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.write(bucket); err != nil {
		return err
	}
	if s.values == nil {
		s.values = map[string]map[string][]byte{}
	}
	if s.values[bucket] == nil {
		s.values[bucket] = map[string][]byte{}
	}
	s.values[bucket][key] = slices.Clone(value)
	return nil
}

// Delete drops a value. An absent one is no error.
func (s *Store) Delete(bucket, key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.write(bucket); err != nil {
		return err
	}
	delete(s.values[bucket], key)
	return nil
}

func (s *Store) write(bucket string) error {
	if bucket == s.broken || s.limits && s.left == 0 {
		return ErrDisk
	}
	s.left--
	return nil
}

// Get returns one value. An absent one is an error of kind NotFound.
func (s *Store) Get(bucket, key string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.values[bucket][key]
	if !ok {
		return nil, slice.Errorf(slice.NotFound, "there is no %s in %s", key, bucket)
	}
	return slices.Clone(v), nil
}

// List returns the values of a bucket.
func (s *Store) List(bucket string) (map[string][]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.values[bucket]), nil
}

// All returns the values of all buckets.
func (s *Store) All() map[string]map[string][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[string]map[string][]byte{}
	for bucket, values := range s.values {
		all[bucket] = maps.Clone(values)
	}
	return all
}

// Break makes every write of one bucket fail; of none for "".
func (s *Store) Break(bucket string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = bucket
}

// Fail makes every write fail after some; none if it is negative.
func (s *Store) Fail(after int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limits, s.left = after >= 0, after
}

// Exhausted reports whether a write has met the limit, or the next one will.
func (s *Store) Exhausted() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.limits && s.left == 0
}
