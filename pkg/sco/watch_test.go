package sco_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/sco"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A view is somebody who watches.
type view struct {
	t     *testing.T
	seen  []string
	busy  chan struct{} // closed: it takes moments
	ended chan error
	stop  context.CancelFunc
}

func (w *world) watch(q intent.Query) *view {
	ctx, stop := context.WithCancel(w.ctx)
	v := &view{t: w.t, busy: make(chan struct{}), ended: make(chan error, 1), stop: stop}
	close(v.busy)
	last := map[slice.ID]intent.Moment{}
	go func() {
		v.ended <- w.Watch(ctx, q, func(m intent.Moment) error {
			<-v.busy
			before := last[m.Slice.ID]
			last[m.Slice.ID] = m
			if m.Slice.Phase == intent.Deleting || line(before) == line(m) && !reflect.DeepEqual(before, m) {
				return nil // a state on the way, or another reason for the same one: a watcher may see it or not
			}
			v.seen = append(v.seen, line(m))
			return nil
		})
	}()
	return v
}

func line(m intent.Moment) string {
	return strings.TrimSpace(fmt.Sprintf("%s %s %s %d", m.Kind, m.Slice.ID, m.Slice.Phase, m.Slice.Generation))
}

// sees fails unless exactly these moments have come since the last call. Time
// goes by in which more could come.
func (v *view) sees(want ...string) {
	v.t.Helper()
	<-time.After(3 * time.Second)
	synctest.Wait()
	if diff := cmp.Diff(want, v.seen); diff != "" {
		v.t.Errorf("(-want +got)\n%s", diff)
	}
	v.seen = nil
}

func TestWatch(t *testing.T) {
	in(t, sco.Config{}, func(w *world) {
		w.ready(tiny("s", "a"))
		red := tiny("t", "b")
		red.Slice.Tenant = "red"
		w.ready(red)
		w.loop()
		all, blue := w.watch(intent.Query{}), w.watch(intent.Query{Tenant: "blue"})
		one, failing := w.watch(intent.Query{IDs: []slice.ID{"u"}}), w.watch(intent.Query{Phase: intent.Degraded})
		all.sees("CHANGED s Ready 1", "CHANGED t Ready 1", "SYNC   0")
		blue.sees("CHANGED s Ready 1", "SYNC   0")
		one.sees("SYNC   0")
		failing.sees("SYNC   0")

		w.domains["b"].away()
		all.sees("CHANGED t Degraded 1")
		failing.sees("CHANGED t Degraded 1")
		w.domains["b"].heals()
		all.sees("CHANGED t Ready 1")
		failing.sees("GONE t  1")
		w.ready(tiny("u", "a"))
		one.sees("CHANGED u Ready 1")
		w.gone("u")
		one.sees("GONE u  1")
		blue.sees("CHANGED u Ready 1", "GONE u  1")
		all.seen = nil
		w.rounds()
		all.sees()
		for _, v := range []*view{all, blue, one, failing} {
			v.stop()
			if err := <-v.ended; !errors.Is(err, context.Canceled) {
				t.Errorf("it ended with %v", err)
			}
		}
		if err := w.Watch(w.ctx, intent.Query{Phase: "Broken"}, nil); slice.KindOf(err) != slice.Invalid {
			t.Errorf("a wrong query: %v", err)
		}
		full := errors.New("I have seen enough")
		if err := w.Watch(w.ctx, intent.Query{}, func(intent.Moment) error { return full }); !errors.Is(err, full) {
			t.Errorf("a watcher that has had enough: %v", err)
		}
	})
}

// A watcher that is busy holds nobody up, and is told the newest state only.
func TestSlowWatcher(t *testing.T) {
	in(t, sco.Config{}, func(w *world) {
		v := w.watch(intent.Query{})
		v.sees("SYNC   0")
		v.busy = make(chan struct{})
		w.ready(tiny("s", "a"))
		synctest.Wait() // it is told the first generation
		start := time.Now()
		for i := range 100 {
			in := tiny("s", "a")
			in.Slice.Networks[0].BandwidthKbps = uint32(i + 1)
			w.ready(in)
			w.ready(tiny("t", "b"))
			w.gone("t")
		}
		if took := time.Since(start); took > time.Second {
			t.Errorf("the SCO took %s", took)
		}
		close(v.busy)
		<-time.After(3 * time.Second)
		synctest.Wait()
		if n := len(v.seen); n > 3 || v.seen[n-1] != "CHANGED s Ready 101" {
			t.Errorf("it was told %v", v.seen)
		}
		v.stop()
		if err := <-v.ended; !errors.Is(err, context.Canceled) {
			t.Errorf("it ended with %v", err)
		}
	})
}
