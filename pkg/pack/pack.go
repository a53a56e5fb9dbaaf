// Package pack makes and opens the packages that OSM onboards: its own tar.gz,
// and the CSAR of ETSI GS NFV-SOL 004 with a manifest of digests and a CMS
// signature. What it builds is the same byte for byte every time. What it opens
// may come from anybody: it reads within limits, writes nothing, and names the
// entry at fault. It does not judge descriptors; package lint does.
//
//	p, err := pack.Open(ctx, "sco_knf.tar.gz", pack.Limits{})
package pack

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"path"
	"strings"

	"github.com/l2sces/l2sces/pkg/slice"
)

// A Format is a form of packages.
type Format string

// The formats.
const (
	OSM  Format = "osm"  // tar.gz with one folder in it
	CSAR Format = "csar" // zip of ETSI GS NFV-SOL 004
)

// Limits bound what is read of a package. A zero field means its default.
type Limits struct {
	Archive int64 // bytes of the package itself: 1 GiB
	Bytes   int64 // of all that is unpacked, archives in it too: 2 GiB
	File    int64 // of one file: 1 GiB
	Text    int64 // of a manifest or a list of checksums: 4 MiB
	Files   int   // entries: 10,000
	Ratio   int64 // of bytes unpacked to bytes packed, beyond the first MiB: 100
	Depth   int   // of folders: 24
	Name    int   // bytes of a path: 512
	Nested  int   // archives within archives: 1; less than 0: none
}

func (l Limits) withDefaults() Limits {
	l.Archive = cmp.Or(l.Archive, 1<<30)
	l.Bytes = cmp.Or(l.Bytes, 2<<30)
	l.File = cmp.Or(l.File, 1<<30)
	l.Text = cmp.Or(l.Text, 4<<20)
	l.Files = cmp.Or(l.Files, 10_000)
	l.Ratio = cmp.Or(l.Ratio, 100)
	l.Depth = cmp.Or(l.Depth, 24)
	l.Name = cmp.Or(l.Name, 512)
	l.Nested = cmp.Or(l.Nested, 1)
	return l
}

// A file is a package on the disk that was opened, and what it begins like.
type file struct {
	*os.File
	name string
	size int64
	kind kind
}

// open opens a package and looks at what it is.
func open(name string, limits Limits) (*file, error) {
	f, err := os.Open(name) //nolint:gosec // the user names it
	if err != nil {
		return nil, missing(err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = slice.Errorf(slice.Invalid, "%s is no plain file", name)
	}
	head := make([]byte, sniffed)
	n := 0
	if err == nil {
		n, err = f.ReadAt(head, 0)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, errors.Join(err, f.Close())
	}
	opened := &file{File: f, name: name, size: info.Size(), kind: sniff(head[:n])}
	if opened.size > limits.Archive {
		c := &complaints{archive: name}
		c.add("archive-bytes", "", "the package has %d bytes, more than %d", opened.size, limits.Archive)
		return nil, errors.Join(c.err(), f.Close())
	}
	return opened, nil
}

// missing gives an absent file its kind.
func missing(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return slice.Errorf(slice.NotFound, "%w", err)
	}
	return err
}

// A kind is what bytes begin like.
type kind uint8

const (
	plain kind = iota
	gzipped
	zipped
	tarred
)

// sniffed is how many bytes tell the kind.
const sniffed = 512

// sniff tells archives by their first bytes. Names tell nothing.
func sniff(head []byte) kind {
	const tarMagic, tarMagicAt = "ustar", 257
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		return gzipped
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return zipped
	case len(head) >= tarMagicAt+len(tarMagic) && bytes.Equal(head[tarMagicAt:tarMagicAt+len(tarMagic)], []byte(tarMagic)):
		return tarred
	default:
		return plain
	}
}

// stem returns the name of a package without its folder and its ending.
func stem(name string) string {
	base := path.Base(strings.ReplaceAll(name, string(os.PathSeparator), "/"))
	for _, ending := range []string{".tar.gz", ".tgz", ".csar", ".zip"} {
		if s, ok := strings.CutSuffix(base, ending); ok && s != "" {
			return s
		}
	}
	return base
}

// reading is an input that ends when its context does.
type reading struct {
	ctx context.Context //nolint:containedctx // a reader has no other way to learn that nobody waits any more
	r   io.Reader
}

func (r reading) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}
