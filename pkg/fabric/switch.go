package fabric

import (
	"context"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A Switch is one connected switch, as the engine needs it. Package openflow
// has the real one, flowtest one in memory.
type Switch interface {
	// DPID returns the identifier that the switch gave.
	DPID() slice.DPID
	// Rules reads everything the switch holds. Rules that this house did not
	// make come back as well, with an Owner of zero and Foreign set.
	Rules(ctx context.Context) (flow.Rules, error)
	// Apply carries a change out: meters first, then one atomic bundle of
	// groups and flows, then a barrier. When it returns nil the switch has
	// confirmed everything; when it returns an error nothing of the bundle is
	// in place.
	Apply(ctx context.Context, c flow.Change) error
	// Done is closed when the connection is lost.
	Done() <-chan struct{}
}
