package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/l2sces/l2sces/pkg/fabric"
	"github.com/l2sces/l2sces/pkg/netns"
	"github.com/l2sces/l2sces/pkg/slice"
)

// network is a network as it is wanted.
type network = fabric.Network

var update = Benchmark{
	Name:  "update",
	Short: "frames lost while a network changes its path and its limit: ours against del-flows and add-flows",
	Needs: append([]string{"ip"}, ovsNeeds...),
	Root:  true,
	Run:   runUpdate,
}

// updates is how often the path changes under one turn of traffic, and how
// long the new one is left alone. With each change of the path comes another
// limit. Members do not change: to plug a port stops a switch without a kernel
// module for some milliseconds, whoever asks for it.
const (
	updates = 4
	between = 700 * time.Millisecond
)

// paces are what is tried, the fastest first: 10,000 frames a second in all.
var paces = []time.Duration{400 * time.Microsecond, 500 * time.Microsecond, time.Millisecond, 2 * time.Millisecond}

// fastest returns the fastest pace at which nothing is lost while nothing
// happens: faster, the machine itself loses.
func (t *traffic) fastest(ctx context.Context) (time.Duration, error) {
	var err error
	for _, every := range paces {
		if err = t.quiet(ctx, every); err == nil {
			return every, nil
		}
	}
	return 0, err
}

// roomy is a limit that the frames do not reach.
const roomy = 1_000_000

// shortWay and longWay are the two ways between n1 and n2.
var (
	shortWay = fabric.Explicit("n1", "n2")
	longWay  = fabric.Explicit("n1", "n3", "n2")
)

// red returns the network that changes, in one of its two forms.
func (t *triangle) red(long bool) fabric.Network {
	if !long {
		n := t.network("red", "n1w0", "n2w0")
		n.Paths = []fabric.Path{shortWay}
		return n
	}
	n := t.network("red", "n1w0", "n2w0")
	n.BandwidthKbps = roomy
	n.Paths = []fabric.Path{longWay}
	return n
}

// change changes red under traffic; blue must not notice either.
func (t *triangle) change(ctx context.Context, every time.Duration) (tally, error) {
	return t.during(ctx, every, func(ctx context.Context) error {
		for i := range updates {
			if err := pause(ctx, between/2); err != nil {
				return err
			}
			if err := t.put(ctx, t.red(i%2 == 0)); err != nil {
				return err
			}
			if err := pause(ctx, between/2); err != nil {
				return err
			}
		}
		return nil
	})
}

// ring is three bridges of one private switch, changed by hand.
type ring struct {
	traffic
	ovs   *ovs
	names []string // of namespaces
	dir   string
}

// newRing makes three bridges, each joined with both others, and two ports.
func newRing(ctx context.Context, dir string) (*ring, error) {
	prefix := fmt.Sprintf("b%05x-", rand.Uint32N(1<<20))
	b := &ring{dir: dir, names: []string{prefix + "sw", prefix + "x", prefix + "y"}}
	for _, n := range b.names {
		if err := netns.Make(n); err != nil {
			return b, err
		}
	}
	var err error
	if b.ovs, err = startOVS(ctx, dir, []string{"ip", "netns", "exec", b.names[0]}); err != nil {
		return b, err
	}
	for i := range 3 {
		if err := b.ovs.addBridge(ctx, "s"+strconv.Itoa(i+1), slice.DPID(i+1), ""); err != nil {
			return b, err
		}
	}
	for i, n := range b.names[1:] {
		port := "p" + strconv.Itoa(i+1)
		near, far := netns.End{Namespace: b.names[0], Name: port}, netns.End{Namespace: n, Name: "l2s0", MAC: macOf(byte(i + 1))}
		if err := netns.Connect(near, far); err != nil {
			return b, err
		}
		if err := b.join("red", n, "l2s0"); err != nil {
			return b, err
		}
		if err := b.ovs.addPorts(ctx, "s"+strconv.Itoa(i+1), "", 1, port); err != nil {
			return b, err
		}
	}
	return b, b.patch(ctx)
}

// patch joins the bridges: port 10+j of bridge i leads to bridge j.
func (b *ring) patch(ctx context.Context) error {
	for i := 1; i <= 3; i++ {
		for j := 1; j <= 3; j++ {
			if i == j {
				continue
			}
			name, peer := fmt.Sprintf("t%d%d", i, j), fmt.Sprintf("t%d%d", j, i)
			err := b.ovs.vsctl(ctx, "add-port", "s"+strconv.Itoa(i), name, "--", "set", "interface", name, "type=patch",
				"options:peer="+peer, "ofport_request="+strconv.Itoa(10+j))
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *ring) stop() {
	b.close()
	if b.ovs != nil {
		b.ovs.stop()
	}
	for _, n := range b.names {
		_ = netns.Delete(n) // nothing of it is used again
	}
}

// ringFlows are the flows of the two ways, by bridge.
var ringFlows = map[bool][3]string{
	false: {"in_port=1,actions=output:12\nin_port=12,actions=output:1\n", "in_port=1,actions=output:11\nin_port=11,actions=output:1\n", ""},
	true: {
		"in_port=1,actions=output:13\nin_port=13,actions=output:1\n", "in_port=1,actions=output:13\nin_port=13,actions=output:1\n",
		"in_port=11,actions=output:12\nin_port=12,actions=output:11\n",
	},
}

// turn takes the flows of one way off every bridge and puts those of the other
// on.
func (b *ring) turn(ctx context.Context, long bool) error {
	for i, flows := range ringFlows[long] {
		name := "s" + strconv.Itoa(i+1)
		file := filepath.Join(b.dir, name+".flows")
		if err := os.WriteFile(file, []byte(flows), 0o600); err != nil {
			return err
		}
		if _, err := b.ovs.ofctl(ctx, "del-flows", name); err != nil {
			return err
		}
		if _, err := b.ovs.ofctl(ctx, "add-flows", name, file); err != nil {
			return err
		}
	}
	return nil
}

func (b *ring) change(ctx context.Context, every time.Duration) (tally, error) {
	return b.during(ctx, every, func(ctx context.Context) error {
		for i := range updates {
			if err := pause(ctx, between/2); err != nil {
				return err
			}
			if err := b.turn(ctx, i%2 == 0); err != nil {
				return err
			}
			if err := pause(ctx, between/2); err != nil {
				return err
			}
		}
		return nil
	})
}

func runUpdate(ctx context.Context, r *Runner) error {
	t, err := newTriangle(ctx, r, 2)
	if err != nil {
		return err
	}
	defer t.stop(ctx)
	for _, n := range []fabric.Network{t.red(false), t.network("blue", "n1w1", "n2w1")} {
		if err := t.put(ctx, n); err != nil {
			return err
		}
		for _, a := range n.Attachments {
			if err := t.speak(n.ID.Network, a.Workload); err != nil {
				return err
			}
		}
	}
	b, err := newRing(ctx, filepath.Join(r.Dir, "ovs"))
	defer b.stop()
	if err == nil {
		err = b.turn(ctx, false)
	}
	if err != nil {
		return err
	}
	at, err := t.fastest(ctx)
	if err != nil {
		return err
	}
	r.Count("frames_per_second", len(t.ways())*int(time.Second/at))
	// The first time frames take a tunnel, its ends have to find each other:
	// in a domain that its controller watches they have before.
	if _, err := t.change(ctx, at); err != nil {
		return err
	}
	var total tally
	err = r.Compare(ctx, 5, "lost frames", func(ctx context.Context) (float64, error) {
		got, err := t.change(ctx, at)
		total.add(got)
		return float64(got.lost), err
	}, func(ctx context.Context) (float64, error) {
		got, err := b.change(ctx, at)
		return float64(got.lost), err
	})
	if err != nil {
		return err
	}
	r.tally(total)
	return nil
}
