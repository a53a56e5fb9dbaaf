package bench

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/netip"
	"path/filepath"

	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/fabric"
	"github.com/l2sces/l2sces/pkg/openflow"
	"github.com/l2sces/l2sces/pkg/pipeline"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/store"
)

// A rig is our engine in this process, with its state on disk and switches
// that call it over loopback.
type rig struct {
	fabric *fabric.Fabric
	store  *store.Store
	target string // for switches
	stop   func()
}

const rigDomain slice.Domain = "bench"

// newRig starts an engine that keeps its state in a folder. The nodes have
// joined; their agents are away.
func newRig(ctx context.Context, dir string, nodes ...slice.Node) (*rig, error) {
	disk, err := store.Open(filepath.Join(dir, "state.db"))
	if err != nil {
		return nil, err
	}
	f, err := fabric.New(fabric.Config{Bridge: bridge.SPS, Store: disk})
	if err != nil {
		_ = disk.Close() // the first fault counts
		return nil, err
	}
	g := &rig{fabric: f, store: disk}
	for i, n := range nodes {
		if err := g.join(ctx, n, i); err != nil {
			_ = disk.Close() // the first fault counts
			return nil, err
		}
	}
	target, stop, err := serveOpenFlow(ctx, &openflow.Server{Config: openflow.Config{
		Tables: pipeline.Tables, PerAddress: 1 << 20,
		Allow:   func(slice.DPID, *tls.ConnectionState) error { return nil },
		Handler: func(ctx context.Context, s *openflow.Session) { _ = f.Engine().Serve(ctx, s) }, // what goes wrong shows in Pending
	}})
	if err != nil {
		_ = disk.Close() // the first fault counts
		return nil, err
	}
	g.target, g.stop = target, func() { stop(); _ = disk.Close() } // nothing is written any more
	return g, nil
}

// join has the agent of a node greet and go.
func (g *rig) join(ctx context.Context, n slice.Node, i int) error {
	reports := make(chan bridge.Report, 1)
	reports <- bridge.Report{
		Domain: rigDomain, Node: n, Bridge: bridge.SPS, MTU: 1450,
		Tunnel: netip.AddrFrom4([4]byte{198, 18, byte(i >> 8), byte(i)}),
	}
	close(reports)
	return g.fabric.Keep(ctx, reports, func(bridge.Wanted) error { return nil })
}

func rigDPID(n slice.Node) slice.DPID { return slice.DPIDOf(rigDomain, n, bridge.SPS) }

// pairNetwork is network number i with two ports on one node, each with one
// known address.
func pairNetwork(n slice.Node, i int) fabric.Network {
	name := slice.NetworkName(fmt.Sprintf("n%d", i))
	out := fabric.Network{ID: slice.NetworkID{Slice: "bench", Network: name}, Type: slice.VNet, MTU: 1400}
	for port := range 2 {
		out.Attachments = append(out.Attachments, fabric.Attachment{
			Node: n, Workload: slice.Workload(fmt.Sprintf("w%d-%d", i, port)), Interface: "l2s0",
			Behind: []slice.MAC{pairMAC(i, port)},
		})
	}
	return out
}

func pairMAC(i, port int) slice.MAC {
	return slice.MAC{2, 0, byte(port), byte(i >> 16), byte(i >> 8), byte(i)}
}

// put makes networks and waits until every switch has confirmed them.
func (g *rig) put(ctx context.Context, all ...fabric.Network) error {
	numbers, err := g.fabric.PutAll(all)
	if err != nil {
		return err
	}
	e := g.fabric.Engine()
	for _, n := range numbers {
		for {
			changed := e.Changed()
			why := e.Pending(n)
			if why == "" {
				break
			}
			select {
			case <-changed:
			case <-ctx.Done():
				return fmt.Errorf("network %d: %s: %w", n, why, ctx.Err())
			}
		}
	}
	return nil
}

// settled waits until the switches hold all that is wanted.
func (g *rig) settled(ctx context.Context) error {
	e := g.fabric.Engine()
	for {
		changed := e.Changed()
		why := e.Unsettled()
		if why == "" {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", why, ctx.Err())
		}
	}
}
