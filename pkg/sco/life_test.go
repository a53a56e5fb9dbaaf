package sco_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/sco"
	"github.com/l2sces/l2sces/pkg/slice"
)

// The process ends at any write of an order, and the caller, who has no answer,
// sends the order again: it is carried out once, and the history tells it once.
func TestF20CrashAndRepeat(t *testing.T) {
	tests := map[string]struct {
		first bool // the slice is there already
		order order
		want  []string // of the history
	}{
		"create": {
			false, func(w *world, o intent.Order) (intent.Status, error) { o.New = true; return applies(three("s"))(w, o) },
			[]string{"1 create by : 3 networks"},
		},
		"apply":  {true, orders["apply"], []string{"2 update by : 3 networks", "1 create by : 3 networks"}},
		"edit":   {true, orders["edit"], []string{"2 edit by : 2 networks", "1 create by : 3 networks"}},
		"pause":  {true, orders["pause"], []string{"1 pause by : 3 networks", "1 create by : 3 networks"}},
		"delete": {true, orders["delete"], []string{"1 delete by : 3 networks", "1 create by : 3 networks"}},
	}
	for name, test := range tests {
		for _, at := range []string{"before", "after"} {
			t.Run(name+" "+at, func(t *testing.T) {
				for writes, done := 0, false; !done && !t.Failed(); writes += stride() {
					t.Run(fmt.Sprint(writes), func(t *testing.T) {
						in(t, sco.Config{}, func(w *world) {
							if test.first {
								w.ready(three("s"))
							}
							o := intent.Order{RequestID: "r"}
							w.crash(writes, at == "after", func(w *world) { _, _ = test.order(w, o) })
							done = !w.store.Exhausted()
							w.stop()
							synctest.Wait()
							w.store.Fail(-1)
							w.start()
							w.loop()
							_, err := test.order(w, o)
							ok(t, err)
							w.rounds()
							if diff := cmp.Diff(test.want, w.told()); diff != "" {
								t.Errorf("the history (-want +got)\n%s", diff)
							}
							_, err = test.order(w, o)
							ok(t, err)
							if name == "delete" {
								w.clean()
							} else if s := w.status("s"); s.Phase != intent.Ready {
								t.Errorf("%s: %s", s.Phase, s.Message)
							}
						})
					})
				}
			})
		}
	}
}

// Of many who change what they have all seen, one does, and the others are told
// to look again.
func TestNoLostUpdate(t *testing.T) {
	in(t, sco.Config{}, func(w *world) {
		w.ready(three("s"))
		var wait sync.WaitGroup
		var mu sync.Mutex
		count := map[slice.Kind]int{}
		for i := range 50 {
			wait.Go(func() {
				edit := intent.Edit{AddNetwork: &intent.Network{Name: slice.NetworkName(fmt.Sprint("n", i)), Domains: []slice.Domain{"a"}}}
				_, err := w.Edit(w.ctx, "s", []intent.Edit{edit}, intent.Order{Generation: 1})
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					count[slice.Internal]++ // nobody is at fault
					return
				}
				count[slice.KindOf(err)]++
			})
		}
		wait.Wait()
		if diff := cmp.Diff(map[slice.Kind]int{slice.Internal: 1, slice.Stale: 49}, count); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		if s := w.status("s"); s.Generation != 2 || len(s.Networks) != 4 {
			t.Errorf("got %+v", s)
		}
	})
}

// A record of a release that knew no revisions lives on.
func TestRecordOfAnOlderRelease(t *testing.T) {
	in(t, sco.Config{}, func(w *world) {
		w.ready(three("s"))
		w.stop()
		synctest.Wait()
		stored, err := w.store.Get("slices", "s")
		ok(t, err)
		var record map[string]json.RawMessage
		ok(t, json.Unmarshal(stored, &record))
		for _, field := range []string{"revision", "what", "by", "time", "requests", "paused"} {
			delete(record, field)
		}
		stored, err = json.Marshal(record)
		ok(t, err)
		ok(t, w.store.Put("slices", "s", stored))
		w.start()
		w.loop()
		if diff := cmp.Diff([]string{"1 update by : 3 networks"}, w.told()); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		w.ready(quiet("s"))
		if diff := cmp.Diff([]string{"2 update by : 3 networks", "1 update by : 3 networks"}, w.told()); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		w.gone("s")
		if got := w.told(); len(got) != 3 || !strings.HasPrefix(got[0], "2 delete") {
			t.Errorf("got %v", got)
		}
		w.clean()
	})
}

func TestBrokenHistory(t *testing.T) {
	in(t, sco.Config{}, func(w *world) {
		ok(t, w.store.Put("slice-history", "s/1", []byte("{")))
		if _, err := sco.New(w.cfg); err == nil || !strings.Contains(err.Error(), "load revision s/1") {
			t.Errorf("got %v", err)
		}
	})
}
