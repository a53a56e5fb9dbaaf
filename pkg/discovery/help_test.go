package discovery_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/l2sces/l2sces/pkg/discovery"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/topology"
)

func end(s, p int) topology.End {
	return topology.End{Switch: slice.DPID(s), Port: slice.Port(p)}
}

// A world is some switches and cables, and a prober that watches them.
type world struct {
	*testing.T
	prober *discovery.Prober
	bg     sync.WaitGroup

	mu       sync.Mutex
	ports    map[slice.DPID][]discovery.Port
	cables   map[topology.End]topology.End // one way
	delay    time.Duration
	deaf     map[slice.DPID]bool // does not answer barriers
	told     map[string]discovery.State
	changes  int
	alarms   []discovery.Alarm
	frames   [][]byte // all that were sent
	switches map[slice.DPID]*station
}

type station struct {
	w    *world
	dpid slice.DPID
	stop context.CancelFunc
}

func newWorld(t *testing.T, cfg discovery.Config) *world {
	t.Helper()
	w := &world{
		T: t, ports: map[slice.DPID][]discovery.Port{}, cables: map[topology.End]topology.End{}, delay: time.Millisecond,
		deaf: map[slice.DPID]bool{}, told: map[string]discovery.State{}, switches: map[slice.DPID]*station{},
	}
	cfg.Interval = 100 * time.Millisecond
	cfg.Link = func(a, b topology.End, s discovery.State) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.told[name(a, b)].Up != s.Up {
			w.changes++
		}
		w.told[name(a, b)] = s
	}
	cfg.Alarm = func(a discovery.Alarm) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.alarms = append(w.alarms, a)
	}
	p, err := discovery.New(w, cfg)
	if err != nil {
		t.Fatal(err)
	}
	w.prober = p
	ctx, cancel := context.WithCancel(t.Context())
	w.bg.Go(func() { p.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		w.mu.Lock()
		for _, s := range w.switches {
			s.stop()
		}
		w.mu.Unlock()
		w.bg.Wait()
	})
	return w
}

func name(a, b topology.End) string {
	return fmt.Sprintf("%d.%d-%d.%d", a.Switch, a.Port, b.Switch, b.Port)
}

// Ports implements discovery.Places.
func (w *world) Ports(d slice.DPID) []discovery.Port {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.ports[d])
}

// role gives ports a role; the prober is told.
func (w *world) role(r discovery.Role, ends ...topology.End) {
	for _, e := range ends {
		w.mu.Lock()
		list := slices.DeleteFunc(slices.Clone(w.ports[e.Switch]), func(p discovery.Port) bool { return p.Number == e.Port })
		w.ports[e.Switch] = append(list, discovery.Port{Number: e.Port, Role: r})
		w.mu.Unlock()
		w.prober.Changed(e.Switch)
	}
}

// cable joins two ports, both ways.
func (w *world) cable(a, b topology.End) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cables[a], w.cables[b] = b, a
}

// cut ends a cable one way.
func (w *world) cut(from topology.End) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.cables, from)
}

// join makes a link of two ports.
func (w *world) join(r discovery.Role, a, b topology.End) {
	w.cable(a, b)
	w.role(r, a, b)
}

// connect has switches come.
func (w *world) connect(ids ...int) {
	for _, id := range ids {
		ctx, stop := context.WithCancel(w.Context())
		s := &station{w, slice.DPID(id), stop}
		w.mu.Lock()
		w.switches[s.dpid] = s
		w.mu.Unlock()
		w.bg.Go(func() { _ = w.prober.Serve(ctx, s) })
	}
}

func (s *station) DPID() slice.DPID { return s.dpid }

func (s *station) Send(_ context.Context, out slice.Port, frame []byte) error {
	s.w.carry(topology.End{Switch: s.dpid, Port: out}, frame)
	return nil
}

func (s *station) SendTunnel(ctx context.Context, out slice.Port, vni slice.Network, frame []byte) error {
	if vni != discovery.VNI {
		s.w.Errorf("probe under VNI %d", vni)
	}
	return s.Send(ctx, out, frame)
}

func (s *station) Barrier(ctx context.Context) error {
	s.w.mu.Lock()
	deaf := s.w.deaf[s.dpid]
	s.w.mu.Unlock()
	if deaf {
		<-ctx.Done()
		return ctx.Err()
	}
	return nil
}

// carry brings a frame to the other end.
func (w *world) carry(from topology.End, frame []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.frames = append(w.frames, slices.Clone(frame))
	to, ok := w.cables[from]
	if !ok {
		return
	}
	time.AfterFunc(w.delay, func() { w.prober.Frame(to, frame) })
}

// after lets time pass.
func (w *world) after(d time.Duration) {
	time.Sleep(d) // inside a bubble: nothing waits
	synctest.Wait()
}

// links returns the links that are up, sorted.
func (w *world) links() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var up []string
	for _, n := range slices.Sorted(maps.Keys(w.told)) {
		if w.told[n].Up {
			up = append(up, n)
		}
	}
	return up
}

func (w *world) state(n string) discovery.State {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.told[n]
}

func (w *world) heard(k discovery.Kind) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, a := range w.alarms {
		if a.Kind == k {
			n++
		}
	}
	return n
}

// until lets time pass until something is so, and returns how much.
func (w *world) until(limit time.Duration, ok func() bool) time.Duration {
	w.Helper()
	begin := time.Now()
	for !ok() {
		if time.Since(begin) > limit {
			w.Fatalf("not so after %s", limit)
		}
		w.after(time.Millisecond)
	}
	return time.Since(begin)
}
