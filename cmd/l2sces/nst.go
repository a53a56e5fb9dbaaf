package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/translate"
)

// nstCommand works on slice templates without touching anything.
func nstCommand() *cobra.Command {
	c := &cobra.Command{Use: "nst", Short: "Read network slice templates"}
	var f translate.Files
	t := &cobra.Command{
		Use:   "translate FILE|FOLDER",
		Short: "Translate a template, or its package folder, into intents",
		Long: "Translate prints what a slice of the template asks for, in the one form that equal intents share. Nothing is\n" +
			"touched and nobody is asked. What OSM takes but would do otherwise than it looks is a warning on stderr.",
		Example: "  l2sces nst translate descriptors/nst/fire-emergency --params descriptors/params/fire-emergency.yaml",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f.Template = args[0]
			in, err := translateFiles(cmd.ErrOrStderr(), f)
			if err != nil {
				return err
			}
			text, err := in.YAML()
			if err != nil {
				return err
			}
			return show(cmd, in.Canonical(), func(w *strings.Builder) { w.Write(text) })
		},
	}
	templateFlags(t.Flags(), &f)
	c.AddCommand(t)
	return c
}

// templateFlags binds what goes with a template.
func templateFlags(flags *pflag.FlagSet, f *translate.Files) {
	flags.StringVar(&f.Params, "params", "", "parameters of the instance, as for osm nsi-create --config_file")
	flags.StringArrayVar(&f.NSDs, "nsd", nil, "service descriptor, its package folder, or a folder of these; repeatable")
	flags.StringVar((*string)(&f.SliceID), "slice", "", "name of the slice; empty: from the parameters, else the template's id")
	flags.StringVar((*string)(&f.Tenant), "tenant", "", "who orders; empty: from the parameters")
}

// translateFiles translates files of this machine. Warnings go to stderr.
func translateFiles(stderr io.Writer, f translate.Files) (intent.Intents, error) {
	in, warnings, err := translate.File(disk{}, f)
	if err != nil {
		return in, wrongFile(err)
	}
	warn(stderr, warnings)
	return in, nil
}

func warn(stderr io.Writer, warnings []descriptor.Problem) {
	for _, w := range warnings {
		_, _ = fmt.Fprintf(stderr, "warning: %s\n", w) // advice only
	}
}

// wrongFile makes a file that is not there the fault of who named it.
func wrongFile(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return slice.Errorf(slice.Invalid, "%w", err)
	}
	return err
}

// disk is the file system of this machine, under the names that people use:
// also absolute ones, and those that begin with dots.
type disk struct{}

func (disk) Open(name string) (fs.File, error) { return os.Open(name) }
