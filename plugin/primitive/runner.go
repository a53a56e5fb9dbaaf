package primitive

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/l2sces/l2sces/pkg/slice"
)

// Bounds of the time that a primitive takes.
const (
	usualTime = time.Minute
	maxTime   = 15 * time.Minute
)

// The parameters that several primitives share.
const (
	timeout = "timeout-seconds"
	wait    = "wait"
)

// Settings are what is remembered between calls: whom to drive, and as whom.
// Credentials are named, never held.
type Settings struct {
	Address     string `json:"address,omitempty"`
	Credentials string `json:"credentials,omitempty"`
	Tenant      string `json:"tenant,omitempty"`
	Domain      string `json:"domain,omitempty"`
}

// or returns the settings with others in the place of what is empty.
func (s Settings) or(o Settings) Settings {
	return Settings{
		cmp.Or(s.Address, o.Address), cmp.Or(s.Credentials, o.Credentials), cmp.Or(s.Tenant, o.Tenant), cmp.Or(s.Domain, o.Domain),
	}
}

// A Keeper remembers settings.
type Keeper interface {
	Load() (Settings, error)
	Save(s Settings) error
}

// A Runner carries primitives out.
type Runner[T any] struct {
	Primitives []Primitive[T]
	Keep       Keeper
	Usual      Settings // where nothing is remembered
	// Dial reaches the other side, and returns what ends that.
	Dial func(ctx context.Context, s Settings) (to T, end func(), err error)
	// Check says whether the other side answers.
	Check func(ctx context.Context, to T, s Settings) (string, error)
}

// Run carries a primitive out. It ends by its deadline, whatever the other side
// does. Tell may be nil.
func (r Runner[T]) Run(ctx context.Context, name string, given map[string]string, tell func(string)) (Result, error) {
	if tell == nil {
		tell = func(string) {}
	}
	i := slices.IndexFunc(r.Primitives, func(p Primitive[T]) bool { return p.Name == name })
	if i < 0 {
		return Result{}, fault("name", "", "there is no primitive %q: there are %s", clip(name), strings.Join(r.names(), ", "))
	}
	p := r.Primitives[i]
	values, err := p.read(given)
	if err != nil {
		return Result{}, err
	}
	limit, err := limitOf(p, values)
	if err != nil {
		return Result{}, err
	}
	settings, err := r.settings()
	if err != nil {
		return Result{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	c := Call[T]{Values: values, Settings: settings, Tell: tell}
	if p.bare != nil {
		return late(ctx, limit)(p.bare(ctx, r, c))
	}
	to, end, err := r.reach(ctx, settings)
	if err != nil {
		return Result{}, err
	}
	defer end()
	c.To = to
	return late(ctx, limit)(p.Do(ctx, c))
}

// settings returns what is remembered, and the usual where nothing is.
func (r Runner[T]) settings() (Settings, error) {
	kept, err := r.Keep.Load()
	if err != nil {
		return kept, fmt.Errorf("read the settings: %w", err)
	}
	return kept.or(r.Usual), nil
}

// reach dials the other side, if it is known.
func (r Runner[T]) reach(ctx context.Context, s Settings) (T, func(), error) {
	if s.Address == "" {
		var none T
		return none, nil, slice.Errorf(slice.Unavailable, "nothing is configured yet: run the primitive config with the address first")
	}
	return r.Dial(ctx, s)
}

func (r Runner[T]) names() []string {
	var all []string
	for _, p := range r.Primitives {
		all = append(all, p.Name)
	}
	return all
}

// limitOf returns how long a call may take.
func limitOf[T any](p Primitive[T], v Values) (time.Duration, error) {
	if !slices.ContainsFunc(p.Parameters, func(p Parameter) bool { return p.Name == timeout }) {
		return usualTime, nil
	}
	limit := time.Duration(v.Number(timeout)) * time.Second
	if limit <= 0 || limit > maxTime {
		return 0, fault(timeout, "", "%s is not between 1 and %d", v.Text(timeout), int(maxTime.Seconds()))
	}
	return limit, nil
}

// late says of a call that failed because its time was over that it was so.
func late(ctx context.Context, limit time.Duration) func(Result, error) (Result, error) {
	return func(r Result, err error) (Result, error) {
		if over(ctx, err) {
			err = slice.Errorf(slice.Unavailable, "%s: not done within %s, it is safe to repeat it: %w", timeout, limit, err)
		}
		return r, err
	}
}

// near is how much earlier than ours a deadline may be over at the other side.
const near = 100 * time.Millisecond

// over reports whether a call failed because its time was over. The other side
// may have noticed first.
func over(ctx context.Context, err error) bool {
	if kind := slice.KindOf(err); err == nil || kind != slice.Internal && kind != slice.Unavailable {
		return false
	}
	soon := time.NewTimer(near)
	defer soon.Stop()
	select {
	case <-ctx.Done():
		return true
	case <-soon.C:
		return false
	}
}
