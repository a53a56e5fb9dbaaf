package pack_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"testing"

	"github.com/l2sces/l2sces/pkg/pack"
)

// vnfd is a descriptor that will do.
const vnfd = `vnfd:
  id: sample-knf
  provider: example
  product-name: sample
  software-version: '1.0'
  version: '2.1'
  mgmt-cp: mgmt-ext
  ext-cpd:
  - id: mgmt-ext
    k8s-cluster-net: mgmtnet
  k8s-cluster:
    nets:
    - id: mgmtnet
  kdu:
  - name: sample
    helm-chart: sample
  df:
  - id: default-df
`

// tarEntry is a tar header as somebody may have forged it.
type tarEntry struct {
	name, link string
	kind       byte // 0: a plain file
	mode       int64
	size       int64 // 0: that of the data
	data       string
	pax        string // records in front of it
	gnuLong    string // a name in front of it
	magic      string
	realSize   int64 // of an old GNU sparse file
	badSum     bool
}

func (e tarEntry) bytes() []byte {
	var b bytes.Buffer
	if e.pax != "" {
		b.Write(tarEntry{name: "PaxHeaders/x", kind: 'x', data: e.pax}.bytes())
	}
	if e.gnuLong != "" {
		b.Write(tarEntry{name: "././@LongLink", kind: 'L', data: e.gnuLong + "\x00", magic: "ustar  \x00"}.bytes())
	}
	h := make([]byte, 512)
	put := func(at int, text string) { copy(h[at:], text) }
	if e.kind == 0 {
		e.kind = '0'
	}
	if e.size == 0 {
		e.size = int64(len(e.data))
	}
	if e.magic == "" {
		e.magic = "ustar\x0000"
	}
	if e.mode == 0 {
		e.mode = 0o644
	}
	put(0, e.name)
	put(100, fmt.Sprintf("%07o", e.mode))
	put(108, "0000000")
	put(116, "0000000")
	put(124, fmt.Sprintf("%011o", e.size))
	put(136, "00000000000")
	h[156] = e.kind
	put(157, e.link)
	put(257, e.magic)
	if e.realSize != 0 {
		put(483, fmt.Sprintf("%012o", e.realSize))
	}
	put(148, "        ")
	sum := 0
	for _, c := range h {
		sum += int(c)
	}
	if e.badSum {
		sum++
	}
	put(148, fmt.Sprintf("%06o\x00 ", sum))
	b.Write(h)
	b.WriteString(e.data)
	b.Write(make([]byte, (512-len(e.data)%512)%512))
	return b.Bytes()
}

// untarred joins entries to a tar archive with its end mark.
func untarred(entries ...tarEntry) []byte {
	var b bytes.Buffer
	for _, e := range entries {
		b.Write(e.bytes())
	}
	b.Write(make([]byte, 1024))
	return b.Bytes()
}

func zipped(data []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(data) // into memory
	_ = z.Close()
	return b.Bytes()
}

// tarball is a package of OSM's own form with more in it.
func tarball(more ...tarEntry) []byte {
	return zipped(untarred(append([]tarEntry{
		{name: "sample_knf/", kind: '5', mode: 0o755},
		{name: "sample_knf/sample_knf.yaml", data: vnfd},
	}, more...)...))
}

// zipItem is an entry of a zip as somebody may have forged it.
type zipItem struct {
	name, localName string // localName empty: the same
	data            string
	deflate         bool
	packed          []byte // instead of what the data gives
	method          int    // instead of the right one
	flags           uint16
	crc             uint32 // instead of the right one
	size            uint32 // instead of the right one
	localSize       uint32 // instead of size
	mode            uint32
	extra           []byte
	before          []byte // bytes in front of it that belong to nobody
	at              int    // offset in the directory, plus one
}

type zipSpec struct {
	items   []zipItem
	count   int // instead of the right one
	comment string
	after   []byte
	tail    []byte // between the directory and the end
}

func (s zipSpec) bytes() []byte {
	var b, dir bytes.Buffer
	w16 := func(w *bytes.Buffer, values ...int) {
		for _, v := range values {
			_ = binary.Write(w, binary.LittleEndian, uint16(v)) // into memory
		}
	}
	w32 := func(w *bytes.Buffer, values ...uint32) {
		for _, v := range values {
			_ = binary.Write(w, binary.LittleEndian, v) // into memory
		}
	}
	for _, it := range s.items {
		b.Write(it.before)
		at := b.Len()
		packed, method := it.pack()
		crc, size, local, localName := it.sums()
		w32(&b, 0x04034b50)
		w16(&b, 20, int(it.flags), method, 0, 0x21)
		w32(&b, crc, uint32(len(packed)), local)
		w16(&b, len(localName), 0)
		b.WriteString(localName)
		b.Write(packed)
		if it.at > 0 {
			at = it.at - 1
		}
		w32(&dir, 0x02014b50)
		w16(&dir, 3<<8|20, 20, int(it.flags), method, 0, 0x21)
		w32(&dir, crc, uint32(len(packed)), size)
		w16(&dir, len(it.name), len(it.extra), 0, 0, 0)
		w32(&dir, it.mode<<16, uint32(at))
		dir.WriteString(it.name)
		dir.Write(it.extra)
	}
	start := b.Len()
	b.Write(dir.Bytes())
	b.Write(s.tail)
	count := len(s.items)
	if s.count != 0 {
		count = s.count
	}
	w32(&b, 0x06054b50)
	w16(&b, 0, 0, count, count)
	w32(&b, uint32(dir.Len()), uint32(start))
	w16(&b, len(s.comment))
	b.WriteString(s.comment)
	b.Write(s.after)
	return b.Bytes()
}

func (it zipItem) pack() ([]byte, int) {
	packed, method := []byte(it.data), 0
	if it.deflate {
		var b bytes.Buffer
		z, _ := flate.NewWriter(&b, flate.BestCompression) // the level is right
		_, _ = z.Write(packed)                             // into memory
		_ = z.Close()
		packed, method = b.Bytes(), 8
	}
	if it.packed != nil {
		packed = it.packed
	}
	if it.method != 0 {
		method = it.method
	}
	return packed, method
}

func (it zipItem) sums() (crc, size, local uint32, localName string) {
	crc, size, localName = crc32.ChecksumIEEE([]byte(it.data)), uint32(len(it.data)), it.name
	if it.crc != 0 {
		crc = it.crc
	}
	if it.size != 0 {
		size = it.size
	}
	local = size
	if it.localSize != 0 {
		local = it.localSize
	}
	if it.localName != "" {
		localName = it.localName
	}
	return crc, size, local, localName
}

// archive is a CSAR with more in it, and a manifest that fits.
func archive(more ...zipItem) []byte {
	items := append([]zipItem{{name: "Definitions/sample_knf.yaml", data: vnfd}}, more...)
	return zipSpec{items: append(items, zipItem{name: "sample_knf.mf", data: string(manifest(items).Text())})}.bytes()
}

// manifest lists files with their digests.
func manifest(items []zipItem) pack.Manifest {
	m := pack.Manifest{Metadata: []pack.Pair{{Key: "vnfd_id", Value: "sample-knf"}}}
	for _, it := range items {
		m.Digests = append(m.Digests, pack.Digest{Source: it.name, Algorithm: "SHA-256", Hash: fmt.Sprintf("%x", sha256.Sum256([]byte(it.data)))})
	}
	return m
}

// put writes a package into a folder of its own.
func put(tb testing.TB, name string, data []byte) string {
	tb.Helper()
	file := filepath.Join(tb.TempDir(), name)
	if err := os.WriteFile(file, data, 0o600); err != nil {
		tb.Fatal(err)
	}
	return file
}
