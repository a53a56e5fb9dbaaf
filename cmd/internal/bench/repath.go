package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/fabric"
	"github.com/l2sces/l2sces/pkg/slice"
)

var repath = Benchmark{
	Name:  "repath",
	Short: "a cut link in a ring of ten rings of ten switches that confirm after 10 ms each: 200 slices over it, each against one alone",
	Run:   runRepath,
}

func runRepath(ctx context.Context, r *Runner) error {
	size := cmp.Or(r.Size, 200)
	var total replayed
	var all, one []float64
	ours := func(ctx context.Context) (float64, error) {
		took, found, err := repair(ctx, size)
		total.add(found)
		all = append(all, took)
		return took / float64(size), err
	}
	theirs := func(ctx context.Context) (float64, error) {
		took, found, err := repair(ctx, 1)
		total.add(found)
		one = append(one, took)
		return took, err
	}
	if err := r.Compare(ctx, 5, "ms a slice", ours, theirs); err != nil {
		return err
	}
	r.Count("slices", size)
	r.Count("all_ms", median(all))
	r.Count("one_ms", median(one))
	r.Count("times_one", median(all)/median(one))
	r.Count("prefixes", total.prefixes)
	r.Count("loops", total.loops)
	r.Count("leaked", total.leaked)
	return nil
}

// rings is how many rings there are, and how many switches in each. The first
// ones of all make a ring too.
const rings = 10

// ringNode names a switch: n3-7 is the seventh of ring 3.
func ringNode(ring, i int) slice.Node { return slice.Node(fmt.Sprintf("n%d-%d", ring%rings, i%rings)) }

// repair puts so many slices over one link, cuts it, and returns the
// milliseconds until every switch has the new ways.
func repair(ctx context.Context, size int) (float64, replayed, error) {
	ctx, cancel := context.WithCancel(ctx)
	b, err := newBench(bridge.NED)
	if err != nil {
		cancel()
		return 0, replayed{}, err
	}
	defer b.end(cancel)
	b.rings()
	for ring := range rings {
		for i := range rings {
			b.join(ctx, ringNode(ring, i))
		}
	}
	before := map[slice.Network]slice.NetworkID{}
	for i := range size {
		n := slice.NetworkID{Slice: slice.ID(fmt.Sprintf("s%d", i)), Network: "net"}
		number, err := b.fabric.Put(b.across(n, i))
		if err != nil {
			return 0, replayed{}, err
		}
		before[number] = n
	}
	if err := b.settle(ctx); err != nil {
		return 0, replayed{}, err
	}
	i := slices.IndexFunc(b.fabric.Links(), func(l fabric.LinkInfo) bool { return l.Name == cutName })
	if i < 0 {
		return 0, replayed{}, fmt.Errorf("there is no link %s", cutName)
	}
	cut := b.fabric.Links()[i]
	held := b.begin()
	start := time.Now()
	b.fabric.SetLink(cut.A, cut.B, fabric.LinkState{Reason: "cut"})
	if err := b.settle(ctx); err != nil {
		return 0, replayed{}, err
	}
	stream := b.stop()
	for _, n := range before {
		s, err := b.fabric.Status(n)
		if err == nil && (!s.Ready || slices.Contains(s.Links, cutName)) {
			err = fmt.Errorf("it is not repaired: %+v", s)
		}
		if err != nil {
			return 0, replayed{}, fmt.Errorf("slice %s: %w", n.Slice, err)
		}
		before[s.Number] = n
	}
	found, err := replay(ctx, b, cut, held, stream, before)
	return stream.until(start), found, err
}

// cutName is the link that is cut.
const cutName = "n0-0-n1-0"

// rings makes the links.
func (b *fakeFabric) rings() {
	add := func(x, y slice.Node) {
		b.links = append(b.links, fabric.Link{Name: string(x) + "-" + string(y), A: x, B: y})
	}
	for ring := range rings {
		add(ringNode(ring, 0), ringNode(ring+1, 0))
		for i := range rings {
			add(ringNode(ring, i), ringNode(ring, i+1))
		}
	}
}

// across is a network between the first two rings.
func (b *fakeFabric) across(id slice.NetworkID, i int) fabric.Network {
	n := fabric.Network{ID: id, Type: slice.VNet, MTU: 1400, Links: b.links}
	for end, ring := range []int{0, 1} {
		n.Attachments = append(n.Attachments, fabric.Attachment{
			Node: ringNode(ring, (i+3*end)%rings), Label: slice.VLAN(1 + i), //nolint:gosec // a small number
			Behind: []slice.MAC{macOf(byte(end))}, //nolint:gosec // a small number
		})
	}
	return n
}

// errLate is of a stream in which nothing was changed.
var errLate = errors.New("no switch was changed")
