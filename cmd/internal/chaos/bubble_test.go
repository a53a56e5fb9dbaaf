package chaos_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/l2sces/l2sces/cmd/internal/chaos"
	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/fabric"
	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/flow/flowtest"
	"github.com/l2sces/l2sces/pkg/ipam"
	"github.com/l2sces/l2sces/pkg/slice"
)

const domain slice.Domain = "field"

// store is a fabric.Store that outlives its controller and breaks when told.
type store struct {
	mu     sync.Mutex
	values map[string]map[string][]byte
	left   int // writes until it breaks; below zero: it holds
}

var errDisk = errors.New("the disk is full")

// A handle is the store as one life of the controller has it: of one that was
// killed nothing is written any more.
type handle struct {
	*store
	life context.Context //nolint:containedctx // of the controller
}

func (s handle) write(f func()) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left == 0 || s.life.Err() != nil {
		return errDisk
	}
	s.left--
	f()
	return nil
}

func (s handle) Put(bucket, key string, value []byte) error {
	return s.write(func() {
		if s.values[bucket] == nil {
			s.values[bucket] = map[string][]byte{}
		}
		s.values[bucket][key] = slices.Clone(value)
	})
}

func (s handle) Delete(bucket, key string) error {
	return s.write(func() { delete(s.values[bucket], key) })
}

func (s *store) List(bucket string) (map[string][]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.values[bucket]), nil
}

// breaksAfter lets so many writes pass; below zero all.
func (s *store) breaksAfter(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left = n
}

// node is a switch in memory and its agent.
type node struct {
	name slice.Node
	w    *bubble
	plug *plug // the connection of the switch; nil: none

	mu     sync.Mutex
	mem    *flowtest.Memory
	bridge bridge.Bridge // that the agent has made
	stop   context.CancelFunc
}

// plug is one connection of a switch.
type plug struct {
	*flowtest.Memory
	n *node
}

func (p *plug) Apply(ctx context.Context, c flow.Change) error { return p.n.w.apply(ctx, p, c) }

// bubble is a fabric to which things happen, in a bubble of testing/synctest.
type bubble struct {
	t     *testing.T
	rand  *rand.Rand // of the steps; the test alone draws from it
	scene *chaos.Scene
	store *store
	cfg   fabric.Config
	nodes map[slice.Node]*node

	fabric *fabric.Fabric
	ctx    context.Context //nolint:containedctx // of the controller and all that hangs on it
	stop   context.CancelFunc

	mu      sync.Mutex
	dice    *rand.Rand // of what switches do
	bad     int        // per cent of the changes to which something happens
	history []string
	looks   int
}

// in runs a test with a world that a seed draws.
func in(t *testing.T, seed uint64, test func(w *bubble)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &bubble{t: t, rand: rand.New(rand.NewPCG(seed, 0)), dice: rand.New(rand.NewPCG(seed, 1)), nodes: map[slice.Node]*node{}}
		w.scene = chaos.NewScene(w.rand)
		w.store = &store{values: map[string]map[string][]byte{}, left: -1}
		w.cfg = fabric.Config{Bridge: bridge.SPS, Mesh: w.scene.Mesh}
		if w.rand.IntN(2) == 0 && *rings {
			w.cfg.Numbers = ipam.Ring{First: 1, Last: uint32(12 + w.rand.IntN(12))} // used again soon
		}
		w.start()
		defer func() {
			w.stop()
			synctest.Wait()
			if t.Failed() {
				t.Logf("seed %d, %d nodes, mesh %t:\n%s", seed, len(w.scene.Nodes), w.scene.Mesh, strings.Join(w.history, "\n"))
			}
		}()
		for _, n := range w.scene.Nodes {
			w.nodes[n] = &node{name: n, w: w, mem: flowtest.NewMemory(slice.DPIDOf(domain, n, bridge.SPS))}
		}
		w.heal()
		test(w)
	})
}

func (w *bubble) note(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.history = append(w.history, fmt.Sprintf("%9s ", time.Since(epoch).Truncate(time.Millisecond))+fmt.Sprintf(format, args...))
}

// epoch is when every bubble begins.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// start starts the controller. Nobody is connected to it.
func (w *bubble) start() {
	w.t.Helper()
	w.ctx, w.stop = context.WithCancel(w.t.Context())
	w.cfg.Store = handle{w.store, w.ctx}
	f, err := fabric.New(w.cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	w.fabric = f
}

// kill ends the controller and all lines to it.
func (w *bubble) kill() {
	w.stop()
	synctest.Wait()
	for _, n := range w.nodes {
		n.unplug()
		n.leave()
	}
	synctest.Wait()
}

// heal connects everybody who is not.
func (w *bubble) heal() {
	for _, name := range w.scene.Nodes {
		w.nodes[name].join()
		w.nodes[name].connect()
	}
	synctest.Wait()
}

// connect connects the switch, which keeps what it holds.
func (n *node) connect() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.plug != nil {
		select {
		case <-n.plug.Done():
		default:
			return
		}
	}
	n.mem = n.mem.Reconnect()
	n.plug = &plug{n.mem, n}
	sw, w, f, ctx := n.plug, n.w, n.w.fabric, n.w.ctx
	go func() {
		err := f.Engine().Serve(ctx, sw)
		sw.Close()
		if ctx.Err() == nil && slice.KindOf(err) == slice.Conflict { // the old connection has not been noticed yet
			<-time.After(time.Second)
			n.connect() //nolint:contextcheck // a line lives as long as the controller
		} else if ctx.Err() == nil && err != nil {
			w.note("switch of %s let go: %v", n.name, err)
			<-time.After(time.Second)
			n.connect() //nolint:contextcheck // a line lives as long as the controller
		}
	}()
}

func (n *node) unplug() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.plug != nil {
		n.plug.Close()
	}
}

// join connects the agent, which makes at once what is wanted.
func (n *node) join() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.stop != nil {
		return
	}
	var ctx context.Context
	ctx, n.stop = context.WithCancel(n.w.ctx)
	r := bridge.Report{
		Domain: domain, Node: n.name, Bridge: bridge.SPS, MTU: 1450,
		Tunnel: netip.AddrFrom4([4]byte{192, 0, 2, n.name[len(n.name)-1]}),
	}
	for i := range 3 {
		r.Members = append(r.Members, slice.Workload(fmt.Sprintf("%sw%d", n.name, i)))
	}
	reports := make(chan bridge.Report, 64)
	reports <- r
	f := n.w.fabric
	go func() {
		_ = f.Keep(ctx, reports, func(b bridge.Wanted) error { // ends with its line
			n.mu.Lock()
			n.bridge = b.Bridge
			n.mu.Unlock()
			next := r
			next.Applied = b.Revision
			for _, p := range b.Bridge.Ports {
				next.Ports = append(next.Ports, bridge.PortState{Name: p.Name, Number: p.Number, Up: true})
			}
			reports <- next
			return nil
		})
	}()
}

func (n *node) leave() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.stop != nil {
		n.stop()
		n.stop = nil
	}
}

// apply is a change on its way to a switch, to which something may happen.
func (w *bubble) apply(ctx context.Context, p *plug, c flow.Change) error {
	w.mu.Lock()
	luck, what, pause := w.dice.IntN(100), w.dice.IntN(6), time.Duration(w.dice.IntN(50))*time.Millisecond
	bad := luck < w.bad
	w.mu.Unlock()
	select {
	case <-time.After(pause):
	case <-ctx.Done():
		return ctx.Err()
	case <-p.Done():
		return slice.Errorf(slice.Unavailable, "the line broke")
	}
	if !bad {
		return w.put(ctx, p, c)
	}
	switch what {
	case 0:
		w.note("%s refuses", p.n.name)
		return slice.Errorf(slice.Invalid, "refused")
	case 1:
		w.note("%s is full", p.n.name)
		return slice.Errorf(slice.Exhausted, "table full")
	case 2: // the answer is lost, and with it the line
		w.note("%s does it and its answer is lost", p.n.name)
		err := w.put(ctx, p, c)
		p.Close()
		p.n.later() //nolint:contextcheck // the same
		return errors.Join(err, slice.Errorf(slice.Unavailable, "the line broke"))
	case 3: // meters are no part of the bundle
		w.note("%s takes the meters alone", p.n.name)
		err := w.put(ctx, p, flow.Change{PutMeters: c.PutMeters, HeldMeters: c.HeldMeters})
		return errors.Join(err, slice.Errorf(slice.Invalid, "the bundle is refused"))
	case 4: // half open: nothing comes back until somebody gives the line up
		w.note("%s is silent", p.n.name)
		<-ctx.Done()
		p.Close()
		p.n.later() //nolint:contextcheck // the same
		return ctx.Err()
	}
	w.note("%s is lost", p.n.name)
	p.Close()
	p.n.later() //nolint:contextcheck // the same
	return slice.Errorf(slice.Unavailable, "the line broke")
}

// later has a switch call again in a second.
func (n *node) later() {
	ctx := n.w.ctx
	go func() {
		select {
		case <-time.After(time.Second):
			n.connect() //nolint:contextcheck // a line lives as long as the controller
		case <-ctx.Done():
		}
	}()
}

// put carries a change out and looks at what frames do then.
func (w *bubble) put(ctx context.Context, p *plug, c flow.Change) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	err := p.Memory.Apply(ctx, c)
	w.look()
	return err
}
