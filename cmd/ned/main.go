// Command ned keeps the bridge br-ned of one gateway node as the SCO wants it.
package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/l2sces/l2sces/cmd/internal/node"
	"github.com/l2sces/l2sces/cmd/internal/program"
	"github.com/l2sces/l2sces/pkg/ned"
	"github.com/l2sces/l2sces/pkg/pki"
)

// version is set by the linker.
var version = "dev"

func main() {
	var options node.Options
	cmd := &cobra.Command{
		Use:     "ned",
		Short:   "Keep the bridge br-ned of one gateway node as the SCO wants it",
		Version: version,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return options.Run(cmd.Context(), cmd.ErrOrStderr(), node.Actor{Name: "ned", Version: version, Server: pki.SCO, New: ned.New})
		},
	}
	options.Flags(cmd.Flags())
	cmd.AddCommand(node.DatabaseCommand())
	os.Exit(program.Execute(cmd, os.Stderr))
}
