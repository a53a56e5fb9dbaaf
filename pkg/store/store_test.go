package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"
	"pgregory.net/rapid"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/store"
)

func TestValuesSurvive(t *testing.T) {
	both(t, func(t *testing.T, open func() *store.Store) {
		t.Helper()
		s := open()
		put(t, s, "slices", "press", "1")
		put(t, s, "slices", "press", "2")
		put(t, s, "slices", "fire", "")
		put(t, s, "slices-of-others", "fire", "3")
		put(t, s, "numbers", "press", "7")
		s = open()
		got, err := s.List("slices")
		if err != nil {
			t.Fatal(err)
		}
		want := map[string][]byte{"press": []byte("2"), "fire": {}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("slices (-want +got):\n%s", diff)
		}
		if v, err := s.Get("numbers", "press"); err != nil || string(v) != "7" {
			t.Errorf("got %q, %v; want 7", v, err)
		}
	})
}

func TestFileIsItsOwners(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lib", "a.db")
	open(t, path)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o600 {
		t.Errorf("mode %o, want 600", got)
	}
}

func TestAbsentThings(t *testing.T) {
	both(t, func(t *testing.T, open func() *store.Store) {
		t.Helper()
		s := open()
		if _, err := s.Get("slices", "press"); slice.KindOf(err) != slice.NotFound {
			t.Errorf("no bucket: %v, want not found", err)
		}
		if err := s.Delete("slices", "press"); err != nil {
			t.Errorf("delete without a bucket: %v", err)
		}
		if got, err := s.List("slices"); err != nil || len(got) != 0 {
			t.Errorf("list without a bucket: %v, %v", got, err)
		}
		put(t, s, "slices", "press", "1")
		for range 2 {
			if err := s.Delete("slices", "press"); err != nil {
				t.Error(err)
			}
		}
		if _, err := s.Get("slices", "press"); slice.KindOf(err) != slice.NotFound {
			t.Errorf("after delete: %v, want not found", err)
		}
	})
}

func TestUpdateIsAllOrNothing(t *testing.T) {
	both(t, func(t *testing.T, open func() *store.Store) {
		t.Helper()
		s := open()
		put(t, s, "slices", "press", "1")
		oops := errors.New("oops")
		err := s.Update(func(tx store.Tx) error {
			if err := errors.Join(tx.Put("slices", "fire", []byte("1")), tx.Delete("slices", "press")); err != nil {
				return err
			}
			got, err := tx.List("slices")
			if _, there := got["fire"]; err != nil || len(got) != 1 || !there {
				t.Errorf("inside: %v, %v; want fire alone", got, err)
			}
			if _, err := tx.Get("slices", "press"); slice.KindOf(err) != slice.NotFound {
				t.Errorf("inside: %v, want press not found", err)
			}
			return oops
		})
		if !errors.Is(err, oops) {
			t.Errorf("got %v, want the function's own error", err)
		}
		got, err := s.List("slices")
		if diff := cmp.Diff(map[string][]byte{"press": []byte("1")}, got); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	})
}

func TestWriteAll(t *testing.T) {
	both(t, func(t *testing.T, open func() *store.Store) {
		t.Helper()
		s := open()
		put(t, s, "slices", "press", "1")
		err := s.WriteAll(map[string]map[string][]byte{
			"slices":  {"press": nil, "fire": []byte("2"), "empty": {}},
			"numbers": {"next": []byte("7")},
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.WriteAll(map[string]map[string][]byte{"slices": {"fire": nil}, "_store": {"schema": []byte("2")}}); slice.KindOf(err) != slice.Invalid {
			t.Errorf("got %v, want a bucket refused", err)
		}
		got, err := s.List("slices")
		if diff := cmp.Diff(map[string][]byte{"fire": []byte("2"), "empty": {}}, got); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		if v, err := s.Get("numbers", "next"); err != nil || string(v) != "7" {
			t.Errorf("got %q, %v; want 7", v, err)
		}
	})
}

func TestRefusedNames(t *testing.T) {
	both(t, func(t *testing.T, open func() *store.Store) {
		t.Helper()
		s := open()
		for _, n := range [][2]string{{"", "k"}, {"b", ""}, {"_store", "schema"}, {"b/c", "k"}} {
			if err := s.Put(n[0], n[1], nil); slice.KindOf(err) != slice.Invalid {
				t.Errorf("%q: %v, want invalid", n, err)
			}
		}
		if err := s.Delete("_store", "schema"); err != nil {
			t.Errorf("delete of our mark: %v, want it passed over", err)
		}
		open() // the mark is still there
	})
}

func TestLargeUpdates(t *testing.T) {
	both(t, func(t *testing.T, open func() *store.Store) {
		t.Helper()
		s := open()
		put(t, s, "slices", "old", "1")
		want := map[string][]byte{}
		err := s.Update(func(tx store.Tx) error {
			for i := range 350 {
				key, value := fmt.Sprintf("network/%d", i), []byte(strings.Repeat("x", 10_000))
				want[key] = value
				if err := tx.Put("slices", key, value); err != nil {
					return err
				}
			}
			return tx.Delete("slices", "old")
		})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			got, err := s.List("slices")
			if err != nil || !maps.EqualFunc(want, got, bytes.Equal) {
				t.Fatalf("%d values, %v; want %d as they were written", len(got), err, len(want))
			}
			s = open()
		}
	})
}

// Both kinds of store keep a random sequence of changes alike.
func TestStoresAgree(t *testing.T) {
	near, far := open(t, filepath.Join(t.TempDir(), "a.db")), lead(t, seat(t, prefix(t), "one")).Store
	keys := rapid.StringMatching(`[a-c/]{1,3}`)
	rapid.Check(t, func(t *rapid.T) {
		change := func(tx store.Tx, ops []string) error {
			for i, key := range ops {
				err := tx.Put("b", key, []byte(fmt.Sprint(i)))
				if i%3 == 2 {
					err = tx.Delete("b", key)
				}
				if err != nil {
					return err
				}
			}
			return nil
		}
		ops := rapid.SliceOfN(keys, 0, 6).Draw(t, "ops")
		var lists [2]map[string][]byte
		for i, s := range []*store.Store{near, far} {
			err := s.Update(func(tx store.Tx) error { return change(tx, ops) })
			if err != nil {
				t.Fatal(err)
			}
			if lists[i], err = s.List("b"); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(lists[0], lists[1]); diff != "" {
			t.Fatalf("file and etcd differ:\n%s", diff)
		}
	})
}

func TestOneProcessAtATime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	open(t, path)
	_, err := store.Open(path)
	if slice.KindOf(err) != slice.Conflict || !strings.Contains(err.Error(), "another process") {
		t.Errorf("got %v, want a conflict with another process", err)
	}
}

func TestForeignFiles(t *testing.T) {
	withBolt := func(bucket, key, value string) func(t *testing.T, path string) {
		return func(t *testing.T, path string) {
			t.Helper()
			db, err := bbolt.Open(path, 0o600, nil)
			if err != nil {
				t.Fatal(err)
			}
			err = db.Update(func(tx *bbolt.Tx) error {
				b, err := tx.CreateBucket([]byte(bucket))
				return errors.Join(err, b.Put([]byte(key), []byte(value)))
			})
			if err := errors.Join(err, db.Close()); err != nil {
				t.Fatal(err)
			}
		}
	}
	withText := func(text string) func(t *testing.T, path string) {
		return func(t *testing.T, path string) {
			t.Helper()
			write(t, path, []byte(text))
		}
	}
	tests := []struct {
		name string
		make func(t *testing.T, path string)
		says string
	}{
		{"of another program", withBolt("members", "a", "b"), "another program"},
		{"of a later version", withBolt("_store", "schema", "2"), `schema "2"`},
		{"one byte", withText("x"), "not a store"},
		{"text", withText(strings.Repeat("apiVersion: l2sces/v1\n", 1000)), "not a store"},
		{"zeros", withText(strings.Repeat("\x00", 32768)), "not a store"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "a.db")
			tt.make(t, path)
			before := contents(t, path)
			_, err := store.Open(path)
			if slice.KindOf(err) != slice.Invalid || !strings.Contains(err.Error(), tt.says) || !strings.Contains(err.Error(), path) {
				t.Errorf("got %v, want an invalid file, with %q and its name", err, tt.says)
			}
			if contents(t, path) != before {
				t.Error("the file was changed")
			}
		})
	}
}

func TestTornFiles(t *testing.T) {
	whole := filled(t)
	for size := 1; size < len(whole); size += 1500 {
		path := filepath.Join(t.TempDir(), "a.db")
		write(t, path, []byte(whole[:size]))
		if s, err := store.Open(path); err == nil {
			t.Errorf("%d bytes of %d were taken for a whole file", size, len(whole))
			_ = s.Close() // only to let the next case run
		} else if slice.KindOf(err) != slice.Invalid {
			t.Errorf("%d bytes of %d: %v, want it invalid", size, len(whole), err)
		}
	}
}

// A file with a page of noise is refused or, if nothing refers to the page,
// whole. The process lives on either way.
func TestNoise(t *testing.T) {
	whole := filled(t)
	random := rand.New(rand.NewPCG(1, 2))
	refused := 0
	for at := 0; at < len(whole); at += 2048 {
		torn := []byte(whole)
		for i := at; i < min(at+2048, len(torn)); i++ {
			torn[i] = byte(random.UintN(256))
		}
		path := filepath.Join(t.TempDir(), "a.db")
		write(t, path, torn)
		s, err := store.Open(path)
		if err != nil {
			refused++
			continue
		}
		if _, err := s.List("slices"); err != nil {
			t.Errorf("noise at %d: opened, but then %v", at, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if refused == 0 {
		t.Error("no noise was noticed")
	}
}

// filled returns the bytes of a file with some data.
func filled(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "filled.db")
	s := open(t, path)
	err := s.Update(func(tx store.Tx) error {
		for i := range 200 {
			if err := tx.Put("slices", fmt.Sprint(i), []byte(strings.Repeat("x", 100))); err != nil {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	// bbolt grows its file in advance; cut what no page lies in yet.
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	var size int64
	err = db.View(func(tx *bbolt.Tx) error { size = tx.Size(); return nil })
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	return contents(t, path)[:size]
}

func open(t *testing.T, path string) *store.Store {
	t.Helper()
	s, err := store.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func put(t *testing.T, s *store.Store, bucket, key, value string) {
	t.Helper()
	if err := s.Put(bucket, key, []byte(value)); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func contents(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
