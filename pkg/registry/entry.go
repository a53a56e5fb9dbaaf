package registry

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// bucketDomains holds the registrations, by the name of the domain.
const bucketDomains = "domains"

// entry is a domain that is known. What is durable of it and its line stay as
// they are: a change makes a new entry. Whoever does that, or writes what is
// below, has the turn of the domain and the lock of the registry; to read it,
// one of the two is enough.
type entry struct {
	stored
	line *line

	removing   bool
	info       intent.DomainInfo // as last told
	conditions []intent.Condition
}

// stored is what is durable of a domain: neither what it says of itself nor a
// secret.
type stored struct {
	intent.Registration
	RequestID string `json:"requestId,omitempty"` // of the order that made it so
	Asked     string `json:"asked,omitempty"`     // the mark of what that order asked for
}

// load reads what an earlier run left. Of a static domain the command line
// knows where it is, and the store how it is used.
func (r *Registry) load() error {
	texts, err := r.cfg.Store.List(bucketDomains)
	if err != nil {
		return fmt.Errorf("load the domains: %w", err)
	}
	for key, text := range texts {
		s := stored{}
		if err := json.Unmarshal(text, &s); err != nil {
			return fmt.Errorf("load domain %s: %w", key, err)
		}
		r.entries[s.Name] = r.newEntry(s)
	}
	given := map[slice.Domain]bool{}
	for _, static := range r.cfg.Static {
		static, err := r.check(static)
		if err != nil {
			return err
		}
		if given[static.Name] {
			return slice.Errorf(slice.Invalid, "domain %s is given twice", static.Name)
		}
		given[static.Name] = true
		r.entries[static.Name] = r.newEntry(r.merge(static))
	}
	// One that was on the command line and no longer is comes back with it.
	maps.DeleteFunc(r.entries, func(d slice.Domain, e *entry) bool { return e.Static && !given[d] })
	return nil
}

// merge puts what the store knows of a domain into a static one.
func (r *Registry) merge(static intent.Registration) stored {
	s := stored{Registration: static}
	if have := r.entries[static.Name]; have != nil {
		s = have.stored
		s.Driver, s.Addresses, s.Credentials = static.Driver, static.Addresses, static.Credentials
	}
	s.Static, s.Generation = true, max(s.Generation, 1)
	return s
}

func (r *Registry) newEntry(s stored) *entry {
	return &entry{stored: s, line: newLine(r.opener(s.Registration))}
}

// save makes a domain durable.
func (r *Registry) save(s stored) error {
	s.Info, s.Conditions, s.Slices = intent.DomainInfo{}, nil, 0
	text, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("save domain %s: %w", s.Name, err)
	}
	if err := r.cfg.Store.Put(bucketDomains, string(s.Name), text); err != nil {
		return fmt.Errorf("save domain %s: %w", s.Name, err)
	}
	return nil
}

// told returns a domain as callers are told.
func (r *Registry) told(e *entry) intent.Registration {
	out := e.Registration
	out.Addresses, out.Labels = slices.Clone(out.Addresses), maps.Clone(out.Labels)
	r.mu.RLock()
	out.Info, out.Conditions = e.info, slices.Clone(e.conditions)
	r.mu.RUnlock()
	out.Slices = r.cfg.Use(out.Name).Slices
	return out
}
