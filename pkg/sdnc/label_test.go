package sdnc_test

import (
	"strings"
	"testing"
	"time"

	"github.com/l2sces/l2sces/pkg/ipam"
	"github.com/l2sces/l2sces/pkg/slice"
)

// F23: a label that was given back rests, over a restart too, and the error
// says so before anything is written.
func TestF23LabelsRest(t *testing.T) {
	cfg := withGateway
	cfg.Labels, cfg.Rest = ipam.Ring{First: 5, Last: 7}, time.Minute
	in(t, cfg, func(w *world) {
		t := w.t
		w.node("n1", "w1")
		label := func(n slice.NetworkName) slice.VLAN { return w.ready(handOff(segment(n, "w1"))).Label }
		label("a")
		label("b")
		label("c")
		w.delete("a")
		w.ready(segment("b", "w1")) // needs no label any more
		w.restart()
		w.node("n1", "w1")
		networks := len(w.Fabric().Networks())
		_, err := w.apply(handOff(segment("d", "w1")))
		if slice.KindOf(err) != slice.Exhausted || !strings.Contains(err.Error(), "2 of them were given back") || len(w.Fabric().Networks()) != networks {
			t.Errorf("two of three labels rest: %v", err)
		}
		<-time.After(time.Minute)
		if d := label("d"); d != 5 {
			t.Errorf("label %d after a minute", d)
		}
		left, _ := w.store.List("labels") // in memory
		if len(left) != 1 {
			t.Errorf("the store still has %v", left)
		}
	})
}
