package controller

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/fabric"
	"github.com/l2sces/l2sces/pkg/openflow"
	"github.com/l2sces/l2sces/pkg/openflow/fleet"
	"github.com/l2sces/l2sces/pkg/openflow/ofp"
	"github.com/l2sces/l2sces/pkg/pipeline"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/store"
)

// A site is two nodes with a tunnel between them, played by the test, and the
// parts of a controller that watch it.
type site struct {
	*testing.T
	links    *links
	reports  map[slice.Node]chan bridge.Report
	wanted   map[slice.Node]chan bridge.Wanted
	switches map[slice.Node]*fleet.Switch
	carries  atomic.Bool
}

func newSite(t *testing.T) *site {
	t.Helper()
	state, err := store.Open(filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	f, err := fabric.New(fabric.Config{Bridge: bridge.SPS, Mesh: true, Store: state, BFD: 300 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	s := &site{
		T: t, reports: map[slice.Node]chan bridge.Report{}, wanted: map[slice.Node]chan bridge.Wanted{}, switches: map[slice.Node]*fleet.Switch{},
	}
	s.carries.Store(true)
	if s.links, err = newLinks(f, state, 50*time.Millisecond, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	server := &openflow.Server{Config: openflow.Config{
		Tables: pipeline.Tables, Events: s.links.event,
		Handler: func(ctx context.Context, ss *openflow.Session) { _ = s.links.serve(ctx, ss) }, // until the test ends
	}}
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	t.Cleanup(func() { cancel(); group.Wait(); _ = state.Close() })
	group.Go(func() { s.links.prober.Run(ctx) })
	group.Go(func() { _ = server.Serve(ctx, l) }) // until the test ends
	for i, n := range []slice.Node{"n1", "n2"} {
		s.reports[n], s.wanted[n] = make(chan bridge.Report, 1), make(chan bridge.Wanted, 9)
		reports, wanted := s.reports[n], s.wanted[n]
		reports <- s.report(n, i)
		group.Go(func() {
			_ = s.links.Keep(ctx, reports, func(w bridge.Wanted) error { wanted <- w; return nil }) // until the test ends
		})
	}
	s.eventually("there is a tunnel", func() bool { return len(f.Links()) == 1 })
	for i, n := range []slice.Node{"n1", "n2"} {
		s.switches[n] = s.newSwitch(n)
		r := s.report(n, i)
		r.Ports = s.tunnel(n, bridge.PortState{Up: true})
		s.reports[n] <- r
	}
	for _, sw := range s.switches {
		group.Go(func() { _ = sw.Run(ctx, l.Addr().String()) }) // until the test ends
	}
	return s
}

func (s *site) report(n slice.Node, i int) bridge.Report {
	return bridge.Report{
		Domain: "a", Node: n, Bridge: bridge.SPS, Tunnel: netip.AddrFrom4([4]byte{192, 0, 2, byte(i + 1)}), MTU: 1450, //nolint:gosec // two of them
	}
}

// port returns the number of the tunnel at a node.
func (s *site) port(n slice.Node) slice.Port {
	l := s.links.fabric.Links()[0]
	if l.NodeA == n {
		return l.A.Port
	}
	return l.B.Port
}

// tunnel returns the ports of a node with its tunnel in some state.
func (s *site) tunnel(n slice.Node, state bridge.PortState) []bridge.PortState {
	state.Name, state.Number = "x", s.port(n)
	return []bridge.PortState{state}
}

// newSwitch makes a switch that passes frames of its tunnel on to the other.
func (s *site) newSwitch(n slice.Node) *fleet.Switch {
	number := uint32(s.port(n))
	other := map[slice.Node]slice.Node{"n1": "n2", "n2": "n1"}[n]
	return fleet.New(fleet.Config{
		DPID: uint64(slice.DPIDOf("a", n, bridge.SPS)), Keep: true, Ports: []ofp.Port{fleet.Port(number, "x")},
		PacketOut: func(m *ofp.PacketOut) {
			if s.carries.Load() {
				_ = s.switches[other].PacketIn(uint32(s.port(other)), 0, 0, 0, m.Data) // lost with its connection
			}
		},
	})
}

func (s *site) link() fabric.LinkInfo { return s.links.fabric.Links()[0] }

func (s *site) eventually(what string, so func() bool) {
	s.Helper()
	limit := time.After(20 * time.Second)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-limit:
			s.Fatalf("never: %s", what)
		case <-tick.C:
		}
	}
}

func TestLinksOfAFabricAreWatched(t *testing.T) {
	s := newSite(t)
	s.eventually("the link is found", func() bool { return s.links.prober.Stats().Links == 1 })
	s.eventually("it has a latency", func() bool { return s.link().Up && s.link().Latency > 0 })
	for n := range s.switches {
		ports := (<-s.wanted[n]).Bridge.Ports
		for len(ports) == 0 { // the first node was alone at first
			ports = (<-s.wanted[n]).Bridge.Ports
		}
		if ports[0].Kind != bridge.Tunnel || ports[0].BFD != 300 {
			t.Errorf("node %s is to have %+v, want a tunnel that is watched", n, ports)
		}
	}

	s.carries.Store(false)
	s.eventually("a silent loss is found", func() bool { return !s.link().Up })
	s.carries.Store(true)
	s.eventually("the link is back", func() bool { return s.link().Up })

	down := s.report("n1", 0)
	down.Ports = s.tunnel("n1", bridge.PortState{Message: "BFD says so"})
	s.reports["n1"] <- down
	s.eventually("the agent is believed", func() bool { return !s.link().Up })
	up := s.report("n1", 0)
	up.Ports = s.tunnel("n1", bridge.PortState{Up: true, LatencyMicros: 7000, LossPPM: 250000, BandwidthKbps: 1000})
	s.reports["n1"] <- up
	s.eventually("the link is back", func() bool { return s.link().Up })

	if err := s.switches["n2"].SetLink(uint32(s.port("n2")), false); err != nil {
		t.Fatal(err)
	}
	s.eventually("the switch is believed", func() bool { return !s.link().Up })
}

func TestKeyOfProbesStays(t *testing.T) {
	state, err := store.Open(filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = state.Close() }()
	first, err := probeKey(state)
	if err != nil || len(first) != 32 {
		t.Fatalf("key of %d bytes, %v", len(first), err)
	}
	again, err := probeKey(state)
	if err != nil || string(again) != string(first) {
		t.Errorf("another key the second time, %v", err)
	}
}
