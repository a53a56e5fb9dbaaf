package sdnc_test

import (
	"context"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/fabric/fabrictest"
	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/flow/flowtest"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/pipeline"
	"github.com/l2sces/l2sces/pkg/sdnc"
	"github.com/l2sces/l2sces/pkg/slice"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a domain with its controller, inside a bubble of testing/synctest.
type world struct {
	*sdnc.Controller
	t     *testing.T
	cfg   sdnc.Config
	store *fabrictest.Store
	ctx   context.Context //nolint:containedctx // of everything in the bubble
	stop  context.CancelFunc
	mem   map[slice.Node]*flowtest.Memory
}

// in runs a test with the domain field, whose gateway is n1. No node is there.
func in(t *testing.T, cfg sdnc.Config, test func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, cfg: cfg, store: &fabrictest.Store{}, mem: map[slice.Node]*flowtest.Memory{}}
		w.cfg.Domain, w.cfg.Store = "field", w.store
		w.start()
		defer func() { w.stop(); synctest.Wait() }()
		test(w)
	})
}

var withGateway = sdnc.Config{Gateway: "n1"}

func (w *world) start() {
	w.t.Helper()
	c, err := sdnc.New(w.cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	w.Controller = c
	w.ctx, w.stop = context.WithCancel(w.t.Context())
}

// restart ends the controller and starts another. All lines break.
func (w *world) restart() {
	w.t.Helper()
	w.stop()
	synctest.Wait()
	w.start()
}

// node connects switch and agent of a node.
func (w *world) node(n slice.Node, members ...slice.Workload) {
	if old := w.mem[n]; old != nil {
		w.mem[n] = old.Reconnect()
		synctest.Wait()
	} else {
		w.mem[n] = flowtest.NewMemory(slice.DPIDOf("field", n, bridge.SPS))
	}
	sw := w.mem[n]
	go func() { _ = w.Fabric().Engine().Serve(w.ctx, sw) }()
	w.agent(n, 1450, members...)
}

// agent connects an agent that does at once what is wanted.
func (w *world) agent(n slice.Node, mtu uint32, members ...slice.Workload) {
	r := bridge.Report{
		Domain: "field", Node: n, Bridge: bridge.SPS, MTU: mtu, Members: members,
		Tunnel: netip.AddrFrom4([4]byte{192, 0, 2, n[len(n)-1]}),
	}
	reports := make(chan bridge.Report, 8)
	reports <- r
	ctx, f := w.ctx, w.Fabric()
	go func() {
		_ = f.Keep(ctx, reports, func(b bridge.Wanted) error {
			r.Applied, r.Ports = b.Revision, nil
			for _, p := range b.Bridge.Ports {
				r.Ports = append(r.Ports, bridge.PortState{Name: p.Name, Number: p.Number, Up: true})
			}
			reports <- r
			return nil
		})
	}()
	synctest.Wait()
}

// apply applies segments within ten seconds of the bubble's time.
func (w *world) apply(s ...intent.Segment) ([]intent.SegmentStatus, error) {
	ctx, cancel := context.WithTimeout(w.ctx, 10*time.Second)
	defer cancel()
	return w.Apply(ctx, s)
}

// ready applies a segment, which has to become true.
func (w *world) ready(s intent.Segment) intent.SegmentStatus {
	w.t.Helper()
	all, err := w.apply(s)
	if err != nil {
		w.t.Fatal(err)
	}
	if len(all) != 1 || !all[0].Ready {
		w.t.Fatalf("segment %s: %+v", s.ID, all)
	}
	return all[0]
}

func (w *world) delete(names ...slice.NetworkName) {
	w.t.Helper()
	var ids []slice.NetworkID
	for _, n := range names {
		ids = append(ids, slice.NetworkID{Slice: "s", Network: n})
	}
	ctx, cancel := context.WithTimeout(w.ctx, 10*time.Second)
	defer cancel()
	if err := w.Delete(ctx, ids); err != nil {
		w.t.Fatal(err)
	}
	if err := w.Fabric().Settle(ctx); err != nil {
		w.t.Fatal(err)
	}
}

// list returns the segments of the domain.
func (w *world) list() []intent.SegmentStatus {
	w.t.Helper()
	all, err := w.List(w.ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

// clean fails if a switch has more than the base rules.
func (w *world) clean() {
	w.t.Helper()
	for n, m := range w.mem {
		if c := flow.Diff(m.Held(), pipeline.Base()); !c.Empty() {
			w.t.Errorf("the switch of %s keeps %+v", n, c)
		}
	}
}

// segment returns a vnet of some workloads, of which each has the interface
// that is named like the network.
func segment(name slice.NetworkName, workloads ...slice.Workload) intent.Segment {
	s := intent.Segment{ID: slice.NetworkID{Slice: "s", Network: name}, Type: slice.VNet, MTU: 1400}
	for i, w := range workloads {
		s.Ports = append(s.Ports, intent.SegmentPort{Workload: w, Interface: string(name), MAC: slice.MAC{2, name[0], 0, 0, 0, byte(i)}})
	}
	return s
}

func handOff(s intent.Segment) intent.Segment {
	s.HandOff, s.Remote = true, []slice.MAC{{2, 0xff, 0, 0, 0, 1}}
	return s
}
