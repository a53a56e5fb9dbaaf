package pipeline

import (
	"cmp"

	"github.com/l2sces/l2sces/pkg/flow"
)

// A tenant port has up to three meters. Their numbers are that of the port and
// one of these.
const (
	stormMeter  = 1 << 16
	budgetMeter = 2 << 16
)

// What a meter lets pass where nobody said otherwise.
const (
	minBurst  = 128   // kilobits at once at the least, ten frames of full size: less would stop a slow network altogether
	stormPps  = 1_000 // frames for everybody a second
	budgetPps = 100   // frames of unknown senders a second
)

// capOf is the meter of all that a tenant port sends. It lets a tenth of a
// second's worth pass at once.
func capOf(n Network, a Attachment) flow.Meter {
	return flow.Meter{ID: uint32(a.Port), Kbps: n.BandwidthKbps, Burst: max(n.BandwidthKbps/10, minBurst), Owner: n.Number}
}

// stormOf is the meter of its frames for everybody.
func stormOf(n Network, a Attachment) flow.Meter {
	pps := cmp.Or(n.StormPps, stormPps)
	return flow.Meter{ID: stormMeter + uint32(a.Port), Pps: pps, Burst: pps, Owner: n.Number}
}

// budgetOf is the meter of its frames that go up to the controller.
func budgetOf(n Network, a Attachment) flow.Meter {
	return flow.Meter{ID: budgetMeter + uint32(a.Port), Pps: budgetPps, Burst: budgetPps, Owner: n.Number}
}
