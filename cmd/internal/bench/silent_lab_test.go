//go:build lab

package bench

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/l2sces/l2sces/pkg/discovery"
)

// watched is a couple of real switches whose tunnel our discovery watches.
func watched(t *testing.T) (*couple, *watch) {
	t.Helper()
	dir, err := os.MkdirTemp("", "l2s") //nolint:usetesting // a short name, for sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	ctx := context.WithoutCancel(t.Context()) // the cleanup ends it in order
	c, err := newCouple(ctx, dir)
	t.Cleanup(c.end)
	if err != nil {
		t.Fatal(err)
	}
	w, stop, err := c.watch(ctx, probeEvery)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	await1(t, w, true)
	return c, w
}

func await1(t *testing.T, w *watch, up bool) time.Time {
	t.Helper()
	at, err := w.is(t.Context(), up)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func rest(t *testing.T, d time.Duration) {
	t.Helper()
	if err := pause(t.Context(), d); err != nil {
		t.Fatal(err)
	}
}

func done(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestF10TunnelThatIsTakenAwayIsDownAtOnce(t *testing.T) {
	c, w := watched(t)
	rest(t, time.Second)
	before, begin := w.prober.Stats().Lost, time.Now()
	done(t, c.switches[1].vsctl(t.Context(), "del-port", coupleBridge, coupleVXLAN))
	took := await1(t, w, false).Sub(begin)
	t.Logf("down after %s, with the program that took it away", took)
	// On a busy machine a probe may miss its time beforehand; three are what
	// takes a link down without a word of the switch.
	if lost := w.prober.Stats().Lost - before; lost >= 3 {
		t.Errorf("%d probes were missed first: the switch was not listened to", lost)
	}
	done(t, c.tunnelAt(t.Context(), 1))
	await1(t, w, true)
}

func TestF11SilentLossOneWayIsFoundAtBothEnds(t *testing.T) {
	c, w := watched(t)
	for i, x := range c.cutters {
		rest(t, 3*time.Second)
		begin := time.Now()
		done(t, x.cut())
		took := await1(t, w, false).Sub(begin)
		t.Logf("loss from end %d found after %s", i, took)
		// Three intervals, and what a machine with other work may add.
		if took > 10*probeEvery {
			t.Errorf("found after %s, want three intervals of %s", took, probeEvery)
		}
		done(t, x.mend())
		await1(t, w, true)
	}
	if st := w.prober.Stats(); st.Forged() != 0 {
		t.Errorf("alarms without a cause: %v", st.Alarms)
	}
}

func TestF12FlappingTunnelIsDamped(t *testing.T) {
	c, w := watched(t)
	rest(t, 3*time.Second)
	w.mu.Lock()
	before := w.changes
	w.mu.Unlock()
	begin := time.Now()
	for range 30 {
		done(t, c.cutters[0].cut())
		rest(t, 300*time.Millisecond) // long enough to be found
		done(t, c.cutters[0].mend())
		rest(t, 100*time.Millisecond)
	}
	took := time.Since(begin)
	w.mu.Lock()
	changes := w.changes - before
	w.mu.Unlock()
	t.Logf("%d changes in %s of flapping", changes, took)
	if most := 5 + int(took/time.Second); changes < 1 || changes > most { // what is forgiven meanwhile may be used again
		t.Errorf("%d changes in %s, want 1 to %d", changes, took, most)
	}
	t.Logf("converged after %s", await1(t, w, true).Sub(begin.Add(took)))
	if w.prober.Stats().Damped == 0 {
		t.Error("nothing was held back")
	}
}

func TestA03FramesFromTheWireMakeNoAlarmOnTheirOwn(t *testing.T) {
	_, w := watched(t)
	rest(t, 2*time.Second)
	st := w.prober.Stats()
	if st.Alarm(discovery.Forged)+st.Alarm(discovery.Intruder) != 0 || st.Seen == 0 {
		t.Errorf("stats = %+v, want probes and no alarm", st)
	}
}
