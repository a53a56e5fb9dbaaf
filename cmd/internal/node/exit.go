package node

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/l2sces/l2sces/cmd/internal/program"
)

// Execute is program.Execute, under the name by which sco and sdnc know it.
func Execute(cmd *cobra.Command, stderr io.Writer) int { return program.Execute(cmd, stderr) }
