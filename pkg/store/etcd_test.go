package store_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap" //nolint:depguard // what etcd's client logs with

	"github.com/l2sces/l2sces/pkg/pki"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/store"
	"github.com/l2sces/l2sces/pkg/store/storetest"
)

// One etcd serves all tests of the package, each below a prefix of its own.
var shared struct {
	once   sync.Once
	server *storetest.Server
	err    error
	dir    string
	tests  atomic.Int32
}

func TestMain(m *testing.M) {
	code := m.Run()
	if shared.server != nil {
		shared.server.Stop()
		_ = os.RemoveAll(shared.dir) // the system clears it away otherwise
	}
	os.Exit(code)
}

func endpoint(t *testing.T) string {
	t.Helper()
	storetest.Need(t)
	shared.once.Do(func() {
		shared.dir, shared.err = os.MkdirTemp("", "etcd") //nolint:usetesting // it outlives this test
		if shared.err == nil {
			shared.server, shared.err = storetest.Start(shared.dir)
		}
	})
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.server.Endpoint
}

// prefix returns the location of an empty store.
func prefix(t *testing.T) string {
	t.Helper()
	return fmt.Sprintf("etcd://%s/l2sces/test-%d?lease=20s", endpoint(t), shared.tests.Add(1))
}

// both runs a test over a file and over etcd. Each open ends what the last one
// opened, and opens the same again.
func both(t *testing.T, test func(t *testing.T, open func() *store.Store)) {
	t.Helper()
	run := func(location func(t *testing.T) string) func(*testing.T) {
		return func(t *testing.T) {
			t.Helper()
			where, end := location(t), func() {}
			t.Cleanup(func() { end() })
			test(t, func() *store.Store {
				end()
				s := take(t, where, "one")
				term := lead(t, s)
				end = func() {
					term.End()
					if err := s.Close(); err != nil {
						t.Error(err)
					}
				}
				return term.Store
			})
		}
	}
	t.Run("file", run(func(t *testing.T) string { t.Helper(); return t.TempDir() + "/a.db" }))
	t.Run("etcd", run(prefix))
}

func take(t *testing.T, where, self string) *store.Seat {
	t.Helper()
	s, err := store.Take(where, store.SeatConfig{Owner: "test", Self: self})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// seat takes a seat that is left when the test ends.
func seat(t *testing.T, where, self string) *store.Seat {
	t.Helper()
	s := take(t, where, self)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func lead(t *testing.T, s *store.Seat) *store.Term {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	term, err := s.Lead(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return term
}

func client(t *testing.T) *clientv3.Client {
	t.Helper()
	c, err := clientv3.New(clientv3.Config{Endpoints: []string{endpoint(t)}, Logger: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// key returns a key below the prefix of a location.
func key(where, name string) string {
	_, rest, _ := strings.Cut(strings.TrimPrefix(where, "etcd://"), "/")
	rest, _, _ = strings.Cut(rest, "?")
	return rest + "/" + name
}

func TestF15OneLeads(t *testing.T) {
	where := prefix(t)
	one, two := seat(t, where, "one"), seat(t, where, "two")
	first := lead(t, one)
	came := make(chan *store.Term, 1)
	go func() {
		term, err := two.Lead(t.Context())
		if err != nil {
			t.Error(err)
		}
		came <- term
	}()
	eventually(t, "two waits for one", func() bool {
		err := two.Waits()
		return slice.KindOf(err) == slice.Unavailable && strings.Contains(err.Error(), "leader is one")
	})
	select {
	case <-came:
		t.Fatal("two lead")
	default:
	}
	put(t, first.Store, "b", "k", "of one")
	first.End()
	second := <-came
	if second.Generation <= first.Generation {
		t.Errorf("generations %d, then %d: the second is not larger", first.Generation, second.Generation)
	}
	if v, err := second.Store.Get("b", "k"); err != nil || string(v) != "of one" {
		t.Errorf("two reads %q, %v; want what one wrote", v, err)
	}
}

// The key of the leader is taken away as if its lease had ended while it was
// paused: it does not know it yet, and its writes change nothing.
func TestF15StaleWritesAreRefused(t *testing.T) {
	where := prefix(t)
	old := lead(t, seat(t, where, "old"))
	put(t, old.Store, "b", "k", "1")
	if _, err := client(t).Delete(t.Context(), key(where, "_store/leader")); err != nil {
		t.Fatal(err)
	}
	now := lead(t, seat(t, where, "new"))
	put(t, now.Store, "b", "k", "2")
	select {
	case <-old.Lost():
		t.Fatal("the old leader knows already; the test means to be faster")
	default:
	}
	err := old.Store.Put("b", "k", []byte("3"))
	if slice.KindOf(err) != slice.Unavailable || !strings.Contains(err.Error(), "another process leads") {
		t.Errorf("stale write: %v, want it refused because another leads", err)
	}
	<-old.Lost()
	if old.Cause() == nil {
		t.Error("the lost term has no cause")
	}
	if v, err := now.Store.Get("b", "k"); err != nil || string(v) != "2" {
		t.Errorf("got %q, %v; want 2: the stale write came through", v, err)
	}
}

func TestCheckNoticesAnotherLeader(t *testing.T) {
	where := prefix(t)
	term := lead(t, seat(t, where, "one"))
	term.Check(t.Context())
	select {
	case <-term.Lost():
		t.Fatal("lost although nothing happened")
	default:
	}
	if _, err := client(t).Delete(t.Context(), key(where, "_store/leader")); err != nil {
		t.Fatal(err)
	}
	term.Check(t.Context())
	<-term.Lost()
}

// A leader that does not hear of etcd for the length of its lease gives up,
// and comes back with etcd.
func TestF15LeaderWithoutEtcd(t *testing.T) {
	t.Parallel()
	server := storetest.Etcd(t)
	s := seat(t, "etcd://"+server.Endpoint+"/a?lease=2s", "one")
	term := lead(t, s)
	server.Stop()
	err := term.Store.Put("b", "k", nil)
	if slice.KindOf(err) != slice.Unavailable {
		t.Errorf("write without etcd: %v, want unavailable", err)
	}
	<-term.Lost()
	term.End()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	if _, err := s.Lead(ctx); err == nil {
		t.Error("leads without etcd")
	}
	if err := s.Waits(); err == nil || !strings.Contains(err.Error(), "etcd") || strings.Contains(err.Error(), "leader is") {
		t.Errorf("waits for %v, want etcd", err)
	}
}

// Etcd away from loopback is spoken to with TLS on both sides.
func TestCertificates(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, err := range []error{
		pki.Init(dir), pki.Issue(dir, "etcd", pki.SCO, "127.0.0.1"), pki.Issue(dir, "wrong", pki.SCO, "192.0.2.1"), pki.Issue(dir, "sdnc", pki.SDNC("a")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	conf, err := pki.HostTLS(dir+"/sdnc.crt", dir+"/sdnc.key", dir+"/ca.crt")
	if err != nil {
		t.Fatal(err)
	}
	for name, ok := range map[string]bool{"etcd": true, "wrong": false} {
		t.Run(name, func(t *testing.T) {
			server := storetest.Etcd(t, "--cert-file="+dir+"/"+name+".crt", "--key-file="+dir+"/"+name+".key", "--trusted-ca-file="+dir+"/ca.crt", "--client-cert-auth")
			s, err := store.Take("etcd://"+server.Endpoint+"/a?tls=true", store.SeatConfig{Owner: "test", Self: "one", TLS: conf})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close() //nolint:errcheck // a client that never reached its server
			patience := 3 * time.Second
			if ok {
				patience = 20 * time.Second
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			if term, err := s.Lead(ctx); (err == nil) != ok {
				t.Errorf("certificate for %s: %v", name, err)
			} else if ok {
				term.End()
			}
		})
	}
}

func TestF17GenerationsFollowNoClockBack(t *testing.T) {
	for name, location := range map[string]func(*testing.T) string{
		"file": func(t *testing.T) string { t.Helper(); return t.TempDir() + "/a.db" },
		"etcd": prefix,
	} {
		t.Run(name, func(t *testing.T) {
			where := location(t)
			var last uint64
			begin := time.Date(2020, 1, 1, 12, 0, 0, 0, time.UTC)
			for _, jump := range []time.Duration{0, time.Hour, -time.Hour, -2 * time.Hour, 0} {
				s, err := store.Take(where, store.SeatConfig{Owner: "test", Self: "one", Now: func() time.Time { return begin.Add(jump) }})
				if err != nil {
					t.Fatal(err)
				}
				term := lead(t, s)
				if term.Generation <= last {
					t.Errorf("clock %s: generation %d after %d", jump, term.Generation, last)
				}
				last = term.Generation
				term.End()
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// A leader that died while it wrote a large update leaves it to the next: all
// of it if its count was written, else nothing.
func TestLargeUpdateIsFinished(t *testing.T) {
	for _, counted := range []bool{true, false} {
		t.Run(fmt.Sprint(counted), func(t *testing.T) {
			where := prefix(t)
			one := seat(t, where, "one")
			lead(t, one).End()
			c := client(t)
			text := `[{"key":"Yi9r","value":"bmV3"},{"key":"Yi9s","gone":true}]` // b/k is new, b/l is gone
			for name, value := range map[string]string{
				"b/k": "old", "b/l": "old", "_store/journal/000": text[:20], "_store/journal/001": text[20:], "_store/journal/002": "of another one",
			} {
				if _, err := c.Put(t.Context(), key(where, name), value); err != nil {
					t.Fatal(err)
				}
			}
			want := map[string][]byte{"k": []byte("old"), "l": []byte("old")}
			if counted {
				want = map[string][]byte{"k": []byte("new")}
				if _, err := c.Put(t.Context(), key(where, "_store/journal-pieces"), "2"); err != nil {
					t.Fatal(err)
				}
			}
			for range 2 {
				term := lead(t, one)
				got, err := term.Store.List("b")
				if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
					t.Errorf("got %s, %v; want %s", got, err, want)
				}
				term.End()
			}
		})
	}
}

func TestForeignKeys(t *testing.T) {
	tests := []struct{ name, key, value, says string }{
		{"of another program", "members/a", "b", "another program"},
		{"of a later version", "_store/schema", "2", `schema "2"`},
		{"of another owner", "_store/owner", "somebody", "belong to somebody"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			where := prefix(t)
			if strings.HasPrefix(tt.key, "_store/") {
				lead(t, seat(t, where, "one")).End()
			}
			if _, err := client(t).Put(t.Context(), key(where, tt.key), tt.value); err != nil {
				t.Fatal(err)
			}
			_, err := seat(t, where, "two").Lead(t.Context())
			if slice.KindOf(err) != slice.Invalid || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want it invalid, with %q", err, tt.says)
			}
		})
	}
}

func TestLocations(t *testing.T) {
	tests := []struct{ location, says string }{
		{"etcd://127.0.0.1:2379", "no prefix"},
		{"etcd://127.0.0.1:2379/", "no prefix"},
		{"etcd://127.0.0.1/a", "not HOST:PORT"},
		{"etcd://a:1,/a", "not HOST:PORT"},
		{"etcd://127.0.0.1:1/a?lease=1s", "whole seconds"},
		{"etcd://127.0.0.1:1/a?lease=2500ms", "whole seconds"},
		{"etcd://127.0.0.1:1/a?ttl=5s", "no option"},
		{"etcd://192.0.2.1:2379/a?tls=false", "on loopback only"},
		{"etcd://192.0.2.1:2379,localhost:2379/a", "a certificate is needed"},
		{"etcd://127.0.0.1:2379/a?tls=true", "a certificate is needed"},
		{"etcd://127.0.0.1:2379,[::1]:2379,localhost:1/a/b", ""},
	}
	for _, tt := range tests {
		t.Run(tt.location, func(t *testing.T) {
			s, err := store.Take(tt.location, store.SeatConfig{})
			if tt.says == "" {
				if err != nil {
					t.Fatal(err)
				}
				if s.Alone() {
					t.Error("a seat in etcd is said to be the only one")
				}
				_ = s.Close() // nothing was opened
				return
			}
			if slice.KindOf(err) != slice.Invalid || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want it invalid, with %q", err, tt.says)
			}
		})
	}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline:
			t.Fatalf("not in time: %s", what)
		case <-tick.C:
		}
	}
}
