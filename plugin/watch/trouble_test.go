package watch_test

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/l2sces/l2sces/pkg/osm/osmtest"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/service"
)

// Whatever goes wrong in between, nothing is taken away, and all is right after.
func TestTrouble(t *testing.T) {
	always := func(tr osmtest.Trouble) func(osmtest.Request) osmtest.Trouble {
		return func(osmtest.Request) osmtest.Trouble { return tr }
	}
	lists := func(body string) func(osmtest.Request) osmtest.Trouble {
		return func(r osmtest.Request) osmtest.Trouble {
			if r.Method != http.MethodGet {
				return osmtest.Trouble{}
			}
			return osmtest.Trouble{Change: func(int, []byte) (int, []byte) { return 200, []byte(body) }}
		}
	}
	on := func(part string, status int) func(osmtest.Request) osmtest.Trouble {
		return func(r osmtest.Request) osmtest.Trouble {
			if strings.Contains(r.Path, part) {
				return osmtest.Trouble{Status: status}
			}
			return osmtest.Trouble{}
		}
	}
	for name, trouble := range map[string]func(osmtest.Request) osmtest.Trouble{
		"401":             always(osmtest.Trouble{Status: 401}),
		"403":             always(osmtest.Trouble{Status: 403}),
		"409":             always(osmtest.Trouble{Status: 409}),
		"500":             always(osmtest.Trouble{Status: 500}),
		"429":             always(osmtest.Trouble{Status: 429, RetryAfter: "7"}),
		"lost":            always(osmtest.Trouble{Lost: true}),
		"cut":             always(osmtest.Trouble{Cut: true}),
		"slow":            nil,
		"404 everywhere":  always(osmtest.Trouble{Status: 404}),
		"HTML":            lists("<html>maintenance</html>"),
		"null records":    lists("[null]"),
		"numbers":         lists("[1,2]"),
		"an object":       lists(`{"code":"OK"}`),
		"templates":       on("netslice_templates", 500),
		"artifacts":       on("artifacts", 409),
		"services":        on("ns_instances", 500),
		"one service 404": on("ns_instances", 404), // once is not enough
		"VIM accounts":    on("vim_accounts", 503),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				old := w.running("old", "two", ab, nil)
				w.want("press/old video[alpha beta]")
				w.running("new", "two", map[string]string{"a": "gamma", "b": "beta"}, nil)
				before := w.sco.changes()
				if trouble == nil {
					trouble = always(osmtest.Trouble{Slow: make(chan struct{})})
				}
				w.nbi.Disturb(trouble)
				if name == "artifacts" || name == "VIM accounts" {
					w.restart() // with nothing in its memory
				}
				if err := w.watcher.Poll(t.Context()); err == nil {
					t.Error("a poll in trouble has no error")
				}
				if got := w.sco.changes(); !slices.Equal(got, before) && name != "VIM accounts" {
					t.Errorf("changed to %q", got)
				}
				w.nbi.Disturb(nil)
				w.nbi.Restart()
				w.want("press/new video[beta gamma]", "press/old video[alpha beta]")
				w.nbi.Terminated(old)
				w.want("press/new video[beta gamma]")
			})
		})
	}
}

// filter makes a list of slices without some.
func filter(drop func(id string) bool) func(osmtest.Request) osmtest.Trouble {
	return func(r osmtest.Request) osmtest.Trouble {
		if !strings.HasPrefix(r.Path, "/nsilcm/v1/netslice_instances") || r.Method != http.MethodGet {
			return osmtest.Trouble{}
		}
		return osmtest.Trouble{Change: func(status int, body []byte) (int, []byte) {
			var list []map[string]any
			if json.Unmarshal(body, &list) != nil {
				return status, body // a single one
			}
			list = slices.DeleteFunc(list, func(r map[string]any) bool { id, _ := r["_id"].(string); return drop(id) })
			if list == nil {
				list = []map[string]any{}
			}
			out, err := json.Marshal(list)
			if err != nil {
				panic(err)
			}
			return status, out
		}}
	}
}

// A list that lacks a slice which is there removes nothing, however often it comes.
func TestPartialLists(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.running("s", "two", ab, nil)
		w.want("press/s video[alpha beta]")
		w.nbi.Disturb(filter(func(string) bool { return true }))
		for range 5 {
			if err := w.watcher.Poll(t.Context()); err == nil {
				t.Error("nobody noticed")
			}
			w.have("press/s video[alpha beta]")
		}
	})
}

// A record that is deleted takes its slice along at the second look.
func TestDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		nsi := w.running("s", "two", ab, nil)
		w.running("other", "two", ab, nil)
		w.want("press/other video[alpha beta]", "press/s video[alpha beta]")
		earlier := w.recorded("/nsilcm/v1/netslice_instances")
		w.nbi.Drop(nsi)
		w.want("press/other video[alpha beta]", "press/s video[alpha beta]")
		w.nbi.Disturb(earlier) // one list from earlier
		if err := w.watcher.Poll(t.Context()); err == nil {
			t.Error("its services are not missed")
		}
		w.nbi.Disturb(nil)
		w.want("press/other video[alpha beta]", "press/s video[alpha beta]")
		w.want("press/other video[alpha beta]")
		w.nbi.Disturb(earlier)
		w.want("press/other video[alpha beta]") // it does not come back by that
	})
}

// recorded answers from now on as it would answer now.
func (w *world) recorded(prefix string) func(osmtest.Request) osmtest.Trouble {
	w.t.Helper()
	answers := map[string][]byte{}
	record := func(path string) {
		var v json.RawMessage
		if err := w.admin.Get(w.t.Context(), path, &v); err != nil {
			w.t.Fatal(err)
		}
		answers[path] = v
	}
	var list []struct {
		ID string `json:"_id"`
	}
	if err := w.admin.Get(w.t.Context(), prefix, &list); err != nil {
		w.t.Fatal(err)
	}
	record(prefix)
	for _, r := range list {
		record(prefix + "/" + r.ID)
	}
	return func(r osmtest.Request) osmtest.Trouble {
		body, ok := answers[r.Path]
		if r.Method != http.MethodGet || !ok {
			return osmtest.Trouble{}
		}
		return osmtest.Trouble{Change: func(int, []byte) (int, []byte) { return 200, body }}
	}
}

// Answers from earlier change nothing, also after a restart of the plugin.
func TestReordered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		nsi := w.running("s", "two", ab, nil)
		w.want("press/s video[alpha beta]")
		running, services := w.recorded("/nsilcm/v1/netslice_instances"), w.recorded("/nslcm/v1/ns_instances")
		w.nbi.FailService(w.nbi.Services(nsi)[1])
		w.want("press/s video[alpha]")
		w.nbi.Disturb(services)
		w.want("press/s video[alpha]")
		w.nbi.Disturb(nil)
		w.nbi.Terminated(nsi)
		w.want()
		w.nbi.Disturb(func(r osmtest.Request) osmtest.Trouble {
			if tr := running(r); tr.Change != nil {
				return tr
			}
			return services(r)
		})
		w.want()
		w.restart()
		w.want()
		w.nbi.Disturb(nil)
		w.nbi.Start(nsi) // the two-step form begins once more
		w.nbi.Finish(nsi)
		w.want("press/s video[alpha beta]")
	})
}

// A repeated record counts once, the newest of them.
func TestRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		nsi := w.running("s", "two", ab, nil)
		w.want("press/s video[alpha beta]")
		var earlier json.RawMessage
		if err := w.admin.Get(t.Context(), "/nsilcm/v1/netslice_instances/"+nsi, &earlier); err != nil {
			t.Fatal(err)
		}
		w.nbi.Terminated(nsi)
		w.nbi.Disturb(func(r osmtest.Request) osmtest.Trouble {
			if r.Path != "/nsilcm/v1/netslice_instances" {
				return osmtest.Trouble{}
			}
			return osmtest.Trouble{Change: func(_ int, body []byte) (int, []byte) {
				list := strings.TrimSpace(string(body))
				return 200, []byte("[" + string(earlier) + "," + list[1:len(list)-1] + "," + string(earlier) + "]")
			}}
		})
		w.want()
	})
}

// A record that cannot be read is told of, and keeps no other.
func TestBrokenRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.running("good", "two", ab, nil)
		w.nbi.Disturb(func(r osmtest.Request) osmtest.Trouble {
			if r.Path != "/nsilcm/v1/netslice_instances" {
				return osmtest.Trouble{}
			}
			return osmtest.Trouble{Change: func(_ int, body []byte) (int, []byte) {
				return 200, []byte(`[{"_id":"x","name":7},{"_id":"y","_admin":{"nsiState":"INSTANTIATED"}},{"_id":"z","operational-status":"running","network-slice-template":"!!yaml x"},` + strings.TrimSpace(string(body))[1:])
			}}
		})
		w.want("press/good video[alpha beta]")
		var ids []string
		for _, f := range w.watcher.Faults() {
			ids = append(ids, f.ID)
		}
		if !slices.Equal(ids, []string{"x", "y", "z"}) {
			t.Errorf("faults %v", w.watcher.Faults())
		}
	})
}

// killed ends the plugin at one of its writes.
var errKilled = slice.Errorf(slice.Internal, "killed")

// Wherever the plugin is killed, the next one brings it to an end.
func TestKilled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for at := 0; ; at++ {
			w := newWorld(t)
			nsi := w.order("s", "two", ab, nil)
			steps := []func(){
				func() { w.nbi.Start(nsi); w.nbi.Finish(nsi) },
				func() { w.nbi.AddService(nsi, "c", "c-ns", w.vims["gamma"], map[string]string{"video": "data-sap"}) },
				func() { w.nbi.Terminated(nsi) },
			}
			want := [][]string{{"press/s video[alpha beta]"}, {"press/s video[alpha beta gamma]"}, {}}
			left, hit := at, false
			fail := func(string) error {
				if left--; left == -1 {
					hit = true
				}
				if hit {
					return errKilled
				}
				return nil
			}
			for i, step := range steps {
				w.startFailing(fail)
				step()
				for range 2 {
					_ = w.watcher.Poll(t.Context()) // it may die
				}
				if hit {
					fail = nil
					w.startFailing(nil)
					w.poll()
					synctest.Wait()
				}
				if got := w.sco.state(); !slices.Equal(got, want[i]) {
					t.Fatalf("killed at %d, step %d: %q, want %q", at, i, got, want[i])
				}
			}
			if len(w.sco.changes()) != 4-1 {
				t.Fatalf("killed at %d: %q", at, w.sco.changes())
			}
			if !hit {
				t.Logf("killed at %d places", at)
				return
			}
		}
	})
}

// startFailing starts another plugin whose steps may fail.
func (w *world) startFailing(fail func(string) error) {
	w.t.Helper()
	w.end()
	var err error
	if w.book, err = service.New(service.Config{Store: w.store, Slices: w.sco, Failpoint: fail}); err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = w.book.Run(ctx) }() // killed, or ended
	w.end = func() {
		cancel()
		<-done
	}
	w.newWatcher()
}
