package model_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/l2sces/l2sces/cmd/internal/model"
	"github.com/l2sces/l2sces/pkg/api"
	pb "github.com/l2sces/l2sces/pkg/api/l2sces/v1"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/pki"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/store"
)

// serve serves the slices of a world over gRPC with mutual TLS, and returns a
// connection to it.
func (w *world) serve() *connection {
	w.t.Helper()
	dir := w.t.TempDir()
	if err := pki.Init(dir); err != nil {
		w.t.Fatal(err)
	}
	for name, id := range map[string]pki.Identity{"sco": pki.SCO, "plugin": pki.Plugin} {
		if err := pki.Issue(dir, name, id); err != nil {
			w.t.Fatal(err)
		}
	}
	files := func(name string) (cert, key, ca string) {
		return filepath.Join(dir, name+".crt"), filepath.Join(dir, name+".key"), filepath.Join(dir, "ca.crt")
	}
	conf, err := pki.ServerTLS(files("sco"))
	if err != nil {
		w.t.Fatal(err)
	}
	s := api.NewServer(api.ServerConfig{TLS: conf, Identify: func(state tls.ConnectionState) (string, error) {
		id, err := pki.PeerIdentity(state)
		return string(id), err
	}})
	api.ServeSlices(s, w.SCO)
	api.ServeEvents(s, w.SCO)
	l, err := new(net.ListenConfig).Listen(w.ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	var wait sync.WaitGroup
	wait.Go(func() { _ = s.Serve(l) }) // says that it was stopped
	w.t.Cleanup(func() { s.Stop(); wait.Wait() })
	client, err := pki.ClientTLS(files("plugin"))
	if err != nil {
		w.t.Fatal(err)
	}
	conn, err := api.Dial(l.Addr().String(), client)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = conn.Close() }) // it is closed once
	return &connection{api.NewSliceClient(conn), api.NewEventClient(conn), pb.NewSliceServiceClient(conn)}
}

// connection is what a client has of the SCO.
type connection struct {
	api.SliceClient
	events api.EventClient
	raw    pb.SliceServiceClient
}

// A hundred callers create slices of one name at once: one gets it, and the
// others are told that it is there already.
func TestF21OneOfAHundredCreates(t *testing.T) {
	w := three(t, model.Config{})
	w.Loop()
	c := w.serve()
	w.ready(crossed()) // to have the form of the request
	w.gone("crossed")
	var mu sync.Mutex
	made, kinds := 0, map[slice.Kind]int{}
	var callers sync.WaitGroup
	for range 100 {
		callers.Go(func() {
			s, err := c.Apply(w.ctx, crossed(), intent.Order{New: true})
			mu.Lock()
			defer mu.Unlock()
			if err == nil && s.Phase == intent.Ready {
				made++
				return
			}
			kinds[slice.KindOf(err)]++
		})
	}
	callers.Wait()
	if made != 1 || kinds[slice.Conflict] != 99 {
		t.Errorf("%d callers have made the slice, the others got %v", made, kinds)
	}
	// On the wire it is ALREADY_EXISTS.
	_, err := c.raw.ApplySlice(w.ctx, &pb.ApplySliceRequest{
		Intents: &pb.Intents{Slice: &pb.Slice{
			Id: "crossed", Tenant: "blue", Domains: []*pb.Domain{{Name: "field"}},
			Networks: []*pb.Network{{Name: "one", Domains: []string{"field"}}},
		}},
		Order: &pb.Order{New: true},
	})
	if status.Code(err) != codes.AlreadyExists {
		t.Errorf("got %v, want AlreadyExists", err)
	}
	w.tellsEvents(c)
}

// tellsEvents fails unless what has happened to the slice is told over gRPC, in
// order, to who lists and to who watches.
func (w *world) tellsEvents(c *connection) {
	w.t.Helper()
	all, err := c.events.Events(w.ctx, intent.EventQuery{Slice: "crossed"})
	if err != nil || len(all) < 6 {
		w.t.Fatalf("%d events, %v: %+v", len(all), err, all)
	}
	seen := map[string]bool{}
	for i, e := range all {
		seen[e.Reason] = true
		if i > 0 && e.Number <= all[i-1].Number || e.Tenant != "blue" || e.Object != "slice/crossed" {
			w.t.Errorf("event %+v", e)
		}
	}
	for _, reason := range []string{"Accepted", "Ready", "Deleting", "Deleted"} {
		if !seen[reason] {
			w.t.Errorf("there is no event %s: %+v", reason, all)
		}
	}
	ctx, cancel := context.WithCancel(w.ctx)
	defer cancel()
	var watched []intent.Event
	_ = c.events.WatchEvents(ctx, intent.EventQuery{Slice: "crossed"}, func(e intent.Event) error {
		if watched = append(watched, e); len(watched) == len(all) {
			cancel()
		}
		return nil
	}) // it was cancelled
	if diff := cmp.Diff(all, watched); diff != "" {
		w.t.Errorf("a watcher is told something else (-list +watch)\n%s", diff)
	}
}

// A thousand slices come and go: afterwards there is nothing that was not there
// after the first few, in switches, pools, stores, memory or goroutines.
func TestA23ThousandCycles(t *testing.T) {
	cycles := 1000
	if testing.Short() {
		cycles = 100
	}
	w := three(t, model.Config{})
	w.Loop()
	cycle := func(i int) {
		in := crossed()
		in.Slice.ID = slice.ID(fmt.Sprintf("c%d", i%7))
		w.ready(in)
		w.gone(in.Slice.ID)
	}
	before := w.everything()
	for i := range 50 {
		cycle(i)
	}
	routines, heap, sizes := runtime.NumGoroutine(), live(), w.compacted()
	for i := range cycles {
		cycle(i)
	}
	if now := runtime.NumGoroutine(); now > routines+10 {
		t.Errorf("%d goroutines, there were %d", now, routines)
	}
	if now := live(); now > heap+8<<20 {
		t.Errorf("%d bytes are in use, there were %d", now, heap)
	}
	// The histories of the seven names and the events have their bounds, to which
	// they are not full yet after the first few.
	for i, now := range w.compacted() {
		if now > sizes[i]+4<<20 {
			t.Errorf("store %d has %d bytes when it is compact, and had %d", i, now, sizes[i])
		}
	}
	if diff := cmp.Diff(before, w.everything(), values); diff != "" {
		t.Errorf("something is left (-want +got)\n%s", diff)
	}
	t.Logf("goroutines %d -> %d, heap %d -> %d KiB, compact stores %v -> %v bytes", routines, runtime.NumGoroutine(), heap>>10, live()>>10, sizes, w.compacted())
}

// compacted returns the size of a file that holds what each store holds, after
// it was compacted.
func (w *world) compacted() (sizes []int64) {
	w.t.Helper()
	for i, from := range w.Stores {
		file := filepath.Join(w.t.TempDir(), fmt.Sprint(i, ".db"))
		s, err := store.Open(file)
		if err != nil {
			w.t.Fatal(err)
		}
		err = errors.Join(s.WriteAll(from.All()), s.Close(), store.Compact(file))
		if err != nil {
			w.t.Fatal(err)
		}
		info, err := os.Stat(file)
		if err != nil {
			w.t.Fatal(err)
		}
		sizes = append(sizes, info.Size())
	}
	return sizes
}

// live returns how many bytes are in use.
func live() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
