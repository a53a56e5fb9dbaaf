package api_test

import (
	"context"
	"crypto/tls"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc"

	"github.com/l2sces/l2sces/pkg/api"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/pki"
	"github.com/l2sces/l2sces/pkg/slice"
)

// watched is an SCO whose watchers hear of each call of Status.
type watched struct {
	sliceHouse
	news chan slice.ID
}

func (w watched) Status(_ context.Context, id slice.ID) (intent.Status, error) {
	w.news <- id
	return intent.Status{ID: id}, nil
}

func (w watched) Watch(ctx context.Context, _ intent.Query, tell func(intent.Moment) error) error {
	if err := tell(intent.Moment{Kind: intent.Sync}); err != nil {
		return err
	}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case id := <-w.news:
			if err := tell(intent.Moment{Kind: intent.Changed, Slice: intent.Status{ID: id}}); err != nil {
				return err
			}
		}
	}
}

// TestF25RotationUnderCalls makes the certificates of both sides new, and then
// the authority, while calls are made on new connections and a watch goes on.
func TestF25RotationUnderCalls(t *testing.T) {
	a := newAuthority(t)
	var mu sync.Mutex
	serials := map[string]bool{}
	house := watched{sliceHouse{&house{}}, make(chan slice.ID)}
	conf, err := pki.ServerTLS(a.files("sco"))
	if err != nil {
		t.Fatal(err)
	}
	s := serveWith(t, conf, func(state tls.ConnectionState) (string, error) {
		mu.Lock()
		defer mu.Unlock()
		serials[state.PeerCertificates[0].SerialNumber.String()] = true
		return identify(state)
	}, func(g *grpc.Server) { api.ServeSlices(g, house) })
	client, err := pki.ClientTLS(a.files("plugin"))
	if err != nil {
		t.Fatal(err)
	}

	told, ready := make(chan slice.ID), make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var wait sync.WaitGroup
	var ended atomic.Bool
	lasting := dial(t, s, client)
	wait.Go(func() {
		_ = api.NewSliceClient(lasting).Watch(ctx, intent.Query{}, func(m intent.Moment) error { // ends when it is told to
			if m.Kind == intent.Sync {
				close(ready)
				return nil
			}
			told <- m.Slice.ID
			return nil
		})
		ended.Store(true)
	})
	<-ready
	calls := 0
	try := func(step string) {
		t.Helper()
		conn, err := api.Dial(s, client)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }() // the call has ended
		id := slice.ID(step)
		if _, err := api.NewSliceClient(conn).Status(t.Context(), id); err != nil {
			t.Fatalf("%s: %v", step, err)
		}
		if got := <-told; got != id || ended.Load() {
			t.Fatalf("%s: the watcher is told of %s", step, got)
		}
		calls++
	}
	try("before")
	for _, name := range []string{"sco", "plugin"} {
		for _, sameKey := range []bool{true, false} {
			check(t, pki.Authority{Dir: string(a)}.Renew(name, sameKey))
			try("renewed " + name)
		}
	}
	// Another authority comes beside the old one, then each side gets a
	// certificate of it, then the old one goes.
	next := newAuthority(t)
	old, both := textIn(t, string(a), "ca.crt"), textIn(t, string(a), "ca.crt")+textIn(t, string(next), "ca.crt")
	putIn(t, string(a), "ca.crt", both)
	try("both authorities")
	for _, name := range []string{"sco", "plugin"} {
		putIn(t, string(a), name+".key", textIn(t, string(next), name+".key"))
		try("a key without its certificate")
		putIn(t, string(a), name+".crt", textIn(t, string(next), name+".crt"))
		try("moved " + name)
	}
	putIn(t, string(a), "ca.crt", textIn(t, string(next), "ca.crt"))
	try("the new authority alone")
	// What the old one has signed gets in no more.
	stale := newAuthority(t)
	putIn(t, string(stale), "ca.crt", old)
	conf, err = pki.ClientTLS(stale.files("n1"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := api.NewSliceClient(dial(t, s, conf)).Status(t.Context(), "x"); slice.KindOf(err) != slice.Unavailable {
		t.Errorf("a client of another authority: %v", err)
	}
	cancel()
	wait.Wait()
	if calls != 11 || len(serials) < 4 {
		t.Errorf("%d calls with %d certificates", calls, len(serials))
	}
}

func textIn(t *testing.T, dir, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	check(t, err)
	return string(text)
}

func putIn(t *testing.T, dir, name, text string) {
	t.Helper()
	file := filepath.Join(dir, name)
	check(t, os.WriteFile(file+".new", []byte(text), 0o600))
	check(t, os.Rename(file+".new", file))
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// serveWith serves on loopback and returns where.
func serveWith(t *testing.T, conf *tls.Config, identify func(tls.ConnectionState) (string, error), register func(*grpc.Server)) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", anywhere)
	check(t, err)
	s := api.NewServer(api.ServerConfig{TLS: conf, Identify: identify})
	register(s)
	var wait sync.WaitGroup
	wait.Go(func() { _ = s.Serve(l) }) // says that it was stopped
	t.Cleanup(func() { s.Stop(); wait.Wait() })
	return l.Addr().String()
}
