package discovery_test

import (
	"bytes"
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/l2sces/l2sces/pkg/discovery"
	"github.com/l2sces/l2sces/pkg/topology"
)

// anyProbe returns a probe that a port has sent and that has come up.
func (w *world) anyProbe(from topology.End) []byte {
	w.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, f := range slices.Backward(w.frames) {
		if f[24] == byte(from.Switch) && f[31] == byte(from.Port) {
			return slices.Clone(f)
		}
	}
	w.Fatalf("no probe of %v", from)
	return nil
}

func TestA03ForgedDiscoveryMakesNoLink(t *testing.T) {
	tenant, other := end(3, 5), end(2, 9) // the second is an end of an overlay, free for a link
	for _, c := range []struct {
		name  string
		at    topology.End
		spoil func(*world, []byte) []byte
		want  discovery.Kind
	}{
		{"any frame from a tenant", tenant, func(_ *world, f []byte) []byte { return f }, discovery.Intruder},
		{"plain LLDP from a tenant", tenant, func(_ *world, f []byte) []byte { return append(f[:14:14], 0, 0) }, discovery.Intruder},
		{"other switch claimed", other, func(_ *world, f []byte) []byte { f[24] = 3; return f }, discovery.Forged},
		{"other port claimed", other, func(_ *world, f []byte) []byte { f[31] = 99; return f }, discovery.Forged},
		{"sequence raised", other, func(_ *world, f []byte) []byte { f[57]++; return f }, discovery.Forged},
		{"nonce of somebody's own", other, func(_ *world, f []byte) []byte { f[65]++; return f }, discovery.Forged},
		{"sum left out", other, func(_ *world, f []byte) []byte { clear(f[66:82]); return f }, discovery.Forged},
		{"LLDP of another kind", other, func(_ *world, f []byte) []byte { f[41] = 9; return f }, discovery.Forged},
		{"key of another prober", other, func(w *world, _ []byte) []byte { return strangersProbe(w.T) }, discovery.Forged},
		{"replayed at once", end(2, 8), func(_ *world, f []byte) []byte { return f }, discovery.Replayed},
		{"replayed at another port", other, func(_ *world, f []byte) []byte { return f }, discovery.Replayed},
		{"nonce of long ago", other, func(w *world, f []byte) []byte { w.after(time.Minute); return f }, discovery.Stale},
		{"sent back", end(1, 7), func(_ *world, f []byte) []byte { return f }, discovery.Misplaced},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := pairUp(t, discovery.Overlay, discovery.Config{})
				w.role(discovery.Overlay, other)
				w.connect(3)
				w.after(time.Second)
				f := c.spoil(w, w.anyProbe(end(1, 7)))
				w.prober.Frame(c.at, f)
				w.after(10 * time.Second)
				if got := w.links(); !slices.Equal(got, []string{"1.7-2.8"}) || w.changes != 1 {
					t.Errorf("links = %v after %d changes, want the true one alone", got, w.changes)
				}
				if w.heard(c.want) != 1 || len(w.alarms) != 1 {
					t.Errorf("alarms = %v, want one that it is %s", w.alarms, c.want)
				}
				if w.prober.Stats().Alarm(c.want) != 1 {
					t.Errorf("stats = %+v, want one %s", w.prober.Stats(), c.want)
				}
			})
		})
	}
}

// strangersProbe returns a probe of a prober with another key.
func strangersProbe(t *testing.T) []byte {
	t.Helper()
	w := newWorld(t, discovery.Config{Key: []byte("another")})
	w.join(discovery.Overlay, end(1, 7), end(2, 8))
	w.connect(1, 2)
	w.after(time.Second)
	return w.anyProbe(end(1, 7))
}

func TestProbesOfAReplicaAreNoForgeries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := discovery.Config{Key: []byte("shared by replicas")}
		w, replica := pairUp(t, discovery.Overlay, shared), pairUp(t, discovery.Overlay, shared)
		w.prober.Frame(end(2, 8), replica.anyProbe(end(1, 7)))
		w.after(time.Second)
		if len(w.alarms) != 0 || w.changes != 1 {
			t.Errorf("alarms %v, %d changes; want neither", w.alarms, w.changes)
		}
	})
}

func TestA03ProbeAtAnotherTunnelMakesNoLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, discovery.Config{})
		a, b, c := end(1, 1), end(2, 1), end(3, 1)
		w.ports[1] = []discovery.Port{{Number: 1, Role: discovery.Overlay, Peer: b}}
		w.ports[2] = []discovery.Port{{Number: 1, Role: discovery.Overlay, Peer: a}}
		w.ports[3] = []discovery.Port{{Number: 1, Role: discovery.Overlay}}
		w.cable(a, c) // somebody has bent the tunnel
		w.connect(1, 2, 3)
		w.after(3 * time.Second)
		if len(w.links()) != 0 || w.heard(discovery.Misplaced) == 0 {
			t.Errorf("links = %v, alarms = %v; want no link and an alarm", w.links(), w.alarms)
		}
		w.after(20 * time.Second)
		if s := w.state("1.1-2.1"); s.Up || s.Reason != "no frame has come through" {
			t.Errorf("the link that should be there is %+v, want down", s)
		}
		w.cable(a, b)
		w.until(2*time.Second, func() bool { return slices.Equal(w.links(), []string{"1.1-2.1"}) })
	})
}

func TestA03TenantThatSendsDiscoveryIsNotBelievedLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := pairUp(t, discovery.Open, discovery.Config{})
		w.connect(3)
		w.after(time.Second)
		w.prober.Frame(end(3, 5), w.anyProbe(end(1, 7)))
		w.cut(end(2, 8))
		w.join(discovery.Open, end(1, 7), end(3, 5)) // as if its port had become free
		w.after(30 * time.Second)
		if slices.Contains(w.links(), "1.7-3.5") {
			t.Error("a tenant that was seen cheating has a link")
		}
		w.until(time.Minute, func() bool { return slices.Contains(w.links(), "1.7-3.5") }) // the ban is over
	})
}

func TestA03PortAmnesia(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, discovery.Config{})
		a, b := end(1, 7), end(2, 8)
		w.cable(a, b)
		w.role(discovery.Open, b)
		w.connect(1, 2)
		for range 4 { // a tenant at one moment, a link at the next
			w.role(discovery.Open, a)
			w.after(time.Second)
			w.role(discovery.Tenant, a)
			w.after(time.Second)
		}
		w.role(discovery.Open, a)
		w.after(10 * time.Second)
		if len(w.links()) != 0 || w.heard(discovery.Amnesiac) == 0 {
			t.Errorf("links = %v, alarms = %v; want none and an alarm", w.links(), w.alarms)
		}
		w.until(2*time.Minute, func() bool { return len(w.links()) == 1 })
	})
}

func TestA03DownAndUpDoesNotClearABan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := pairUp(t, discovery.Open, discovery.Config{})
		f := w.anyProbe(end(2, 8))
		f[70] ^= 1
		w.prober.Frame(end(1, 7), f)
		synctest.Wait()
		if len(w.links()) != 0 {
			t.Fatal("an open port that brings forgeries keeps its link")
		}
		for range 5 {
			w.prober.PortChanged(end(1, 7), discovery.BySwitch, false)
			w.after(time.Second)
			w.prober.PortChanged(end(1, 7), discovery.BySwitch, true)
			w.after(time.Second)
		}
		if len(w.links()) != 0 {
			t.Error("down and up has cleared the ban")
		}
	})
}

func TestA03ProbeThatComesUpTwiceBelongsToNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := pairUp(t, discovery.Open, discovery.Config{})
		w.role(discovery.Open, end(3, 5))
		w.connect(3)
		w.after(time.Second)
		w.prober.Frame(end(3, 5), w.anyProbe(end(1, 7)))
		synctest.Wait()
		if len(w.links()) != 0 || w.heard(discovery.Contested) != 1 {
			t.Errorf("links = %v, alarms = %v; want none and an alarm", w.links(), w.alarms)
		}
	})
}

func TestNeighboursLLDPOnOpenPortsDoesNoHarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := pairUp(t, discovery.Open, discovery.Config{})
		w.prober.Frame(end(1, 7), append(bytes.Repeat([]byte{2}, 12), 0x88, 0xcc, 2, 7, 4, 1, 2, 3, 4, 5, 6, 0, 0))
		w.after(time.Second)
		if len(w.alarms) != 0 || len(w.links()) != 1 {
			t.Errorf("alarms %v, links %v; want no alarm and the link", w.alarms, w.links())
		}
	})
}

func TestAlarmsAreCountedAllAndToldSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := pairUp(t, discovery.Overlay, discovery.Config{})
		f := w.anyProbe(end(1, 7))
		f[70] ^= 1
		for range 1000 {
			w.prober.Frame(end(2, 8), f)
		}
		w.after(10 * time.Millisecond)
		if got := w.prober.Stats().Alarm(discovery.Forged); got != 1000 || w.heard(discovery.Forged) != 1 {
			t.Errorf("%d counted and %d told, want 1000 and 1", got, w.heard(discovery.Forged))
		}
		if len(w.links()) != 1 {
			t.Error("who can send into the underlay can take a link down")
		}
	})
}

func TestPortsThatAreFasterThanTheirNews(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := pairUp(t, discovery.Overlay, discovery.Config{})
		w.after(2 * time.Second)
		w.cable(end(1, 9), end(2, 9))
		w.mu.Lock() // the prober is not told of the second
		w.ports[1] = append(w.ports[1], discovery.Port{Number: 9, Role: discovery.Overlay})
		w.ports[2] = append(w.ports[2], discovery.Port{Number: 9, Role: discovery.Overlay})
		w.mu.Unlock()
		w.prober.Changed(1)
		w.until(100*time.Millisecond, func() bool { return len(w.links()) == 2 })
		if len(w.alarms) != 0 {
			t.Errorf("alarms = %v, want none", w.alarms)
		}
	})
}

func FuzzFrame(f *testing.F) {
	f.Add(make([]byte, 84))
	f.Fuzz(func(t *testing.T, frame []byte) {
		w := &world{T: t}
		p, err := discovery.New(w, discovery.Config{})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); _ = p.Serve(ctx, &station{w: w, dpid: 1}) }()
		for n := uint64(0); n == 0; n = p.Stats().Alarm(discovery.Intruder) {
			p.Frame(end(1, 1), frame) // until it is served
		}
		cancel()
		<-done
	})
}
