package pack_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/pack"
)

// source is a package folder whose chart is a link, as ours are.
func source(tb testing.TB) (root, folder string) {
	tb.Helper()
	root = tb.TempDir()
	random := make([]byte, 300_000)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(random) // it never fails
	for name, text := range map[string]string{
		"vnfd/sample_knf/sample_knf.yaml":         vnfd,
		"vnfd/sample_knf/README.md":               "sample\n",
		"vnfd/sample_knf/checksums.txt":           "of last time\n",
		"vnfd/sample_knf/icons/sample.png":        string(random),
		"vnfd/sample_knf/README.md~":              "of an editor\n",
		"charts/sample/Chart.yaml":                "name: sample\n",
		"charts/sample/values.yaml":               strings.Repeat("key: value\n", 2000),
		"charts/sample/templates/deployment.yaml": "kind: Deployment\n",
		"bin/charms/sample/dispatch":              string(random[:1000]),
		"charm/metadata.yaml":                     "name: sample\n",
	} {
		file := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o640); err != nil {
			tb.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Join(root, "bin/charms/sample/dispatch"), 0o700); err != nil {
		tb.Fatal(err)
	}
	folder = filepath.Join(root, "vnfd", "sample_knf")
	link(tb, "../../../charts/sample", filepath.Join(folder, "helm-chart-v3s", "sample"))
	link(tb, "../../../charm", filepath.Join(folder, "charms", "sample"))
	return root, folder
}

func link(tb testing.TB, to, name string) {
	tb.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		tb.Fatal(err)
	}
	if err := os.Symlink(to, name); err != nil {
		tb.Fatal(err)
	}
}

// build builds the sample.
func build(tb testing.TB, o pack.Options) string {
	tb.Helper()
	root, folder := source(tb)
	overlay := pack.Overlay{Dest: "charms/sample", From: filepath.Join(root, "bin/charms/sample")}
	p, err := pack.Gather(pack.Source{Root: root, Folder: folder, Overlay: []pack.Overlay{overlay}}, pack.Limits{})
	if err != nil {
		tb.Fatal(err)
	}
	out := filepath.Join(tb.TempDir(), map[pack.Format]string{pack.OSM: "sample_knf.tar.gz", pack.CSAR: "sample_knf.csar"}[o.Format])
	if err := errors.Join(pack.Build(context.Background(), p, out, o), p.Close()); err != nil {
		tb.Fatal(err)
	}
	return out
}

func content(tb testing.TB, name string) []byte {
	tb.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// TestBuildOSM reads the archive as OSM's own library does: entry by entry.
func TestBuildOSM(t *testing.T) {
	z, err := gzip.NewReader(bytes.NewReader(content(t, build(t, pack.Options{Format: pack.OSM}))))
	if err != nil {
		t.Fatal(err)
	}
	if z.Name != "" || !z.ModTime.IsZero() {
		t.Errorf("the gzip header says %q, %s", z.Name, z.ModTime)
	}
	var got []string
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, h.FileInfo().Mode().String()+" "+h.Name)
		if h.Uid != 0 || h.Gid != 0 || h.Uname != "" || h.Gname != "" || h.ModTime.Unix() != 315532800 {
			t.Errorf("%s says where it was built: %+v", h.Name, h)
		}
	}
	want := []string{
		"drwxr-xr-x sample_knf/",
		"-rw-r--r-- sample_knf/README.md",
		"drwxr-xr-x sample_knf/charms/",
		"drwxr-xr-x sample_knf/charms/sample/",
		"-rwxr-xr-x sample_knf/charms/sample/dispatch",
		"-rw-r--r-- sample_knf/charms/sample/metadata.yaml",
		"-rw-r--r-- sample_knf/checksums.txt",
		"drwxr-xr-x sample_knf/helm-chart-v3s/",
		"drwxr-xr-x sample_knf/helm-chart-v3s/sample/",
		"-rw-r--r-- sample_knf/helm-chart-v3s/sample/Chart.yaml",
		"drwxr-xr-x sample_knf/helm-chart-v3s/sample/templates/",
		"-rw-r--r-- sample_knf/helm-chart-v3s/sample/templates/deployment.yaml",
		"-rw-r--r-- sample_knf/helm-chart-v3s/sample/values.yaml",
		"drwxr-xr-x sample_knf/icons/",
		"-rw-r--r-- sample_knf/icons/sample.png",
		"-rw-r--r-- sample_knf/sample_knf.yaml",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestBuildCSAR reads the zip with another library than ours.
func TestBuildCSAR(t *testing.T) {
	z, err := zip.OpenReader(build(t, pack.Options{Format: pack.CSAR, License: []byte("free\n")}))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = z.Close() }() // read
	var got []string
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, r); err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
		got = append(got, f.Mode().String()+" "+map[uint16]string{zip.Store: "stored", zip.Deflate: "packed"}[f.Method]+" "+f.Name)
	}
	want := []string{
		"-rw-r--r-- stored Definitions/sample_knf.yaml",
		"-rw-r--r-- stored Files/ChangeLog.txt",
		"-rw-r--r-- stored Files/Licenses/LICENSE",
		"-rw-r--r-- stored Files/README.md",
		"-rw-r--r-- stored Files/icons/sample.png",
		"-rwxr-xr-x stored Scripts/charms/sample/dispatch",
		"-rw-r--r-- stored Scripts/charms/sample/metadata.yaml",
		"-rw-r--r-- stored Scripts/helm-chart-v3s/sample/Chart.yaml",
		"-rw-r--r-- stored Scripts/helm-chart-v3s/sample/templates/deployment.yaml",
		"-rw-r--r-- packed Scripts/helm-chart-v3s/sample/values.yaml",
		"-rw-r--r-- packed TOSCA-Metadata/TOSCA.meta",
		"-rw-r--r-- packed sample_knf.mf",
	}
	want[0] = strings.Replace(want[0], "stored", "packed", 1)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestBuildTwice wants the same bytes from other folders, at other times, in
// both formats, signed and not.
func TestBuildTwice(t *testing.T) {
	ca := authority(t, "CA", nil)
	key := issue(t, "Ann", ca, nil, nil).signer(t)
	rsa := issue(t, "Bob", ca, rsaKey(t, 2048), nil).signer(t)
	for name, o := range map[string]pack.Options{
		"osm": {Format: pack.OSM}, "csar": {Format: pack.CSAR},
		"signed": {Format: pack.CSAR, Key: key}, "signed by RSA": {Format: pack.CSAR, Key: rsa},
	} {
		t.Run(name, func(t *testing.T) {
			first, second := build(t, o), build(t, o)
			if !bytes.Equal(content(t, first), content(t, second)) {
				t.Error("the same package has other bytes")
			}
			o.Time = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
			if bytes.Equal(content(t, first), content(t, build(t, o))) {
				t.Error("the time is not in the package")
			}
		})
	}
}

// TestOpenIsAFolder wants the same files of OSM's own form out of both
// formats, however they are read.
func TestOpenIsAFolder(t *testing.T) {
	names := []string{
		"README.md", "charms/sample/dispatch", "charms/sample/metadata.yaml", "helm-chart-v3s/sample/Chart.yaml",
		"helm-chart-v3s/sample/templates/deployment.yaml", "helm-chart-v3s/sample/values.yaml", "icons/sample.png", "sample_knf.yaml",
	}
	for _, format := range []pack.Format{pack.OSM, pack.CSAR} {
		t.Run(string(format), func(t *testing.T) {
			p, err := pack.Open(context.Background(), build(t, pack.Options{Format: format}), pack.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = p.Close() }() // read
			if err := fstest.TestFS(p.Files(), names...); err != nil {
				t.Error(err)
			}
			text, err := fs.ReadFile(p.Files(), p.Descriptor)
			if err != nil || string(text) != vnfd {
				t.Errorf("got %q, %v", text, err)
			}
			if p.Name != "sample_knf" || p.Format != format {
				t.Errorf("got %s of format %s", p.Name, p.Format)
			}
		})
	}
}

// TestOpenLargeFiles reads a file that is too large to be kept, twice.
func TestOpenLargeFiles(t *testing.T) {
	large := bytes.Repeat([]byte("0123456789abcde\n"), 100_000)
	_, _ = rand.NewChaCha8([32]byte{2}).Read(large[:1<<20]) // it never fails
	for name, data := range map[string][]byte{
		"a.tar.gz": tarball(tarEntry{name: "sample_knf/Large", data: string(large)}),
		"a.csar":   archive(zipItem{name: "Files/Large", data: string(large), deflate: true}),
	} {
		p, err := pack.Open(context.Background(), put(t, name, data), pack.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			got, err := fs.ReadFile(p.Files(), "Large")
			if err != nil || !bytes.Equal(got, large) {
				t.Errorf("%s: got %d bytes, %v", name, len(got), err)
			}
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestGatherRefuses holds sources to the rules of packages.
func TestGatherRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(t *testing.T, root, folder string)
		rule   string
		at     string
	}{
		{"link out", func(t *testing.T, _, folder string) {
			t.Helper()
			link(t, "../../../../..", filepath.Join(folder, "out"))
		}, "archive-symlink", "out"},
		{"absolute link", func(t *testing.T, _, folder string) { t.Helper(); link(t, "/etc/passwd", filepath.Join(folder, "out")) }, "archive-symlink", "out"},
		{"link to nothing", func(t *testing.T, _, folder string) { t.Helper(); link(t, "gone", filepath.Join(folder, "out")) }, "archive-symlink", "out"},
		{"link to a folder above", func(t *testing.T, _, folder string) {
			t.Helper()
			link(t, "../../..", filepath.Join(folder, "a", "loop"))
		}, "", ""},
		{"second descriptor", func(t *testing.T, _, folder string) {
			t.Helper()
			if err := os.WriteFile(filepath.Join(folder, "b.yaml"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}, "archive-descriptor", "sample_knf/sample_knf.yaml"},
		{"capitals", func(t *testing.T, _, folder string) {
			t.Helper()
			if err := os.WriteFile(filepath.Join(folder, "readme.md"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}, "archive-case", "sample_knf/readme.md"},
	} {
		t.Run(c.name, func(t *testing.T) {
			root, folder := source(t)
			c.change(t, root, folder)
			p, err := pack.Gather(pack.Source{Root: root, Folder: folder}, pack.Limits{Depth: 12, Files: 1000})
			if err == nil {
				t.Fatalf("gathered %d files", len(p.Parts))
			}
			if c.rule != "" {
				wantProblem(t, err, c.rule, c.at, folder)
			}
		})
	}
}

// TestBuildIsWhole leaves nothing when a file changes under its hands.
func TestBuildIsWhole(t *testing.T) {
	root, folder := source(t)
	p, err := pack.Gather(pack.Source{Root: root, Folder: folder}, pack.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.Close() }() // read
	if err := os.WriteFile(filepath.Join(folder, "README.md"), []byte("longer than before\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, f := range []pack.Format{pack.OSM, pack.CSAR} {
		if err := pack.Build(context.Background(), p, filepath.Join(dir, "x"), pack.Options{Format: f}); err == nil {
			t.Errorf("%s was built of a file that changed", f)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 { // an empty list will do
		t.Errorf("%v is left", left)
	}
}
