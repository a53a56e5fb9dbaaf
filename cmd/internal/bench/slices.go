package bench

import (
	"context"
	"fmt"
	"net/netip"
	"path/filepath"
	"time"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

var slicesBench = Benchmark{
	Name:  "slices",
	Short: "1,000 slices over ten domains that answer at once, request to Ready: our SCO, and the same writes, calls and messages sent bare",
	Run:   runSlices,
}

// sliceBlocks is in how many parts the slices are made: ours, then the same
// bare, for each.
const sliceBlocks = 10

// sliceDomains is how many domains there are; a slice reaches three of them.
const sliceDomains = 10

func runSlices(ctx context.Context, r *Runner) error {
	size := max(r.sizeOf(1000)/sliceBlocks, 1) * sliceBlocks
	ours, err := newSliceRig(ctx, filepath.Join(r.Dir, "ours"))
	if err != nil {
		return err
	}
	defer ours.stop()
	theirs, err := newBare(ctx, filepath.Join(r.Dir, "theirs"))
	if err != nil {
		return err
	}
	defer theirs.stop()
	var each []float64
	block := size / sliceBlocks
	for b := range sliceBlocks {
		breathe(ctx)
		var works []work
		begin := time.Now()
		for i := b * block; i < (b+1)*block; i++ {
			one := time.Now()
			w, err := ours.make(ctx, sliceNumber(i))
			if err != nil {
				return err
			}
			each, works = append(each, ms(time.Since(one))), append(works, w)
		}
		took := ms(time.Since(begin)) / float64(block)
		breathe(ctx)
		begin = time.Now()
		for _, w := range works {
			if err := theirs.do(ctx, w); err != nil {
				return err
			}
		}
		r.Pair("ms", took, ms(time.Since(begin))/float64(block))
	}
	few := min(100, size/2)
	first, last := median(each[:few]), median(each[size-few:])
	busy, err := ours.idle(ctx)
	if err != nil {
		return err
	}
	r.Count("slices", size)
	r.Count("first_ms", first)
	r.Count("last_ms", last)
	r.Count("flat", last/first)
	r.Count("idle_cpu_percent", busy)
	return ours.check(ctx, size)
}

func sliceDomain(i int) slice.Domain { return slice.Domain(fmt.Sprintf("d%d", i%sliceDomains)) }

// sliceNumber is slice number i: a network over three domains with a member in
// each, and one over two of them.
func sliceNumber(i int) intent.Intents {
	a, b, c := sliceDomain(i), sliceDomain(i+1+i%4), sliceDomain(i+5+i%3)
	member := func(d slice.Domain) intent.Member {
		return intent.Member{Name: slice.Workload(fmt.Sprintf("w%d", i)), Domain: d}
	}
	in := intent.Intents{Slice: intent.Slice{
		ID: slice.ID(fmt.Sprintf("s%d", i)), Tenant: "bench",
		Domains: []intent.Domain{{Name: a}, {Name: b}, {Name: c}},
		Networks: []intent.Network{
			{Name: "voice", CIDR: netip.MustParsePrefix("192.0.2.0/24"), Members: []intent.Member{member(a), member(b), member(c)}},
			{Name: "video", CIDR: netip.MustParsePrefix("198.51.100.0/24"), Members: []intent.Member{member(a), member(b)}},
		},
	}}
	for n := range in.Slice.Networks {
		for m := range in.Slice.Networks[n].Members {
			in.Slice.Networks[n].Members[m].Name += slice.Workload("-" + in.Slice.Networks[n].Members[m].Domain)
		}
	}
	return in
}
