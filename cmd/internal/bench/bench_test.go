package bench_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/l2sces/l2sces/cmd/internal/bench"
)

// three is a benchmark of three pairs that knows what it takes.
func three(err error) bench.Benchmark {
	return bench.Benchmark{Name: "three", Run: func(ctx context.Context, r *bench.Runner) error {
		theirs := 10.0
		r.Count("lost", 0)
		return errors.Join(err, r.Compare(ctx, 0, "ms",
			func(context.Context) (float64, error) { return 5, nil },
			func(context.Context) (float64, error) { theirs += 10; return theirs, nil },
		))
	}}
}

func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var progress bytes.Buffer
		r, err := bench.Run(t.Context(), three(nil), bench.Options{Pairs: 3, Progress: &progress})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := r.Ratio.String(), "ratio 8 (6..10)"; got != want {
			t.Errorf("got %q, want %q: the first turn of each must not count", got, want)
		}
		if n := strings.Count(progress.String(), "pair "); n != 3 {
			t.Errorf("%d lines for three pairs:\n%s", n, progress.String())
		}
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		var got map[string]any
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"name", "pairs", "ratio", "load", "versions", "lost"} {
			if _, ok := got[key]; !ok {
				t.Errorf("the result has no %q: %s", key, text)
			}
		}
	})
}

func TestFivePairsAtLeast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, err := bench.Run(t.Context(), three(nil), bench.Options{})
		if err != nil || len(r.Pairs) != 5 {
			t.Errorf("%d pairs, %v; want five", len(r.Pairs), err)
		}
	})
}

func TestFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fault := errors.New("the frames were lost")
		if _, err := bench.Run(t.Context(), three(fault), bench.Options{}); !errors.Is(err, fault) {
			t.Errorf("got %v, want the fault", err)
		}
	})
}

func TestSkipped(t *testing.T) {
	b := three(errors.New("it ran"))
	b.Needs = []string{"no-such-program"}
	r, err := bench.Run(t.Context(), b, bench.Options{})
	if err != nil || r.Skipped != "needs no-such-program" {
		t.Errorf("got %+v, %v", r, err)
	}
}

func TestList(t *testing.T) {
	if !slices.IsSortedFunc(bench.All(), func(x, y bench.Benchmark) int { return strings.Compare(x.Name, y.Name) }) {
		t.Error("the benchmarks do not stand by name")
	}
	for _, b := range bench.All() {
		if found, err := bench.Find(b.Name); err != nil || found.Short == "" || b.Run == nil {
			t.Errorf("%s: %v, %q", b.Name, err, found.Short)
		}
	}
	if _, err := bench.Find("none"); err == nil {
		t.Error("a benchmark was found that there is not")
	}
}
