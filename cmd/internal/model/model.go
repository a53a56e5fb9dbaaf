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
}

// A World is a set of domains and the SCO over them.
type World struct {
	SCO      *sco.SCO
	Domains  map[slice.Domain]*sdnc.Controller
	Switches []*Switch // by domain and node, as in the lab; SPSs before NEDs
	Stores   []*Memory // of the domains, as in the lab, and then of the SCO

	wait sync.WaitGroup
}

// A Switch is one bridge of one node.
type Switch struct {
	Domain slice.Domain
	Node   slice.Node
	Bridge string
	Tunnel netip.Addr // where tunnels to it end
	Memory *flowtest.Memory

	mu     sync.Mutex
	wanted bridge.Bridge
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
	w := &World{Domains: map[slice.Domain]*sdnc.Controller{}}
	drivers := map[slice.Domain]sco.Domain{}
	store := func() *Memory {
		w.Stores = append(w.Stores, &Memory{})
		return w.Stores[len(w.Stores)-1]
	}
	for _, d := range l.Domains {
		c, err := sdnc.New(sdnc.Config{
			Domain: d.Name, Gateway: d.Gateway, Controllers: []string{"ssl:sdnc." + string(d.Name) + ":6653"},
			Numbers: cfg.Numbers, Labels: cfg.Labels, Store: store(), Logger: cfg.Logger,
		})
		if err != nil {
			return nil, err
		}
		w.Domains[d.Name], drivers[d.Name] = c, c
	}
	var err error
	w.SCO, err = sco.New(sco.Config{
		Domains: drivers, Controllers: []string{"ssl:sco:6653"}, Numbers: cfg.Numbers, Store: store(), Logger: cfg.Logger,
	})
	if err != nil {
		return nil, err
	}
	return w, w.join(ctx, l)
}

// Wait returns when every part has ended.
func (w *World) Wait() { w.wait.Wait() }

// join lets the nodes join one after the other, so that the numbers they get
// are always the same.
func (w *World) join(ctx context.Context, l lab.Lab) error {
	l = l.WithDefaults()
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
			if err := w.add(ctx, w.Domains[d.Name].Fabric(), r); err != nil {
				return err
			}
			if n.Name == d.Gateway {
				r.Bridge, r.Members = bridge.NED, nil
				neds = append(neds, r)
			}
		}
	}
	for _, r := range neds {
		if err := w.add(ctx, w.SCO.Fabric(), r); err != nil {
			return err
		}
	}
	return nil
}

// add starts a switch and its agent and waits until both have settled.
func (w *World) add(ctx context.Context, f *fabric.Fabric, r bridge.Report) error {
	if w.Switch(r.Node, r.Bridge) != nil {
		return fmt.Errorf("node %s is in the model already", r.Node)
	}
	s := &Switch{
		Domain: r.Domain, Node: r.Node, Bridge: r.Bridge, Tunnel: r.Tunnel,
		Memory: flowtest.NewMemory(slice.DPIDOf(r.Domain, r.Node, r.Bridge)),
	}
	w.Switches = append(w.Switches, s)
	wanted := f.Engine().Stats().Switches + 1
	w.wait.Go(func() { _ = f.Engine().Serve(ctx, s.Memory) }) // ends with ctx
	joined := make(chan struct{})
	w.wait.Go(func() { s.agent(ctx, f, r, joined) })
	soon, cancel := context.WithTimeout(ctx, joinTimeout)
	defer cancel()
	select {
	case <-joined:
	case <-soon.Done():
		return fmt.Errorf("node %s of the model does not join", r.Node)
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
		return fmt.Errorf("node %s of the model: %w", r.Node, err)
	}
	return nil
}

// agent answers for the node: every bridge that is wanted is there at once.
func (s *Switch) agent(ctx context.Context, f *fabric.Fabric, r bridge.Report, joined chan<- struct{}) {
	reports := make(chan bridge.Report, 1)
	reports <- r
	_ = f.Keep(ctx, reports, func(w bridge.Wanted) error {
		s.mu.Lock()
		s.wanted = w.Bridge
		s.mu.Unlock()
		r.Applied, r.Ports = w.Revision, nil
		for _, p := range w.Bridge.Ports {
			r.Ports = append(r.Ports, bridge.PortState{Name: p.Name, Number: p.Number, Up: true})
		}
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
