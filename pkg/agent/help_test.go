package agent_test

import (
	"context"
	"errors"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/l2sces/l2sces/pkg/agent"
	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/slice"
)

// memory is a switch in memory. It gives a port the number that it asks for,
// unless the number is taken.
type memory struct {
	changed chan struct{}

	mu      sync.Mutex
	there   bool
	bridge  bridge.Bridge
	numbers map[string]slice.Port
	taken   map[slice.Port]bool // numbers that the switch gives to nobody
	writes  int
	fault   error
}

func newMemory() *memory {
	return &memory{changed: make(chan struct{}, 1), numbers: map[string]slice.Port{}, taken: map[slice.Port]bool{}}
}

func (m *memory) Changed() <-chan struct{} { return m.changed }

func (m *memory) Read(context.Context, string) (bridge.Bridge, []bridge.PortState, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.bridge
	b.Ports = slices.Clone(b.Ports)
	var states []bridge.PortState
	for _, p := range b.Ports {
		states = append(states, bridge.PortState{Name: p.Name, Number: m.numbers[p.Name], Up: true})
	}
	return b, states, m.there, m.fault
}

func (m *memory) Apply(_ context.Context, _ string, changes []bridge.Change) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fault != nil {
		return m.fault
	}
	m.writes++
	for _, c := range changes {
		switch c.Action {
		case bridge.Create, bridge.Configure:
			ports, controllers := m.bridge.Ports, m.bridge.Controllers
			m.there, m.bridge = true, c.Bridge
			m.bridge.Ports = ports
			if c.Action == bridge.Configure {
				m.bridge.Controllers = controllers
			}
		case bridge.Control:
			m.bridge.Controllers = c.Bridge.Controllers
		default:
			m.bridge.Ports = slices.DeleteFunc(m.bridge.Ports, func(p bridge.Port) bool { return p.Name == c.Port.Name })
			delete(m.numbers, c.Port.Name)
			if c.Action != bridge.Remove {
				m.bridge.Ports = append(m.bridge.Ports, c.Port)
				m.numbers[c.Port.Name] = c.Port.Number
				if m.taken[c.Port.Number] {
					m.numbers[c.Port.Name] = 1000
				}
			}
		}
	}
	m.poke()
	return nil
}

func (m *memory) poke() {
	select {
	case m.changed <- struct{}{}:
	default:
	}
}

// edit changes the switch behind the agent's back.
func (m *memory) edit(f func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f()
	m.poke()
}

func (m *memory) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.writes
}

// sockets is a plugger in memory.
type sockets struct {
	mu      sync.Mutex
	plugged map[string]slice.Workload
	absent  map[slice.Workload]bool
}

func (s *sockets) Plug(_ context.Context, p bridge.Port) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.absent[p.Workload] {
		return false, slice.Errorf(slice.NotFound, "workload %s is away", p.Workload)
	}
	_, old := s.plugged[p.Name]
	s.plugged[p.Name] = p.Workload
	return !old, nil
}

func (s *sockets) Unplug(_ context.Context, p bridge.Port) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.plugged, p.Name)
	return nil
}

func (s *sockets) Members() []slice.Workload { return []slice.Workload{"voice"} }

func (s *sockets) names() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.plugged))
}

// line is a controller whose sessions a test opens, uses and breaks.
type line struct {
	sessions chan *session
}

type session struct {
	reports <-chan bridge.Report
	wanted  func(bridge.Wanted)
	cut     chan struct{}
}

func (l line) Keep(ctx context.Context, reports <-chan bridge.Report, wanted func(bridge.Wanted)) error {
	s := &session{reports: reports, wanted: wanted, cut: make(chan struct{})}
	select {
	case l.sessions <- s:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-s.cut:
		return errors.New("cut")
	case <-ctx.Done():
		return ctx.Err()
	}
}

// last waits until the agent is still and returns the last report.
func (s *session) last(t *testing.T) bridge.Report {
	t.Helper()
	all := s.all()
	if len(all) == 0 {
		t.Fatal("no report")
	}
	return all[len(all)-1]
}

// all waits until the agent is still and returns the reports.
func (s *session) all() (all []bridge.Report) {
	synctest.Wait()
	for {
		select {
		case r := <-s.reports:
			all = append(all, r)
		default:
			return all
		}
	}
}

func want(revision uint32) bridge.Wanted {
	return bridge.Wanted{Revision: revision, Bridge: bridge.Bridge{
		Name: bridge.SPS, DPID: 0x11, Controllers: []string{"ssl:192.0.2.1:6653"},
		Ports: []bridge.Port{
			{Name: "w1", Kind: bridge.Workload, Number: 1, Workload: "voice", Interface: "l2s0"},
			{Name: "t2", Kind: bridge.Tunnel, Number: 2, Remote: netip.MustParseAddr("192.0.2.9")},
		},
	}}
}

type scene struct {
	t     *testing.T // of the bubble
	sw    *memory
	plug  *sockets
	line  line
	agent *agent.Agent
}

// play runs f beside a running agent, in a bubble with a clock of its own.
func play(t *testing.T, cfg agent.Config, f func(s scene)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := scene{
			t:    t,
			sw:   newMemory(),
			plug: &sockets{plugged: map[string]slice.Workload{}, absent: map[slice.Workload]bool{}},
			line: line{make(chan *session)},
		}
		cfg.Domain, cfg.Node, cfg.Bridge = "a", "n1", bridge.SPS
		s.agent = agent.New(s.sw, s.plug, s.line, cfg)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.agent.Run(ctx)
		}()
		f(s)
		cancel()
		<-done
	})
}
