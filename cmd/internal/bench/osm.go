package bench

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"time"
)

var osmBench = Benchmark{
	Name:  "osm",
	Short: "1,000 connectivity services through OSM's doors, over HTTP, with the book on disk: RFC 8466 and VPLS; the same slices ordered from the SCO directly",
	Run:   runOSM,
}

// osmBlocks is in how many parts the services are made: ours, then theirs.
const osmBlocks = 10

// osmLimit is what an operation may take, in milliseconds, 99 times of 100.
const osmLimit = 50

// A client drives one door as OSM's connector does.
type connector interface {
	create(ctx context.Context, i int) error
	edit(ctx context.Context, i int) error
	list(ctx context.Context) error
	remove(ctx context.Context, i int) error
}

func runOSM(ctx context.Context, r *Runner) error {
	size := max(r.sizeOf(1000)/osmBlocks, 1) * osmBlocks
	ours, err := newDoorRig(ctx, filepath.Join(r.Dir, "ours"), size)
	if err != nil {
		return err
	}
	defer ours.stop()
	theirs, err := newSliceRig(ctx, filepath.Join(r.Dir, "theirs"))
	if err != nil {
		return err
	}
	defer theirs.stop()
	before := heap()
	for _, c := range []struct {
		name string
		connector
	}{{"l2vpn", &l2vpnConnector{ours}}, {"vpls", &vplsConnector{ours}}} {
		if err := r.drive(ctx, c.name, c.connector, ours, theirs, size); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		r.Count("heap_mb_after_"+c.name, (heap()-before)/(1<<20))
	}
	return nil
}

// drive makes services, looks at them, changes and removes them, twice: what is left
// in memory after the second time is no more than after the first.
func (r *Runner) drive(ctx context.Context, name string, c connector, ours *doorRig, theirs *sliceRig, size int) error {
	took := map[string][]float64{}
	timed := func(what string, f func() error) error {
		begin := time.Now()
		err := f()
		took[what] = append(took[what], ms(time.Since(begin)))
		return err
	}
	block := size / osmBlocks
	for b := range osmBlocks {
		breathe(ctx)
		begin := time.Now()
		for i := b * block; i < (b+1)*block; i++ {
			if err := timed("create", func() error { return c.create(ctx, i) }); err != nil {
				return err
			}
		}
		mine := ms(time.Since(begin)) / float64(block)
		breathe(ctx)
		begin = time.Now()
		for i := b * block; i < (b+1)*block; i++ {
			if _, err := theirs.make(ctx, serviceNumber(name, i)); err != nil {
				return err
			}
		}
		r.Pair("ms", mine, ms(time.Since(begin))/float64(block))
	}
	if err := ours.holds(size); err != nil {
		return err
	}
	for i := range size {
		if i%10 == 0 {
			if err := timed("list", func() error { return c.list(ctx) }); err != nil {
				return err
			}
		}
		if err := timed("edit", func() error { return c.edit(ctx, i) }); err != nil {
			return err
		}
	}
	for i := range size {
		if err := timed("delete", func() error { return c.remove(ctx, i) }); err != nil {
			return err
		}
	}
	for what, all := range took {
		p99 := quantile(all, 0.99)
		r.Count(name+"_"+what+"_p50_ms", quantile(all, 0.5))
		r.Count(name+"_"+what+"_p99_ms", p99)
		r.Count(name+"_"+what+"_within", p99 < osmLimit)
	}
	return ours.holds(0)
}

// quantile returns the value that so much of all is not above.
func quantile(all []float64, part float64) float64 {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[min(int(part*float64(len(sorted))), len(sorted)-1)]
}
