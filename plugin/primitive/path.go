package primitive

import (
	"context"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// movePath gives a network another way between two domains, while frames flow.
func movePath(ctx context.Context, c Call[SCO]) (Result, error) {
	p := intent.Path{
		Network: slice.NetworkName(c.Text("network")), From: slice.Domain(c.Text("from")), To: slice.Domain(c.Text("to")),
		Mode: intent.PathMode(c.Text("mode")), Hops: domains(c.Words("hops")), Avoid: domains(c.Words("avoid")),
		MaxLatencyMs: c.Number("max-latency-ms"), MinBandwidthKbps: c.Number("min-bandwidth-kbps"),
		Protection: intent.Protection(c.Text("protection")), Policy: intent.Policy(c.Text("policy")),
	}
	if p.Mode == intent.PathExplicit && len(p.Hops) == 0 {
		return Result{}, fault("hops", "name every domain from "+string(p.From)+" to "+string(p.To)+", or take mode any", "an explicit path has none")
	}
	return edit(ctx, c, "hops", intent.Edit{SetPath: &p})
}

func domains(words []string) []slice.Domain {
	var all []slice.Domain
	for _, w := range words {
		all = append(all, slice.Domain(w))
	}
	return all
}
