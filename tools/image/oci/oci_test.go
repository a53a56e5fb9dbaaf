package oci_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/l2sces/l2sces/tools/image/oci"
	"github.com/l2sces/l2sces/tools/image/tree"
)

func image(t *testing.T, arch string) v1.Image {
	t.Helper()
	var lower, upper tree.Tree
	for _, err := range []error{
		lower.Add(tree.File{Path: "etc/passwd", Mode: 0o644, Data: []byte("x")}),
		upper.Add(tree.File{Path: "bin/x", Mode: 0o755, Data: []byte(arch)}),
	} {
		must(t, err)
	}
	img, err := oci.New(oci.Config{
		Arch: arch, User: "65532:65532", Entrypoint: []string{"/bin/x"}, Created: time.Unix(7, 0),
		Labels: map[string]string{"org.opencontainers.image.version": "v1"},
	}, &lower, &upper)
	must(t, err)
	return img
}

func write(t *testing.T, images ...v1.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	must(t, oci.Write(&out, "l2sces/x:v1", images))
	return out.Bytes()
}

// spread writes the archive's own files into a folder.
func spread(t *testing.T, archive []byte) string {
	t.Helper()
	dir := t.TempDir()
	for in := tar.NewReader(bytes.NewReader(archive)); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return dir
		}
		must(t, err)
		data, err := io.ReadAll(in)
		must(t, err)
		must(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(h.Name)), 0o755))
		must(t, os.WriteFile(filepath.Join(dir, h.Name), data, 0o644))
	}
}

func TestArchiveIsAValidLayout(t *testing.T) {
	archive := write(t, image(t, "amd64"), image(t, "arm64"))
	if !bytes.Equal(archive, write(t, image(t, "amd64"), image(t, "arm64"))) {
		t.Error("the same images give different bytes")
	}
	dir := spread(t, archive)
	index, err := layout.ImageIndexFromPath(dir)
	must(t, err)
	must(t, validate.Index(index))
	top, err := index.IndexManifest()
	must(t, err)
	want := map[string]string{"io.containerd.image.name": "docker.io/l2sces/x:v1", "org.opencontainers.image.ref.name": "v1"}
	if d := cmp.Diff(want, top.Manifests[0].Annotations); d != "" {
		t.Error(d)
	}
	file := filepath.Join(t.TempDir(), "x.tar")
	must(t, os.WriteFile(file, archive, 0o644))
	older, err := tarball.ImageFromPath(file, nil) // as docker load reads it
	must(t, err)
	must(t, validate.Image(older))
}

func TestUnpack(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.tar")
	must(t, os.WriteFile(file, write(t, image(t, "amd64"), image(t, "arm64")), 0o644))
	dir := t.TempDir()
	config, err := oci.Unpack(file, "arm64", dir)
	must(t, err)
	if config.Config.User != "65532:65532" || config.Created.Unix() != 7 || config.Config.Labels["org.opencontainers.image.version"] != "v1" {
		t.Errorf("config = %+v", config)
	}
	if data, err := os.ReadFile(filepath.Join(dir, "bin/x")); err != nil || string(data) != "arm64" {
		t.Errorf("bin/x = %q, %v", data, err)
	}
	if _, err := oci.Unpack(file, "s390x", t.TempDir()); err == nil || !strings.Contains(err.Error(), "amd64, arm64") {
		t.Errorf("got %v, want what there is", err)
	}
}

// An image by somebody else may hold anything.
func TestUnpackStaysInside(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "outside")
	must(t, os.Mkdir(outside, 0o755))
	for name, headers := range map[string][]tar.Header{
		"a way up":         {{Name: "../outside/x", Typeflag: tar.TypeReg}},
		"through a link":   {{Name: "way", Typeflag: tar.TypeSymlink, Linkname: outside}, {Name: "way/x", Typeflag: tar.TypeReg}},
		"through a way up": {{Name: "way", Typeflag: tar.TypeSymlink, Linkname: "../outside"}, {Name: "way/x", Typeflag: tar.TypeReg}},
		"a device":         {{Name: "x", Typeflag: tar.TypeChar}},
		"a hard link":      {{Name: "x", Typeflag: tar.TypeLink, Linkname: outside}},
		"one path twice":   {{Name: "x", Typeflag: tar.TypeReg}, {Name: "x", Typeflag: tar.TypeReg}},
	} {
		t.Run(name, func(t *testing.T) {
			var layer bytes.Buffer
			w := tar.NewWriter(&layer)
			for _, h := range headers {
				h.Mode = 0o644
				must(t, w.WriteHeader(&h))
			}
			must(t, w.Close())
			l, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(layer.Bytes())), nil })
			must(t, err)
			img, err := mutate.AppendLayers(image(t, "amd64"), l)
			must(t, err)
			file := filepath.Join(t.TempDir(), "x.tar")
			must(t, os.WriteFile(file, write(t, img), 0o644))
			if _, err := oci.Unpack(file, "amd64", t.TempDir()); err == nil {
				t.Error("it was unpacked")
			}
			if left, err := os.ReadDir(outside); err != nil || len(left) != 0 {
				t.Errorf("outside the folder: %v, %v", left, err)
			}
		})
	}
}

func TestUnpackRefusesAChangedLayer(t *testing.T) {
	img, err := mutate.AppendLayers(image(t, "amd64"), static.NewLayer([]byte("not a tar"), types.OCILayer))
	must(t, err)
	broken := write(t, img)
	good := write(t, image(t, "amd64"))
	at := bytes.Index(good, []byte("\x1f\x8b")) // of the first layer
	good[at+40] ^= 1
	for name, archive := range map[string][]byte{"no tar": broken, "a changed byte": good} {
		file := filepath.Join(t.TempDir(), "x.tar")
		must(t, os.WriteFile(file, archive, 0o644))
		if _, err := oci.Unpack(file, "amd64", t.TempDir()); err == nil {
			t.Errorf("%s: it was unpacked", name)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
