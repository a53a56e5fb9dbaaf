package pipeline

import (
	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/slice"
)

// Neighbours sends the controller's own frames up that come in by a port of no
// network, with the VNI that probes have to themselves: a port that does not
// carry it carries no network either, and is no link. It is for switches whose
// ports nobody has told which are links.
func Neighbours() flow.Flow {
	return flow.Flow{
		Table: Classify, Priority: flow.Default,
		Match: []flow.Match{flow.VNI(slice.MaxNetwork), flow.EthType(etherLLDP)}, Actions: []flow.Action{flow.ToController()},
	}
}
