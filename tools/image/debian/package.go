package debian

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/tools/image/tree"
)

// Facts are the fields of a package in the lists, such as Version and Depends.
type Facts map[string]string

// A Package is one package with its content.
type Package struct {
	Facts
	files map[string]tree.File // by their path, with everything below usr
	bytes int
}

// Name returns the name of the package.
func (p *Package) Name() string { return p.Facts["Package"] }

// Package opens a package. The second time it is only looked up.
func (a *Archive) Package(ctx context.Context, name string) (*Package, error) {
	if p := a.packages[name]; p != nil {
		return p, nil
	}
	facts, err := a.show(ctx, name)
	if err != nil {
		return nil, err
	}
	if len(facts) != 1 {
		return nil, slice.Errorf(slice.NotFound, "Debian has %d packages of the name %s for %s", len(facts), name, a.arch)
	}
	return a.open(ctx, facts[0])
}

// open fetches a package and reads its content.
func (a *Archive) open(ctx context.Context, f Facts) (*Package, error) {
	file, err := a.fetch(ctx, f)
	if err != nil {
		return nil, err
	}
	content, err := run(ctx, a.dir, "dpkg-deb", "--fsys-tarfile", file)
	if err != nil {
		return nil, err
	}
	p := &Package{Facts: f, files: map[string]tree.File{}}
	if err := p.read(tar.NewReader(bytes.NewReader(content))); err != nil {
		return nil, slice.Errorf(slice.Invalid, "package %s: %w", p.Name(), err)
	}
	a.packages[p.Name()] = p
	a.order = append(a.order, p)
	return p, nil
}

// room is how many bytes a package may unpack to.
const room = 256 << 20

// read takes files and links out of a tar. Hard links become files.
func (p *Package) read(in *tar.Reader) error {
	for {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		f := tree.File{Path: merged(h.Name), Mode: fs.FileMode(h.Mode & 0o777), Origin: p.Name()}
		switch h.Typeflag {
		case tar.TypeReg:
			if p.bytes += int(h.Size); p.bytes > room {
				return slice.Errorf(slice.Exhausted, "more than %d bytes", room)
			}
			if f.Data, err = io.ReadAll(in); err != nil {
				return err
			}
			if h.Mode&0o6000 != 0 {
				continue // no image wants it
			}
		case tar.TypeSymlink:
			f.Mode, f.Target = fs.ModeSymlink|0o777, h.Linkname
		case tar.TypeLink:
			f.Data = p.files[merged(h.Linkname)].Data
		default:
			continue // folders make themselves
		}
		p.files[f.Path] = f
	}
}

// merged returns the path without a slash in front, and with what older
// packages keep beside usr below it: images have one tree, as Debian has it.
func merged(name string) string {
	name = strings.TrimPrefix(path.Clean("/"+name), "/")
	top, _, _ := strings.Cut(name, "/")
	switch top {
	case "bin", "sbin", "lib", "lib32", "lib64", "libx32":
		return "usr/" + name
	}
	return name
}

// Take puts a file of the package into a tree, and where it is a link also
// what it leads to.
func (p *Package) Take(t *tree.Tree, name string) error {
	f, ok := p.files[merged(name)]
	if !ok {
		return slice.Errorf(slice.NotFound, "package %s has no file %s", p.Name(), name)
	}
	if f.Mode&fs.ModeSymlink == 0 {
		return t.Add(f)
	}
	target := merged(path.Join(path.Dir(f.Path), f.Target))
	if path.IsAbs(f.Target) {
		target = merged(f.Target)
	}
	f.Target = "/" + target
	if err := t.Add(f); err != nil {
		return err
	}
	return p.Take(t, target)
}

// Match returns the paths of the package that fit a pattern (path.Match).
func (p *Package) Match(pattern string) ([]string, error) {
	var all []string
	for name := range p.files {
		ok, err := path.Match(merged(pattern), name)
		if err != nil {
			return nil, err
		}
		if ok {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	if len(all) == 0 {
		return nil, slice.Errorf(slice.NotFound, "package %s has no file that fits %s", p.Name(), pattern)
	}
	return all, nil
}

// Join returns the content of all files that fit a pattern, one after the
// other in the order of their names.
func (p *Package) Join(pattern string) ([]byte, error) {
	names, err := p.Match(pattern)
	if err != nil {
		return nil, err
	}
	var all []byte
	for _, n := range names {
		all = append(bytes.TrimRight(append(all, p.files[n].Data...), "\n"), '\n')
	}
	return all, nil
}

// Depends returns the names of the packages that this one needs; of
// alternatives the first.
func (p *Package) Depends() []string {
	var all []string
	for part := range strings.SplitSeq(p.Facts["Pre-Depends"]+","+p.Facts["Depends"], ",") {
		first, _, _ := strings.Cut(part, "|")
		first, _, _ = strings.Cut(strings.TrimSpace(first), " ")
		first, _, _ = strings.Cut(first, ":")
		if first != "" {
			all = append(all, first)
		}
	}
	return all
}

// licenceField is the line of a copyright file that names a licence.
var licenceField = regexp.MustCompile(`(?m)^License:[ \t]*(\S.*)$`)

// Licences returns the names of the licences in a copyright file, as Debian
// calls them, sorted. An older file names none.
func Licences(copyright []byte) []string {
	var all []string
	for _, m := range licenceField.FindAllSubmatch(copyright, -1) {
		all = append(all, strings.TrimSpace(string(m[1])))
	}
	slices.Sort(all)
	return slices.Compact(all)
}
