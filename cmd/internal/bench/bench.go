// Package bench measures the house against what others use today, on this
// machine and in one run: ours and theirs take turns, and only the ratio of a
// pair is a result. It starts every program that it needs itself and ends
// those, and says so where one is missing. It promises no absolute figures.
//
//	result, err := bench.Run(ctx, b, bench.Options{Pairs: 5, Progress: os.Stderr})
package bench

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/l2sces/l2sces/pkg/slice"
)

// A Benchmark compares one thing that the house does with how others do it.
type Benchmark struct {
	Name  string // of the command: flows
	Short string // what is compared, in one line
	// Needs are programs without which it cannot run, by their names on the
	// PATH, or as paths.
	Needs []string
	Root  bool // it makes network namespaces
	// Run measures. It checks what it measured before it returns.
	Run func(ctx context.Context, r *Runner) error
}

// Options are what a user may choose.
type Options struct {
	Pairs    int       // of ours and theirs; 0: five, or what the benchmark says
	Size     int       // of the problem: flows, networks, frames, cuts; 0: what the benchmark says
	Progress io.Writer // a line for each pair; nil: none
	Programs string    // folder of the programs of the house
}

// All returns the benchmarks by name.
func All() []Benchmark { return all }

// Find returns the benchmark with a name.
func Find(name string) (Benchmark, error) {
	for _, b := range all {
		if b.Name == name {
			return b, nil
		}
	}
	return Benchmark{}, slice.Errorf(slice.NotFound, "there is no benchmark %q", name)
}

// Run carries out a benchmark. Where something is missing that it needs, the
// result says what, and there is no error.
func Run(ctx context.Context, b Benchmark, o Options) (Result, error) {
	o.Progress = cmp.Or[io.Writer](o.Progress, io.Discard)
	r := &Runner{Options: o, result: Result{Name: b.Name, Versions: map[string]string{}, Counts: map[string]any{}}}
	if why := missing(b); why != "" {
		r.result.Skipped = why
		return r.result, nil
	}
	dir, err := os.MkdirTemp("", "l2b")
	if err != nil {
		return r.result, err
	}
	defer func() { _ = os.RemoveAll(dir) }() // the system forgets it in the end
	r.Dir = dir
	r.versions(ctx, b.Needs)
	if err := b.Run(ctx, r); err != nil {
		return r.result, fmt.Errorf("bench %s: %w", b.Name, err)
	}
	r.result.finish()
	return r.result, nil
}

// missing says what a benchmark lacks here, or nothing.
func missing(b Benchmark) string {
	for _, p := range b.Needs {
		if _, err := exec.LookPath(p); err != nil {
			return "needs " + p
		}
	}
	if b.Root && os.Geteuid() != 0 {
		return "needs root, for network namespaces"
	}
	return ""
}

// versions notes what the others are.
func (r *Runner) versions(ctx context.Context, programs []string) {
	for _, p := range programs {
		out, err := exec.CommandContext(ctx, p, "--version").Output() //nolint:gosec // names from the table of benchmarks
		if line, _, _ := strings.Cut(string(out), "\n"); err == nil && line != "" {
			r.result.Versions[p] = line
		}
	}
}
