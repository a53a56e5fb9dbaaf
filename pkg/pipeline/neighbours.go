package pipeline

import "github.com/l2sces/l2sces/pkg/flow"

// Neighbours sends the controller's own frames up that come in by a port of no
// network. It is for switches whose ports nobody has told which are links.
func Neighbours() flow.Flow {
	return flow.Flow{
		Table: Classify, Priority: flow.Default,
		Match: []flow.Match{flow.EthType(etherLLDP)}, Actions: []flow.Action{flow.ToController()},
	}
}
