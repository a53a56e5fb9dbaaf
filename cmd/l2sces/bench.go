package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/l2sces/l2sces/cmd/internal/bench"
)

func benchCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "bench",
		Short: "Measure the house against what others use, in pairs",
	}
	for _, b := range append(bench.All(), sliceBench) {
		c.AddCommand(benchmark(b))
	}
	return c
}

func benchmark(b bench.Benchmark) *cobra.Command {
	var o bench.Options
	c := &cobra.Command{
		Use:   b.Name,
		Short: b.Short,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.Progress = cmd.ErrOrStderr()
			r, err := bench.Run(cmd.Context(), b, o)
			if err != nil {
				return err
			}
			return show(cmd, r, func(w *strings.Builder) {
				if r.Skipped != "" {
					fmt.Fprintf(w, "skipped: %s\n", r.Skipped)
					return
				}
				if len(r.Pairs) == 0 {
					for _, name := range slices.Sorted(maps.Keys(r.Counts)) {
						fmt.Fprintf(w, "%s\t%v\n", name, r.Counts[name])
					}
					return
				}
				fmt.Fprintln(w, r.Ratio)
			})
		},
	}
	c.Flags().IntVar(&o.Pairs, "pairs", 0, "pairs of ours and theirs; 0: five, or what the benchmark says")
	c.Flags().IntVar(&o.Size, "size", 0, "flows, networks, frames or cuts; 0: what the benchmark says")
	c.Flags().StringVar(&o.Programs, "programs", programs(), "folder of the programs of the house")
	return c
}

// programs is the folder of this program.
func programs() string {
	self, err := os.Executable()
	if err != nil {
		return "."
	}
	return filepath.Dir(self)
}
