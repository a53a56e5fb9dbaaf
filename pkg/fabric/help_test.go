package fabric_test

import (
	"context"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/fabric"
	"github.com/l2sces/l2sces/pkg/fabric/fabrictest"
	"github.com/l2sces/l2sces/pkg/flow/flowtest"
	"github.com/l2sces/l2sces/pkg/ipam"
	"github.com/l2sces/l2sces/pkg/slice"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a fabric with switches and agents in memory, inside a bubble of
// testing/synctest: time stands still until everybody waits.
type world struct {
	*testing.T
	*fabric.Fabric
	cfg    fabric.Config
	store  *fabrictest.Store
	ctx    context.Context //nolint:containedctx // of everything in the bubble
	stop   context.CancelFunc
	agents map[slice.Node]*agent
	mem    map[slice.Node]*flowtest.Memory
}

// agent does at once what its controller wants, unless it holds back.
type agent struct {
	report bridge.Report
	stop   context.CancelFunc
	ended  chan error

	mu     sync.Mutex
	idle   bool // it gets the bridge and does nothing
	wanted bridge.Wanted
	sent   int
}

// in runs a test in a bubble.
func in(t *testing.T, cfg fabric.Config, test func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{T: t, cfg: cfg, store: &fabrictest.Store{}, agents: map[slice.Node]*agent{}, mem: map[slice.Node]*flowtest.Memory{}}
		w.cfg.Store = w.store
		w.start()
		defer func() { w.stop(); synctest.Wait() }()
		test(w)
	})
}

// start starts the controller. Nobody is connected to it.
func (w *world) start() {
	w.Helper()
	f, err := fabric.New(w.cfg)
	if err != nil {
		w.Fatal(err)
	}
	w.Fabric = f
	w.ctx, w.stop = context.WithCancel(w.Context())
}

// restart ends the controller, with all lines to it, and starts another.
func (w *world) restart() {
	w.Helper()
	w.stop()
	synctest.Wait()
	w.start()
}

const domain slice.Domain = "field"

func (w *world) dpid(n slice.Node) slice.DPID { return slice.DPIDOf(domain, n, w.cfg.Bridge) }

// plug connects the switch of a node, as it is.
func (w *world) plug(n slice.Node) *flowtest.Memory {
	if old := w.mem[n]; old != nil {
		w.mem[n] = old.Reconnect()
	} else {
		w.mem[n] = flowtest.NewMemory(w.dpid(n))
	}
	w.serve(w.mem[n])
	return w.mem[n]
}

func (w *world) serve(sw fabric.Switch) {
	go func() { _ = w.Engine().Serve(w.ctx, sw) }() // ends with the connection or the bubble
}

// join connects the agent of a node. Tunnel ends are numbered by name.
func (w *world) join(n slice.Node, members ...slice.Workload) *agent {
	w.Helper()
	tunnel := netip.AddrFrom4([4]byte{192, 0, 2, n[len(n)-1]})
	return w.agent(bridge.Report{Domain: domain, Node: n, Bridge: w.cfg.Bridge, Tunnel: tunnel, MTU: 1450, Members: members})
}

func (w *world) agent(r bridge.Report) *agent {
	a := &agent{report: r, ended: make(chan error, 1)}
	w.agents[r.Node] = a
	var ctx context.Context
	ctx, a.stop = context.WithCancel(w.ctx)
	reports := make(chan bridge.Report, 8)
	reports <- r
	go func() {
		a.ended <- w.Keep(ctx, reports, func(b bridge.Wanted) error {
			a.mu.Lock()
			defer a.mu.Unlock()
			a.wanted = b
			a.sent++
			if !a.idle {
				reports <- applied(r, b)
			}
			return nil
		})
	}()
	synctest.Wait()
	return a
}

// applied is the report of a node that has the bridge that is wanted.
func applied(r bridge.Report, w bridge.Wanted) bridge.Report {
	r.Applied, r.Ports = w.Revision, nil
	for _, p := range w.Bridge.Ports {
		r.Ports = append(r.Ports, bridge.PortState{Name: p.Name, Number: p.Number, Up: true})
	}
	return r
}

func (a *agent) last() (bridge.Wanted, int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.wanted, a.sent
}

// put makes a network and waits until it is ready.
func (w *world) put(n fabric.Network) slice.Network {
	w.Helper()
	number, err := w.Put(n)
	if err != nil {
		w.Fatal(err)
	}
	if s := w.wait(n.ID); !s.Ready {
		w.Fatalf("network %s is not ready: %s", n.ID, s.Message)
	}
	return number
}

// wait waits for a network, for ten seconds of the bubble's time.
func (w *world) wait(id slice.NetworkID) fabric.Status {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, 10*time.Second)
	defer cancel()
	s, err := w.Wait(ctx, id)
	if err != nil {
		w.Fatal(err)
	}
	return s
}

func (w *world) remove(id slice.NetworkID) {
	w.Helper()
	if err := w.Remove(id); err != nil {
		w.Fatal(err)
	}
	w.settle()
}

func (w *world) settle() {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, 10*time.Second)
	defer cancel()
	if err := w.Settle(ctx); err != nil {
		w.Fatal(err)
	}
}

func id(n slice.NetworkName) slice.NetworkID { return slice.NetworkID{Slice: "s", Network: n} }

func mac(n byte) slice.MAC { return slice.MAC{2, 0, 0, 0, 0, n} }

// at attaches a workload, whose address ends in n.
func at(node slice.Node, w slice.Workload, n byte) fabric.Attachment {
	return fabric.Attachment{Node: node, Workload: w, Interface: "l2s0", Behind: []slice.MAC{mac(n)}}
}

// handOff attaches the other fabric by a label; behind it is an address.
func handOff(node slice.Node, label slice.VLAN, n byte) fabric.Attachment {
	return fabric.Attachment{Node: node, Label: label, Behind: []slice.MAC{mac(n)}}
}

func vnet(n slice.NetworkName, at ...fabric.Attachment) fabric.Network {
	return fabric.Network{ID: id(n), Type: slice.VNet, MTU: 1400, Attachments: at}
}

var mesh = fabric.Config{Bridge: bridge.SPS, Mesh: true, Controllers: []string{"ssl:192.0.2.200:6653"}}

var neds = fabric.Config{Bridge: bridge.NED}

// pair brings two nodes with a workload each into a mesh.
func (w *world) pair() {
	for _, n := range []slice.Node{"n1", "n2"} {
		w.plug(n)
		w.join(n, slice.Workload("w"+n[1:]))
	}
}

func small(last uint32) fabric.Config {
	cfg := mesh
	cfg.Numbers = ipam.Ring{First: 1, Last: last}
	return cfg
}
