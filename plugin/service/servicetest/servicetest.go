// Package servicetest gives tests of doors a book over an SCO and a store in
// memory, which fail when they are told to.
//
//	book, sco := servicetest.Book(t)
package servicetest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/service"
)

// Book returns a book with its SCO.
func Book(tb testing.TB) (*service.Book, *SCO) {
	tb.Helper()
	sco := NewSCO()
	book, err := service.New(service.Config{Store: NewStore(), Slices: sco})
	if err != nil {
		tb.Fatal(err)
	}
	return book, sco
}

// An SCO keeps slices in memory: what it takes is Ready at once.
type SCO struct {
	mu     sync.Mutex
	slices map[slice.ID]intent.Status
	fails  []failure
	calls  map[string]int
	phase  intent.Phase
}

type failure struct {
	err  error
	lost bool // the order is carried out, and the answer is lost
}

// NewSCO returns an SCO without slices.
func NewSCO() *SCO {
	return &SCO{slices: map[slice.ID]intent.Status{}, calls: map[string]int{}, phase: intent.Ready}
}

// Fail lets the next n orders (not questions) fail with an error of a kind.
func (s *SCO) Fail(n int, kind slice.Kind) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range n {
		s.fails = append(s.fails, failure{err: slice.Errorf(kind, "the SCO was told to fail")})
	}
}

// Lose lets the answers of the next n orders get lost, which are carried out.
func (s *SCO) Lose(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range n {
		s.fails = append(s.fails, failure{slice.Errorf(slice.Unavailable, "the answer was lost"), true})
	}
}

// Say lets new and changed slices be in a phase.
func (s *SCO) Say(p intent.Phase) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.phase = p
}

// Calls returns how often a method was called: Apply, Status or Delete.
func (s *SCO) Calls(method string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[method]
}

// Intents returns those of all slices.
func (s *SCO) Intents() map[slice.ID]intent.Intents {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[slice.ID]intent.Intents{}
	for id, status := range s.slices {
		all[id] = *status.Intents
	}
	return all
}

// Set makes a slice as somebody else would.
func (s *SCO) Set(in intent.Intents) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.set(in)
}

// failed counts a call and returns the failure that it was told to have.
func (s *SCO) failed(method string) (failure, bool) {
	s.calls[method]++
	if len(s.fails) == 0 {
		return failure{}, false
	}
	f := s.fails[0]
	s.fails = s.fails[1:]
	return f, true
}

func (s *SCO) set(in intent.Intents) intent.Status {
	intent.Default(&in)
	in = in.Canonical()
	have, old := s.slices[in.Slice.ID]
	out := intent.Status{ID: in.Slice.ID, Tenant: in.Slice.Tenant, Generation: have.Generation + 1, Phase: s.phase, Changed: true, Intents: &in}
	if old && intent.Equal(*have.Intents, in) {
		out = have
		out.Changed = false
	}
	for _, n := range in.Slice.Networks {
		out.Networks = append(out.Networks, intent.NetworkStatus{Name: n.Name, Type: n.Type, CIDR: n.CIDR, MTU: 1450, Ready: out.Phase == intent.Ready})
	}
	s.slices[in.Slice.ID] = out
	return out
}

// Apply makes or changes a slice.
func (s *SCO) Apply(_ context.Context, in intent.Intents, o intent.Order) (intent.Status, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, failed := s.failed("Apply")
	if failed && !f.lost {
		return intent.Status{}, f.err
	}
	intent.Default(&in)
	if err := in.Validate(); err != nil {
		return intent.Status{}, slice.Errorf(slice.Invalid, "%w", err)
	}
	have, there := s.slices[in.Slice.ID]
	switch {
	case there && have.Tenant != in.Slice.Tenant:
		return intent.Status{}, slice.Errorf(slice.Conflict, "slice %s belongs to another tenant", in.Slice.ID)
	case there && o.New:
		return intent.Status{}, slice.Errorf(slice.Conflict, "slice %s is there already", in.Slice.ID)
	case o.Generation != 0 && o.Generation != have.Generation:
		return intent.Status{}, slice.Errorf(slice.Stale, "slice %s has another generation", in.Slice.ID)
	case o.DryRun:
		return have, nil
	}
	return s.set(in), f.err
}

// Status returns a slice.
func (s *SCO) Status(_ context.Context, id slice.ID) (intent.Status, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls["Status"]++
	have, ok := s.slices[id]
	if !ok {
		return have, slice.Errorf(slice.NotFound, "there is no slice %s", id)
	}
	return have, nil
}

// Delete deletes a slice.
func (s *SCO) Delete(_ context.Context, id slice.ID, _ intent.Order) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, failed := s.failed("Delete")
	if failed && !f.lost {
		return false, f.err
	}
	_, existed := s.slices[id]
	delete(s.slices, id)
	return existed, f.err
}

// A Store keeps values in memory.
type Store struct {
	mu     sync.Mutex
	values map[string]map[string][]byte
	fails  int
}

// NewStore returns an empty store.
func NewStore() *Store { return &Store{values: map[string]map[string][]byte{}} }

// ErrDisk is what a store says that was told to fail.
var ErrDisk = errors.New("no space left on device")

// Fail lets the next n writes fail.
func (s *Store) Fail(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fails = n
}

// List returns everything in a bucket.
func (s *Store) List(bucket string) (map[string][]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.values[bucket]), nil
}

// WriteAll makes all changes, or none.
func (s *Store) WriteAll(values map[string]map[string][]byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fails > 0 {
		s.fails--
		return ErrDisk
	}
	for bucket, all := range values {
		if s.values[bucket] == nil {
			s.values[bucket] = map[string][]byte{}
		}
		for key, value := range all {
			if value == nil {
				delete(s.values[bucket], key)
				continue
			}
			s.values[bucket][key] = slices.Clone(value)
		}
	}
	return nil
}
