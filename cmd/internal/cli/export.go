package cli

import (
	"context"
	"io"

	"github.com/spf13/cobra"
)

// Export writes the stored state of a running SCO.
func Export(cmd *cobra.Command, d *Door, w io.Writer) error {
	return d.while(cmd.Context(), func(ctx context.Context, s *SCO) error { return s.Admin.Export(ctx, w) })
}
