package cli

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// pathCommand steers the networks of a running slice.
func pathCommand(d Door) *cobra.Command {
	var p intent.Path
	var hops, avoid []string
	set := editing(&d, "set SLICE NETWORK FROM TO", "Give a network a path between two domains, or move it while frames flow", 3,
		func(f *pflag.FlagSet) {
			f.StringSliceVar(&hops, "hops", nil, "domains to pass, in this order, comma-separated; all, both ends among them, unless --mode is loose")
			f.StringSliceVar(&avoid, "avoid", nil, "domains not to pass, comma-separated")
			f.StringVar((*string)(&p.Mode), "mode", "", "explicit, loose or any; empty: explicit with hops, else any")
			f.StringVar((*string)(&p.Protection), "protection", "", "none or fast-failover")
			f.StringVar((*string)(&p.Policy), "policy", "", "what happens where it cannot be had: refuse or degrade")
			f.Uint32Var(&p.MaxLatencyMs, "max-latency", 0, "milliseconds; 0: any")
			f.Uint32Var(&p.MinBandwidthKbps, "min-bandwidth", 0, "kbit/s to reserve; 0: none")
		},
		func(args []string) (intent.Edit, error) {
			q := pathOf(args)
			q.Hops, q.Avoid = domainNames(hops), domainNames(avoid)
			q.Mode, q.Protection, q.Policy = p.Mode, p.Protection, p.Policy
			q.MaxLatencyMs, q.MinBandwidthKbps = p.MaxLatencyMs, p.MinBandwidthKbps
			return intent.Edit{SetPath: &q}, nil
		})
	set.Example = "  l2sces path set fire-emergency video field private --hops field,fire,private --wait"
	remove := editing(&d, "remove SLICE NETWORK FROM TO", "Leave the way between two domains to the SCO", 3, nil, func(args []string) (intent.Edit, error) {
		p := pathOf(args)
		return intent.Edit{RemovePath: &p}, nil
	})
	return noun("path", "Steer the networks of a running slice", &d, set, remove)
}

func pathOf(args []string) intent.Path {
	return intent.Path{Network: slice.NetworkName(args[0]), From: slice.Domain(args[1]), To: slice.Domain(args[2])}
}

func domainNames(text []string) []slice.Domain {
	var all []slice.Domain
	for _, t := range text {
		all = append(all, slice.Domain(t))
	}
	return all
}
