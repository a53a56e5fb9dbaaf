// Package registry keeps the domains that slices can use: it registers and
// removes them while everything runs, looks whether they are fit, and holds the
// line to each. It opens lines with a function that it is given, and knows
// neither protocols nor how credentials are kept.
//
//	r, err := registry.New(registry.Config{Store: store, Open: open, Use: sco.Use})
//	go r.Run(ctx)
//	have, err := r.PutDomain(ctx, intent.Registration{Name: "field", Addresses: addresses}, intent.Order{})
package registry

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/l2sces/l2sces/pkg/fabric"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A Domain is one domain as slices use it. It is another name for the methods,
// so that package sco, which names them as well, needs no translation.
type Domain = interface {
	Apply(ctx context.Context, segments []intent.Segment) ([]intent.SegmentStatus, error)
	Delete(ctx context.Context, ids []slice.NetworkID) error
	List(ctx context.Context) ([]intent.SegmentStatus, error)
	Info(ctx context.Context) (intent.DomainInfo, error)
}

// A Driver is an open line to a domain.
type Driver interface {
	Domain
	Close() error
}

// A Config says how domains are reached and who uses them.
type Config struct {
	Store fabric.Store
	// Allow refuses registrations that can never be opened here. Nil: none is.
	Allow func(intent.Registration) error
	// Open opens a line to a domain, with the credentials as they are now.
	Open func(context.Context, intent.Registration) (Driver, error)
	// Mark returns a text that changes when the credentials of a domain do, and
	// tells nothing of them. Nil: they never change.
	Mark func(context.Context, intent.Registration) (string, error)
	// Use tells what slices take of a domain. It is never called under a lock
	// that Domain, Names or Terms need. Nil: nothing.
	Use func(slice.Domain) intent.Use
	// Tell is told what happens to domains. Nil: nobody is.
	Tell   func(intent.Event)
	Static []intent.Registration // given on the command line
	Logger *slog.Logger          // nil: none
	Now    func() time.Time      // nil: time.Now
	Every  time.Duration         // between two looks at a domain; 30 s
	Skew   time.Duration         // by which a clock may differ; 5 s
}

// A Registry keeps domains.
type Registry struct {
	cfg   Config
	turns turns

	mu      sync.RWMutex
	entries map[slice.Domain]*entry
}

// New returns the domains as the store remembers them, and the static ones. It
// calls none of them.
func New(cfg Config) (*Registry, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Every == 0 {
		cfg.Every = 30 * time.Second
	}
	if cfg.Skew == 0 {
		cfg.Skew = 5 * time.Second
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Use == nil {
		cfg.Use = func(slice.Domain) intent.Use { return intent.Use{} }
	}
	if cfg.Mark == nil {
		cfg.Mark = func(context.Context, intent.Registration) (string, error) { return "", nil }
	}
	if cfg.Tell == nil {
		cfg.Tell = func(intent.Event) {}
	}
	if cfg.Allow == nil {
		cfg.Allow = func(intent.Registration) error { return nil }
	}
	r := &Registry{cfg: cfg, entries: map[slice.Domain]*entry{}}
	r.turns.of = map[slice.Domain]*turn{}
	return r, r.load()
}

// Run looks at every domain again and again until ctx ends, and closes all
// lines then.
func (r *Registry) Run(ctx context.Context) {
	defer r.Close()
	tick := time.NewTicker(r.cfg.Every)
	defer tick.Stop()
	for {
		r.lookAtAll(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Close closes the lines to all domains, whoever still speaks.
func (r *Registry) Close() {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, e := range r.entries {
		e.line.close()
	}
}

// Names returns the domains that are known, in order.
func (r *Registry) Names() []slice.Domain {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return slices.Sorted(maps.Keys(r.entries))
}

// Domain returns a domain that slices can call, or nil if it is not known. It
// stays the same when the line below it is made anew.
func (r *Registry) Domain(d slice.Domain) Domain {
	if r.entry(d) == nil {
		return nil
	}
	return member{registry: r, name: d}
}

// Terms tells on which terms a domain takes slices.
func (r *Registry) Terms(d slice.Domain) intent.Terms {
	r.mu.RLock()
	defer r.mu.RUnlock()
	e := r.entries[d]
	switch {
	case e == nil:
		return intent.Terms{Closed: "it is not known here"}
	case e.removing:
		return intent.Terms{Closed: "it is being removed"}
	}
	t := intent.Terms{Capacity: e.Capacity, Static: e.Static}
	if e.Draining {
		t.Closed = "it is draining"
	}
	return t
}

// Registration returns a domain as it is.
func (r *Registry) Registration(_ context.Context, d slice.Domain) (intent.Registration, error) {
	e := r.entry(d)
	if e == nil {
		return intent.Registration{}, r.unknown(d)
	}
	return r.told(e), nil
}

// Registrations returns all domains, by name.
func (r *Registry) Registrations(context.Context) ([]intent.Registration, error) {
	var all []intent.Registration
	for _, d := range r.Names() {
		if e := r.entry(d); e != nil { // else it was removed meanwhile
			all = append(all, r.told(e))
		}
	}
	return all, nil
}

func (r *Registry) entry(d slice.Domain) *entry {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.entries[d]
}

func (r *Registry) unknown(d slice.Domain) error {
	return slice.Errorf(slice.NotFound, "domain %s is not known here; known are %v", d, r.Names())
}
