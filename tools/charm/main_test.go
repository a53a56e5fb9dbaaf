package main

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestPack(t *testing.T) {
	static, dir := t.TempDir(), t.TempDir()
	program, out := filepath.Join(dir, "program"), filepath.Join(dir, "sco")
	must(t, os.WriteFile(filepath.Join(static, "metadata.yaml"), []byte("name: sco\n"), 0o600))
	must(t, os.WriteFile(filepath.Join(static, "actions.yaml"), []byte("{}\n"), 0o640))
	must(t, os.WriteFile(program, bytes.Repeat([]byte("x"), 1000), 0o700))
	must(t, pack(static, program, out))
	first, err := os.ReadFile(out + ".charm")
	must(t, err)

	// Time, order and modes of the input play no part, nor what was there.
	must(t, os.Chtimes(program, time.Unix(7, 0), time.Unix(7, 0)))
	must(t, os.WriteFile(filepath.Join(out, "stray"), nil, 0o600))
	must(t, pack(static, program, out))
	second, err := os.ReadFile(out + ".charm")
	must(t, err)
	if !bytes.Equal(first, second) {
		t.Error("the same charm has other bytes")
	}

	r, err := zip.OpenReader(out + ".charm")
	must(t, err)
	defer func() { must(t, r.Close()) }()
	var have []string
	for _, f := range r.File {
		have = append(have, f.Mode().String()+" "+f.Name)
	}
	want := []string{"-rw-r--r-- actions.yaml", "-rwxr-xr-x dispatch", "-rw-r--r-- metadata.yaml"}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("(-want +have)\n%s", diff)
	}
	info, err := os.Stat(filepath.Join(out, "dispatch"))
	must(t, err)
	if info.Mode().Perm() != 0o755 {
		t.Errorf("dispatch has mode %v", info.Mode())
	}
}

func TestPackRefuses(t *testing.T) {
	static, dir := t.TempDir(), t.TempDir()
	must(t, os.Symlink("/etc/passwd", filepath.Join(static, "metadata.yaml")))
	if err := pack(static, "main.go", filepath.Join(dir, "x")); err == nil || !strings.Contains(err.Error(), "no plain file") {
		t.Errorf("a link: %v", err)
	}
	if err := pack(t.TempDir(), filepath.Join(dir, "none"), filepath.Join(dir, "x")); err == nil {
		t.Error("a charm without a program")
	}
}
