package registry_test

import (
	"context"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/registry"
	"github.com/l2sces/l2sces/pkg/slice"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// store is a fabric.Store in memory.
type store struct {
	mu     sync.Mutex
	values map[string][]byte
	fault  error
}

func (s *store) Put(_, key string, value []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fault == nil {
		s.values[key] = slices.Clone(value)
	}
	return s.fault
}

func (s *store) Delete(_, key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fault == nil {
		delete(s.values, key)
	}
	return s.fault
}

func (s *store) List(string) (map[string][]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.values), nil
}

// site is a domain with its SDN controller, at an address.
type site struct {
	mu    sync.Mutex
	info  intent.DomainInfo
	skew  time.Duration
	err   error
	hold  chan struct{} // calls of Apply end when it is closed
	open  int           // lines
	keys  map[string]bool
	calls map[string]int // of Info, by the credentials
}

// world is a registry over some sites.
type world struct {
	*registry.Registry
	cfg   registry.Config
	store *store

	mu    sync.Mutex
	sites map[string]*site // by address
	mark  string
	use   map[slice.Domain]intent.Use
	told  []string // reasons of events
}

func newWorld(t *testing.T, addresses ...string) *world {
	t.Helper()
	w := &world{store: &store{values: map[string][]byte{}}, sites: map[string]*site{}, use: map[slice.Domain]intent.Use{}, mark: "one"}
	for _, a := range addresses {
		w.sites[a] = &site{
			info:  intent.DomainInfo{Name: "field", Gateway: "gw", MTU: 1450, Version: intent.APIVersion, Encryptions: []intent.Encryption{intent.NoEncryption}},
			calls: map[string]int{}, keys: map[string]bool{"one": true, "two": true},
		}
	}
	w.cfg = registry.Config{
		Store: w.store, Open: w.open,
		Mark: func(context.Context, intent.Registration) (string, error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.mark, nil
		},
		Tell: func(e intent.Event) {
			w.mu.Lock()
			defer w.mu.Unlock()
			if e.Domain != "field" || e.Object != "domain/field" {
				t.Errorf("event %+v", e)
			}
			w.told = append(w.told, e.Reason)
		},
		Use: func(d slice.Domain) intent.Use {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.use[d]
		},
	}
	w.start(t)
	return w
}

// start starts a registry, as after a restart.
func (w *world) start(t *testing.T) {
	t.Helper()
	if w.Registry != nil {
		w.Close()
	}
	r, err := registry.New(w.cfg)
	if err != nil {
		t.Fatal(err)
	}
	w.Registry = r
	t.Cleanup(r.Close)
}

func (w *world) open(_ context.Context, r intent.Registration) (registry.Driver, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.sites[r.Addresses[0]]
	if s == nil {
		return nil, slice.Errorf(slice.Unavailable, "nobody is at %s", r.Addresses[0])
	}
	s.does(func() { s.open++ })
	return &way{site: s, key: w.mark}, nil
}

func (w *world) does(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

func (s *site) does(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

func (s *site) lines() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open
}

// way is an open line to a site.
type way struct {
	site *site
	key  string

	mu     sync.Mutex
	closed bool
}

func (w *way) fault() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.closed:
		return slice.Errorf(slice.Internal, "the line was closed under a call")
	case !w.site.keys[w.key]:
		return slice.Errorf(slice.Denied, "the certificate is refused")
	}
	return w.site.err
}

func (w *way) Info(context.Context) (intent.DomainInfo, error) {
	w.site.mu.Lock()
	defer w.site.mu.Unlock()
	w.site.calls[w.key]++
	info := w.site.info
	info.Time = time.Now().Add(w.site.skew)
	return info, w.fault()
}

func (w *way) Apply(ctx context.Context, _ []intent.Segment) ([]intent.SegmentStatus, error) {
	select {
	case <-w.site.hold:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	w.site.mu.Lock()
	defer w.site.mu.Unlock()
	return nil, w.fault()
}

func (w *way) Delete(context.Context, []slice.NetworkID) error { return nil }

func (w *way) List(context.Context) ([]intent.SegmentStatus, error) { return nil, nil }

func (w *way) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.closed {
		w.site.does(func() { w.site.open-- })
	}
	w.closed = true
	return nil
}

func field(addresses ...string) intent.Registration {
	return intent.Registration{Name: "field", Addresses: addresses}
}

func (w *world) put(t *testing.T, r intent.Registration, o intent.Order) intent.Registration {
	t.Helper()
	got, err := w.PutDomain(t.Context(), r, o)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// states returns the conditions of a domain as text.
func states(r intent.Registration) map[string]string {
	all := map[string]string{}
	for _, c := range r.Conditions {
		all[c.Type] = c.Reason
	}
	return all
}
