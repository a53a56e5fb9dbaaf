package learn_test

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/learn"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A safe is a hand that may be told by several.
type safe struct {
	hand
	mu sync.Mutex
}

func (s *safe) Teach(f *flow.Flow) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hand.Teach(f)
}

func (s *safe) Tell(c flow.Change) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hand.Tell(c)
}

func (s *safe) list() (all []flow.Flow) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.flows {
		all = append(all, f)
	}
	return all
}

// Everything happens at once: hosts that move, flows that expire, a network
// that changes. Nobody waits for another for ever, no port has more than it
// may, and nothing is left of the network when it is gone.
func TestEverythingAtOnce(t *testing.T) {
	l := learn.New(learn.Config{Rate: 1 << 30, Moves: 1 << 30, Most: 8})
	full, less := plan(t, 6, 7), plan(t, 6)
	l.SetNetwork(number, full)
	var hands [2]*safe
	var switches [2]*learn.Switch
	for i := range hands {
		hands[i] = &safe{hand: hand{dpid: slice.DPID(i + 1), flows: map[flow.Key]flow.Flow{}}} //nolint:gosec // there are two
		switches[i] = l.Join(hands[i])
	}
	var running sync.WaitGroup
	for i := range 2 {
		running.Go(func() {
			r := rand.New(rand.NewPCG(1, uint64(i))) //nolint:gosec // a test that can be repeated
			for range 3000 {
				switches[i].Frame(number, slice.Port(6+r.IntN(2)), frame(mac(r.IntN(12)))) //nolint:gosec // 6 or 7
				if list := hands[i].list(); r.IntN(20) == 0 && len(list) > 0 {
					l.Gone(slice.DPID(i+1), list[r.IntN(len(list))]) //nolint:gosec // there are two
				}
			}
		})
	}
	running.Go(func() {
		for range 100 {
			l.SetNetwork(number, less)
			l.SetNetwork(number, full)
		}
	})
	done := make(chan struct{})
	go func() { running.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatal("they wait for each other")
	}
	for m := range 12 {
		switches[0].Frame(number, 6, frame(mac(m)))
	}
	if n := l.Stats().Addresses; n < 8 || n > 24 {
		t.Errorf("%d addresses on three ports of eight each", n)
	}
	l.SetNetwork(number, nil)
	if n := l.Stats().Addresses; n != 0 {
		t.Errorf("%d addresses are left", n)
	}
}
