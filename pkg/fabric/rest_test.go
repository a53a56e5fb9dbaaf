package fabric_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/fabric"
	"github.com/l2sces/l2sces/pkg/ipam"
	"github.com/l2sces/l2sces/pkg/slice"
)

// F23: the numbers that a network gave back rest, over a restart too; the
// error says how many and until when, and nothing is written. Second numbers
// rest as well.
func TestF23NumbersRest(t *testing.T) {
	cfg := fabric.Config{Bridge: bridge.NED, Numbers: ipam.Ring{First: 1, Last: 4}, Rest: time.Minute}
	in(t, cfg, func(w *world) {
		watch(w, 1)
		w.put(guarded())
		bare := func(name slice.NetworkName) fabric.Network {
			n := steered()
			n.ID, n.Attachments, n.Paths = id(name), nil, nil
			return n
		}
		w.put(bare("x"))
		w.put(bare("y"))
		w.remove(guarded().ID)
		w.restart()
		stored := w.store.All()
		_, err := w.Put(bare("z"))
		if slice.KindOf(err) != slice.Exhausted {
			t.Fatalf("two of four numbers rest: %v", err)
		}
		until := time.Now().Add(time.Minute).UTC().Format(time.RFC3339)
		for _, want := range []string{"network s/z", "all 4 numbers", "2 of them", "until " + until} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%q does not say %q", err, want)
			}
		}
		if len(w.Networks()) != 2 || len(stored["fabric-resting"]) != 2 {
			t.Errorf("networks %v, %v rest", w.Networks(), stored["fabric-resting"])
		}
		<-time.After(time.Minute)
		got, err := w.PutAll([]fabric.Network{bare("z"), bare("v")})
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(got)
		if want := []slice.Network{1, 2}; !slices.Equal(got, want) {
			t.Errorf("numbers %v after a minute, want %v", got, want)
		}
		if left := w.store.All()["fabric-resting"]; len(left) > 0 {
			t.Errorf("the store still has %v", left)
		}
	})
}

// A network that moves to other ways leaves a number behind, which rests.
func TestF23NumberOfOldWaysRests(t *testing.T) {
	in(t, fabric.Config{Bridge: bridge.NED, Rest: time.Hour}, func(w *world) {
		watch(w, 1)
		was := w.put(steered())
		n := steered()
		n.Paths = []fabric.Path{fabric.Explicit("n1", "n4", "n3", "n2")}
		if _, err := w.Put(n); err != nil {
			t.Fatal(err)
		}
		w.settle()
		now := w.wait(n.ID).Number
		resting := w.store.All()["fabric-resting"]
		if _, rests := resting["1"]; was != 1 || now == was || len(resting) != 1 || !rests {
			t.Errorf("the network had number %d and has %d; %v rest", was, now, resting)
		}
	})
}
