package discovery_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/l2sces/l2sces/pkg/discovery"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/topology"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// pairUp is a world with one link.
func pairUp(t *testing.T, r discovery.Role, cfg discovery.Config) *world {
	t.Helper()
	w := newWorld(t, cfg)
	w.join(r, end(1, 7), end(2, 8))
	w.connect(1, 2)
	w.until(100*time.Millisecond, func() bool { return len(w.links()) == 1 })
	return w
}

func TestLinksAreFoundExactly(t *testing.T) {
	for _, role := range []discovery.Role{discovery.Overlay, discovery.Open} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, discovery.Config{})
			random := rand.New(rand.NewPCG(1, 2))
			var want []string
			next := map[int]int{}
			port := func(s int) topology.End { next[s]++; return end(s, next[s]) }
			for range 200 {
				x, y := 1+random.IntN(50), 1+random.IntN(50)
				if x == y {
					continue
				}
				a, b := port(min(x, y)), port(max(x, y))
				w.join(role, a, b)
				want = append(want, name(a, b))
			}
			for s := 1; s <= 50; s++ { // ports that lead nowhere
				w.role(role, port(s))
				w.connect(s)
			}
			w.after(50 * time.Millisecond)
			slices.Sort(want)
			if diff := cmp.Diff(want, w.links()); diff != "" {
				t.Errorf("links (-want +got):\n%s", diff)
			}
			w.after(20 * time.Second)
			if diff := cmp.Diff(want, w.links()); diff != "" {
				t.Errorf("links later (-want +got):\n%s", diff)
			}
			if st := w.prober.Stats(); w.changes != len(want) || st.Links != len(want) || st.Lost != 0 || st.Forged() != 0 {
				t.Errorf("%d changes, stats %+v; want %d links, no loss, no alarm", w.changes, st, len(want))
			}
		})
	}
}

func TestSwitchesMayComeInAnyOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, discovery.Config{})
		w.join(discovery.Overlay, end(1, 1), end(2, 1))
		w.connect(1)
		w.after(time.Hour)
		w.connect(2)
		w.until(50*time.Millisecond, func() bool { return len(w.links()) == 1 })
		w.join(discovery.Overlay, end(1, 2), end(3, 1)) // a port that comes later
		w.connect(3)
		w.until(50*time.Millisecond, func() bool { return len(w.links()) == 2 })
	})
}

func TestF11SilentLossOneWayIsFoundInThreeIntervals(t *testing.T) {
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			w := pairUp(t, discovery.Overlay, discovery.Config{})
			w.after(10*time.Second + time.Duration(rand.IntN(100))*time.Millisecond)
			w.cut(end(2, 8))
			took := w.until(300*time.Millisecond, func() bool { return len(w.links()) == 0 })
			if took < 100*time.Millisecond {
				t.Errorf("declared after %s, sooner than one probe can tell", took)
			}
			w.cable(end(1, 7), end(2, 8))
			w.until(time.Second, func() bool { return len(w.links()) == 1 })
		})
	}
}

func TestOneLostFrameIsNoLostLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := pairUp(t, discovery.Overlay, discovery.Config{})
		for range 50 {
			w.cut(end(1, 7))
			w.after(45 * time.Millisecond)
			w.cable(end(1, 7), end(2, 8))
			w.after(2 * time.Second)
		}
		if w.changes != 1 {
			t.Errorf("%d changes, want none but the first", w.changes)
		}
		if w.prober.Stats().Lost == 0 {
			t.Error("no probe was lost: the test shows nothing")
		}
	})
}

func TestSwitchThatDoesNotAnswerIsNotJudged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := pairUp(t, discovery.Overlay, discovery.Config{})
		w.after(time.Second)
		w.mu.Lock()
		w.deaf[2] = true
		w.mu.Unlock()
		w.cut(end(1, 7))
		w.cut(end(2, 8))
		w.after(time.Minute)
		if len(w.links()) != 1 {
			t.Error("the link was declared lost, though nobody can know")
		}
		w.mu.Lock()
		w.deaf[2] = false
		w.mu.Unlock()
		w.until(10*time.Second, func() bool { return len(w.links()) == 0 })
	})
}

func TestF13SwitchThatIsAwayKeepsItsLinks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := pairUp(t, discovery.Overlay, discovery.Config{})
		w.cut(end(1, 7)) // what comes up at 2 cannot be told any more
		w.switches[2].stop()
		w.after(time.Minute)
		if len(w.links()) != 1 {
			t.Fatal("the link of a switch that is away was declared lost")
		}
		w.cable(end(1, 7), end(2, 8))
		w.connect(2)
		w.after(20 * time.Second)
		if w.changes != 1 {
			t.Errorf("%d changes, want none but the first", w.changes)
		}
	})
}

func TestF04SwitchThatComesBackWithoutRulesIsGivenTime(t *testing.T) {
	for _, back := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			w := pairUp(t, discovery.Overlay, discovery.Config{})
			w.after(time.Second)
			w.switches[2].stop()
			w.after(time.Second)
			w.cut(end(1, 7)) // nothing comes up at 2
			w.connect(2)
			w.after(5 * time.Second)
			if len(w.links()) != 1 {
				t.Fatal("the link was declared lost while the switch gets its rules")
			}
			if back {
				w.cable(end(1, 7), end(2, 8))
				w.after(10 * time.Second)
				if w.changes != 1 {
					t.Errorf("%d changes, want none but the first", w.changes)
				}
				return
			}
			w.until(10*time.Second, func() bool { return len(w.links()) == 0 })
		})
	}
}

func TestF10PortDownIsALostLinkAtOnce(t *testing.T) {
	for _, by := range []discovery.Witness{discovery.BySwitch, discovery.ByAgent} {
		synctest.Test(t, func(t *testing.T) {
			w := pairUp(t, discovery.Overlay, discovery.Config{})
			w.prober.PortChanged(end(2, 8), by, false)
			synctest.Wait()
			if len(w.links()) != 0 || w.state("1.7-2.8").Reason != "the port is down" {
				t.Fatalf("state = %+v, want down", w.state("1.7-2.8"))
			}
			w.after(10 * time.Second)
			if len(w.links()) != 0 {
				t.Error("the link came back while the port is down")
			}
			w.prober.PortChanged(end(2, 8), by, true)
			w.until(20*time.Millisecond, func() bool { return len(w.links()) == 1 })
		})
	}
}

func TestF12FlappingLinkIsDamped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := pairUp(t, discovery.Overlay, discovery.Config{})
		w.after(time.Second)
		before := w.changes
		for range 300 { // 30 s at 10 Hz
			w.prober.PortChanged(end(1, 7), discovery.BySwitch, false)
			w.after(50 * time.Millisecond)
			w.prober.PortChanged(end(1, 7), discovery.BySwitch, true)
			w.after(50 * time.Millisecond)
		}
		if got := w.changes - before; got < 2 || got > 5 {
			t.Errorf("%d changes in 30 s of flapping, want 2 to 5", got)
		}
		took := w.until(30*time.Second, func() bool { return len(w.links()) == 1 })
		t.Logf("converged after %s", took)
		if w.prober.Stats().Damped == 0 {
			t.Error("nothing was held back")
		}
		before = w.changes
		w.after(time.Minute)
		if w.changes != before {
			t.Error("it goes on changing when all is quiet")
		}
	})
}

func TestFlapsFarApartAreNotDamped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := pairUp(t, discovery.Overlay, discovery.Config{})
		for range 10 {
			w.after(time.Minute)
			w.prober.PortChanged(end(1, 7), discovery.BySwitch, false)
			w.after(time.Second)
			w.prober.PortChanged(end(1, 7), discovery.BySwitch, true)
			w.until(50*time.Millisecond, func() bool { return len(w.links()) == 1 })
		}
	})
}

func TestF17ClockThatJumpsLosesNoLink(t *testing.T) {
	for _, jump := range []time.Duration{time.Hour, -time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			var ahead time.Duration
			lock := make(chan struct{}, 1)
			now := func() time.Time {
				lock <- struct{}{}
				defer func() { <-lock }()
				return time.Now().Round(0).Add(ahead) // without what only runs forwards
			}
			w := pairUp(t, discovery.Overlay, discovery.Config{Now: now})
			w.after(time.Second)
			for range 5 {
				lock <- struct{}{}
				ahead += jump
				<-lock
				w.after(10 * time.Second)
			}
			if w.changes != 1 {
				t.Errorf("%d changes, want none but the first", w.changes)
			}
			w.cut(end(1, 7))
			w.until(time.Second, func() bool { return len(w.links()) == 0 })
		})
	}
}

func TestProbesArePaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, discovery.Config{Rate: 100, Burst: 20})
		for i := 1; i <= 100; i++ {
			w.join(discovery.Overlay, end(1, i), end(2, i))
		}
		w.connect(1, 2)
		w.after(100 * time.Millisecond)
		sent := w.prober.Stats().Probes
		if sent < 20 || sent > 31 {
			t.Errorf("%d probes in the first 100 ms, want 20 to 31", sent)
		}
		w.after(10 * time.Second)
		if got := w.prober.Stats().Probes - sent; got < 900 || got > 1010 {
			t.Errorf("%d probes in 10 s, want about 1,000", got)
		}
		if len(w.links()) != 100 || w.changes != 100 {
			t.Errorf("%d links after %d changes, want 100 of both", len(w.links()), w.changes)
		}
	})
}

func TestStableLinksCostOneProbeEachWayAndInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := pairUp(t, discovery.Overlay, discovery.Config{})
		w.after(time.Second)
		before := w.prober.Stats().Probes
		w.after(100 * time.Second)
		if got := w.prober.Stats().Probes - before; got < 2000 || got > 2300 {
			t.Errorf("%d probes in 1,000 intervals, want 2,000 and a little more", got)
		}
	})
}

func TestLatencyAndLossAreMeasured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, discovery.Config{})
		w.delay = 30 * time.Millisecond
		w.join(discovery.Overlay, end(1, 7), end(2, 8))
		w.connect(1, 2)
		w.until(time.Second, func() bool { return len(w.links()) == 1 })
		if got := w.state("1.7-2.8").Latency; got != 30*time.Millisecond {
			t.Errorf("latency = %s, want 30 ms", got)
		}
		w.mu.Lock()
		w.delay = 200 * time.Millisecond // more than a probe is usually given
		w.mu.Unlock()
		w.after(30 * time.Second)
		if got := w.state("1.7-2.8"); got.Latency < 150*time.Millisecond || !got.Up {
			t.Errorf("state = %+v, want up with a latency of 200 ms", got)
		}
		w.prober.Measured(end(2, 8), discovery.Measure{Latency: 3 * time.Millisecond, Loss: 0.25, Bandwidth: 1e9})
		w.after(11 * time.Second)
		if diff := cmp.Diff(discovery.State{Up: true, Latency: 3 * time.Millisecond, Loss: 0.25, Bandwidth: 1e9}, w.state("1.7-2.8")); diff != "" {
			t.Errorf("state with an agent's measures (-want +got):\n%s", diff)
		}
	})
}

func TestCableThatIsPutElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := pairUp(t, discovery.Open, discovery.Config{})
		w.role(discovery.Open, end(3, 9))
		w.connect(3)
		w.after(time.Second)
		w.cut(end(2, 8))
		w.cable(end(1, 7), end(3, 9))
		w.until(300*time.Millisecond, func() bool { return slices.Equal(w.links(), []string{"1.7-3.9"}) })
	})
}

var _ discovery.Places = (*world)(nil)

func TestSecondConnectionOfASwitchIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := pairUp(t, discovery.Overlay, discovery.Config{})
		err := w.prober.Serve(t.Context(), &station{w: w, dpid: 1})
		if slice.KindOf(err) != slice.Conflict {
			t.Errorf("err = %v, want a conflict", err)
		}
	})
}
