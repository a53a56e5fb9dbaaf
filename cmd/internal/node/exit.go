package node

import (
	"context"
	"fmt"
	"io"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/l2sces/l2sces/pkg/slice"
)

// Execute runs a command until it is told to end, and returns its exit status:
// 0 after an orderly stop, 1 on a fault of the environment, 2 on a wrong
// option.
func Execute(cmd *cobra.Command, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.Args = func(_ *cobra.Command, args []string) error {
		if len(args) > 0 {
			return slice.Errorf(slice.Invalid, "unexpected argument %q", args[0])
		}
		return nil
	}
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return slice.Errorf(slice.Invalid, "%w", err) })
	err := cmd.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	_, _ = fmt.Fprintf(stderr, "%s: %v\n", cmd.Name(), err) // nowhere left to say it
	if slice.KindOf(err) == slice.Invalid {
		return 2
	}
	return 1
}
