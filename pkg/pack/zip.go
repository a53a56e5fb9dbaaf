package pack

import (
	"errors"
	"hash/crc32"
	"io"
	"runtime"
	"sync"
	"sync/atomic"
)

// locals reads every local header. It must agree with the directory, and the
// entries must stand one after the other with nothing between them.
func (z *zipFile) locals(end int64) error {
	next := int64(0)
	head := make([]byte, localSize)
	for i := range z.entries {
		e := &z.entries[i]
		switch {
		case e.at < next:
			return z.s.stop("archive-overlap", e.raw, "it overlaps another entry")
		case e.at > next:
			return z.s.stop("archive-trailing", e.raw, "%d bytes before it belong to no entry", e.at-next)
		}
		if _, err := z.r.ReadAt(head, e.at); err != nil || le.Uint32(head) != localMagic {
			return z.s.stop("archive-header", e.raw, "there is no entry where the directory says")
		}
		name := make([]byte, le.Uint16(head[26:]))
		extra := make([]byte, le.Uint16(head[28:]))
		if err := z.readAll(e.at+localSize, name, extra); err != nil {
			return z.s.stop("archive-truncated", e.raw, "it ends too early")
		}
		if what := e.differs(head, name); what != "" {
			return z.s.stop("archive-header", e.raw, "%s", what)
		}
		if rule, what := extraFault(e.raw, extra); rule != "" {
			return z.s.stop(rule, e.raw, "%s", what)
		}
		e.data = e.at + localSize + int64(len(name)) + int64(len(extra))
		next = e.data + e.packed
		if next > end {
			return z.s.stop("archive-overlap", e.raw, "it reaches into the directory of the zip")
		}
		if e.flags&flagDescriptor != 0 {
			next += z.descriptor(e, next)
		}
	}
	if next != end {
		return z.s.stop("archive-trailing", "", "%d bytes before the directory of the zip belong to no entry", end-next)
	}
	return nil
}

// readAll fills buffers from a place on.
func (z *zipFile) readAll(at int64, buffers ...[]byte) error {
	for _, b := range buffers {
		if n, err := z.r.ReadAt(b, at); n < len(b) {
			return err
		}
		at += int64(len(b))
	}
	return nil
}

// differs says in what a local header contradicts the directory.
func (e *zipEntry) differs(head, name []byte) string {
	switch {
	case string(name) != e.raw:
		return "its own header calls it " + show(string(name))
	case le.Uint16(head[6:])&^0x806 != e.flags&^0x806, le.Uint16(head[8:]) != e.method:
		return "its own header says that it is packed otherwise"
	case e.flags&flagDescriptor != 0 && le.Uint32(head[14:]) == 0 && le.Uint32(head[18:]) == 0 && le.Uint32(head[22:]) == 0:
		return ""
	case le.Uint32(head[14:]) != e.crc, int64(le.Uint32(head[18:])) != e.packed, int64(le.Uint32(head[22:])) != e.Size:
		return "its own header has another size or checksum"
	default:
		return ""
	}
}

// descriptor returns the length of the record behind an entry that was written
// before its size was known: none if it is no such record.
func (z *zipFile) descriptor(e *zipEntry, at int64) int64 {
	const magic, long = 0x08074b50, 16
	b := make([]byte, long)
	n, err := z.r.ReadAt(b, at)
	if err != nil && !errors.Is(err, io.EOF) || n < long {
		return 0
	}
	skip := 0
	if le.Uint32(b) == magic {
		skip = 4
	}
	if le.Uint32(b[skip:]) != e.crc || int64(le.Uint32(b[skip+4:])) != e.packed || int64(le.Uint32(b[skip+8:])) != e.Size {
		return 0
	}
	return int64(skip) + 12
}

// each gives every file to a visit, several side by side: whoever verifies a
// large package waits for one core otherwise.
func (z *zipFile) each(v visit) error {
	workers := min(runtime.GOMAXPROCS(0), 4, max(len(z.entries), 1))
	queue := make(chan *zipEntry, len(z.entries))
	for i := range z.entries {
		if !z.entries[i].folder() {
			queue <- &z.entries[i]
		}
	}
	close(queue)
	faults := make([]error, workers)
	var broken atomic.Bool
	var all sync.WaitGroup
	for i := range workers {
		all.Go(func() {
			u := newUnpacker(true)
			for e := range queue {
				if broken.Load() {
					return
				}
				if faults[i] = z.visit(e, u, v); faults[i] != nil {
					broken.Store(true)
				}
			}
		})
	}
	all.Wait()
	for _, err := range faults {
		if err != nil && !errors.Is(err, errRefused) {
			return err
		}
	}
	if len(z.s.all()) > 0 {
		return errRefused
	}
	return z.s.ctx.Err()
}

// visit gives one file to a visit and checks that all of it is there. A file
// that is broken is a complaint, and does not keep the others from being read.
func (z *zipFile) visit(e *zipEntry, u *unpacker, v visit) error {
	r := z.open(e, u)
	defer u.stop()
	err := z.s.content(e.Entry, r, v)
	if err == nil {
		err = ignore(e.Entry, r)
	}
	if err == nil {
		return nil
	}
	if err = z.s.broken(e.raw, err); errors.Is(err, errRefused) && !z.s.full() && z.s.spent.bytes.Load() <= z.s.limits.Bytes {
		return nil
	}
	return err
}

// open returns the content of an entry, unpacked by u if it is not stored. It
// ends with an error if size or checksum are not what the directory says.
func (z *zipFile) open(e *zipEntry, u *unpacker) io.Reader {
	packed := reading{z.s.ctx, io.NewSectionReader(z.r, e.data, e.packed)}
	if e.method == methodStore {
		return &checked{s: z.s, e: e, r: &charged{s: z.s, r: packed}}
	}
	u.reset(packed)
	return &checked{s: z.s, e: e, u: u, r: &charged{s: z.s, packed: func() int64 { return u.taken }, r: u}}
}

// checked is the content of an entry, compared with what is said of it.
type checked struct {
	s   *scan
	e   *zipEntry
	u   *unpacker // nil: it is stored
	r   io.Reader
	n   int64
	crc uint32
}

func (c *checked) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	c.crc = crc32.Update(c.crc, crc32.IEEETable, p[:n])
	switch {
	case c.n > c.e.Size:
		return n, c.s.stop("archive-header", c.e.raw, "it has more bytes than the %d that it says", c.e.Size)
	case !errors.Is(err, io.EOF):
		return n, err
	case c.n < c.e.Size:
		return n, c.s.stop("archive-truncated", c.e.raw, "it has %d bytes of the %d that it says", c.n, c.e.Size)
	case c.crc != c.e.crc:
		return n, c.s.stop("archive-checksum", c.e.raw, "its checksum is wrong")
	case c.u != nil && c.u.used() < c.e.packed:
		return n, c.s.stop("archive-trailing", c.e.raw, "something follows its compressed data")
	}
	return n, err
}
