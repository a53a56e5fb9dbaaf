package pack

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync/atomic"
)

// An Entry is a plain file or a folder of a package.
type Entry struct {
	Name   string      `json:"name"`
	Size   int64       `json:"size"`
	Mode   fs.FileMode `json:"-"`
	SHA256 string      `json:"sha256,omitempty"` // known once a package was opened
}

// A visit is told every plain file. What it does not read is skipped. Several
// may be told at once, of a zip.
type visit func(e Entry, r io.Reader) error

// ignore reads a file and keeps nothing.
func ignore(_ Entry, r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return err
}

// A scan reads an archive, and archives in it, within limits.
type scan struct {
	ctx    context.Context //nolint:containedctx // lives as long as one call
	limits Limits
	*complaints
	spent *spent
	level int // of archives around this one
	tree  tree
}

// spent is what a scan and those within it have used up.
type spent struct {
	bytes atomic.Int64
	files atomic.Int64
}

func newScan(ctx context.Context, archive string, limits Limits) *scan {
	return &scan{ctx: ctx, limits: limits, complaints: &complaints{archive: archive}, spent: &spent{}}
}

// count takes one more entry in.
func (s *scan) count() error {
	if s.spent.files.Add(1) > int64(s.limits.Files) {
		return s.stop("archive-files", "", "there are more than %d entries", s.limits.Files)
	}
	return s.ctx.Err()
}

// admit checks the name of an entry against the rules and the names before.
func (s *scan) admit(name string, folder bool) bool {
	rule, what := s.checkName(name)
	if rule == "" {
		rule, what = s.tree.admit(name, folder)
	}
	if rule != "" {
		s.add(rule, name, "%s", what)
	}
	return rule == ""
}

// charged is an input whose bytes count against the limits. It knows how many
// bytes went in for those that came out.
type charged struct {
	s      *scan
	packed func() int64
	r      io.Reader
	out    int64
}

// ratioFrom is how many bytes may come out before the ratio counts: a few
// empty files are packed far better than anything that is of use.
const ratioFrom = 1 << 20

func (c *charged) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.out += int64(n)
	if total := c.s.spent.bytes.Add(int64(n)); total > c.s.limits.Bytes {
		return n, c.s.stop("archive-bytes", "", "more than %d bytes are unpacked from it", c.s.limits.Bytes)
	}
	if c.out > ratioFrom && c.packed != nil && c.out > c.s.limits.Ratio*max(c.packed(), 1) {
		return n, c.s.stop("archive-ratio", "", "more than %d bytes come out for each that went in", c.s.limits.Ratio)
	}
	return n, err
}

// counter counts what is read through it.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// gunzip gives what is in a gzip stream to f, and sees that nothing follows it.
func (s *scan) gunzip(r io.Reader, f func(io.Reader) error) error {
	u := newUnpacker(true)
	defer u.stop()
	u.reset(reading{s.ctx, r})
	z, err := u.gunzipped()
	if err != nil {
		return s.broken("", err)
	}
	unpacked := &charged{s: s, packed: func() int64 { return u.taken }, r: z}
	if err := f(unpacked); err != nil {
		return err
	}
	if err := s.padding(unpacked); err != nil {
		return err
	}
	if _, err := u.in.Peek(1); !errors.Is(err, io.EOF) {
		return s.stop("archive-trailing", "", "something follows the compressed data")
	}
	return nil
}

// padding reads to the end, where nothing but zeros may stand.
func (s *scan) padding(r io.Reader) error {
	block, zeros := make([]byte, 4<<10), make([]byte, 4<<10)
	for {
		n, err := r.Read(block)
		if !bytes.Equal(block[:n], zeros[:n]) {
			return s.stop("archive-trailing", "", "something follows the end of the archive")
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return s.broken("", err)
		}
	}
}

// broken turns what a decoder says into a complaint.
func (s *scan) broken(entry string, err error) error {
	switch {
	case errors.Is(err, errRefused), s.ctx.Err() != nil:
		return err
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return s.stop("archive-truncated", entry, "it ends too early")
	case errors.Is(err, gzip.ErrChecksum):
		return s.stop("archive-checksum", entry, "the checksum of the compressed data is wrong")
	default:
		return s.stop("archive-header", entry, "it cannot be read: %v", err)
	}
}

// content gives a file to a visit, and looks into it where it is an archive.
func (s *scan) content(e Entry, r io.Reader, v visit) error {
	head := make([]byte, sniffed)
	n, err := io.ReadFull(r, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	head = head[:n]
	whole := r
	if n > 0 {
		whole = io.MultiReader(bytes.NewReader(head), r)
	}
	if sniff(head) == plain {
		return v(e, whole)
	}
	if s.level >= s.limits.Nested {
		s.add("archive-nested", e.Name, "it is an archive within %d others, more than %d", s.level+1, max(s.limits.Nested, 0))
		return v(e, whole)
	}
	return s.nested(e, whole, sniff(head), v)
}

// nested keeps an inner archive in a file that has no name while it is read.
func (s *scan) nested(e Entry, r io.Reader, k kind, v visit) (err error) {
	f, err := os.CreateTemp("", "l2sces-nested-*")
	if err != nil {
		return fmt.Errorf("look into %s: %w", show(e.Name), err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := os.Remove(f.Name()); err != nil {
		return err
	}
	copied := &counter{r: io.TeeReader(r, f)}
	if err := v(e, copied); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, copied); err != nil {
		return err
	}
	inner := s.inner(e.Name)
	err = inner.walk(io.NewSectionReader(f, 0, copied.n), copied.n, k, ignore)
	s.keep(inner.all()...)
	if errors.Is(err, errRefused) {
		return nil // said, and the outer archive is still whole
	}
	return err
}

// inner is a scan of an archive within this one. It counts against the same
// limits.
func (s *scan) inner(name string) *scan {
	return &scan{
		ctx: s.ctx, limits: s.limits, spent: s.spent, level: s.level + 1,
		complaints: &complaints{archive: s.archive, within: s.within + show(name) + "!/"},
	}
}

// walk reads an archive of any kind.
func (s *scan) walk(r *io.SectionReader, size int64, k kind, v visit) error {
	switch k {
	case gzipped:
		return s.gunzip(r, func(unpacked io.Reader) error { return s.maybeTar(unpacked, v) })
	case zipped:
		z, err := s.openZip(r, size)
		if err != nil {
			return err
		}
		return z.each(v)
	case tarred:
		return s.untar(&charged{s: s, r: reading{s.ctx, r}}, v)
	default:
		return s.stop("archive-format", "", "it is neither gzip nor zip")
	}
}

// maybeTar reads what was compressed: an archive, or at an inner level
// anything else.
func (s *scan) maybeTar(r io.Reader, v visit) error {
	buffered := bufio.NewReaderSize(r, 64<<10)
	head, err := buffered.Peek(sniffed)
	if err != nil && !errors.Is(err, io.EOF) {
		return s.broken("", err)
	}
	if s.level > 0 && sniff(head) != tarred {
		_, err := io.Copy(io.Discard, buffered)
		return s.mind(err)
	}
	if err := s.untar(buffered, v); err != nil {
		return err
	}
	return s.padding(buffered)
}

// mind makes a complaint of what went wrong at the end of a stream.
func (s *scan) mind(err error) error {
	if err == nil {
		return nil
	}
	return s.broken("", err)
}
