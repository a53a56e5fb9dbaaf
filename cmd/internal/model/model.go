// Package model runs the whole system in one process: the real SCO and SDN
// controllers, with switches and agents in memory. It answers what an order
// would come to, and lets tests ask packet questions across domains. No frame
// is sent and no file is written.
//
//	world, err := model.New(ctx, lab, model.Config{})
//	status, err := world.SCO.Apply(ctx, intents, intent.Order{})
package model

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/fabric"
	"github.com/l2sces/l2sces/pkg/fabric/fabrictest"
	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/flow/flowtest"
	"github.com/l2sces/l2sces/pkg/ipam"
	"github.com/l2sces/l2sces/pkg/lab"
	"github.com/l2sces/l2sces/pkg/sco"
	"github.com/l2sces/l2sces/pkg/sdnc"
	"github.com/l2sces/l2sces/pkg/slice"
)

// innerMTU is what VXLAN leaves of an Ethernet packet of 1,500 bytes.
const innerMTU = 1450

// joinTimeout is more than a node needs that only computes.
const joinTimeout = 10 * time.Second

// A Config says how large the world is.
type Config struct {
	Numbers ipam.Ring    // VNIs between domains, and of each domain; zero: all
	Labels  ipam.Ring    // of hand-offs, in each domain; zero: all VLANs
	Logger  *slog.Logger // nil: none
	// Step is called before and after what a process writes to its store, tells
	// a switch or, as the SCO, asks of a domain. Where it returns an error the
	// process has ended: nothing that it does later happens. An error that Cut
	// wraps is that of a call only. Nil: nothing ends.
	Step func(of slice.Domain, step string) error
	Now  func() time.Time // of the SCO; nil: time.Now
	Told func()           // called after each change of a switch; nil: nobody is
}

// A World is a set of domains and the SCO over them.
type World struct {
	SCO      *sco.SCO
	Domains  map[slice.Domain]*sdnc.Controller
	Switches []*Switch           // by domain and node, as in the lab; SPSs before NEDs
	Stores   []*fabrictest.Store // of the domains, as in the lab, and then of the SCO

	lab lab.Lab
	cfg Config

	mu    sync.Mutex
	lives map[slice.Domain]*life
}

// A Switch is one bridge of one node.
type Switch struct {
	Domain slice.Domain
	Node   slice.Node
	Bridge string
	Tunnel netip.Addr // where tunnels to it end
	Memory *flowtest.Memory

	of slice.Domain // whose controller rules it; empty: the SCO

	mu     sync.Mutex
	wanted bridge.Bridge
	report bridge.Report // the last one
}

// Wanted returns the bridge as its controller wants it.
func (s *Switch) Wanted() bridge.Bridge {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.wanted
}

// New returns the world of a lab, joined and settled. It ends with ctx; Wait
// returns when it has.
func New(ctx context.Context, l lab.Lab, cfg Config) (*World, error) {
	w := &World{Domains: map[slice.Domain]*sdnc.Controller{}, lab: l.WithDefaults(), cfg: cfg, lives: map[slice.Domain]*life{}}
	for range len(l.Domains) + 1 {
		w.Stores = append(w.Stores, &fabrictest.Store{})
	}
	for _, d := range l.Domains {
		if err := w.begin(ctx, d.Name); err != nil {
			return nil, err
		}
	}
	if err := w.begin(ctx, ""); err != nil {
		return nil, err
	}
	return w, w.join(ctx)
}

// Wait returns when every part has ended.
func (w *World) Wait() {
	for _, l := range w.lives {
		l.wait.Wait()
	}
}

// join lets the nodes join one after the other, so that the numbers they get
// are always the same.
func (w *World) join(ctx context.Context) error {
	l := w.lab
	var neds []bridge.Report
	i := 0
	for _, d := range l.Domains {
		for _, n := range d.Nodes {
			i++
			a := l.Switches.Addr().As4()
			a[2], a[3] = byte(i), 2 //nolint:gosec // a lab has at most 200 nodes
			r := bridge.Report{
				Domain: d.Name, Node: n.Name, Bridge: bridge.SPS, Tunnel: netip.AddrFrom4(a),
				MTU: innerMTU, Members: n.Workloads,
			}
			if err := w.add(ctx, d.Name, r); err != nil {
				return err
			}
			if n.Name == d.Gateway {
				r.Bridge, r.Members = bridge.NED, nil
				neds = append(neds, r)
			}
		}
	}
	for _, r := range neds {
		if err := w.add(ctx, "", r); err != nil {
			return err
		}
	}
	return nil
}

// add makes a switch of a process, and connects it.
func (w *World) add(ctx context.Context, of slice.Domain, r bridge.Report) error {
	if w.Switch(r.Node, r.Bridge) != nil {
		return fmt.Errorf("node %s is in the model already", r.Node)
	}
	s := &Switch{
		Domain: r.Domain, Node: r.Node, Bridge: r.Bridge, Tunnel: r.Tunnel, report: r, of: of,
		Memory: flowtest.NewMemory(slice.DPIDOf(r.Domain, r.Node, r.Bridge)),
	}
	w.Switches = append(w.Switches, s)
	return w.connect(ctx, s)
}

// connect starts a switch and its agent and waits until both have settled.
func (w *World) connect(ctx context.Context, s *Switch) error {
	l := w.lives[s.of]
	f := w.fabric(s.of)
	wanted := f.Engine().Stats().Switches + 1
	l.wait.Go(func() { _ = f.Engine().Serve(l.ctx(), told{s.Memory, w.cfg.Told}) }) //nolint:contextcheck // ends with the process
	joined := make(chan struct{})
	l.wait.Go(func() { //nolint:contextcheck // likewise
		s.agent(l.ctx(), f, joined)
	})
	soon, cancel := context.WithTimeout(ctx, joinTimeout)
	defer cancel()
	select {
	case <-joined:
	case <-soon.Done():
		return fmt.Errorf("node %s of the model does not join", s.Node)
	}
	for {
		changed := f.Engine().Changed()
		if f.Engine().Stats().Switches >= wanted {
			break
		}
		select {
		case <-changed:
		case <-soon.Done():
			return fmt.Errorf("switch %s of the model does not connect", s.Memory.DPID())
		}
	}
	if err := f.Settle(soon); err != nil {
		return fmt.Errorf("node %s of the model: %w", s.Node, err)
	}
	return nil
}

// told is a switch that somebody looks at after each change.
type told struct {
	*flowtest.Memory
	look func()
}

// Apply changes the switch.
func (t told) Apply(ctx context.Context, c flow.Change) error {
	err := t.Memory.Apply(ctx, c)
	if t.look != nil {
		t.look()
	}
	return err
}

// agent answers for the node: every bridge that is wanted is there at once.
func (s *Switch) agent(ctx context.Context, f *fabric.Fabric, joined chan<- struct{}) {
	reports := make(chan bridge.Report, 1)
	reports <- s.report
	_ = f.Keep(ctx, reports, func(w bridge.Wanted) error {
		s.mu.Lock()
		s.wanted = w.Bridge
		s.report.Applied, s.report.Ports = w.Revision, nil
		for _, p := range w.Bridge.Ports {
			s.report.Ports = append(s.report.Ports, bridge.PortState{Name: p.Name, Number: p.Number, Up: true})
		}
		r := s.report
		s.mu.Unlock()
		select {
		case <-reports: // an older one that nobody has read
		default:
		}
		reports <- r
		if joined != nil {
			close(joined)
			joined = nil
		}
		return nil
	}) // ends with ctx
}

// Switch returns a bridge of a node, or nil.
func (w *World) Switch(n slice.Node, name string) *Switch {
	i := slices.IndexFunc(w.Switches, func(s *Switch) bool { return s.Node == n && s.Bridge == name })
	if i < 0 {
		return nil
	}
	return w.Switches[i]
}
