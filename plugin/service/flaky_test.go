package service_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/service"
	"github.com/l2sces/l2sces/plugin/service/servicetest"
)

// A flaky SCO takes its time, refuses, is away, loses answers or says nothing until
// nobody waits any more. Now and then somebody deletes a slice of it.
type flaky struct {
	*servicetest.SCO
	mu    sync.Mutex
	dice  *rand.Rand
	right bool
}

func (f *flaky) roll(n int) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.right {
		return n
	}
	return f.dice.IntN(n)
}

func (f *flaky) heal() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.right = true
}

// trouble is what comes of a call before the SCO has heard of it.
func (f *flaky) trouble(ctx context.Context) error {
	select {
	case <-time.After(time.Duration(f.roll(20)) * time.Millisecond):
	case <-ctx.Done():
		return slice.Errorf(slice.Unavailable, "%w", ctx.Err())
	}
	switch f.roll(20) {
	case 0:
		return slice.Errorf(slice.Exhausted, "no room")
	case 1:
		return slice.Errorf(slice.Unavailable, "away")
	case 2:
		return slice.Errorf(slice.Conflict, "in the way")
	case 3:
		<-ctx.Done()
		return slice.Errorf(slice.Unavailable, "%w", ctx.Err())
	}
	return nil
}

func (f *flaky) lost() error {
	if f.roll(15) == 0 {
		return slice.Errorf(slice.Unavailable, "the answer was lost")
	}
	return nil
}

func (f *flaky) Apply(ctx context.Context, in intent.Intents, o intent.Order) (intent.Status, error) {
	if err := f.trouble(ctx); err != nil {
		return intent.Status{}, err
	}
	out, err := f.SCO.Apply(ctx, in, o)
	if err == nil {
		err = f.lost()
	}
	return out, err
}

func (f *flaky) Status(ctx context.Context, id slice.ID) (intent.Status, error) {
	if f.roll(60) == 0 {
		_, _ = f.SCO.Delete(ctx, id, intent.Order{}) // by somebody else; it never fails
	}
	if err := f.trouble(ctx); slice.KindOf(err) == slice.Unavailable {
		return intent.Status{}, err
	}
	return f.SCO.Status(ctx, id)
}

func (f *flaky) Delete(ctx context.Context, id slice.ID, o intent.Order) (bool, error) {
	if err := f.trouble(ctx); err != nil {
		return false, err
	}
	existed, err := f.SCO.Delete(ctx, id, o)
	if err == nil {
		err = f.lost()
	}
	return existed, err
}

// Several accounts, an instance of OSM that joins their networks, and Run change
// things at once before an SCO that fails in every way. Each change is there as a whole
// or not at all, and when the SCO is right again it holds what the book wants.
func TestFlakySCO(t *testing.T) {
	t.Parallel()
	seeds := uint64(100)
	if testing.Short() {
		seeds = 20
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { synctest.Test(t, func(t *testing.T) { flakyHistory(t, seed) }) })
	}
}

func flakyHistory(t *testing.T, seed uint64) {
	t.Helper()
	disk, sco := servicetest.NewStore(), &flaky{SCO: servicetest.NewSCO(), dice: rand.New(rand.NewPCG(seed, 1))}
	b, err := service.New(service.Config{Store: disk, Slices: sco})
	must(t, err)
	running, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(running) }()
	var wait sync.WaitGroup
	done := make([]int, 4)
	for a := range done {
		wait.Go(func() { done[a] = flakyAccount(t, b, sco, a) })
	}
	wait.Wait()
	sco.heal()
	time.Sleep(20 * time.Minute)
	stop()
	must(t, <-ended)
	if slices.Min(done) == 0 || slices.Max(done) == 40 {
		t.Errorf("of 40 changes each, %v were taken", done)
	}
	if got, want := shown(sco.SCO), expected(b); !slices.Equal(got, want) {
		t.Errorf("the SCO holds %q, the book wants %q", got, want)
	}
	if c := b.Counts(); c.Pending+c.Failed > 0 || c.Slices != len(sco.Intents()) {
		t.Errorf("%+v with %d slices in the SCO", c, len(sco.Intents()))
	}
	calls := sco.Calls("Apply") + sco.Calls("Delete")
	again, err := service.New(service.Config{Store: disk, Slices: sco})
	must(t, err)
	after(t, again, time.Minute)
	if n := sco.Calls("Apply") + sco.Calls("Delete"); n != calls || !slices.Equal(expected(again), expected(b)) {
		t.Errorf("after a restart there are %d more orders, and the book wants %q", n-calls, expected(again))
	}
}

// flakyAccount makes changes of one account and returns how many were taken.
func flakyAccount(t *testing.T, b *service.Book, sco *flaky, a int) (taken int) {
	t.Helper()
	door, name := []string{service.VIM, service.VIM, service.VPLS, service.NSI}[a], fmt.Sprint("osm", a)
	for i := range 40 {
		id, domain := fmt.Sprint(sco.roll(4)), someDomains[sco.roll(3)]
		s := tagged(wish(id, domain+"/w"+fmt.Sprint(a), someDomains[sco.roll(3)]), slice.VLAN(1+sco.roll(2)), door == service.VPLS)
		if door == service.NSI {
			s = wish(id, domain+"/w"+fmt.Sprint(a))
			network := slice.NetworkName(fmt.Sprint("net", sco.roll(3)))
			s.Intents.Slice.ID, s.Intents.Slice.Networks[0].Name = slice.ID("nsi-"+id), network
			s.Joins = []service.Join{{Network: network, With: key(service.VIM, "osm0", fmt.Sprint(sco.roll(4)))}}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(1+sco.roll(2000))*time.Millisecond)
		err := b.Update(ctx, door, name, func(tx *service.Tx) error {
			if tx.SetNote("last", fmt.Append(nil, i)); sco.roll(3) == 0 {
				tx.Remove(id)
				return nil
			}
			tx.Put(s)
			return nil
		})
		cancel()
		var note string
		b.View(door, name, func(tx *service.Tx) { note = string(tx.Note("last")) })
		if (err == nil) != (note == fmt.Sprint(i)) {
			t.Errorf("%s: change %d ended with %v, and the note is %s", name, i, err, note)
		}
		if err == nil {
			taken++
		}
	}
	return taken
}
