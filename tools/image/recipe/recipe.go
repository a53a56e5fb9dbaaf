// Package recipe reads what goes into each image: one YAML file that a person
// can read as the list of contents. It builds nothing.
//
//	r, err := recipe.Read("deploy/images/images.yaml", data)
package recipe

import (
	"path"
	"slices"
	"strings"

	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A Recipe is the list of all images.
type Recipe struct {
	Repository string  `json:"repository"` // what stands before the name of each image
	Source     string  `json:"source"`     // where the source code is published
	Images     []Image `json:"images"`
}

// An Image is what one image consists of.
type Image struct {
	Name        string            `json:"name"`
	Description string            `json:"description"`
	Program     string            `json:"program,omitempty"` // folder of our main package; it becomes /usr/local/bin/NAME
	Entrypoint  []string          `json:"entrypoint"`
	Folders     []Folder          `json:"folders,omitempty"`
	Links       map[string]string `json:"links,omitempty"` // where the link lies: what it leads to
	Debian      []Debian          `json:"debian,omitempty"`
}

// A Folder is an empty folder that the image brings along.
type Folder struct {
	Path  string `json:"path"`
	Owner int    `json:"owner,omitempty"`
}

// Debian names what is taken from one Debian package. Libraries that the files
// need come along by themselves.
type Debian struct {
	Package   string            `json:"package"`
	Files     []string          `json:"files,omitempty"`
	Libraries []string          `json:"libraries,omitempty"` // opened at run time, so that no file names them
	Join      map[string]string `json:"join,omitempty"`      // file to make: pattern of the files that it is made of
}

// Read reads and checks a recipe.
func Read(name string, data []byte) (Recipe, error) {
	var r Recipe
	if err := descriptor.FromYAML(name, data, &r); err != nil {
		return r, err
	}
	seen := map[string]bool{}
	for _, i := range r.Images {
		if seen[i.Name] {
			return r, slice.Errorf(slice.Invalid, "%s: image %s is there twice", name, i.Name)
		}
		seen[i.Name] = true
		if err := i.check(); err != nil {
			return r, slice.Errorf(slice.Invalid, "%s: image %s: %w", name, i.Name, err)
		}
	}
	return r, nil
}

// Image returns the image of a name.
func (r Recipe) Image(name string) (Image, error) {
	var names []string
	for _, i := range r.Images {
		if i.Name == name {
			return i, nil
		}
		names = append(names, i.Name)
	}
	return Image{}, slice.Errorf(slice.NotFound, "there is no image %q, but %s", name, strings.Join(names, ", "))
}

func (i Image) check() error {
	switch {
	case !slice.IsLabel(i.Name):
		return slice.Errorf(slice.Invalid, "the name is not made of lower-case letters, digits and hyphens")
	case len(i.Entrypoint) == 0:
		return slice.Errorf(slice.Invalid, "it has no entrypoint")
	case i.Program == "" && len(i.Debian) == 0:
		return slice.Errorf(slice.Invalid, "it has neither a program nor packages")
	}
	for _, p := range i.paths() {
		if !path.IsAbs(p) || path.Clean(p) != p {
			return slice.Errorf(slice.Invalid, "%q is not a whole path", p)
		}
	}
	return nil
}

// paths returns all places that the image names.
func (i Image) paths() []string {
	all := []string{i.Entrypoint[0]}
	for _, f := range i.Folders {
		all = append(all, f.Path)
	}
	for at := range i.Links {
		all = append(all, at)
	}
	for _, d := range i.Debian {
		all = slices.Concat(all, d.Files)
		for at, pattern := range d.Join {
			all = append(all, at, pattern)
		}
	}
	return all
}
