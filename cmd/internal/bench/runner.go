package bench

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"strings"
	"time"
)

// A Runner is what a benchmark measures with.
type Runner struct {
	Options
	Dir string // of its own, removed at the end

	result Result
}

// A Measure does something once and returns what it took or cost, in any
// unit; less is better.
type Measure func(ctx context.Context) (float64, error)

// Compare lets ours and theirs take turns, after one turn of each that does
// not count. The ratio of a pair is theirs to ours: above one, ours is better.
// Pairs without a choice of the user's are as many as given, five at least.
func (r *Runner) Compare(ctx context.Context, pairs int, unit string, ours, theirs Measure) error {
	for i := range 1 + cmp.Or(r.Pairs, max(pairs, 5)) {
		breathe(ctx)
		a, err := ours(ctx)
		if err != nil {
			return fmt.Errorf("ours: %w", err)
		}
		breathe(ctx)
		b, err := theirs(ctx)
		if err != nil {
			return fmt.Errorf("theirs: %w", err)
		}
		if i > 0 {
			r.Pair(unit, a, b)
		}
	}
	return nil
}

// breathe lets the processes of the last turn come to an end of what they do, so
// that the next one does not pay for it.
func breathe(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(300 * time.Millisecond):
	}
}

// Pair enters a pair that was measured, and tells the user.
func (r *Runner) Pair(unit string, ours, theirs float64) {
	p := Pair{Ours: ours, Theirs: theirs, Unit: unit, Load: load()}
	r.result.Pairs = append(r.result.Pairs, p)
	r.Say("pair %d: ours %.4g %s, theirs %.4g %s, ratio %.3g, load %.1f", len(r.result.Pairs), ours, unit, theirs, unit, p.Ratio(), p.Load)
}

// Count enters a figure of its own of a benchmark: lost, leaked, frames.
func (r *Runner) Count(name string, value any) {
	r.result.Counts[name] = value
	r.Say("%s %v", name, value)
}

// Version notes the version of something that was not started by its name.
func (r *Runner) Version(of, version string) { r.result.Versions[of] = version }

// Say tells the user how far it is.
func (r *Runner) Say(format string, args ...any) {
	_, _ = fmt.Fprintf(r.Progress, format+"\n", args...) // progress is a courtesy
}

// load returns the load average of the last minute, or zero where the system
// does not tell it.
func load() float64 {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0
	}
	var l float64
	_, _ = fmt.Sscan(strings.TrimSpace(string(text)), &l) // zero then
	return l
}
