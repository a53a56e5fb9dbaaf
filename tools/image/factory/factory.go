// Package factory builds images by their recipe: programs by the go command,
// files of Debian's packages, one list of contents, and one archive for each
// image. It decides nothing that is not in the recipe.
//
//	err := factory.Build(ctx, factory.Config{Recipe: "deploy/images/images.yaml", ...}, nil, os.Stdout)
package factory

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/tools/image/debian"
	"github.com/l2sces/l2sces/tools/image/oci"
	"github.com/l2sces/l2sces/tools/image/recipe"
)

// A Config says what is built from what.
type Config struct {
	Root, Recipe  string // the repository, and the recipe below it
	Out, Cache    string
	Version       string
	Created       time.Time
	Architectures []string
	Update        bool // of the lists of Debian's packages
}

// A factory builds images one after the other.
type factory struct {
	Config
	recipe   recipe.Recipe
	archives map[string]*debian.Archive // by architecture, as Go calls it
	out      io.Writer
}

// Build builds the named images, or all if none is named, and says what came
// of it. Where Debian's packages cannot be had for an architecture, the images
// that need them are left out of it; the rest is built, and the fault, which
// names what is missing, comes at the end.
func Build(ctx context.Context, c Config, names []string, out io.Writer) error {
	file := filepath.Join(c.Root, c.Recipe)
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	f := factory{Config: c, archives: map[string]*debian.Archive{}, out: out}
	if f.recipe, err = recipe.Read(file, text); err != nil {
		return err
	}
	if len(names) == 0 {
		for _, i := range f.recipe.Images {
			names = append(names, i.Name)
		}
	}
	if err := os.MkdirAll(c.Out, 0o755); err != nil {
		return err
	}
	var missing []error
	for _, name := range names {
		i, err := f.recipe.Image(name)
		if err != nil {
			return err
		}
		err = f.image(ctx, i)
		if err != nil && slice.KindOf(err) != slice.Unavailable {
			return err
		}
		missing = append(missing, err)
	}
	return errors.Join(missing...)
}

// image builds one image for all architectures.
func (f *factory) image(ctx context.Context, i recipe.Image) error {
	var images []v1.Image
	var missing []error
	for _, arch := range f.Architectures {
		b := batch{factory: f, image: i, arch: arch}
		img, err := b.build(ctx)
		if err != nil {
			err = fmt.Errorf("image %s for %s: %w", i.Name, arch, err)
		}
		switch {
		case slice.KindOf(err) == slice.Unavailable:
			missing = append(missing, err)
		case err != nil:
			return err
		default:
			images = append(images, img)
		}
	}
	if len(images) == 0 {
		return errors.Join(missing...)
	}
	var archive bytes.Buffer
	reference := f.recipe.Repository + "/" + i.Name + ":" + f.Version
	if err := oci.Write(&archive, reference, images); err != nil {
		return err
	}
	file := filepath.Join(f.Out, i.Name+".tar")
	if err := write(file, archive.Bytes()); err != nil {
		return err
	}
	_, err := fmt.Fprintf(f.out, "%s  %s  %.1f MB\n", file, reference, float64(archive.Len())/1e6)
	return errors.Join(append(missing, err)...)
}

// write puts a file in place in one step.
func write(file string, data []byte) error {
	if err := os.WriteFile(file+".new", data, 0o644); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}

// archive returns what Debian has for an architecture.
func (f *factory) archive(ctx context.Context, arch string) (*debian.Archive, error) {
	if a := f.archives[arch]; a != nil {
		return a, nil
	}
	a, err := debian.Open(ctx, filepath.Join(f.Cache, "debian"), arch, f.Update)
	if err == nil {
		f.archives[arch] = a
	}
	return a, err
}
