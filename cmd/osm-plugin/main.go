// Command osm-plugin is the door at which OSM orders slices: it translates
// templates into intents and hands them to the SCO.
package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/l2sces/l2sces/cmd/internal/program"
)

// version is set by the linker.
var version = "dev"

func main() {
	os.Exit(program.Execute(command(), os.Stderr))
}

func command() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:     "osm-plugin",
		Short:   "Translate slice templates into intents and hand them to the SCO",
		Version: version,
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context(), cmd.ErrOrStderr()) },
	}
	o.flags(cmd.Flags())
	return cmd
}
