package store_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/l2sces/l2sces/pkg/store"
)

// A file of anybody is opened or refused, and one that is refused stays as it
// is.
func FuzzOpen(f *testing.F) {
	path := filepath.Join(f.TempDir(), "seed.db")
	s, err := store.Open(path)
	if err != nil {
		f.Fatal(err)
	}
	if err := s.Close(); err != nil {
		f.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole, 0, byte(0))
	f.Add(whole, 4100, byte(1))
	f.Fuzz(func(t *testing.T, text []byte, at int, with byte) {
		if len(text) > 1<<16 {
			return
		}
		text = bytes.Clone(text)
		if at >= 0 && at < len(text) {
			text[at] ^= with
		}
		path := filepath.Join(t.TempDir(), "s.db")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := store.Open(path)
		if err != nil {
			after, err := os.ReadFile(path)
			if err != nil || string(after) != string(text) {
				t.Errorf("a file that is refused was changed: %v", err)
			}
			return
		}
		_, _ = s.List("slices") // it must answer, whatever it says
		_ = s.Close()           // nothing was written
	})
}
