package store_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/store"
)

// everything returns what callers have stored, by bucket and key.
func everything(t *testing.T, s *store.Store) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, bucket := range []string{"slices", "numbers", "odd"} {
		values, err := s.List(bucket)
		if err != nil {
			t.Fatal(err)
		}
		for k, v := range values {
			all[bucket+" "+k] = string(v)
		}
	}
	return all
}

func export(t *testing.T, s *store.Store) []byte {
	t.Helper()
	var out bytes.Buffer
	if _, err := s.Export(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestImageBringsEverythingBack(t *testing.T) {
	both(t, func(t *testing.T, open func() *store.Store) {
		t.Helper()
		s := open()
		put(t, s, "slices", "press", `{"a":1}`)
		put(t, s, "slices", "fire", `{"b": "<&>"}`)
		put(t, s, "numbers", "7", "")
		put(t, s, "odd", "a/b", "\x00\xff")
		image := export(t, s)
		want := everything(t, s)
		fresh := filepath.Join(t.TempDir(), "new.db")
		into, err := store.Open(fresh)
		if err != nil {
			t.Fatal(err)
		}
		got, err := into.Import(bytes.NewReader(image))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, everything(t, into)); diff != "" || got.Values != 4 {
			t.Errorf("%d values (-want +got):\n%s", got.Values, diff)
		}
		if diff := cmp.Diff(image, export(t, into)); diff != "" {
			t.Errorf("the image of the copy is another one:\n%s", diff)
		}
		if err := into.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestImportIntoSharedStore(t *testing.T) {
	both(t, func(t *testing.T, open func() *store.Store) {
		t.Helper()
		from, err := store.Open(filepath.Join(t.TempDir(), "from.db"))
		if err != nil {
			t.Fatal(err)
		}
		for i := range 300 { // more than etcd takes at once
			put(t, from, "slices", fmt.Sprint(i), fmt.Sprintf(`{"id":%d}`, i))
		}
		image, want := export(t, from), everything(t, from)
		if err := from.Close(); err != nil {
			t.Fatal(err)
		}
		s := open()
		if _, err := s.Import(bytes.NewReader(image)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, everything(t, s)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if _, err := s.Import(bytes.NewReader(image)); slice.KindOf(err) != slice.Conflict {
			t.Errorf("a second time: %v, want a conflict", err)
		}
	})
}

func TestImportRefusesAndLeavesTheStoreEmpty(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "a.db"))
	put(t, s, "slices", "press", `{"a":1}`)
	put(t, s, "slices", "fire", `{"a":2}`)
	image := string(export(t, s))
	lines := strings.SplitAfter(strings.TrimSuffix(image, "\n"), "\n")
	tests := map[string]struct{ image, says string }{
		"empty":               {"", "it is empty"},
		"something else":      {"nst:\n- id: a\n", "no image"},
		"without its end":     {strings.Join(lines[:len(lines)-1], ""), "no end"},
		"a value missing":     {lines[0] + lines[2] + lines[3], "1 values of 2"},
		"a value changed":     {strings.Replace(image, `{"a":1}`, `{"a":7}`, 1), "sum"},
		"more behind it":      {image + "\nx", "something follows"},
		"a later schema":      {strings.Replace(image, `"schema":"1"`, `"schema":"99"`, 1), "sum"},
		"a later form":        {strings.Replace(image, `"version":1`, `"version":2`, 1), "form 2"},
		"a bucket of our own": {strings.Replace(image, `"bucket":"slices"`, `"bucket":"_store"`, 1), "not a key"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			into := open(t, filepath.Join(t.TempDir(), "b.db"))
			_, err := into.Import(strings.NewReader(tt.image))
			if slice.KindOf(err) != slice.Invalid || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want one of kind invalid with %q", err, tt.says)
			}
			if got := everything(t, into); len(got) > 0 {
				t.Errorf("and yet %v is there", got)
			}
		})
	}
}

// No piece of an image is taken for the whole.
func TestTornImages(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "a.db"))
	put(t, s, "slices", "press", `{"a":1}`)
	image := export(t, s)
	for n := range len(image) - 1 { // the last line break is no loss
		if _, err := store.CheckImage(bytes.NewReader(image[:n])); err == nil {
			t.Errorf("%d bytes of %d are taken for an image", n, len(image))
		}
	}
	for at := range image {
		flipped := bytes.Clone(image)
		flipped[at] ^= 1
		if _, err := store.CheckImage(bytes.NewReader(flipped)); err == nil {
			t.Errorf("a wrong bit at %d (%q) is not seen", at, image[max(0, at-8):min(len(image), at+8)])
		}
	}
}

func TestImageOfAnyValues(t *testing.T) {
	dir := t.TempDir()
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		from, err := store.Open(filepath.Join(dir, fmt.Sprint(n, "a")))
		if err != nil {
			t.Fatal(err)
		}
		for range rapid.IntRange(0, 5).Draw(t, "values") {
			key := rapid.StringMatching(`[a-z/ é"]{1,8}`).Draw(t, "key")
			value := rapid.SliceOf(rapid.Byte()).Draw(t, "value")
			if err := from.Put("odd", key, value); err != nil {
				t.Fatal(err)
			}
		}
		var image bytes.Buffer
		if _, err := from.Export(&image); err != nil {
			t.Fatal(err)
		}
		want, err := from.List("odd")
		if err != nil {
			t.Fatal(err)
		}
		into, err := store.Open(filepath.Join(dir, fmt.Sprint(n, "b")))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := into.Import(&image); err != nil {
			t.Fatal(err)
		}
		got, err := into.List("odd")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		for _, s := range []*store.Store{from, into} {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
		for _, name := range []string{"a", "b"} {
			if err := os.Remove(filepath.Join(dir, fmt.Sprint(n, name))); err != nil {
				t.Error(err)
			}
		}
	})
}

func FuzzImage(f *testing.F) {
	f.Add([]byte(`{"format":"l2sces-store","version":1,"schema":"1"}` + "\n" + `{"bucket":"a","key":"b","value":1}` + "\n"))
	f.Fuzz(func(_ *testing.T, text []byte) {
		_, _ = store.CheckImage(bytes.NewReader(text)) // it must answer, whatever it says
	})
}
