package factory

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/l2sces/l2sces/tools/image/debian"
	"github.com/l2sces/l2sces/tools/image/oci"
	"github.com/l2sces/l2sces/tools/image/program"
	"github.com/l2sces/l2sces/tools/image/recipe"
	"github.com/l2sces/l2sces/tools/image/spdx"
	"github.com/l2sces/l2sces/tools/image/tree"
)

// A batch is one image for one architecture while it is built. What changes
// seldom is in the lower tree, so that two versions share its layer.
type batch struct {
	*factory
	image        recipe.Image
	arch         string
	lower, upper tree.Tree
	parts        []spdx.Part
}

// user is who runs what needs no rights. Nobody else on a machine has the
// number by chance.
const user = 65532

// account lists the two users of an image.
var account = map[string]string{
	"etc/passwd": fmt.Sprintf("root:x:0:0:root:/:/sbin/nologin\nl2sces:x:%d:%d:l2sces:/:/sbin/nologin\n", user, user),
	"etc/group":  fmt.Sprintf("root:x:0:\nl2sces:x:%d:\n", user),
}

// build puts the files together and makes the image.
func (b *batch) build(ctx context.Context) (v1.Image, error) {
	for _, step := range []func(context.Context) error{b.base, b.packages, b.program, b.contents} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	trees := []*tree.Tree{&b.lower, &b.upper}
	return oci.New(oci.Config{
		Arch: b.arch, User: fmt.Sprintf("%d:%d", user, user), Entrypoint: b.image.Entrypoint, Created: b.Created,
		Labels: map[string]string{
			"org.opencontainers.image.title":       "l2sces " + b.image.Name,
			"org.opencontainers.image.description": b.image.Description,
			"org.opencontainers.image.version":     b.Version,
			"org.opencontainers.image.source":      b.recipe.Source,
			"org.opencontainers.image.licenses":    "Apache-2.0",
			"org.opencontainers.image.vendor":      "l2sces",
		},
	}, trees...)
}

// base adds what every image has, and the folders and links of the recipe.
func (b *batch) base(context.Context) error {
	add := []tree.File{{Path: "tmp", Mode: fs.ModeDir | fs.ModeSticky | 0o777}}
	for _, name := range slices.Sorted(maps.Keys(account)) {
		add = append(add, tree.File{Path: name, Mode: 0o644, Data: []byte(account[name])})
	}
	for _, d := range b.image.Folders {
		add = append(add, tree.File{Path: d.Path[1:], Mode: fs.ModeDir | 0o755, Owner: d.Owner})
	}
	for _, at := range slices.Sorted(maps.Keys(b.image.Links)) {
		add = append(add, tree.File{Path: at[1:], Mode: fs.ModeSymlink | 0o777, Target: b.image.Links[at]})
	}
	for _, f := range add {
		if err := b.lower.Add(f); err != nil {
			return err
		}
	}
	return nil
}

// packages adds what is taken from Debian.
func (b *batch) packages(ctx context.Context) error {
	if len(b.image.Debian) == 0 {
		return nil
	}
	a, err := b.archive(ctx, b.arch)
	if err != nil {
		return err
	}
	for _, d := range b.image.Debian {
		if err := b.take(ctx, a, d); err != nil {
			return err
		}
	}
	if err := a.Complete(ctx, &b.lower); err != nil {
		return err
	}
	if err := b.merge(); err != nil {
		return err
	}
	return b.origins(ctx, a)
}

// merge lets programs and libraries be found beside usr too, as in Debian.
func (b *batch) merge() error {
	for _, top := range []string{"bin", "sbin", "lib", "lib64"} {
		if _, there := b.lower.Find("usr/" + top); !there {
			continue
		}
		if err := b.lower.Add(tree.File{Path: top, Mode: fs.ModeSymlink | 0o777, Target: "usr/" + top}); err != nil {
			return err
		}
	}
	return nil
}

// take adds the files of one package.
func (b *batch) take(ctx context.Context, a *debian.Archive, d recipe.Debian) error {
	p, err := a.Package(ctx, d.Package)
	if err != nil {
		return err
	}
	for _, pattern := range d.Files {
		names, err := p.Match(pattern)
		if err != nil {
			return err
		}
		for _, name := range names {
			if err := p.Take(&b.lower, name); err != nil {
				return err
			}
		}
	}
	for _, l := range d.Libraries {
		if err := a.Library(ctx, &b.lower, p, l); err != nil {
			return err
		}
	}
	for _, at := range slices.Sorted(maps.Keys(d.Join)) {
		data, err := p.Join(d.Join[at])
		if err != nil {
			return err
		}
		if err := b.lower.Add(tree.File{Path: at[1:], Mode: 0o644, Data: data, Origin: p.Name()}); err != nil {
			return err
		}
	}
	return nil
}

// origins lists the packages that files came from, and adds their copyrights.
func (b *batch) origins(ctx context.Context, a *debian.Archive) error {
	used := map[string]bool{}
	for _, f := range b.lower.Files() {
		used[f.Origin] = true
	}
	for _, p := range slices.Clone(a.Packages()) {
		if !used[p.Name()] {
			continue
		}
		copyright, err := a.Copyright(ctx, &b.lower, p)
		if err != nil {
			return err
		}
		b.parts = append(b.parts, debianPart(p, copyright))
	}
	slices.SortFunc(b.parts, func(x, y spdx.Part) int { return strings.Compare(x.Name, y.Name) })
	return nil
}

// program adds our program, with the licences of what it is made of.
func (b *batch) program(ctx context.Context) error {
	if b.image.Program == "" {
		return nil
	}
	source := program.Source{Root: b.Root, Folder: b.image.Program, Arch: b.arch, Version: b.Version}
	dir := filepath.Join(b.Cache, "programs", b.arch)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	data, err := program.Build(ctx, source, filepath.Join(dir, b.image.Name))
	if err != nil {
		return err
	}
	if err := b.upper.Add(tree.File{Path: "usr/local/bin/" + b.image.Name, Mode: 0o755, Data: data, Origin: origin}); err != nil {
		return err
	}
	modules, err := program.Modules(ctx, source, data)
	if err != nil {
		return err
	}
	for _, m := range modules {
		part := b.modulePart(m, modules[0])
		b.parts = append(b.parts, part)
		for _, name := range slices.Sorted(maps.Keys(m.Licences)) {
			at := path.Join("usr/share/licenses", m.Path, name)
			if err := b.upper.Add(tree.File{Path: at, Mode: 0o644, Data: m.Licences[name], Origin: part.Origin}); err != nil {
				return err
			}
		}
	}
	return nil
}

// contents adds the list of contents, and writes it beside the image too.
func (b *batch) contents(context.Context) error {
	at := "usr/share/sbom/" + b.image.Name + ".spdx.json"
	text, err := spdx.Write(spdx.Content{
		Name: b.image.Name, Version: b.Version, Arch: b.arch, Source: b.recipe.Source, Self: at, Created: b.Created,
		Parts: b.parts, Files: slices.Concat(b.lower.Files(), b.upper.Files()),
	})
	if err != nil {
		return err
	}
	if _, err := spdx.Check(text); err != nil {
		return err
	}
	if err := b.upper.Add(tree.File{Path: at, Mode: 0o644, Data: text}); err != nil {
		return err
	}
	return write(filepath.Join(b.Out, b.image.Name+"."+b.arch+".spdx.json"), text)
}
