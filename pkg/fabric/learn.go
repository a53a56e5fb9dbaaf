package fabric

import (
	"slices"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/pipeline"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A Learner finds out which addresses are behind the ports of networks that do
// not know them. Package learn has one.
type Learner interface {
	// SetNetwork gives a network a plan, or another one. A nil plan says that
	// it is gone. It must neither wait nor call back.
	SetNetwork(n slice.Network, plan *pipeline.Plan)
}

// LearnWith has a learner told of all networks, those that there are first.
func (f *Fabric) LearnWith(l Learner) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.learner = l
	for _, id := range f.ids() {
		f.learn(f.networks[id])
	}
}

// learn tells the learner of the plan of a network; the lock is held.
func (f *Fabric) learn(n *network) {
	if f.learner == nil {
		return
	}
	if n.learned != n.Number {
		f.unlearn(n)
		n.learned = n.Number
	}
	plan := n.now
	f.learner.SetNetwork(n.Number, &plan)
}

// unlearn tells the learner that a network is gone; the lock is held.
func (f *Fabric) unlearn(n *network) {
	if f.learner != nil && n.learned != 0 {
		f.learner.SetNetwork(n.learned, nil)
	}
}

// learns reports whether a network that has such rules on a switch may have
// learned addresses there, which go with it.
func learns(r flow.Rules) bool {
	return slices.ContainsFunc(r.Flows, func(f flow.Flow) bool {
		return f.Learned || slices.Contains(f.Actions, flow.ToController())
	})
}
