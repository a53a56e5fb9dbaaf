package pack

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/l2sces/l2sces/pkg/slice"
)

// A Source is where a package is built from.
type Source struct {
	Root    string    // links may lead anywhere below it, and nowhere else
	Folder  string    // of the package, below the root
	Overlay []Overlay // laid over the folder in turn
}

// An Overlay is a folder whose files are put into a package, in the place of
// what the package has there.
type Overlay struct {
	Dest string // in the package
	From string // folder of the disk
}

// A Part is one file that goes into a package.
type Part struct {
	Name       string `json:"name"` // in the package's folder
	Size       int64  `json:"size"`
	Executable bool   `json:"executable,omitempty"`
	From       string `json:"from"` // the path that was followed to it

	root *os.Root
	path string
}

// A Parcel is what goes into a package, before it is one.
type Parcel struct {
	Name       string
	Descriptor string
	Parts      []Part // by name
	roots      []*os.Root
}

// Close ends the reading of the files.
func (p *Parcel) Close() error {
	var all error
	for _, r := range p.roots {
		all = errors.Join(all, r.Close())
	}
	return all
}

// Gather finds what goes into a package. A link is followed if it stays below
// the root: the package gets the file itself.
func Gather(src Source, limits Limits) (*Parcel, error) {
	folder, err := below(src.Root, src.Folder)
	if err != nil {
		return nil, err
	}
	p := &Parcel{}
	g := gatherer{parcel: p, limits: limits.withDefaults(), found: map[string]Part{}}
	g.complaints = &complaints{archive: src.Folder}
	p.Name, err = real(src.Folder)
	if err == nil {
		err = g.from(src.Root, folder, "")
	}
	for _, o := range src.Overlay {
		if err == nil {
			err = g.overlay(o)
		}
	}
	if err == nil {
		err = g.finish()
	}
	if err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

// real returns the name of a folder, also of one that is given as a dot.
func real(folder string) (string, error) {
	abs, err := filepath.Abs(folder)
	return filepath.Base(abs), err
}

// below returns the path of a folder from the root on.
func below(root, folder string) (string, error) {
	from, err := filepath.Abs(root)
	if err != nil {
		return "", err
	}
	to, err := filepath.Abs(folder)
	if err != nil {
		return "", err
	}
	rel, err := filepath.Rel(from, to)
	if err != nil || !filepath.IsLocal(rel) {
		return "", slice.Errorf(slice.Invalid, "%s does not lie below %s: give its root by --root", folder, root)
	}
	return filepath.ToSlash(rel), nil
}

// gatherer is a Gather under way.
type gatherer struct {
	*complaints
	parcel *Parcel
	limits Limits
	found  map[string]Part
}

// overlay lays a folder over what was found.
func (g *gatherer) overlay(o Overlay) error {
	dest := path.Clean(filepath.ToSlash(o.Dest))
	if !fs.ValidPath(dest) || dest == "." {
		return slice.Errorf(slice.Invalid, "%q is no place in a package", o.Dest)
	}
	return g.from(o.From, ".", dest)
}

// from gathers a folder below a root of its own.
func (g *gatherer) from(root, folder, dest string) error {
	r, err := os.OpenRoot(root)
	if err != nil {
		return missing(err)
	}
	g.parcel.roots = append(g.parcel.roots, r)
	return g.folder(r, folder, dest, 0)
}

// folder gathers what is in a folder, link by link. A link into a folder above
// it would go on for ever, so depth is bounded.
func (g *gatherer) folder(r *os.Root, dir, dest string, depth int) error {
	if depth > g.limits.Depth {
		return g.stop("archive-depth", dest, "there are more folders within folders than the limit; a link may lead into a folder above it")
	}
	d, err := r.Open(dir)
	if err != nil {
		return g.escape(dest, err)
	}
	entries, err := d.ReadDir(-1)
	if err := errors.Join(err, d.Close()); err != nil {
		return missing(err)
	}
	for _, e := range entries {
		if skipped(e.Name()) || path.Join(dest, e.Name()) == checksumsFile {
			continue
		}
		if err := g.entry(r, path.Join(dir, e.Name()), path.Join(dest, e.Name()), depth); err != nil {
			return err
		}
	}
	return nil
}

// entry gathers a file, or a folder with all that is in it.
func (g *gatherer) entry(r *os.Root, from, dest string, depth int) error {
	info, err := r.Stat(from)
	switch {
	case err != nil:
		return g.escape(dest, err)
	case info.IsDir():
		return g.folder(r, from, dest, depth+1)
	case !info.Mode().IsRegular():
		g.add("archive-kind", dest, "it is neither a file nor a folder")
		return nil
	case len(g.found) >= g.limits.Files:
		return g.stop("archive-files", dest, "there are more than %d files", g.limits.Files)
	}
	g.found[dest] = Part{
		Name: dest, Size: info.Size(), Executable: info.Mode()&0o100 != 0,
		From: filepath.Join(r.Name(), filepath.FromSlash(from)), root: r, path: from,
	}
	return nil
}

// escape tells a link that leads out, or nowhere, from other faults.
func (g *gatherer) escape(dest string, err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return err
	}
	g.add("archive-symlink", dest, "the link cannot be followed below the root: %v", err)
	return nil
}

// skipped reports whether a file belongs to an editor or a tool.
func skipped(name string) bool {
	switch name {
	case ".git", ".gitignore", ".gitkeep", ".DS_Store":
		return true
	default:
		return strings.HasSuffix(name, "~") || strings.HasSuffix(name, ".swp")
	}
}

// finish sorts what was found and judges it as a reader would.
func (g *gatherer) finish() error {
	p := g.parcel
	s := &scan{limits: g.limits, complaints: g.complaints}
	var names []Entry
	for _, part := range g.found {
		p.Parts = append(p.Parts, part)
	}
	slices.SortFunc(p.Parts, func(a, b Part) int { return cmp.Compare(a.Name, b.Name) })
	for _, part := range p.Parts {
		entry := p.Name + "/" + part.Name
		s.admit(entry, false)
		names = append(names, Entry{Name: entry, Size: part.Size})
	}
	if len(names) == 0 {
		s.add("archive-descriptor", "", "the folder is empty")
	} else {
		_, p.Descriptor = s.osmLayout(names)
		p.Descriptor = strings.TrimPrefix(p.Descriptor, p.Name+"/")
	}
	return g.err()
}

// open opens a part.
func (p *Part) open() (io.ReadCloser, error) {
	f, err := p.root.Open(p.path)
	if err != nil {
		return nil, fmt.Errorf("put %s into the package: %w", p.Name, err)
	}
	return f, nil
}

// copy writes a part, and sees that it is as large as when it was found.
func (p *Part) copy(w io.Writer) error {
	f, err := p.open()
	if err != nil {
		return err
	}
	n, err := io.Copy(w, io.LimitReader(f, p.Size+1))
	if err == nil && n != p.Size {
		err = slice.Errorf(slice.Conflict, "%s changed while it was read", p.From)
	}
	return errors.Join(err, f.Close())
}

// read returns the content of a part that must be small.
func (p *Part) read(most int64) ([]byte, error) {
	if p.Size > most {
		return nil, slice.Errorf(slice.Invalid, "%s has %d bytes, more than %d", p.From, p.Size, most)
	}
	f, err := p.open()
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, most))
	return data, errors.Join(err, f.Close())
}

// part returns the part of a name, or nil.
func (p *Parcel) part(name string) *Part {
	for i := range p.Parts {
		if p.Parts[i].Name == name {
			return &p.Parts[i]
		}
	}
	return nil
}
