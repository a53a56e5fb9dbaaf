package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// historyCommand shows what was ordered of a slice.
func historyCommand(d *Door) *cobra.Command {
	return &cobra.Command{
		Use: "history ID", Short: "Show what was ordered of a slice, newest first; also of one that is gone", Args: cobra.ExactArgs(1),
		Long: "With --output json or yaml each revision has its intents, which `slice apply` takes.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return d.with(cmd, func(ctx context.Context, s *SCO) error {
				all, err := s.Slices.History(ctx, slice.ID(args[0]))
				if err != nil {
					return err
				}
				v := map[string][]intent.Revision{"revisions": all}
				return Show(cmd, v, func(w *strings.Builder) { historyTable(w, all) })
			})
		},
	}
}

func historyTable(w *strings.Builder, all []intent.Revision) {
	fmt.Fprintln(w, "GENERATION\tTIME\tWHAT\tBY\tDOMAINS\tNETWORKS")
	for i := range all {
		r := &all[i]
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%d\t%d\n", r.Generation, r.Time.UTC().Format(time.RFC3339), r.What, OrDash(r.By != "", r.By),
			len(r.Intents.Slice.Domains), len(r.Intents.Slice.Networks))
	}
}

// pauseCommand stops changes of a slice, or lets them go on.
func pauseCommand(d *Door, paused bool) *cobra.Command {
	var o intent.Order
	c := &cobra.Command{
		Use: "resume ID", Short: "Let changes and repairs of a slice go on", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return d.with(cmd, func(ctx context.Context, s *SCO) error {
				status, err := s.Slices.Pause(ctx, slice.ID(args[0]), paused, o)
				if err != nil {
					return err
				}
				return Show(cmd, status, func(w *strings.Builder) { ListTable(w, []intent.Status{status}) })
			})
		},
	}
	if paused {
		c.Use, c.Short = "pause ID", "Stop changes and repairs of a slice; its frames go on"
	}
	c.Flags().StringVar(&o.RequestID, "request-id", "", "makes the order count once, however often it is sent")
	c.Flags().Uint32Var(&o.Generation, "generation", 0, "that the slice must have; 0: any")
	return c
}
