package fabric_test

import (
	"testing"

	"github.com/l2sces/l2sces/pkg/fabric"
	"github.com/l2sces/l2sces/pkg/pipeline"
	"github.com/l2sces/l2sces/pkg/slice"
)

// pupil notes what a learner is told.
type pupil map[slice.Network]*pipeline.Plan

func (p pupil) SetNetwork(n slice.Network, plan *pipeline.Plan) {
	if p[n] = plan; plan == nil {
		delete(p, n)
	}
}

func TestLearner(t *testing.T) {
	in(t, neds, func(w *world) {
		t := w.T
		w.triangle()
		w.put(joint("one", 1, fabric.Link{Name: "a", A: "n1", B: "n3"}))
		p := pupil{}
		w.LearnWith(p)
		if len(p) != 1 {
			t.Fatalf("the learner knows %d networks that were there", len(p))
		}
		number := w.put(joint("two", 2, fabric.Link{Name: "a", A: "n1", B: "n3"}))
		if len(p) != 2 || p[number] == nil || len(p[number].Switches()) != 2 {
			t.Errorf("%d networks, the second is %+v", len(p), p[number])
		}
		w.remove(id("two"))
		if len(p) != 1 || p[number] != nil {
			t.Errorf("%d networks when one was removed", len(p))
		}
	})
}
