package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/l2sces/l2sces/pkg/pack"
	"github.com/l2sces/l2sces/pkg/slice"
)

func checkOption(option int) error {
	if option != 1 && option != 2 {
		return slice.Errorf(slice.Invalid, "--option %d is neither 1 nor 2", option)
	}
	return nil
}

// packageInspectCommand shows what is in an archive.
func packageInspectCommand() *cobra.Command {
	var o trustOptions
	c := &cobra.Command{
		Use:     "inspect PACKAGE",
		Short:   "Show what is in an archive: descriptor, files, digests, signer",
		Example: "  l2sces package inspect bin/packages/sco_knf.csar --output yaml",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			t, err := o.trust()
			if err != nil {
				return err
			}
			i, err := pack.Inspect(cmd.Context(), args[0], t, o.limits)
			if err != nil {
				return wrongFile(err)
			}
			return show(cmd, i, func(w *strings.Builder) { tellInspected(w, i) })
		},
	}
	o.flags(c.Flags())
	return c
}

func tellInspected(w *strings.Builder, i pack.Inspection) {
	fmt.Fprintf(w, "package\t%s (%s)\n", i.Package, i.Format)
	fmt.Fprintf(w, "descriptor\t%s: %s %s, version %s\n", i.Descriptor, i.Kind, i.ID, i.Version)
	fmt.Fprintf(w, "content\t%d files, %d bytes\n", i.Files, i.Bytes)
	switch {
	case len(i.Problems) > 0:
		fmt.Fprintf(w, "refused\t%s\n", i.Problems[0])
	case i.Signer != nil:
		fmt.Fprintf(w, "signature\toption %d, %s, until %s\n", i.Option, tellSigner(i.Report), i.Signer.Until.Format("2006-01-02"))
	default:
		fmt.Fprintln(w, "signature\tnone")
	}
	fmt.Fprintln(w, "\nSHA-256\tBYTES\tMODE\tFILE")
	for _, e := range i.Entries {
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\n", e.SHA256, e.Size, e.Mode, e.Name)
	}
}

// packageDiffCommand compares two archives.
func packageDiffCommand() *cobra.Command {
	var l pack.Limits
	c := &cobra.Command{
		Use:   "diff OLD NEW",
		Short: "Show how two archives differ: by files, and by values of the descriptor",
		Long: "Diff compares what OSM finds in two archives, in whichever format they are. Elements of lists go by their id or\n" +
			"name, so that another order is no change.",
		Example: "  l2sces package diff old/sco_knf.tar.gz bin/packages/sco_knf.tar.gz",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := pack.Diff(cmd.Context(), args[0], args[1], l)
			if err != nil {
				return wrongFile(err)
			}
			return show(cmd, d, func(w *strings.Builder) { tellDifference(w, d) })
		},
	}
	limitFlags(c.Flags(), &l)
	return c
}

func tellDifference(w *strings.Builder, d pack.Difference) {
	if len(d.Files)+len(d.Values) == 0 {
		fmt.Fprintln(w, "no difference")
		return
	}
	for _, c := range d.Files {
		fmt.Fprintf(w, "%s\t%s\n", c.What, c.Name)
	}
	for _, c := range d.Values {
		switch c.What {
		case pack.Added:
			fmt.Fprintf(w, "%s\t%s: %q\n", c.What, c.Name, c.New)
		case pack.Removed:
			fmt.Fprintf(w, "%s\t%s: %q\n", c.What, c.Name, c.Old)
		default:
			fmt.Fprintf(w, "%s\t%s: %q -> %q\n", c.What, c.Name, c.Old, c.New)
		}
	}
}
