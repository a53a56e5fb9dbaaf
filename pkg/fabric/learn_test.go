package fabric_test

import (
	"slices"
	"testing"

	"github.com/l2sces/l2sces/pkg/fabric"
	"github.com/l2sces/l2sces/pkg/flow"
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

// What a switch has learned of a network goes with it, whoever learned it.
func TestForgetLearned(t *testing.T) {
	in(t, mesh, func(w *world) {
		t := w.T
		sw := w.plug("n1")
		w.join("n1", "w1")
		n := vnet("open", fabric.Attachment{Node: "n1", Workload: "w1", Interface: "l2s0"})
		n.Type = slice.ExtVNet
		number := w.put(n)
		w.settle()
		learned := flow.Flow{
			Table: pipeline.Forward, Owner: number, Learned: true, Idle: 300,
			Match: []flow.Match{flow.InNetwork(number), flow.To(mac(9))},
		}
		if err := sw.Apply(w.ctx, flow.Change{PutFlows: []flow.Flow{learned}}); err != nil {
			t.Fatal(err)
		}
		has := func() bool {
			r, err := sw.Rules(w.ctx)
			if err != nil {
				t.Fatal(err)
			}
			return slices.ContainsFunc(r.Flows, func(f flow.Flow) bool { return f.Learned })
		}
		w.settle()
		if !has() {
			t.Fatal("the learned flow does not stay")
		}
		w.remove(n.ID)
		w.settle()
		if has() {
			t.Error("the learned flow outlives its network")
		}
	})
}
