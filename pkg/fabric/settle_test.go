package fabric_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/fabric"
	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/flow/flowtest"
	"github.com/l2sces/l2sces/pkg/slice"
)

// While networks are tried apart, those whose turn has not come are not
// settled, and their numbers are not free.
func TestUnsettledUntilTheLastIsDone(t *testing.T) {
	engine(t, flow.Rules{}, func(b bench) {
		sw := &wired{Memory: flowtest.NewMemory(1)}
		b.serve(sw)
		let := make(chan struct{})
		refuse := forbid(1)
		sw.set(func(ctx context.Context, c flow.Change) error {
			if err := refuse(ctx, c); err != nil {
				return err
			}
			<-let
			return nil
		})
		// All at once: they come in one bundle, which is refused for network 1.
		b.e.SetAll(map[slice.Network]map[slice.DPID]flow.Rules{1: rulesOf(1, 1), 2: rulesOf(2, 2), 3: rulesOf(3, 3), 4: rulesOf(4, 4)})
		for range 2 {
			synctest.Wait()
			if why := b.e.Unsettled(); why != "switch 0000000000000001 is being changed" {
				b.Errorf("unsettled: %q", why)
			}
			if !b.e.Holds(1) || !b.e.Holds(3) || b.e.Holds(5) {
				b.Error("the numbers of networks that are being changed should be held, and no other")
			}
			let <- struct{}{}
		}
		synctest.Wait()
		if why := b.e.Unsettled(); why != "switch 0000000000000001: network 1 is bad" {
			b.Errorf("unsettled: %q", why)
		}
		b.e.Set(1, nil) // what never came is gone at once
		synctest.Wait()
		if why := b.e.Unsettled(); why != "" || b.e.Holds(1) {
			b.Errorf("unsettled: %q", why)
		}
	})
}

// After a refusal the switch is read; it may refuse that as well.
func TestReadingRefused(t *testing.T) {
	engine(t, flow.Rules{}, func(b bench) {
		m := flowtest.NewMemory(1)
		b.serve(m)
		no := errors.New("no")
		m.Fail(no, no, no, no)
		b.e.Set(1, rulesOf(1, 1))
		b.e.Set(2, rulesOf(2, 2))
		<-time.After(time.Minute)
		holds(b.T, m, rulesOf(1, 1), rulesOf(2, 2))
		if why := b.e.Unsettled(); why != "" {
			b.Error(why)
		}
	})
}

// Two controllers that are told the same want the same bridge.
func TestSameBridgeFromTheSameNetworks(t *testing.T) {
	revisions := map[uint32]bool{}
	for range 5 {
		in(t, fabric.Config{Bridge: bridge.SPS, Mesh: true}, func(w *world) {
			w.plug("n1")
			w.join("n1")
			n := vnet("a")
			for i := range byte(20) {
				n.Attachments = append(n.Attachments, at("n1", slice.Workload(fmt.Sprint("w", i)), i+1))
			}
			w.put(n)
			b, _ := w.agents["n1"].last()
			revisions[b.Revision] = true
		})
	}
	if len(revisions) != 1 {
		t.Errorf("%d revisions of one bridge", len(revisions))
	}
}
