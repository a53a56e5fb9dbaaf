package oci

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/l2sces/l2sces/pkg/slice"
)

// An archive is the content of the tar: an OCI image layout, and beside it the
// list by which older tools load the first image.
type archive struct {
	files map[string][]byte
}

// Write writes images of one name, one for each architecture, as an OCI image
// layout in a tar. The same images give the same bytes.
func Write(w io.Writer, reference string, images []v1.Image) error {
	tag, err := name.NewTag(reference)
	if err != nil {
		return slice.Errorf(slice.Invalid, "name of an image: %w", err)
	}
	if len(images) == 0 {
		return slice.Errorf(slice.Invalid, "%s: no image to write", reference)
	}
	a := archive{files: map[string][]byte{"oci-layout": []byte(`{"imageLayoutVersion":"1.0.0"}`)}}
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, img := range images {
		if err := a.image(img); err != nil {
			return err
		}
		c, err := img.ConfigFile()
		if err != nil {
			return err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{
			Platform: &v1.Platform{OS: c.OS, Architecture: c.Architecture},
		}})
	}
	if err := a.index(tag, index); err != nil {
		return err
	}
	if err := a.list(tag, images[0]); err != nil {
		return err
	}
	return a.write(w)
}

// image adds the manifest, the configuration and the layers of an image.
func (a archive) image(img v1.Image) error {
	manifest, err := img.RawManifest()
	if err != nil {
		return err
	}
	config, err := img.RawConfigFile()
	if err != nil {
		return err
	}
	layers, err := img.Layers()
	if err != nil {
		return err
	}
	blobs := [][]byte{manifest, config}
	for _, l := range layers {
		data, err := compressed(l)
		if err != nil {
			return err
		}
		blobs = append(blobs, data)
	}
	for _, b := range blobs {
		if _, err := a.blob(b); err != nil {
			return err
		}
	}
	return nil
}

// index adds the index of the images and the entry of the layout, which names
// them. A runtime that imports the archive takes the name from there, in the
// whole form into which a Kubernetes node turns the short one.
func (a archive) index(tag name.Tag, index v1.ImageIndex) error {
	raw, err := index.RawManifest()
	if err != nil {
		return err
	}
	if _, err := a.blob(raw); err != nil {
		return err
	}
	entry, err := partial.Descriptor(index)
	if err != nil {
		return err
	}
	entry.Annotations = map[string]string{
		"io.containerd.image.name":          strings.TrimPrefix(tag.Name(), "index."),
		"org.opencontainers.image.ref.name": tag.TagStr(),
	}
	top := v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex, Manifests: []v1.Descriptor{*entry}}
	a.files["index.json"], err = json.Marshal(top)
	return err
}

// list adds what older tools read.
func (a archive) list(tag name.Tag, img v1.Image) error {
	manifest, err := img.Manifest()
	if err != nil {
		return err
	}
	entry := struct {
		Config   string
		RepoTags []string
		Layers   []string
	}{Config: place(manifest.Config.Digest), RepoTags: []string{tag.String()}}
	for _, l := range manifest.Layers {
		entry.Layers = append(entry.Layers, place(l.Digest))
	}
	a.files["manifest.json"], err = json.Marshal([]any{entry})
	return err
}

func (a archive) blob(data []byte) (v1.Hash, error) {
	digest, _, err := v1.SHA256(bytes.NewReader(data))
	a.files[place(digest)] = data
	return digest, err
}

// write writes the files in order; the layout's own come first, as readers of
// streams like it.
func (a archive) write(w io.Writer) error {
	out := tar.NewWriter(w)
	names := slices.SortedFunc(maps.Keys(a.files), func(x, y string) int {
		if d := strings.Count(x, "/") - strings.Count(y, "/"); d != 0 {
			return d
		}
		return strings.Compare(x, y)
	})
	for _, n := range names {
		h := &tar.Header{Name: n, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(a.files[n])), ModTime: time.Unix(0, 0), Format: tar.FormatPAX}
		if err := out.WriteHeader(h); err != nil {
			return err
		}
		if _, err := out.Write(a.files[n]); err != nil {
			return err
		}
	}
	return out.Close()
}

func place(digest v1.Hash) string { return "blobs/" + digest.Algorithm + "/" + digest.Hex }

func compressed(l v1.Layer) ([]byte, error) {
	r, err := l.Compressed()
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	return data, r.Close()
}
