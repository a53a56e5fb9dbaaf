package service

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// Slices keeps slices: the SCO, as the book needs it.
type Slices interface {
	Apply(ctx context.Context, in intent.Intents, o intent.Order) (intent.Status, error)
	Status(ctx context.Context, id slice.ID) (intent.Status, error)
	Delete(ctx context.Context, id slice.ID, o intent.Order) (existed bool, err error)
}

// A Store makes the book durable; a value of nil removes its key. *store.Store
// is one.
type Store interface {
	List(bucket string) (map[string][]byte, error)
	WriteAll(values map[string]map[string][]byte) error
}

// A Config is what a book is made of. Store and Slices are indispensable.
type Config struct {
	Store  Store
	Slices Slices
	Logger *slog.Logger
	Now    func() time.Time
	// Failpoint is where tests end the process. It may be nil.
	Failpoint func(step string) error
}

// A Book keeps services. Its methods may be called by several goroutines.
type Book struct {
	cfg   Config
	doors turns[[2]string] // door and account
	ways  turns[slice.ID]  // to the slices in the SCO
	kick  chan struct{}    // something waits for Run

	mu       sync.Mutex
	services map[Key]*Service                  // none of them changes
	accounts map[[2]string]map[string]*Service // the same, by door and account
	index    index                             // the same, by what they have to do with each other
	of       map[Key]*Composition              // in which each service lies
	notes    map[[2]string]map[string][]byte
	number   uint64 // of the newest service
	slices   map[slice.ID]*kept
	unsaved  map[slice.ID]bool // slices of which the store does not know what came of them
}

// New returns the book as its store remembers it.
func New(cfg Config) (*Book, error) {
	cfg.Logger = cmp.Or(cfg.Logger, slog.New(slog.DiscardHandler))
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	b := &Book{
		cfg: cfg, doors: newTurns[[2]string](), ways: newTurns[slice.ID](), kick: make(chan struct{}, 1),
		services: map[Key]*Service{}, accounts: map[[2]string]map[string]*Service{}, index: index{}, of: map[Key]*Composition{},
		notes: map[[2]string]map[string][]byte{}, slices: map[slice.ID]*kept{}, unsaved: map[slice.ID]bool{},
	}
	if err := b.load(); err != nil {
		return nil, err
	}
	all := compose(slices.Collect(maps.Values(b.services)))
	for key := range b.services {
		b.of[key] = all
	}
	for id := range all.parts {
		if k := b.slices[id]; k != nil {
			_, k.notes = all.Intents(id)
		}
	}
	return b, nil
}

// fail is the failpoint.
func (b *Book) fail(step string) error {
	if b.cfg.Failpoint == nil {
		return nil
	}
	return b.cfg.Failpoint(step)
}

// View calls look with what a door has of one account. What look does to the Tx
// changes nothing.
func (b *Book) View(door, account string, look func(*Tx)) { look(b.begin(door, account)) }

// State asks the SCO what became of a service. An unknown one is an error of kind
// NotFound.
func (b *Book) State(ctx context.Context, key Key) (State, error) {
	s, out, refusal, err := b.sight(key)
	if err != nil || len(s.Intents.Slice.Networks) == 0 {
		return out, err
	}
	if refusal != "" {
		out.Phase, out.Message = Failed, refusal
		return out, nil
	}
	first, ok := out.Networks[s.Intents.Slice.Networks[0].Name]
	if !ok {
		out.Phase = Failed
		return out, nil
	}
	out.Slice, err = b.cfg.Slices.Status(ctx, first.Slice)
	switch {
	case slice.KindOf(err) == slice.NotFound:
		return out, nil
	case err != nil:
		return out, err
	}
	out.Phase, out.Message = phases[out.Slice.Phase], out.Slice.Message
	return out, nil
}

var phases = map[intent.Phase]Phase{
	intent.Ready: Active, intent.Degraded: Degraded, intent.Pending: Building, intent.Deleting: Building,
}

// sight is what the book itself knows of a service.
func (b *Book) sight(key Key) (s *Service, out State, refusal string, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s, ok := b.services[key]
	if !ok {
		return s, out, "", slice.Errorf(slice.NotFound, "there is no service %s", key)
	}
	out = State{Phase: Building, Networks: map[slice.NetworkName]slice.NetworkID{}, Notes: slices.Clone(b.of[key].Notes(key))}
	for _, n := range s.Intents.Slice.Networks {
		id, ok := b.of[key].Place(key, n.Name)
		if !ok {
			continue
		}
		out.Networks[n.Name] = id
		if k := b.slices[id.Slice]; k != nil {
			out.Notes = append(out.Notes, k.notes[key]...)
			refusal = cmp.Or(refusal, k.Refused)
		}
	}
	slices.Sort(out.Notes)
	out.Notes = slices.Compact(out.Notes)
	return s, out, refusal, nil
}

// Services returns all services of a tenant, in the order in which they came; an
// empty tenant is all of them.
func (b *Book) Services(tenant slice.Tenant) []Service {
	b.mu.Lock()
	defer b.mu.Unlock()
	return inOrder(func(yield func(*Service) bool) {
		for _, s := range b.services {
			if (tenant == "" || s.Tenant == tenant) && !yield(s) {
				return
			}
		}
	})
}

// Accounts returns the accounts that have services or notes at a door, sorted.
func (b *Book) Accounts(door string) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	seen := map[string]bool{}
	for at, services := range b.accounts {
		if at[0] == door && len(services) > 0 {
			seen[at[1]] = true
		}
	}
	for at, notes := range b.notes {
		if at[0] == door && len(notes) > 0 {
			seen[at[1]] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// Counts says how much is in the book.
type Counts struct {
	Services        map[string]int // by door
	Slices          int            // that the book keeps in the SCO
	Pending, Failed int            // of these, that the SCO has not taken yet, or has refused
}

// Counts counts.
func (b *Book) Counts() Counts {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := Counts{Services: map[string]int{}, Slices: len(b.slices)}
	for k := range b.services {
		out.Services[k.Door]++
	}
	for _, k := range b.slices {
		switch {
		case k.Refused != "":
			out.Failed++
		case k.Pending:
			out.Pending++
		}
	}
	return out
}
