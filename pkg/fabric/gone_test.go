package fabric_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/fabric"
	"github.com/l2sces/l2sces/pkg/slice"
)

// Gone waits for what was removed, and for nothing else: a node that does not
// do as it is told holds up no network but its own.
func TestGoneWaitsForItsOwn(t *testing.T) {
	in(t, fabric.Config{Bridge: bridge.SPS, Mesh: true}, func(w *world) {
		for _, n := range []slice.Node{"n1", "n2"} {
			w.plug(n)
			w.join(n, "a", "b")
		}
		w.put(fabric.Network{ID: id("one"), Type: slice.VNet, Attachments: []fabric.Attachment{at("n1", "a", 1)}})
		w.put(fabric.Network{ID: id("two"), Type: slice.VNet, Attachments: []fabric.Attachment{at("n2", "b", 2)}})
		stuck := w.agents["n2"]
		stuck.mu.Lock()
		stuck.idle = true
		stuck.mu.Unlock()
		for _, n := range []slice.NetworkName{"one", "two"} {
			if err := w.Remove(id(n)); err != nil {
				w.Fatal(err)
			}
		}
		ctx, cancel := context.WithTimeout(w.ctx, 10*time.Second)
		defer cancel()
		if err := w.Gone(ctx, id("one"), id("never")); err != nil {
			w.Errorf("network one: %v", err)
		}
		err := w.Gone(ctx, id("two"))
		if slice.KindOf(err) != slice.Unavailable || !strings.Contains(err.Error(), "network s/two still has port v") {
			w.Errorf("network two: %v", err)
		}
		stuck.stop()
		synctest.Wait()
		ctx, cancel = context.WithTimeout(w.ctx, 10*time.Second)
		defer cancel()
		if err := w.Gone(ctx, id("two")); err != nil {
			w.Errorf("network two, of a node that is away: %v", err)
		}
	})
}
