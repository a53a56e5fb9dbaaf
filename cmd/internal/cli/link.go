package cli

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// linkCommand changes the links of an explicit overlay.
func linkCommand(d Door) *cobra.Command {
	var cost, capacity, latency uint32
	add := editing(&d, "add SLICE FROM TO", "Add a link between two domains, or give one a new cost", 2,
		func(f *pflag.FlagSet) {
			f.Uint32Var(&cost, "cost", 0, "of the link for the choice of ways; 0: 1")
			f.Uint32Var(&capacity, "capacity", 0, "kbit/s that paths can reserve; 0: enough")
			f.Uint32Var(&latency, "latency", 0, "milliseconds of one way; 0: not told")
		},
		func(args []string) (intent.Edit, error) {
			l := linkOf(args)
			l.Cost, l.CapacityKbps, l.LatencyMs = cost, capacity, latency
			return intent.Edit{AddLink: &l}, nil
		})
	remove := editing(&d, "remove SLICE FROM TO", "Remove a link", 2, nil, func(args []string) (intent.Edit, error) {
		l := linkOf(args)
		return intent.Edit{RemoveLink: &l}, nil
	})
	return noun("link", "Change the links of a running slice whose overlay is explicit", &d, add, remove)
}

func linkOf(args []string) intent.Link {
	return intent.Link{From: slice.Domain(args[0]), To: slice.Domain(args[1])}
}
