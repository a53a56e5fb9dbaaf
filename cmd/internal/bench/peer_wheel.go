package bench

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/fabric"
	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/ipam"
	"github.com/l2sces/l2sces/pkg/netns"
	"github.com/l2sces/l2sces/pkg/openflow"
	"github.com/l2sces/l2sces/pkg/pipeline"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/store"
)

// wheelNodes are the switches of a wheel. Each is joined to the next by a wire.
var wheelNodes = []slice.Node{"n1", "n2", "n3", "n4"}

// A wheel is a ring of real switches under a fabric in this process. Its links
// are wires, which a switch sees go down; its agents do what an sps does.
type wheel struct {
	traffic
	fabric *fabric.Fabric
	links  []fabric.Link

	ovs    *ovs
	names  []string // of namespaces; the first is that of the switches
	ends   []func()
	agents sync.WaitGroup

	mu   sync.Mutex
	have map[string]bool // devices that are ports already
}

// newWheel makes a wheel with two workloads each of two networks, at n1 and n2.
func newWheel(ctx context.Context, dir string) (*wheel, error) {
	w := &wheel{have: map[string]bool{}}
	prefix := fmt.Sprintf("b%05x-", rand.Uint32N(1<<20))
	w.names = []string{prefix + "sw"}
	if err := netns.Make(w.names[0]); err != nil {
		return w, err
	}
	var err error
	if w.ovs, err = startOVS(ctx, filepath.Join(dir, "ovs"), []string{"ip", "netns", "exec", w.names[0]}); err != nil {
		return w, err
	}
	target, err := w.control(ctx, dir)
	if err != nil {
		return w, err
	}
	if err := w.wire(ctx, target); err != nil {
		return w, err
	}
	for _, network := range []string{protectedNet, repairedNet} {
		for i := range 2 {
			if err := w.workload(prefix, network, i); err != nil {
				return w, err
			}
		}
	}
	agents, cancel := context.WithCancel(ctx)
	w.ends = append(w.ends, func() { cancel(); w.agents.Wait() })
	for i, n := range wheelNodes {
		w.agents.Go(func() { w.agent(agents, i, n) })
	}
	return w, nil
}

// control starts the controller, and returns where switches find it: a socket,
// which namespaces do not keep apart.
func (w *wheel) control(ctx context.Context, dir string) (string, error) {
	db, err := store.Open(filepath.Join(dir, "fabric.db"))
	if err != nil {
		return "", err
	}
	w.ends = append(w.ends, func() { _ = db.Close() }) // the folder goes
	w.fabric, err = fabric.New(fabric.Config{
		Bridge: bridge.SPS, Store: db, Logger: slog.New(slog.DiscardHandler),
		Numbers: ipam.Ring{First: 1, Last: uint32(slice.MaxVLAN)},
	})
	if err != nil {
		return "", err
	}
	said := make(chan news, 64)
	server := &openflow.Server{Config: openflow.Config{
		Tables: pipeline.Tables,
		Handler: func(ctx context.Context, s *openflow.Session) {
			_ = w.fabric.Engine().Serve(ctx, distant{s}) // ends with the connection
		},
		Events: func(e openflow.Event) {
			if e.Port != nil {
				said <- news{time.Now(), e}
			}
		},
	}}
	socket := w.ovs.file("of.sock") // Open vSwitch looks for sockets nowhere else
	l, err := (&net.ListenConfig{}).Listen(ctx, "unix", socket)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithCancel(ctx)
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(ctx, l) }) // ends with ctx
	serving.Go(func() { w.hear(ctx, said) })
	w.ends = append(w.ends, func() { cancel(); serving.Wait() })
	return "unix:" + socket, nil
}

// news is what a switch has said, and when.
type news struct {
	at time.Time
	openflow.Event
}

// hear tells the fabric what switches say, in their order and half a round
// trip late.
func (w *wheel) hear(ctx context.Context, said <-chan news) {
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-said:
			if pause(ctx, time.Until(e.at.Add(roundTrip/2))) == nil {
				w.fabric.PortDown(e.Session.DPID(), e.Port.Port.Port, e.Port.Gone || !e.Port.Up, "the port is down")
			}
		}
	}
}

// roundTrip is how far the controller is from its switches: gateways of other
// clusters lie at the other end of a wide area.
const roundTrip = 20 * time.Millisecond

// distant is a switch that is a round trip away.
type distant struct{ *openflow.Session }

// Apply carries a change out, a round trip later than it would here.
func (d distant) Apply(ctx context.Context, c flow.Change) error {
	if err := pause(ctx, roundTrip); err != nil {
		return err
	}
	return d.Session.Apply(ctx, c)
}

// wire makes the bridges and joins each to the next.
func (w *wheel) wire(ctx context.Context, target string) error {
	for i, n := range wheelNodes {
		if err := w.ovs.addBridge(ctx, string(n), slice.DPIDOf("wheel", n, bridge.SPS), target); err != nil {
			return err
		}
		next := wheelNodes[(i+1)%len(wheelNodes)]
		a := netns.End{Namespace: w.names[0], Name: wireName(n, next)}
		b := netns.End{Namespace: w.names[0], Name: wireName(next, n)}
		if err := netns.Connect(a, b); err != nil {
			return err
		}
		x, y := min(n, next), max(n, next)
		w.links = append(w.links, fabric.Link{Name: string(x) + "-" + string(y), A: x, B: y, Wire: true})
	}
	return nil
}

// wireName names the device at a node that leads to another: l12.
func wireName(at, to slice.Node) string { return "l" + string(at[1:]) + string(to[1:]) }

// workload makes a namespace whose interface will be a port of n1 or n2.
func (w *wheel) workload(prefix, network string, i int) error {
	name := network + strconv.Itoa(i+1)
	ns := prefix + name
	if err := netns.Make(ns); err != nil {
		return err
	}
	w.names = append(w.names, ns)
	mac := macOf(byte(i)) //nolint:gosec // a small number
	if network == repairedNet {
		mac = macOf(byte(10 + i)) //nolint:gosec // a small number
	}
	near, far := netns.End{Namespace: w.names[0], Name: name}, netns.End{Namespace: ns, Name: "l2s0", MAC: mac}
	if err := netns.Connect(near, far); err != nil {
		return err
	}
	if err := w.join(network, ns, "l2s0"); err != nil {
		return err
	}
	w.parties[len(w.parties)-1].name = name
	return nil
}

// agent keeps the bridge of a node as it is wanted.
func (w *wheel) agent(ctx context.Context, i int, n slice.Node) {
	report := bridge.Report{
		Domain: "wheel", Node: n, Bridge: bridge.SPS, MTU: 1500,
		Tunnel: netip.AddrFrom4([4]byte{192, 0, 2, byte(1 + i)}), //nolint:gosec // a small number
	}
	reports := make(chan bridge.Report, 1)
	reports <- report
	_ = w.fabric.Keep(ctx, reports, func(wanted bridge.Wanted) error { // ends with ctx
		report.Applied, report.Ports, report.Message = wanted.Revision, nil, ""
		for _, p := range wanted.Bridge.Ports {
			device := string(p.Workload)
			if p.Kind == bridge.Tunnel {
				device = wireName(n, wheelNodes[p.Remote.As4()[3]-1])
			}
			if err := w.plug(ctx, string(n), device, p.Number); err != nil {
				return err
			}
			report.Ports = append(report.Ports, bridge.PortState{Name: p.Name, Number: p.Number, Up: true})
		}
		select {
		case <-reports: // an older one that nobody has read
		default:
		}
		reports <- report
		return nil
	})
}

func (w *wheel) plug(ctx context.Context, node, device string, number slice.Port) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.have[device] {
		return nil
	}
	w.have[device] = true
	return w.ovs.addPorts(ctx, node, "", number, device)
}

// set takes a wire down, or up.
func (w *wheel) set(ctx context.Context, device, state string) error {
	_, err := output(ctx, nil, "ip", "-n", w.names[0], "link", "set", device, state)
	return err
}

func (w *wheel) stop() {
	w.close()
	for _, end := range slices.Backward(w.ends) {
		end()
	}
	if w.ovs != nil {
		w.ovs.stop()
	}
	for _, n := range w.names {
		_ = netns.Delete(n) // nothing of it is used again
	}
}
