package pack

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"
)

// Records of a zip, as in PKWARE's APPNOTE. The library of Go reads the
// central directory only, and all of it at once; both suit attackers.
const (
	localMagic   = 0x04034b50
	centralMagic = 0x02014b50
	endMagic     = 0x06054b50

	localSize   = 30
	centralSize = 46
	endSize     = 22

	flagEncrypted  = 1 << 0
	flagDescriptor = 1 << 3
	flagStrong     = 1 << 6
	flagMasked     = 1 << 13

	methodStore   = 0
	methodDeflate = 8
)

var le = binary.LittleEndian

// A zipEntry is what the central directory says of an entry.
type zipEntry struct {
	Entry
	raw    string // the name as it is written
	flags  uint16
	method uint16
	crc    uint32
	packed int64
	at     int64 // of its local header
	data   int64 // of its content; known once the local header was read
}

// folder reports whether the entry is a folder.
func (e *zipEntry) folder() bool { return strings.HasSuffix(e.raw, "/") }

// A zipFile is a zip whose directory was read and found to be in order.
type zipFile struct {
	s       *scan
	r       io.ReaderAt
	entries []zipEntry // in the order in which they stand
}

// openZip reads and judges the directory of a zip and every local header. The
// content is not read yet.
func (s *scan) openZip(r io.ReaderAt, size int64) (*zipFile, error) {
	z := &zipFile{s: s, r: r}
	start, count, err := z.end(size)
	if err != nil {
		return nil, err
	}
	if err := z.directory(start.at, start.size, count); err != nil {
		return nil, err
	}
	slices.SortStableFunc(z.entries, func(a, b zipEntry) int { return cmp.Compare(a.at, b.at) })
	if err := z.locals(start.at); err != nil {
		return nil, err
	}
	return z, nil
}

// extent is a part of a file.
type extent struct{ at, size int64 }

// end reads the record at the end of a zip: where the directory is, and how
// many entries it has.
func (z *zipFile) end(size int64) (extent, int, error) {
	const most = endSize + 0xffff // with the longest comment
	tail := make([]byte, min(size, most))
	if _, err := z.r.ReadAt(tail, size-int64(len(tail))); err != nil && !errors.Is(err, io.EOF) {
		return extent{}, 0, err
	}
	i := bytes.LastIndex(tail, []byte("PK\x05\x06"))
	if i < 0 || len(tail)-i < endSize {
		return extent{}, 0, z.s.stop("archive-truncated", "", "the record at the end of the zip is missing")
	}
	e := tail[i:]
	if int(le.Uint16(e[20:])) != len(e)-endSize {
		return extent{}, 0, z.s.stop("archive-trailing", "", "something follows the end of the zip")
	}
	count, dir := int(le.Uint16(e[10:])), extent{int64(le.Uint32(e[16:])), int64(le.Uint32(e[12:]))}
	if count == 0xffff || dir.at == 0xffffffff {
		return extent{}, 0, z.s.stop("archive-files", "", "it is a zip64, with more than packages have")
	}
	if le.Uint16(e[4:]) != 0 || le.Uint16(e[6:]) != 0 || int(le.Uint16(e[8:])) != count {
		return extent{}, 0, z.s.stop("archive-header", "", "it is one part of a divided zip")
	}
	if dir.at+dir.size != size-int64(len(e)) {
		return extent{}, 0, z.s.stop("archive-trailing", "", "the directory of the zip does not stand right before its end")
	}
	if count > z.s.limits.Files {
		return extent{}, 0, z.s.stop("archive-files", "", "there are %d entries, more than %d", count, z.s.limits.Files)
	}
	return dir, count, nil
}

// directory reads the central directory, record by record.
func (z *zipFile) directory(at, size int64, count int) error {
	r := io.NewSectionReader(z.r, at, size)
	head := make([]byte, centralSize)
	for range count {
		if z.s.full() {
			return errRefused
		}
		if err := z.s.count(); err != nil {
			return err
		}
		if _, err := io.ReadFull(r, head); err != nil || le.Uint32(head) != centralMagic {
			return z.s.stop("archive-header", "", "the directory of the zip has fewer entries than it says")
		}
		rest := make([]byte, int(le.Uint16(head[28:]))+int(le.Uint16(head[30:]))+int(le.Uint16(head[32:])))
		if _, err := io.ReadFull(r, rest); err != nil {
			return z.s.stop("archive-header", "", "the directory of the zip ends within an entry")
		}
		e := central(head, rest)
		if z.admitEntry(&e, head, rest) {
			z.entries = append(z.entries, e)
		}
	}
	if n, _ := r.Seek(0, io.SeekCurrent); n != size { // it cannot fail
		return z.s.stop("archive-header", "", "the directory of the zip has more entries than it says")
	}
	if len(z.s.all()) > 0 {
		return errRefused
	}
	return nil
}

// central makes an entry of a record.
func central(head, rest []byte) zipEntry {
	name := string(rest[:le.Uint16(head[28:])])
	return zipEntry{
		Entry:  Entry{Name: strings.TrimSuffix(name, "/"), Size: int64(le.Uint32(head[24:])), Mode: permissions(head)},
		raw:    name,
		flags:  le.Uint16(head[8:]),
		method: le.Uint16(head[10:]),
		crc:    le.Uint32(head[16:]),
		packed: int64(le.Uint32(head[20:])),
		at:     int64(le.Uint32(head[42:])),
	}
}

// unixMode returns the mode of an entry, if a Unix wrote it.
func unixMode(head []byte) uint32 {
	const unix, darwin = 3, 19
	if by := head[5]; by != unix && by != darwin {
		return 0
	}
	return le.Uint32(head[38:]) >> 16
}

func permissions(head []byte) fs.FileMode {
	if mode := unixMode(head); mode != 0 {
		return fs.FileMode(mode) & fs.ModePerm
	}
	return 0o644
}

// admitEntry judges a record by its name and by what it is.
func (z *zipFile) admitEntry(e *zipEntry, head, rest []byte) bool {
	good := z.s.admit(e.raw, e.folder())
	rule, what := z.fault(e, unixMode(head))
	if rule == "" {
		rule, what = extraFault(e.raw, rest[le.Uint16(head[28:]):][:le.Uint16(head[30:])])
	}
	if rule != "" {
		z.s.add(rule, e.raw, "%s", what)
	}
	return good && rule == ""
}

// fault returns the rule that an entry breaks by what it is, and how.
func (z *zipFile) fault(e *zipEntry, mode uint32) (rule, what string) {
	const (
		format                             = 0o170000
		fifo, char, dir, block, file, link = 0o010000, 0o020000, 0o040000, 0o060000, 0o100000, 0o120000
		special                            = 0o7000
	)
	switch mode & format {
	case 0, file:
	case dir:
		if !e.folder() {
			return "archive-header", "its mode says that it is a folder, its name that it is a file"
		}
	case link:
		if z.s.level == 0 {
			return "archive-symlink", "it is a symbolic link"
		}
	case char, block:
		return "archive-device", "it is a device"
	case fifo:
		return "archive-fifo", "it is a named pipe"
	default:
		return "archive-kind", "it is neither a file nor a folder"
	}
	switch {
	case mode&special != 0 && z.s.level == 0:
		return "archive-mode", "it is setuid, setgid or sticky"
	case e.flags&(flagEncrypted|flagStrong|flagMasked) != 0:
		return "archive-encrypted", "it is encrypted"
	case e.method != methodStore && e.method != methodDeflate:
		return "archive-method", "it is packed by a method that OSM need not know"
	case e.packed == 0xffffffff || e.Size == 0xffffffff || e.Size > z.s.limits.File:
		return "archive-file-bytes", "the file is larger than the limit"
	case e.folder() && e.Size != 0, e.method == methodStore && e.Size != e.packed:
		return "archive-header", "its sizes contradict each other"
	case e.Size > ratioFrom && e.Size/z.s.limits.Ratio > e.packed:
		return "archive-ratio", "it promises more bytes for each packed one than the limit"
	}
	return "", ""
}

// extraFault looks for another name among the extra fields: Info-ZIP's Unicode
// path, which some readers prefer.
func extraFault(name string, extra []byte) (rule, what string) {
	const unicodePath = 0x7075
	for len(extra) >= 4 {
		id, n := le.Uint16(extra), int(le.Uint16(extra[2:]))
		if n > len(extra)-4 {
			return "archive-header", "its extra fields are longer than they say"
		}
		if field := extra[4 : 4+n]; id == unicodePath && (n < 5 || string(field[5:]) != name) {
			return "archive-header", "it has two names"
		}
		extra = extra[4+n:]
	}
	return "", ""
}
