package bench

import (
	"context"
	"fmt"
	"net/netip"
	"path/filepath"
	"time"

	"github.com/l2sces/l2sces/cmd/internal/world"
	"github.com/l2sces/l2sces/pkg/fabric"
	"github.com/l2sces/l2sces/pkg/fabric/fabrictest"
	"github.com/l2sces/l2sces/pkg/slice"
)

// triangle is a fabric of three nodes in a triangle, with our engine in this
// process.
type triangle struct {
	traffic
	world  *world.World
	fabric *fabric.Fabric
}

// triangleLinks are the links that networks may use.
var triangleLinks = []fabric.Link{
	{Name: "n1-n2", A: "n1", B: "n2"}, {Name: "n2-n3", A: "n2", B: "n3"}, {Name: "n1-n3", A: "n1", B: "n3"},
}

func newTriangle(ctx context.Context, r *Runner, workloads int) (*triangle, error) {
	w, err := world.New(ctx, world.Config{Dir: filepath.Join(r.Dir, "w"), Nodes: []slice.Node{"n1", "n2", "n3"}, Workloads: workloads})
	if err != nil {
		return nil, err
	}
	t := &triangle{world: w}
	if t.fabric, err = w.Command(&fabrictest.Store{}); err != nil {
		_ = w.Close(ctx) // the first fault counts
		return nil, err
	}
	return t, nil
}

func (t *triangle) stop(ctx context.Context) {
	t.close()
	_ = t.world.Close(context.WithoutCancel(ctx)) // nothing of it is used again
}

// network returns a network of workloads, whose addresses are the same in
// every network.
func (t *triangle) network(name slice.NetworkName, workloads ...slice.Workload) fabric.Network {
	n := fabric.Network{ID: slice.NetworkID{Slice: "bench", Network: name}, Type: slice.VNet, MTU: 1400, Links: triangleLinks}
	for _, w := range workloads {
		i := w[1] - '0' // of its node
		n.Attachments = append(n.Attachments, fabric.Attachment{
			Node: slice.Node(w[:2]), Workload: w, Interface: string(name), Behind: []slice.MAC{macOf(i)},
			Address: netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 0, 2, i}), 24),
		})
	}
	return n
}

// put makes a network and waits until it is ready.
func (t *triangle) put(ctx context.Context, n fabric.Network) error {
	if _, err := t.fabric.Put(n); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	s, err := t.fabric.Wait(ctx, n.ID)
	if err == nil && !s.Ready {
		err = fmt.Errorf("network %s is not ready: %s", n.ID, s.Message)
	}
	return err
}

// speak has a workload take part in a network.
func (t *triangle) speak(network slice.NetworkName, w slice.Workload) error {
	return t.join(string(network), t.world.Workload(w), string(network))
}
