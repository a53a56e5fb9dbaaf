package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// Plan shows what intents would change, or the deletion of a slice if one is
// named.
func Plan(cmd *cobra.Command, d *Door, in intent.Intents, remove slice.ID) error {
	return d.with(cmd, func(ctx context.Context, s *SCO) error {
		var diff intent.Difference
		var err error
		if remove != "" {
			diff, err = s.Slices.PlanDelete(ctx, remove)
		} else {
			diff, err = s.Slices.Plan(ctx, in)
		}
		if err != nil {
			return err
		}
		return Show(cmd, diff, func(w *strings.Builder) { DifferenceTable(w, diff) })
	})
}
