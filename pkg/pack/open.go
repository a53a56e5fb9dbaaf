package pack

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
)

// A Package is an archive that was read whole and found to be safe. Its files
// are those of OSM's own form, whatever its format is.
type Package struct {
	Name       string // of its folder, or of the archive
	Format     Format
	Descriptor string  // among Files
	Entries    []Entry // plain files as the archive has them, by name

	ctx    context.Context //nolint:containedctx // for what is read later, through an interface that has none
	limits Limits
	file   *file
	zip    *zipFile
	within *container
	tree   map[string]*node

	mu   sync.Mutex // files of a zip are read side by side
	text map[string][]byte
	kept int64
}

// Files up to textSize are kept, until there are textAll bytes of them: who
// looks into a package wants its descriptors, charts and texts.
const (
	textSize = 1 << 20
	textAll  = 12 << 20
)

// Open reads a package and refuses what is not safe, with descriptor.Problems.
// It judges no signature; Verify does. Close it in the end.
func Open(ctx context.Context, archive string, limits Limits) (*Package, error) {
	limits = limits.withDefaults()
	f, err := open(archive, limits)
	if err != nil {
		return nil, err
	}
	p := &Package{Name: stem(archive), ctx: context.WithoutCancel(ctx), limits: limits, file: f, text: map[string][]byte{}}
	s := newScan(ctx, archive, limits)
	switch f.kind {
	case gzipped:
		err = p.openTarball(s)
	case zipped:
		err = p.openCSAR(s)
	default:
		err = s.stop("archive-format", "", "it is neither gzip nor zip")
	}
	if problems := s.all(); len(problems) > 0 {
		err = problems.Err()
	}
	if err != nil {
		return nil, errors.Join(err, p.Close())
	}
	slices.SortFunc(p.Entries, func(a, b Entry) int { return cmp.Compare(a.Name, b.Name) })
	return p, nil
}

// Close ends all reading.
func (p *Package) Close() error { return errors.Join(p.within.Close(), p.file.Close()) }

func (p *Package) openTarball(s *scan) error {
	p.Format = OSM
	if err := s.walk(io.NewSectionReader(p.file, 0, p.file.size), p.file.size, gzipped, p.take); err != nil {
		return err
	}
	top, descriptor := s.osmLayout(p.Entries)
	p.Name = top
	p.Descriptor = strings.TrimPrefix(descriptor, top+"/")
	return p.plant(s, func(name string) string { return strings.TrimPrefix(name, top+"/") })
}

func (p *Package) openCSAR(s *scan) error {
	p.Format = CSAR
	z, err := s.openZip(p.file, p.file.size)
	if err != nil {
		return err
	}
	if p.within, err = z.container(); err != nil {
		return err
	}
	if p.within != nil {
		s = s.opened(p.within)
		if z, err = s.openZip(p.within.within, p.within.within.Size()); err != nil {
			return err
		}
	}
	p.zip = z
	if err := z.each(p.take); err != nil {
		return err
	}
	p.Descriptor = ofCSAR(s.csarLayout(p.Entries))
	return p.plant(s, ofCSAR)
}

// take reads a file, and keeps it if it is small.
func (p *Package) take(e Entry, r io.Reader) error {
	h := sha256.New()
	var text []byte
	if e.Size <= textSize {
		all, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		h.Write(all)
		text = all
	} else if _, err := io.Copy(h, r); err != nil {
		return err
	}
	e.SHA256 = hex.EncodeToString(h.Sum(nil))
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Entries = append(p.Entries, e)
	if e.Size <= textSize && p.kept+e.Size <= textAll {
		p.kept += e.Size
		p.text[e.Name] = text
	}
	return nil
}

// plant makes the tree of files out of the entries.
func (p *Package) plant(s *scan, place func(string) string) error {
	p.tree = map[string]*node{".": {name: ".", folder: true}}
	for _, e := range p.Entries {
		name := place(e.Name)
		if p.tree[name] != nil || p.inFile(name) {
			s.add("archive-duplicate", e.Name, "OSM's own form has %s twice", show(name))
			continue
		}
		p.grow(&node{name: name, entry: e})
	}
	if len(s.all()) > 0 {
		return errRefused
	}
	return nil
}

// inFile reports whether a name leads through a file.
func (p *Package) inFile(name string) bool {
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		if n := p.tree[dir]; n != nil && !n.folder {
			return true
		}
	}
	return false
}

// Read returns the content of a file that must be small.
func (p *Package) Read(name string) ([]byte, error) {
	f, err := p.Files().Open(name)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, p.limits.Text+1))
	if err == nil && int64(len(data)) > p.limits.Text {
		err = fmt.Errorf("%s has more than %d bytes", show(name), p.limits.Text)
	}
	return data, errors.Join(err, f.Close())
}

// content opens a file: from memory, out of the zip, or out of a tar.gz, which
// is read from its beginning once more.
func (p *Package) content(e Entry) (io.ReadCloser, error) {
	if text, ok := p.text[e.Name]; ok {
		return io.NopCloser(bytes.NewReader(text)), nil
	}
	s := newScan(p.ctx, p.file.name, p.limits)
	if p.zip != nil {
		z := &zipFile{s: s, r: p.zip.r}
		return io.NopCloser(z.open(p.zip.find(e.Name), newUnpacker(false))), nil
	}
	return p.again(s, e)
}

// again takes one file out of a tar.gz, into a file that has no name.
func (p *Package) again(s *scan, e Entry) (io.ReadCloser, error) {
	out, err := os.CreateTemp("", "l2sces-file-*")
	if err != nil {
		return nil, err
	}
	err = os.Remove(out.Name())
	if err == nil {
		err = s.walk(io.NewSectionReader(p.file, 0, p.file.size), p.file.size, gzipped, func(found Entry, r io.Reader) error {
			if found.Name != e.Name {
				return nil
			}
			_, err := io.Copy(out, r)
			return err
		})
	}
	if err == nil {
		_, err = out.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(err, s.err(), out.Close())
	}
	return out, nil
}

// Files returns the package as a folder in OSM's own form.
func (p *Package) Files() fs.FS { return folderFS{p} }
