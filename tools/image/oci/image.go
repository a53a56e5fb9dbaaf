// Package oci makes images of file trees, writes them into one archive that
// container runtimes import, and unpacks such archives. It speaks to no daemon
// and no registry.
//
//	img, err := oci.New(oci.Config{Arch: "amd64", User: "65532:65532", Entrypoint: []string{"/bin/x"}}, &files)
package oci

import (
	"bytes"
	"io"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/l2sces/l2sces/tools/image/tree"
)

// A Config is what a runtime is told of an image.
type Config struct {
	Arch       string // as Go calls it
	User       string
	Entrypoint []string
	Labels     map[string]string
	Created    time.Time
}

// search is where programs are found in our images.
const search = "PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// New makes an image with one layer for each tree.
func New(c Config, trees ...*tree.Tree) (v1.Image, error) {
	img := mutate.MediaType(mutate.ConfigMediaType(empty.Image, types.OCIConfigJSON), types.OCIManifestSchema1)
	for _, t := range trees {
		layer, err := layer(t)
		if err != nil {
			return nil, err
		}
		img, err = mutate.Append(img, mutate.Addendum{Layer: layer, History: v1.History{
			Created: v1.Time{Time: c.Created.UTC()}, CreatedBy: "tools/image",
		}})
		if err != nil {
			return nil, err
		}
	}
	file, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	file = file.DeepCopy()
	file.OS, file.Architecture, file.Created = "linux", c.Arch, v1.Time{Time: c.Created.UTC()}
	file.Config = v1.Config{
		User: c.User, Entrypoint: c.Entrypoint, Labels: c.Labels, WorkingDir: "/", Env: []string{search},
	}
	return mutate.ConfigFile(img, file)
}

// layer packs a tree.
func layer(t *tree.Tree) (v1.Layer, error) {
	var out bytes.Buffer
	if err := t.Write(&out); err != nil {
		return nil, err
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(out.Bytes())), nil }
	return tarball.LayerFromOpener(open, tarball.WithMediaType(types.OCILayer), tarball.WithCompressedCaching,
		tarball.WithCompressionLevel(6))
}
