package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/l2sces/l2sces/pkg/store"
)

// stored makes a store with one value and returns its path.
func stored(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	s, err := store.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Put("slices", "press", []byte(`{"a":1}`)); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestExportAndImport(t *testing.T) {
	full, dir := stored(t, "sco.db"), t.TempDir()
	image, fresh, torn := filepath.Join(dir, "image"), filepath.Join(dir, "new.db"), filepath.Join(dir, "torn")
	steps := []struct {
		name   string
		args   []string
		status int
		stdout string
		stderr string
	}{
		{"export", []string{"export", image, "--store=" + full}, 0, "1       1       7", ""},
		{"to stdout", []string{"export", "-", "--store=" + full}, 0, `"format":"l2sces-store"`, ""},
		{"a store that is not there", []string{"export", image, "--store=" + fresh}, 2, "", "new.db"},
		{"check", []string{"import", image, "--dry-run"}, 0, "1       1       7", ""},
		{"check what is torn", []string{"import", torn, "--dry-run"}, 2, "", "the image is torn"},
		{"nowhere", []string{"import", image}, 2, "", "--store says where to"},
		{"import", []string{"import", image, "--store=" + fresh, "-o", "json"}, 0, `"values": 1`, ""},
		{"import again", []string{"import", image, "--store=" + fresh}, 1, "", "not empty"},
		{"import what is torn", []string{"import", torn, "--store=" + filepath.Join(dir, "other.db")}, 2, "", "the image is torn"},
		{"no image", []string{"import", filepath.Join(dir, "absent"), "--dry-run"}, 2, "", "absent"},
		{"compact", []string{"compact", fresh}, 0, "", "bytes, were"},
		{"compact what is not there", []string{"compact", filepath.Join(dir, "absent")}, 2, "", "absent"},
		{"two places", []string{"export", image, "--store=" + full, "--sco=192.0.2.1:1"}, 2, "", "none of the others"},
	}
	for _, s := range steps {
		t.Run(s.name, func(t *testing.T) {
			status, stdout, stderr := typed(append([]string{"sco"}, s.args...)...)
			if status != s.status || !strings.Contains(stdout, s.stdout) || !strings.Contains(stderr, s.stderr) {
				t.Errorf("status %d, stdout %q, stderr %q; want %d, %q, %q", status, stdout, stderr, s.status, s.stdout, s.stderr)
			}
			if text, err := os.ReadFile(image); err == nil {
				if err := os.WriteFile(torn, text[:len(text)/2], 0o600); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
	s, err := store.Open(fresh)
	if err != nil {
		t.Fatal(err)
	}
	if v, err := s.Get("slices", "press"); err != nil || string(v) != `{"a":1}` {
		t.Errorf("brought back %q, %v", v, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if left, err := filepath.Glob(image + ".*"); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
