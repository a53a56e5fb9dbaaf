// Package world makes a small fabric of real switches for tests and
// benchmarks: each node is an Open vSwitch of its own in a network namespace,
// with its agent, and a controller that can be killed runs beside them in this
// process. Lines and links can be broken in many ways. It needs root, and
// promises nothing about how fast a world is.
//
//	w, err := world.New(ctx, world.Config{Dir: dir, Nodes: []slice.Node{"n1", "n2"}, Workloads: 2})
//	f, err := w.Command(store)
package world

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"os"
	"slices"
	"sync"

	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/netns"
	"github.com/l2sces/l2sces/pkg/process"
	"github.com/l2sces/l2sces/pkg/slice"
)

// Domain is that of all nodes.
const Domain slice.Domain = "field"

// A Config says how large a world is.
type Config struct {
	Dir       string // of its own; sockets lie in it, so its path must be short
	Nodes     []slice.Node
	Workloads int  // of each node: n1w0, n1w1
	Mesh      bool // tunnels between all nodes
	Logger    *slog.Logger
}

// A World is nodes, what joins them, and perhaps a controller.
type World struct {
	Config
	nodes  []*Node
	prefix string

	mu         sync.Mutex
	controller *controller
}

// New makes a world without a controller. What it makes is gone after Close,
// which also ends it when New fails.
func New(ctx context.Context, cfg Config) (*World, error) {
	cfg.Logger = cmp.Or(cfg.Logger, slog.New(slog.DiscardHandler))
	w := &World{Config: cfg, prefix: fmt.Sprintf("c%05x", rand.Uint32N(1<<20))}
	err := w.make(ctx)
	if err != nil {
		err = errors.Join(err, w.Close(context.WithoutCancel(ctx)))
	}
	return w, err
}

func (w *World) make(ctx context.Context) error {
	if err := netns.Make(w.core()); err != nil {
		return err
	}
	if err := netns.Forwarding(w.core()); err != nil {
		return err
	}
	for i, name := range w.Config.Nodes {
		n := &Node{Name: name, world: w, index: byte(i + 1), dir: w.Dir + "/" + string(name)}
		w.nodes = append(w.nodes, n)
		if err := n.make(); err != nil {
			return fmt.Errorf("node %s: %w", name, err)
		}
	}
	var group sync.WaitGroup
	faults := make([]error, len(w.nodes))
	for i, n := range w.nodes {
		group.Go(func() { faults[i] = n.start(ctx) })
	}
	group.Wait()
	return errors.Join(faults...)
}

// Close ends everything.
func (w *World) Close(ctx context.Context) error {
	w.Kill()
	var faults []error
	for _, n := range w.nodes {
		faults = append(faults, n.close(ctx))
	}
	return errors.Join(append(faults, netns.Delete(w.core()), os.RemoveAll(w.Dir))...)
}

// core is the namespace of the router between the nodes.
func (w *World) core() string { return w.prefix + "-core" }

// Node returns a node by its name, or nil.
func (w *World) Node(name slice.Node) *Node {
	i := slices.IndexFunc(w.nodes, func(n *Node) bool { return n.Name == name })
	if i < 0 {
		return nil
	}
	return w.nodes[i]
}

// Nodes returns the nodes as they were named.
func (w *World) Nodes() []*Node { return w.nodes }

// address returns the one of a node, or of the router towards it.
func (n *Node) address(last byte) netip.Addr { return netip.AddrFrom4([4]byte{198, 18, n.index, last}) }

func (n *Node) prefix(last byte) netip.Prefix { return netip.PrefixFrom(n.address(last), 24) }

// DPID returns the identifier of a node's switch.
func (n *Node) DPID() slice.DPID { return slice.DPIDOf(Domain, n.Name, bridge.SPS) }

// Lose drops what one node sends to another, without a word, until it is told
// not to.
func (w *World) Lose(ctx context.Context, from, to slice.Node, lose bool) error {
	a, b := w.Node(from), w.Node(to)
	verb := "del"
	if lose {
		verb = "add"
	}
	_, err := process.Run(ctx, process.Command{Args: []string{
		"ip", "-n", w.core(), "rule", verb, "from", a.address(2).String(), "to", b.address(2).String(), "blackhole",
	}})
	return err
}
