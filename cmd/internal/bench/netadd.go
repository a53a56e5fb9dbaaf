package bench

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/l2sces/l2sces/pkg/fabric"
	"github.com/l2sces/l2sces/pkg/slice"
)

var netadd = Benchmark{
	Name:  "netadd",
	Short: "add one network with two ports that are there to 500 others: our engine, disk to barrier, and OVN",
	Needs: ovnNeeds,
	Run:   onAdding((*adding).run),
}

// sizeOf returns the size that the user chose, or the usual one.
func (r *Runner) sizeOf(usual int) int {
	if r.Size > 0 {
		return r.Size
	}
	return usual
}

// adding is one real switch for each side, with ports that are there.
type adding struct {
	rig  *rig
	ovs  *ovs
	ovn  *ovn
	next int // number of the next network
}

const addNode slice.Node = "n1"

// onAdding returns a benchmark that needs both sides.
func onAdding(run func(*adding, context.Context, *Runner) error) func(context.Context, *Runner) error {
	return func(ctx context.Context, r *Runner) error {
		b, err := newAdding(ctx, r)
		if err != nil {
			return err
		}
		defer b.stop()
		return run(b, ctx, r)
	}
}

// newAdding brings both sides up. The ports of so many networks are there, and
// no network is.
func newAdding(ctx context.Context, r *Runner) (*adding, error) {
	b := &adding{}
	err := b.start(ctx, r)
	if err != nil {
		b.stop()
		return nil, err
	}
	return b, nil
}

func (b *adding) start(ctx context.Context, r *Runner) error {
	var err error
	if b.rig, err = newRig(ctx, r.Dir, addNode); err != nil {
		return err
	}
	if b.ovs, err = startOVS(ctx, filepath.Join(r.Dir, "o"), nil, ovsDummy); err != nil {
		return err
	}
	if err := b.ovs.addBridge(ctx, "br-sps", rigDPID(addNode), b.rig.target); err != nil {
		return err
	}
	if b.ovn, err = startOVN(ctx, filepath.Join(r.Dir, "v")); err != nil {
		return err
	}
	return await(ctx, "the switch has called", func() bool { return b.rig.fabric.Engine().Stats().Switches == 1 })
}

func (b *adding) stop() {
	if b.ovn != nil {
		b.ovn.stop()
	}
	if b.rig != nil {
		b.rig.stop()
	}
	if b.ovs != nil {
		b.ovs.stop()
	}
}

// plug makes the ports of networks first to last on both sides.
func (b *adding) plug(ctx context.Context, first, last int) error {
	var names []string
	for i := first; i <= last; i++ {
		names = append(names, fmt.Sprintf("p%d-0", i), fmt.Sprintf("p%d-1", i))
	}
	if err := b.ovs.addPorts(ctx, "br-sps", "dummy", slice.Port(2*first-1), names...); err != nil { //nolint:gosec // small numbers
		return err
	}
	return b.ovn.plug(ctx, first, last)
}

// add adds one network to ours and returns what it took, in milliseconds.
func (b *adding) add(ctx context.Context) (float64, error) {
	b.next++
	n := pairNetwork(addNode, b.next)
	begin := time.Now()
	err := b.rig.put(ctx, n)
	return ms(time.Since(begin)), err
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// run compares the network after the last of many with what it costs OVN, and
// with one of our first.
func (b *adding) run(ctx context.Context, r *Runner) error {
	size := r.sizeOf(500)
	const few = 25
	if err := b.plug(ctx, 1, size+2*few+r.Pairs+20); err != nil {
		return err
	}
	if err := pause(ctx, 5*time.Second); err != nil { // the switch goes on with its new ports for a while
		return err
	}
	early, err := b.several(ctx, few)
	if err != nil {
		return err
	}
	var rest []fabric.Network
	for i := b.next + 1; i <= size; i++ {
		rest = append(rest, pairNetwork(addNode, i))
	}
	b.next = size
	if err := b.rig.put(ctx, rest...); err != nil {
		return err
	}
	if err := b.ovn.put(ctx, 1, size); err != nil {
		return err
	}
	var late []float64
	err = r.Compare(ctx, 15, "ms", func(ctx context.Context) (float64, error) {
		took, err := b.add(ctx)
		late = append(late, took)
		return took, err
	}, func(ctx context.Context) (float64, error) {
		begin := time.Now()
		err := b.ovn.put(ctx, b.next, b.next)
		return ms(time.Since(begin)), err
	})
	if err != nil {
		return err
	}
	for len(late) < few {
		breathe(ctx)
		took, err := b.add(ctx)
		if err != nil {
			return err
		}
		late = append(late, took)
	}
	r.Count("early_ms", median(early))
	r.Count("late_ms", median(late))
	r.Count("flat", median(late)/median(early))
	return b.check(ctx, b.next)
}

// several adds so many networks and returns what each took.
func (b *adding) several(ctx context.Context, n int) ([]float64, error) {
	var all []float64
	for range n {
		breathe(ctx) // as the late ones have to
		took, err := b.add(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, took)
	}
	return all, nil
}

// check looks for network i in our switch.
func (b *adding) check(ctx context.Context, i int) error {
	text, err := b.ovs.dump(ctx, "br-sps", "dump-flows")
	if err != nil {
		return err
	}
	if !strings.Contains(text, "dl_dst="+pairMAC(i, 1).String()) {
		return fmt.Errorf("the switch has no flow for the last network:\n%s", text[max(0, len(text)-2000):])
	}
	return nil
}

func median(all []float64) float64 {
	all = slices.Sorted(slices.Values(all))
	return all[len(all)/2]
}
