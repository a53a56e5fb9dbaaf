package factory_test

import (
	"bytes"
	"debug/buildinfo"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/tools/image/factory"
	"github.com/l2sces/l2sces/tools/image/oci"
	"github.com/l2sces/l2sces/tools/image/spdx"
)

const small = `repository: l2sces
source: https://example.org/l2sces
images:
- name: testcount
  description: A small program
  program: tools/testcount
  entrypoint: [/usr/local/bin/testcount]
  folders: [{path: /var/lib/x, owner: 65532}]
`

// makeImage builds the small image in a folder of its own, with an empty cache.
func makeImage(t *testing.T, recipe string) (string, error) {
	t.Helper()
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "images.yaml"), []byte(recipe), 0o600))
	root, err := filepath.Abs(filepath.Join("..", "..", ".."))
	must(t, err)
	file, err := filepath.Rel(root, filepath.Join(dir, "images.yaml"))
	must(t, err)
	return dir, factory.Build(t.Context(), factory.Config{
		Root: root, Recipe: file, Out: filepath.Join(dir, "out"), Cache: filepath.Join(dir, "cache"),
		Version: "v1.2", Created: time.Unix(86400, 0), Architectures: []string{runtime.GOARCH},
	}, nil, &bytes.Buffer{})
}

func TestTwoBuildsAreEqual(t *testing.T) {
	if testing.Short() {
		t.Skip("links a program twice")
	}
	one, err := makeImage(t, small)
	must(t, err)
	other, err := makeImage(t, small)
	must(t, err)
	for _, name := range []string{"testcount.tar", "testcount." + runtime.GOARCH + ".spdx.json"} {
		a, err := os.ReadFile(filepath.Join(one, "out", name))
		must(t, err)
		b, err := os.ReadFile(filepath.Join(other, "out", name))
		must(t, err)
		if !bytes.Equal(a, b) {
			t.Errorf("%s: %d and %d bytes, which differ", name, len(a), len(b))
		}
	}
	contents(t, filepath.Join(one, "out"))
}

// contents checks what is in the image.
func contents(t *testing.T, out string) {
	t.Helper()
	root := t.TempDir()
	config, err := oci.Unpack(filepath.Join(out, "testcount.tar"), runtime.GOARCH, root)
	must(t, err)
	if config.Config.User != "65532:65532" || config.Config.Labels["org.opencontainers.image.version"] != "v1.2" {
		t.Errorf("config = %+v", config.Config)
	}
	info, err := buildinfo.ReadFile(filepath.Join(root, "usr/local/bin/testcount"))
	must(t, err)
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" || s.Key == "CGO_ENABLED" && s.Value != "0" {
			t.Errorf("built with %s=%s", s.Key, s.Value)
		}
	}
	for _, want := range []string{"tmp", "etc/passwd", "etc/group", "var/lib/x", "usr/share/licenses/std/LICENSE", "usr/share/licenses/github.com/l2sces/l2sces/LICENSE"} {
		if _, err := os.Stat(filepath.Join(root, want)); err != nil {
			t.Error(err)
		}
	}
	inside, err := os.ReadFile(filepath.Join(root, "usr/share/sbom/testcount.spdx.json"))
	must(t, err)
	d, err := spdx.Check(inside)
	must(t, err)
	said := map[string]bool{}
	for _, f := range d.Files {
		said[f.Name] = true
	}
	must(t, filepath.WalkDir(root, func(name string, e os.DirEntry, err error) error {
		rel, _ := filepath.Rel(root, name)
		if err == nil && e.Type().IsRegular() && !said["./"+rel] && rel != "usr/share/sbom/testcount.spdx.json" {
			t.Errorf("the list of contents does not have %s", rel)
		}
		return err
	}))
}

func TestBuildRefuses(t *testing.T) {
	if _, err := makeImage(t, strings.Replace(small, "tools/testcount", "tools/absent", 1)); err == nil {
		t.Error("a program that is not there was built")
	}
	if _, err := makeImage(t, "images:\n- {name: x}\n"); slice.KindOf(err) != slice.Invalid {
		t.Errorf("a broken recipe: %v", err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
