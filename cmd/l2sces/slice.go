package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/l2sces/l2sces/cmd/internal/cli"
	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/translate"
	"github.com/l2sces/l2sces/plugin"
)

// A door says where the plugin or the SCO is, and who knocks.
type door struct {
	plugin string
	cli.Door
}

// sliceCommand orders slices.
func sliceCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "slice",
		Short: "Order, look at, change and delete slices",
		Long: "apply, get, list and delete speak with the plugin, of a lab on this machine or where --plugin says, and with the SCO\n" +
			"if --sco is given; the others always speak with the SCO. You show the certificate of a user, or a token.",
	}
	d := door{Door: cli.Door{Find: findSCO}}
	d.Flags(c.PersistentFlags())
	c.PersistentFlags().StringVar(&d.plugin, "plugin", "", "HOST:PORT or unix:PATH of the plugin; empty: that of the lab")
	c.MarkFlagsMutuallyExclusive("plugin", "sco")
	c.AddCommand(applyCommand(&d), planCommand(&d), getCommand(&d), listCommand(&d), deleteCommand(&d))
	c.AddCommand(cli.SliceCommands(&d.Door)...)
	return c
}

// A desk takes orders: the plugin, or the SCO itself.
type desk interface {
	apply(ctx context.Context, o upload) (plugin.Answer, error)
	status(ctx context.Context, id slice.ID) (intent.Status, error)
	list(ctx context.Context) ([]intent.Status, error)
	delete(ctx context.Context, id slice.ID) error
}

// desk returns the one that the flags name.
func (d *door) desk() (desk, func() error, error) {
	nothing := func() error { return nil }
	if d.Address != "" {
		s, err := d.Open()
		if err != nil {
			return nil, nothing, err
		}
		return scoDesk{s}, s.Close, nil
	}
	if d.plugin == "" {
		plan, err := readPlan(d.Lab, "")
		if err != nil {
			return nil, nothing, err
		}
		c, err := labClient(plan.Dir)
		return c, nothing, err
	}
	if d.Cert == "" || d.Key == "" || d.CA == "" {
		return nil, nothing, slice.Errorf(slice.Invalid, "--plugin needs --tls-cert, --tls-key and --tls-ca")
	}
	c, err := newClient(d.plugin, d.Cert, d.Key, d.CA)
	return c, nothing, wrongFile(err)
}

// at calls f with the desk that the flags name.
func (d *door) at(f func(desk) error) error {
	k, end, err := d.desk()
	if err != nil {
		return err
	}
	return errors.Join(f(k), end())
}

func applyCommand(d *door) *cobra.Command {
	var f translate.Files
	var how cli.Ordering
	c := &cobra.Command{
		Use:   "apply TEMPLATE|INTENTS",
		Short: "Order a slice of a template or of written intents, or change one",
		Long: "Apply hands a template (its package folder, or a bare file) or a file of intents to the plugin, or what they ask for to\n" +
			"the SCO. The same order twice changes nothing. --request-id, --generation and --mask need --sco.",
		Example: "  l2sces slice apply descriptors/nst/fire-emergency --params descriptors/params/fire-emergency.yaml --wait",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f.Template = args[0]
			o, err := newUpload(f)
			if err != nil {
				return err
			}
			if d.Address == "" && (how.RequestID != "" || how.Generation > 0 || len(how.Mask) > 0) {
				return slice.Errorf(slice.Invalid, "--request-id, --generation and --mask need --sco: the plugin takes whole orders")
			}
			if o.order = how.Order; how.DryRun {
				o.field(plugin.PartDryRun, "true")
			}
			if !how.Wait || how.DryRun {
				how.Timeout = 0
			}
			return d.at(func(k desk) error { return applySlice(cmd, k, o, how.Timeout) })
		},
	}
	templateFlags(c.Flags(), &f)
	how.Flags(c.Flags())
	c.Flags().StringSliceVar(&how.Mask, "mask", nil, "fields of the intents that are given, like overlay,slice.networks; the others stay; none: all are")
	return c
}

// applySlice orders and, for as long as wait, waits until the slice is ready.
func applySlice(cmd *cobra.Command, k desk, o upload, wait time.Duration) error {
	a, err := k.apply(cmd.Context(), o)
	if err != nil {
		return err
	}
	warn(cmd.ErrOrStderr(), a.Warnings)
	if wait > 0 && a.Phase != intent.Ready {
		now := a.Status
		err := poll(cmd.Context(), wait, func() (bool, error) {
			now, err = k.status(cmd.Context(), a.ID)
			return now.Phase == intent.Ready, err
		})
		if err != nil {
			return err
		}
		now.Changed, now.PhasesMs, a.Status = a.Changed, a.PhasesMs, now
	}
	if err := show(cmd, a, func(w *strings.Builder) { cli.StatusTable(w, a.Status) }); err != nil {
		return err
	}
	if wait > 0 && a.Phase != intent.Ready {
		return slice.Errorf(slice.Unavailable, "slice %s is not ready after %s: %s", a.ID, wait, cmp.Or(a.Message, string(a.Phase)))
	}
	return nil
}

// planCommand shows what an order would change, and changes nothing.
func planCommand(d *door) *cobra.Command {
	var f translate.Files
	var remove string
	c := &cobra.Command{
		Use:   "plan TEMPLATE|INTENTS",
		Short: "Show what apply, or with --delete what delete, would change in each domain",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if (len(args) == 1) == (remove != "") {
				return slice.Errorf(slice.Invalid, "give a template, a file of intents, or --delete ID")
			}
			var in intent.Intents
			if remove == "" {
				f.Template = args[0]
				var warnings []descriptor.Problem
				var err error
				if in, warnings, err = readOrder(f); err != nil {
					return err
				}
				warn(cmd.ErrOrStderr(), warnings)
			}
			return cli.Plan(cmd, &d.Door, in, slice.ID(remove))
		},
	}
	templateFlags(c.Flags(), &f)
	c.Flags().StringVar(&remove, "delete", "", "slice whose deletion is planned")
	return c
}

func getCommand(d *door) *cobra.Command {
	return &cobra.Command{
		Use: "get ID", Short: "Show a slice, its networks and their members", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return d.at(func(k desk) error {
				s, err := k.status(cmd.Context(), slice.ID(args[0]))
				if err != nil {
					return err
				}
				return show(cmd, s, func(w *strings.Builder) { cli.StatusTable(w, s) })
			})
		},
	}
}

func listCommand(d *door) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "Show all slices", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return d.at(func(k desk) error {
				all, err := k.list(cmd.Context())
				if err != nil {
					return err
				}
				return show(cmd, plugin.List{Slices: all}, func(w *strings.Builder) { cli.ListTable(w, all) })
			})
		},
	}
}

func deleteCommand(d *door) *cobra.Command {
	return &cobra.Command{
		Use: "delete ID", Short: "Delete a slice; one that is not there is success", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return d.at(func(k desk) error {
				if err := k.delete(cmd.Context(), slice.ID(args[0])); err != nil {
					return err
				}
				gone := map[string]string{"deleted": args[0]}
				return show(cmd, gone, func(w *strings.Builder) { fmt.Fprintf(w, "slice %s is deleted\n", args[0]) })
			})
		},
	}
}
