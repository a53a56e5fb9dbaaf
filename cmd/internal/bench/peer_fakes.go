package bench

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/fabric"
	"github.com/l2sces/l2sces/pkg/fabric/fabrictest"
	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/flow/flowtest"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A fakeFabric is the real fabric over switches and agents in memory. It
// remembers, in order, what every switch was told.
type fakeFabric struct {
	fabric *fabric.Fabric
	links  []fabric.Link

	wait  sync.WaitGroup
	names []slice.Node
	mem   map[slice.Node]*told

	mu     sync.Mutex
	on     bool
	stream stream
}

// A step is one change that a switch has carried out.
type step struct {
	node   slice.Node
	change flow.Change
	at     time.Time
}

type stream []step

// until returns the milliseconds from a start to the last change that put
// something: what only takes something off comes when the frames have passed.
func (s stream) until(start time.Time) float64 {
	var last time.Duration
	for _, x := range s {
		if len(x.change.PutFlows) > 0 {
			last = x.at.Sub(start)
		}
	}
	return float64(last) / float64(time.Millisecond)
}

// told is a switch that remembers.
type told struct {
	*flowtest.Memory
	node slice.Node
	b    *fakeFabric
}

// Apply carries a change out and remembers it.
func (t *told) Apply(ctx context.Context, c flow.Change) error {
	if err := t.Memory.Apply(ctx, c); err != nil {
		return err
	}
	if !t.b.note(t.node, c) {
		return nil
	}
	return pause(ctx, farAway)
}

// farAway is how long a switch takes to confirm, as one at the other end of a
// wide area does.
const farAway = 10 * time.Millisecond

// note remembers a step while that is of use, and tells whether it is.
func (b *fakeFabric) note(n slice.Node, c flow.Change) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.on {
		b.stream = append(b.stream, step{n, c, time.Now()})
	}
	return b.on
}

func newBench(name string) (*fakeFabric, error) {
	f, err := fabric.New(fabric.Config{Bridge: name, Store: &fabrictest.Store{}})
	return &fakeFabric{fabric: f, mem: map[slice.Node]*told{}}, err
}

// join connects a switch and its agent.
func (b *fakeFabric) join(ctx context.Context, n slice.Node) {
	m := &told{Memory: flowtest.NewMemory(slice.DPIDOf("d", n, bridge.NED)), node: n, b: b}
	b.mem[n] = m
	b.names = append(b.names, n)
	b.wait.Go(func() { _ = b.fabric.Engine().Serve(ctx, m) }) // ends with ctx
	i := len(b.names)
	report := bridge.Report{
		Domain: "d", Node: n, Bridge: bridge.NED, MTU: 1450,
		Tunnel: netip.AddrFrom4([4]byte{192, 0, byte(i >> 8), byte(i)}), //nolint:gosec // cut to a byte
	}
	reports := make(chan bridge.Report, 1)
	reports <- report
	b.wait.Go(func() {
		_ = b.fabric.Keep(ctx, reports, func(w bridge.Wanted) error { // ends with ctx
			report.Applied, report.Ports = w.Revision, nil
			for _, p := range w.Bridge.Ports {
				report.Ports = append(report.Ports, bridge.PortState{Name: p.Name, Number: p.Number, Up: true})
			}
			select {
			case <-reports: // an older one that nobody has read
			default:
			}
			reports <- report
			return nil
		})
	})
}

// settle waits until every network is ready and every switch has what it is to
// have.
func (b *fakeFabric) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for _, n := range b.fabric.Networks() {
		s, err := b.fabric.Wait(ctx, n.ID)
		if err == nil && !s.Ready {
			err = slice.Errorf(slice.Unavailable, "network %s: %s", n.ID, s.Message)
		}
		if err != nil {
			return err
		}
	}
	return b.fabric.Settle(ctx)
}

// begin remembers from now on, and returns what the switches hold.
func (b *fakeFabric) begin() map[slice.Node]flow.Rules {
	held := map[slice.Node]flow.Rules{}
	for n, m := range b.mem {
		held[n] = m.Held()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.on, b.stream = true, nil
	return held
}

// stop returns what was remembered.
func (b *fakeFabric) stop() stream {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.on = false
	return b.stream
}

// end ends everything.
func (b *fakeFabric) end(cancel context.CancelFunc) {
	cancel()
	for _, m := range b.mem {
		m.Close()
	}
	b.wait.Wait()
}
