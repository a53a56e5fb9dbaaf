package store_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/store"
)

// Many values come and go: the file stops growing, and is as small as before
// when it is compacted, with all that was kept.
func TestCompact(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.db")
	s, err := store.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	fill := func(value []byte) {
		t.Helper()
		all := map[string]map[string][]byte{"slices": {}}
		for i := range 1000 {
			all["slices"][fmt.Sprint(i)] = value
		}
		if err := s.WriteAll(all); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Put("kept", "one", []byte("two")); err != nil {
		t.Fatal(err)
	}
	empty := size(t, path)
	for range 5 {
		fill(make([]byte, 2000))
		fill(nil)
	}
	grown := size(t, path)
	if err := store.Compact(path); slice.KindOf(err) != slice.Conflict {
		t.Errorf("while it is open: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := store.Compact(path); err != nil {
		t.Fatal(err)
	}
	if now := size(t, path); now >= grown || now > 2*empty {
		t.Errorf("%d bytes, %d before it was compacted, %d when it was empty", now, grown, empty)
	}
	if s, err = store.Open(path); err != nil {
		t.Fatal(err)
	}
	if v, err := s.Get("kept", "one"); err != nil || string(v) != "two" {
		t.Errorf("kept %q, %v", v, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func size(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}
