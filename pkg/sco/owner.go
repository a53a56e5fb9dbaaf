package sco

import (
	"maps"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// Owner returns the tenant of a slice, also of one that is being deleted.
func (s *SCO) Owner(id slice.ID) (slice.Tenant, bool) {
	r := s.record(id)
	if r == nil {
		return "", false
	}
	return r.Intents.Slice.Tenant, true
}

// Each calls f with the intents of each slice, in no order.
func (s *SCO) Each(f func(intent.Intents)) {
	s.mu.Lock()
	records := maps.Clone(s.records)
	s.mu.Unlock()
	for _, r := range records {
		f(r.Intents)
	}
}
