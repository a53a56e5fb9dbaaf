package debian

import (
	"bytes"
	"context"
	"debug/elf"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/tools/image/tree"
)

// Complete adds to a tree the libraries that its programs and libraries name,
// and what those name. They are read from the files themselves, so the machine
// need not be able to run them. By Debian's rules the package of a file depends
// on the packages of its libraries: they are looked for there.
func (a *Archive) Complete(ctx context.Context, t *tree.Tree) error {
	done := map[string]bool{}
	for {
		var next []tree.File
		for _, f := range t.Files() {
			if !done[f.Path] && a.packages[f.Origin] != nil && bytes.HasPrefix(f.Data, []byte(elf.ELFMAG)) {
				next = append(next, f)
			}
			done[f.Path] = true
		}
		if len(next) == 0 {
			return nil
		}
		for _, f := range next {
			if err := a.complete(ctx, t, f); err != nil {
				return err
			}
		}
	}
}

// complete adds what one file names.
func (a *Archive) complete(ctx context.Context, t *tree.Tree, f tree.File) error {
	interpreter, libraries, err := needs(f.Data)
	if err != nil {
		return slice.Errorf(slice.Invalid, "%s of %s: %w", f.Path, f.Origin, err)
	}
	for _, l := range libraries {
		if err := a.Library(ctx, t, a.packages[f.Origin], l); err != nil {
			return slice.Errorf(slice.NotFound, "%s: %w", f.Path, err)
		}
	}
	if interpreter == "" {
		return nil
	}
	return a.interpreter(ctx, t, a.packages[f.Origin], interpreter)
}

// interpreter adds the dynamic linker, at the very place that the kernel will
// look for it.
func (a *Archive) interpreter(ctx context.Context, t *tree.Tree, p *Package, at string) error {
	if err := a.Library(ctx, t, p, path.Base(at)); err != nil {
		return err
	}
	owner, found := a.library(path.Base(at))
	if _, there := owner.files[merged(at)]; there {
		return owner.Take(t, at)
	}
	return t.Add(tree.File{Path: merged(at), Mode: fs.ModeSymlink | 0o777, Target: "/" + found, Origin: owner.Name()})
}

// Library adds a library, known by its name alone, that a package needs.
func (a *Archive) Library(ctx context.Context, t *tree.Tree, p *Package, name string) error {
	if owner, at := a.library(name); owner != nil {
		return owner.Take(t, at)
	}
	if err := a.openLibraries(ctx, p); err != nil {
		return err
	}
	owner, at := a.library(name)
	if owner == nil {
		return slice.Errorf(slice.NotFound, "library %s is in none of the packages that %s depends on", name, p.Name())
	}
	return owner.Take(t, at)
}

// library looks for a library in the packages that are open.
func (a *Archive) library(name string) (*Package, string) {
	for _, p := range a.order {
		var places []string
		for at := range p.files {
			if path.Base(at) == name && searched(path.Dir(at)) {
				places = append(places, at)
			}
		}
		if len(places) > 0 {
			slices.Sort(places)
			return p, places[0]
		}
	}
	return nil, ""
}

// searched reports whether the dynamic linker looks into a folder.
func searched(dir string) bool {
	if dir == "usr/lib" || dir == "usr/lib64" {
		return true
	}
	below, ok := strings.CutPrefix(dir, "usr/lib/")
	return ok && !strings.Contains(below, "/") && strings.Contains(below, "-linux-gnu")
}

// openLibraries opens the libraries among the packages that one depends on.
func (a *Archive) openLibraries(ctx context.Context, p *Package) error {
	var names []string
	for _, d := range p.Depends() {
		if a.packages[d] == nil {
			names = append(names, d)
		}
	}
	if len(names) == 0 {
		return nil
	}
	all, err := a.show(ctx, names...)
	if err != nil {
		return err
	}
	for _, f := range all {
		if f["Section"] != "libs" {
			continue
		}
		if _, err := a.open(ctx, f); err != nil {
			return err
		}
	}
	return nil
}

// needs reads which dynamic linker and libraries a program or library names.
func needs(data []byte) (interpreter string, libraries []string, err error) {
	f, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		return "", nil, err
	}
	if f.Type != elf.ET_EXEC && f.Type != elf.ET_DYN {
		return "", nil, nil
	}
	if libraries, err = f.ImportedLibraries(); err != nil {
		return "", nil, err
	}
	for _, p := range f.Progs {
		if p.Type != elf.PT_INTERP {
			continue
		}
		text := make([]byte, p.Filesz)
		if _, err := p.ReadAt(text, 0); err != nil {
			return "", nil, err
		}
		interpreter = string(bytes.TrimRight(text, "\x00"))
	}
	return interpreter, libraries, nil
}

// Copyright puts the copyright file of a package into a tree and returns it.
// Packages of one source may share the file of one among them.
func (a *Archive) Copyright(ctx context.Context, t *tree.Tree, p *Package) ([]byte, error) {
	dir := "usr/share/doc/" + p.Name()
	owner := p
	if f := p.files[dir]; f.Mode&fs.ModeSymlink != 0 {
		other, err := a.Package(ctx, path.Base(f.Target))
		if err != nil {
			return nil, err
		}
		owner = other
	}
	f, ok := owner.files["usr/share/doc/"+owner.Name()+"/copyright"]
	if !ok || f.Mode&fs.ModeSymlink != 0 {
		return nil, slice.Errorf(slice.NotFound, "package %s has no copyright file", p.Name())
	}
	f.Path, f.Origin = dir+"/copyright", p.Name()
	return f.Data, t.Add(f)
}
