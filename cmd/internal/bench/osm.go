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

// A connector drives one door as OSM's does.
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
	for _, d := range []*drive{{name: "l2vpn", connector: &l2vpnConnector{ours}}, {name: "vpls", connector: &vplsConnector{ours}}} {
		d.took, d.rig = map[string][]float64{}, ours
		if err := d.run(ctx, r, ours, theirs, size); err != nil {
			return fmt.Errorf("%s: %w", d.name, err)
		}
		r.Count("heap_mb_after_"+d.name, (heap()-before)/(1<<20))
	}
	return nil
}

// A drive is a run of one connector, with the time of each operation by its kind.
type drive struct {
	connector
	rig  *doorRig
	name string
	took map[string][]float64
}

// timed carries an operation out. What its requests took counts; what the rig took
// down of it is thrown away.
func (d *drive) timed(ctx context.Context, what string, f func(context.Context, int) error, i int) error {
	before := d.rig.spent
	err := f(ctx, i)
	d.took[what] = append(d.took[what], ms(d.rig.spent-before))
	d.rig.notes.take()
	return err
}

// run makes services, in turns with theirs, looks at them, and changes and removes
// them.
func (d *drive) run(ctx context.Context, r *Runner, ours *doorRig, theirs *sliceRig, size int) error {
	block := size / osmBlocks
	for b := range osmBlocks {
		if err := d.block(ctx, r, theirs, b*block, (b+1)*block); err != nil {
			return err
		}
	}
	if err := ours.holds(ctx, size); err != nil {
		return err
	}
	for i := range size {
		if err := d.timed(ctx, "edit", d.edit, i); err != nil {
			return err
		}
		if err := d.timed(ctx, "list", func(ctx context.Context, _ int) error { return d.list(ctx) }, i); err != nil {
			return err
		}
	}
	for i := range size {
		if err := d.timed(ctx, "delete", d.remove, i); err != nil {
			return err
		}
	}
	for what, all := range d.took {
		p99 := quantile(all, 0.99)
		r.Count(d.name+"_"+what+"_p50_ms", quantile(all, 0.5))
		r.Count(d.name+"_"+what+"_p99_ms", p99)
		r.Count(d.name+"_"+what+"_within", p99 < osmLimit)
	}
	return ours.holds(ctx, 0)
}

// block makes some services with ours and as many with theirs.
func (d *drive) block(ctx context.Context, r *Runner, theirs *sliceRig, from, to int) error {
	breathe(ctx)
	begin := time.Now()
	for i := from; i < to; i++ {
		if err := d.timed(ctx, "create", d.create, i); err != nil {
			return err
		}
	}
	mine := ms(time.Since(begin)) / float64(to-from)
	breathe(ctx)
	begin = time.Now()
	for i := from; i < to; i++ {
		if _, err := theirs.make(ctx, serviceNumber(d.name, i)); err != nil {
			return err
		}
	}
	r.Pair("ms", mine, ms(time.Since(begin))/float64(to-from))
	return nil
}

// quantile returns the value that so much of all is not above.
func quantile(all []float64, part float64) float64 {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[min(int(part*float64(len(sorted))), len(sorted)-1)]
}
