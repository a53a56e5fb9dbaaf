package main

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/translate"
	"github.com/l2sces/l2sces/plugin"
)

// A door says where the plugin is and who knocks.
type door struct{ plugin, cert, key, ca, lab string }

// sliceCommand orders slices.
func sliceCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "slice",
		Short: "Order, look at and delete slices",
		Long: "These commands speak with the plugin: with that of a lab on this machine, or with the one that --plugin names,\n" +
			"to which you show the certificate of a user.",
	}
	var d door
	f := c.PersistentFlags()
	f.StringVar(&d.plugin, "plugin", "", "HOST:PORT or unix:PATH of the plugin; empty: that of the lab")
	f.StringVar(&d.cert, "tls-cert", "", "your certificate, PEM")
	f.StringVar(&d.key, "tls-key", "", "key of your certificate, PEM")
	f.StringVar(&d.ca, "tls-ca", "", "authority that both sides trust, PEM")
	f.StringVar(&d.lab, "lab", "deploy/lab/three-domains.yaml", "file of the lab, which runs on this machine")
	c.AddCommand(applyCommand(&d), getCommand(&d), listCommand(&d), deleteCommand(&d))
	return c
}

// client returns a client of the plugin that the flags name.
func (d door) client() (client, error) {
	if d.plugin == "" {
		plan, err := readPlan(d.lab, "")
		if err != nil {
			return client{}, err
		}
		return labClient(plan.Dir)
	}
	if d.cert == "" || d.key == "" || d.ca == "" {
		return client{}, slice.Errorf(slice.Invalid, "--plugin needs --tls-cert, --tls-key and --tls-ca")
	}
	c, err := newClient(d.plugin, d.cert, d.key, d.ca)
	return c, wrongFile(err)
}

func applyCommand(d *door) *cobra.Command {
	var f translate.Files
	var dryRun, wait bool
	var timeout time.Duration
	c := &cobra.Command{
		Use:   "apply TEMPLATE|INTENTS",
		Short: "Order a slice of a template or of written intents, or change one",
		Long: "Apply hands a template (its package folder, or a bare file) or a file of intents to the plugin. The same order\n" +
			"twice changes nothing.",
		Example: "  l2sces slice apply descriptors/nst/fire-emergency --params descriptors/params/fire-emergency.yaml --wait",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f.Template = args[0]
			o, err := newUpload(f)
			if err != nil {
				return err
			}
			if dryRun {
				o.field(plugin.PartDryRun, "true")
			}
			if !wait || dryRun {
				timeout = 0
			}
			return applySlice(cmd, *d, o, timeout)
		},
	}
	templateFlags(c.Flags(), &f)
	c.Flags().BoolVar(&dryRun, "dry-run", false, "check and plan, change nothing")
	c.Flags().BoolVar(&wait, "wait", false, "wait until the slice is ready")
	c.Flags().DurationVar(&timeout, "timeout", time.Minute, "how long --wait waits")
	return c
}

// applySlice orders and, for as long as wait, waits until the slice is ready.
func applySlice(cmd *cobra.Command, d door, o upload, wait time.Duration) error {
	c, err := d.client()
	if err != nil {
		return err
	}
	a, err := c.apply(cmd.Context(), o)
	if err != nil {
		return err
	}
	warn(cmd.ErrOrStderr(), a.Warnings)
	if wait > 0 && a.Phase != intent.Ready {
		now := a.Status
		err := poll(cmd.Context(), wait, func() (bool, error) {
			now, err = c.status(cmd.Context(), a.ID)
			return now.Phase == intent.Ready, err
		})
		if err != nil {
			return err
		}
		now.Changed, now.PhasesMs, a.Status = a.Changed, a.PhasesMs, now
	}
	if err := show(cmd, a, func(w *strings.Builder) { statusTable(w, a.Status) }); err != nil {
		return err
	}
	if wait > 0 && a.Phase != intent.Ready {
		return slice.Errorf(slice.Unavailable, "slice %s is not ready after %s: %s", a.ID, wait, cmp.Or(a.Message, string(a.Phase)))
	}
	return nil
}

func getCommand(d *door) *cobra.Command {
	return &cobra.Command{
		Use: "get ID", Short: "Show a slice, its networks and their members", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := d.client()
			if err != nil {
				return err
			}
			s, err := c.status(cmd.Context(), slice.ID(args[0]))
			if err != nil {
				return err
			}
			return show(cmd, s, func(w *strings.Builder) { statusTable(w, s) })
		},
	}
}

func listCommand(d *door) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "Show all slices", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := d.client()
			if err != nil {
				return err
			}
			all, err := c.list(cmd.Context())
			if err != nil {
				return err
			}
			return show(cmd, plugin.List{Slices: all}, func(w *strings.Builder) { listTable(w, all) })
		},
	}
}

func deleteCommand(d *door) *cobra.Command {
	return &cobra.Command{
		Use: "delete ID", Short: "Delete a slice; one that is not there is success", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := d.client()
			if err != nil {
				return err
			}
			if err := c.delete(cmd.Context(), slice.ID(args[0])); err != nil {
				return err
			}
			gone := map[string]string{"deleted": args[0]}
			return show(cmd, gone, func(w *strings.Builder) { fmt.Fprintf(w, "slice %s is deleted\n", args[0]) })
		},
	}
}

func listTable(w *strings.Builder, all []intent.Status) {
	fmt.Fprintln(w, "SLICE\tTENANT\tPHASE\tGENERATION\tNETWORKS\tMESSAGE")
	for _, s := range all {
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\t%s\n", s.ID, s.Tenant, s.Phase, s.Generation, len(s.Networks), oneLine(s.Message))
	}
}

func statusTable(w *strings.Builder, s intent.Status) {
	listTable(w, []intent.Status{s})
	if len(s.Networks) > 0 {
		fmt.Fprintln(w, "\nNETWORK\tTYPE\tNUMBER\tCIDR\tMTU\tREADY\tLINKS\tMESSAGE")
	}
	for _, n := range s.Networks {
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%d\t%t\t%s\t%s\n", n.Name, n.Type, n.Number, orDash(n.CIDR.IsValid(), n.CIDR), n.MTU,
			n.Ready, orDash(len(n.Links) > 0, strings.Join(n.Links, " ")), oneLine(n.Message))
	}
	fmt.Fprintln(w, "\nNETWORK\tMEMBER\tDOMAIN\tNODE\tADDRESS\tMAC\tREADY\tMESSAGE")
	for _, n := range s.Networks {
		for _, m := range n.Members {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%t\t%s\n", n.Name, m.Name, m.Domain, orDash(m.Node != "", m.Node),
				orDash(m.Address.IsValid(), m.Address), m.MAC, m.Ready, oneLine(m.Message))
		}
	}
}

// orDash keeps the columns of a table apart where there is nothing to say.
func orDash(there bool, v any) string {
	if !there {
		return "-"
	}
	return fmt.Sprint(v)
}

// oneLine keeps a row of a table one line.
func oneLine(s string) string { return strings.ReplaceAll(s, "\n", " / ") }
