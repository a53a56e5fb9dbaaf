package cli

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// An Ordering says how a change is meant, and how long its end is waited for.
type Ordering struct {
	intent.Order
	Wait    bool
	Timeout time.Duration
}

// Flags binds the ordering to flags.
func (o *Ordering) Flags(f *pflag.FlagSet) {
	f.StringVar(&o.RequestID, "request-id", "", "makes the order count once, however often it is sent")
	f.Uint32Var(&o.Generation, "generation", 0, "that the slice must have; 0: any")
	f.BoolVar(&o.DryRun, "dry-run", false, "show what would change, and change nothing")
	f.BoolVar(&o.Wait, "wait", false, "wait until the slice is ready")
	f.DurationVar(&o.Timeout, "timeout", time.Minute, "how long --wait waits")
}

// edit changes a slice at run time, or shows what would change.
func (d *Door) edit(cmd *cobra.Command, id slice.ID, o Ordering, edits ...intent.Edit) error {
	return d.with(cmd, func(ctx context.Context, s *SCO) error {
		if o.DryRun {
			diff, err := s.Slices.PlanEdits(ctx, id, edits)
			if err != nil {
				return err
			}
			return Show(cmd, diff, func(w *strings.Builder) { DifferenceTable(w, diff) })
		}
		status, err := s.Slices.Edit(ctx, id, edits, o.Order)
		if err != nil {
			return err
		}
		return s.settle(ctx, cmd, status, o)
	})
}

// settle shows a slice that was changed, and waits before where it should.
func (s *SCO) settle(ctx context.Context, cmd *cobra.Command, status intent.Status, o Ordering) error {
	if o.Wait {
		var err error
		if status, err = s.await(ctx, status, o.Timeout); err != nil {
			return err
		}
	}
	if err := Show(cmd, status, func(w *strings.Builder) { StatusTable(w, status) }); err != nil {
		return err
	}
	if o.Wait && status.Phase != intent.Ready {
		return slice.Errorf(slice.Unavailable, "slice %s is not ready after %s: %s", status.ID, o.Timeout, cmp.Or(status.Message, string(status.Phase)))
	}
	return nil
}

// await asks until a slice is ready, or the time is over, which is no error.
func (s *SCO) await(ctx context.Context, status intent.Status, limit time.Duration) (intent.Status, error) {
	late := time.NewTimer(limit)
	defer late.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for status.Phase != intent.Ready {
		select {
		case <-ctx.Done():
			return status, ctx.Err()
		case <-late.C:
			return status, nil
		case <-tick.C:
		}
		now, err := s.Slices.Status(ctx, status.ID)
		if err != nil {
			return status, err
		}
		now.Changed, now.PhasesMs, status = status.Changed, status.PhasesMs, now
	}
	return status, nil
}

// editing returns a command that makes one edit of the slice that its first
// argument names.
func editing(d *Door, use, short string, args int, flags func(*pflag.FlagSet), edit func(args []string) (intent.Edit, error)) *cobra.Command {
	var o Ordering
	c := &cobra.Command{
		Use: use, Short: short, Args: cobra.ExactArgs(args + 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			e, err := edit(args[1:])
			if err != nil {
				return err
			}
			return d.edit(cmd, slice.ID(args[0]), o, e)
		},
	}
	o.Flags(c.Flags())
	if flags != nil {
		flags(c.Flags())
	}
	return c
}
