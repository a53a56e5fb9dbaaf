package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/l2sces/l2sces/pkg/fabric"
	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/openflow"
	"github.com/l2sces/l2sces/pkg/openflow/fleet"
	"github.com/l2sces/l2sces/pkg/pipeline"
	"github.com/l2sces/l2sces/pkg/slice"
)

var intents = Benchmark{
	Name:  "intents",
	Short: "5,000 networks with a path of one hop, request to barrier on ten switches: our engine, and the same messages sent bare",
	Run:   runIntents,
}

// intentNodes is how many switches there are, in a ring.
const intentNodes = 10

func runIntents(ctx context.Context, r *Runner) error {
	size := r.sizeOf(5000)
	o := &ordering{size: size, dir: r.Dir, told: map[slice.DPID][]flow.Change{}}
	for i := range intentNodes {
		o.nodes = append(o.nodes, slice.Node(fmt.Sprintf("n%d", i)))
	}
	if err := r.Compare(ctx, 5, "ms", o.order, o.bare); err != nil {
		return err
	}
	r.Count("intents", size)
	r.Count("messages", o.messages)
	r.Count("one_us", o.one)
	r.Count("bare_us", o.bareOne)
	return nil
}

// ordering is the same work done twice: ordered from the engine, and sent bare.
type ordering struct {
	size     int
	dir      string
	nodes    []slice.Node
	messages int
	one      float64 // microseconds for one more intent, the last time
	bareOne  float64 // for one flow and a barrier

	mu   sync.Mutex
	told map[slice.DPID][]flow.Change // by the engine
}

// A recorder is a switch under the engine.
type recorder struct {
	*openflow.Session
	o *ordering
}

// Apply carries a change out and remembers it.
func (t recorder) Apply(ctx context.Context, c flow.Change) error {
	t.o.mu.Lock()
	t.o.told[t.DPID()] = append(t.o.told[t.DPID()], c)
	t.o.mu.Unlock()
	return t.Session.Apply(ctx, c)
}

// network is number i: a vlink between neighbours with a path of one hop.
func (o *ordering) network(i int) fabric.Network {
	a, b := o.nodes[i%intentNodes], o.nodes[(i+1)%intentNodes]
	n := fabric.Network{
		ID:   slice.NetworkID{Slice: "bench", Network: slice.NetworkName(fmt.Sprintf("i%d", i))},
		Type: slice.VLink, MTU: 1400,
		Links: []fabric.Link{{Name: string(a) + "-" + string(b), A: a, B: b}},
		Paths: []fabric.Path{fabric.Explicit(a, b)},
	}
	for port, at := range []slice.Node{a, b} {
		n.Attachments = append(n.Attachments, fabric.Attachment{
			Node: at, Workload: slice.Workload(fmt.Sprintf("w%d-%d", i, port)), Interface: "l2s0", Behind: []slice.MAC{pairMAC(i, port)},
		})
	}
	return n
}

// switches connects fresh ones to a server, which hands each to a handler.
func (o *ordering) switches(ctx context.Context, handle func(context.Context, *openflow.Session)) (stop func(), err error) {
	ctx, cancel := context.WithCancel(ctx)
	target, end, err := serveOpenFlow(ctx, &openflow.Server{Config: openflow.Config{Tables: pipeline.Tables, Handler: handle}})
	if err != nil {
		cancel()
		return nil, err
	}
	var running sync.WaitGroup
	for _, n := range o.nodes {
		sw := fleet.New(fleet.Config{DPID: uint64(rigDPID(n)), Buffer: 64 << 10})
		running.Go(func() { _ = sw.Run(ctx, target[len("tcp:"):]) }) // ends with ctx
	}
	return func() { cancel(); running.Wait(); end() }, nil
}

// order has a new engine make all networks, and then one more.
func (o *ordering) order(ctx context.Context) (float64, error) {
	dir, err := os.MkdirTemp(o.dir, "rig")
	if err != nil {
		return 0, err
	}
	rig, err := newRig(ctx, dir, o.nodes...)
	if err != nil {
		return 0, err
	}
	defer rig.stop()
	engine := rig.fabric.Engine()
	stop, err := o.switches(ctx, func(ctx context.Context, s *openflow.Session) {
		_ = engine.Serve(ctx, recorder{s, o}) // what goes wrong shows in Pending
	})
	if err != nil {
		return 0, err
	}
	defer stop()
	if err := await(ctx, "all switches are connected", func() bool { return engine.Stats().Switches == intentNodes }); err != nil {
		return 0, err
	}
	if err := rig.settled(ctx); err != nil {
		return 0, err
	}
	o.mu.Lock()
	clear(o.told) // what every switch has is no part of it
	o.mu.Unlock()
	var all []fabric.Network
	for i := range o.size {
		all = append(all, o.network(i))
	}
	begin := time.Now()
	if err := rig.put(ctx, all...); err != nil {
		return 0, err
	}
	took := ms(time.Since(begin))
	kept := o.take()
	begin = time.Now()
	if err := rig.put(ctx, o.network(o.size)); err != nil {
		return 0, err
	}
	o.one = ms(time.Since(begin)) * 1000
	o.mu.Lock()
	defer o.mu.Unlock()
	o.told = kept // the last one is not sent bare
	if o.messages < o.size {
		return took, fmt.Errorf("%d intents came to %d messages", o.size, o.messages)
	}
	return took, nil
}

// take returns what was told up to now.
func (o *ordering) take() map[slice.DPID][]flow.Change {
	o.mu.Lock()
	defer o.mu.Unlock()
	told := o.told
	o.told, o.messages = map[slice.DPID][]flow.Change{}, 0
	for _, changes := range told {
		for _, c := range changes {
			o.messages += c.Mods()
		}
	}
	return told
}

// bare sends what the engine sent, all of a switch in one go.
func (o *ordering) bare(ctx context.Context) (float64, error) {
	start := make(chan struct{})
	here := make(chan struct{}, intentNodes)
	done := make(chan error, intentNodes)
	stop, err := o.switches(ctx, func(ctx context.Context, s *openflow.Session) {
		here <- struct{}{}
		<-start
		var fault error
		for _, c := range o.told[s.DPID()] {
			fault = errors.Join(fault, s.Apply(ctx, c))
		}
		one := time.Now()
		fault = errors.Join(fault, s.Apply(ctx, flow.Change{PutFlows: pipeline.Base().Flows[:1]}))
		o.mu.Lock()
		o.bareOne = ms(time.Since(one)) * 1000
		o.mu.Unlock()
		done <- fault
		<-ctx.Done()
	})
	if err != nil {
		return 0, err
	}
	defer stop()
	for range intentNodes {
		<-here
	}
	begin := time.Now()
	close(start)
	for range intentNodes {
		err = errors.Join(err, <-done)
	}
	return ms(time.Since(begin)), err
}
