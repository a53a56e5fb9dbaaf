// Command l2sces is for the people who order slices and run the house: it
// translates and explains templates, orders slices, makes certificates, and
// builds labs.
package main

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/l2sces/l2sces/cmd/internal/cli"
	"github.com/l2sces/l2sces/cmd/internal/program"
	"github.com/l2sces/l2sces/pkg/slice"
)

// version is set by the linker.
var version = "dev"

func main() {
	os.Exit(program.Execute(rootCommand(), os.Stderr))
}

func rootCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "l2sces",
		Short:   "Link-layer network slices across domains",
		Version: version,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			return checkOutput(cmd.Flag("output").Value.String())
		},
	}
	c.PersistentFlags().StringP("output", "o", "table", "table, json or yaml")
	formats := cobra.FixedCompletions(cli.Formats, cobra.ShellCompDirectiveNoFileComp)
	if err := c.RegisterFlagCompletionFunc("output", formats); err != nil {
		panic(err) // only when there is no such flag
	}
	c.AddCommand(nstCommand(), explainCommand(), sliceCommand(), pkiCommand(), tokenCommand(), labCommand(), demoCommand(), benchCommand(), traceCommand(), scoCommand(), packageCommand(), osmCommand(), versionCommand())
	c.AddCommand(cli.Commands(cli.Door{Find: findSCO})...)
	return c
}

// checkOutput refuses a format before anything is done.
func checkOutput(format string) error {
	if !slices.Contains(cli.Formats, format) {
		return slice.Errorf(slice.Invalid, "--output %q is none of %s", format, strings.Join(cli.Formats, ", "))
	}
	return nil
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Show the version of this program",
		RunE: func(cmd *cobra.Command, _ []string) error {
			v := struct {
				Version string `json:"version"`
				Go      string `json:"go"`
			}{version, runtime.Version()}
			return show(cmd, v, func(w *strings.Builder) { fmt.Fprintf(w, "l2sces %s, built with %s\n", v.Version, v.Go) })
		},
	}
}
