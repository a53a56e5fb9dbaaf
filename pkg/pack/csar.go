package pack

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/l2sces/l2sces/pkg/descriptor"
)

// csar writes the form of ETSI GS NFV-SOL 004, with the metadata of TOSCA: the
// one form in which OSM finds the descriptor under Definitions/.
func (p *Parcel) csar(ctx context.Context, w io.Writer, o Options) error {
	facts, err := p.facts()
	if err != nil {
		return err
	}
	b := csarBuilder{zip: zip.NewWriter(w), o: o}
	items := p.items(facts, o)
	for i := range items {
		if err := errors.Join(ctx.Err(), b.put(items[i])); err != nil {
			return err
		}
	}
	m := Manifest{Metadata: facts.metadata(o.Time), Digests: b.digests}
	text, err := m.signed(o.Key)
	if err != nil {
		return err
	}
	return errors.Join(b.put(item{name: p.Name + ".mf", text: text}), b.zip.Close())
}

// item is one file of a CSAR: a part, or a text that is made for it.
type item struct {
	name string
	part *Part
	text []byte
}

// items returns the files of a CSAR but the manifest, by name.
func (p *Parcel) items(f facts, o Options) []item {
	var all []item
	for i := range p.Parts {
		all = append(all, item{name: inCSAR(p.Parts[i].Name), part: &p.Parts[i]})
	}
	log := "Files/ChangeLog.txt"
	if p.part("ChangeLog.txt") == nil {
		all = append(all, item{name: log, text: fmt.Appendf(nil, "%s %s\n", f.id, f.version)})
	}
	licenses := ""
	if len(o.License) > 0 {
		licenses = "ETSI-Entry-Licenses: Files/Licenses\n"
		all = append(all, item{name: "Files/Licenses/LICENSE", text: o.License})
	}
	meta := "TOSCA-Meta-File-Version: 1.0\nCSAR-Version: 1.1\nCreated-By: " + f.provider + "\n" +
		"Entry-Definitions: " + inCSAR(p.Descriptor) + "\nETSI-Entry-Manifest: " + p.Name + ".mf\n" +
		"ETSI-Entry-Change-Log: " + log + "\n" + licenses
	all = append(all, item{name: metadataFile, text: []byte(meta)})
	slices.SortStableFunc(all, func(a, b item) int { return strings.Compare(a.name, b.name) })
	return slices.CompactFunc(all, func(a, b item) bool { return a.name == b.name })
}

// facts are what a manifest says of a package.
type facts struct {
	kind                                   descriptor.Kind
	id, name, provider, version, softwared string
}

// facts reads the descriptor.
func (p *Parcel) facts() (facts, error) {
	part := p.part(p.Descriptor)
	text, err := part.read(1 << 20)
	if err != nil {
		return facts{}, err
	}
	doc, err := descriptor.Read(part.From, text, descriptor.Limits{})
	if err != nil {
		return facts{}, err
	}
	return factsOf(doc), nil
}

func factsOf(doc *descriptor.Document) facts {
	body, _ := doc.Body() // what is absent reads as nothing; package lint complains
	first := func(keys ...string) string {
		for _, key := range keys {
			if text := oneLine(body.Get(key).Text()); text != "" {
				return text
			}
		}
		return ""
	}
	f := facts{kind: doc.Kind(), id: first("id"), name: first("product-name", "name", "id"), provider: first("provider", "designer")}
	f.version, f.softwared = first("version"), first("software-version", "version")
	if f.provider == "" {
		f.provider = "l2sces"
	}
	if f.version == "" {
		f.version = "1.0"
	}
	return f
}

// oneLine keeps a value from becoming another line of a manifest.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// metadata returns the first part of the manifest, in the words for network
// functions or, of ETSI GS NFV-SOL 007, for everything else.
func (f facts) metadata(t time.Time) []Pair {
	released := t.UTC().Format(time.RFC3339)
	if f.kind != descriptor.KindVNFD {
		return []Pair{
			{"nsd_designer", f.provider},
			{"nsd_name", f.name},
			{"nsd_invariant_id", f.id},
			{"nsd_file_structure_version", f.version},
			{"nsd_release_date_time", released},
		}
	}
	return []Pair{
		{"vnfd_id", f.id},
		{"vnf_provider_id", f.provider},
		{"vnf_product_name", f.name},
		{"vnf_software_version", f.softwared},
		{"vnf_package_version", f.version},
		{"vnf_release_date_time", released},
		{"compatible_specification_versions", "2.7.1"},
		{"vnfm_info", "OSM"},
	}
}

// csarBuilder writes the zip. Sizes stand in front of the content, so that a
// reader need not trust what comes behind it.
type csarBuilder struct {
	zip     *zip.Writer
	o       Options
	digests []Digest
}

// put writes a file and remembers its digest. It is read twice, so that no more
// of it is in memory than a block.
func (b *csarBuilder) put(it item) error {
	sum, crc := sha256.New(), crc32.NewIEEE()
	packed, err := it.measure(io.MultiWriter(sum, crc))
	if err != nil {
		return err
	}
	h := &zip.FileHeader{Name: it.name, Method: methodStore, CRC32: crc.Sum32(), UncompressedSize64: uint64(it.size()), CompressedSize64: uint64(it.size())} //nolint:gosec // sizes are not negative
	h.SetMode(it.mode())
	h.ModifiedDate, h.ModifiedTime = dosTime(b.o.Time) //nolint:staticcheck // Modified adds a field that is of no use
	if packed > 0 {
		h.Method, h.CompressedSize64 = methodDeflate, uint64(packed) //nolint:gosec // as above
	}
	if !ascii(it.name) {
		const utf8Name = 1 << 11
		h.Flags = utf8Name
	}
	b.o.Progress(it.name, it.size())
	w, err := b.zip.CreateRaw(h)
	if err == nil {
		err = it.write(w, h.Method)
	}
	b.digests = append(b.digests, Digest{Source: it.name, Algorithm: "SHA-256", Hash: fmt.Sprintf("%x", sum.Sum(nil))})
	return err
}

// measure reads a file once, and returns how small deflate makes it: zero if
// that is not worth the reader's time.
func (it item) measure(w io.Writer) (int64, error) {
	const worth = 20 // one part in so many
	small := &counting{}
	z, err := flate.NewWriter(small, flate.DefaultCompression)
	if err != nil {
		return 0, err
	}
	trial := &trying{w: z, small: small}
	if err := errors.Join(it.copy(io.MultiWriter(w, trial)), z.Close()); err != nil {
		return 0, err
	}
	if trial.given || small.n > it.size()-it.size()/worth {
		return 0, nil
	}
	return small.n, nil
}

// write writes the content, packed by a method.
func (it item) write(w io.Writer, method uint16) error {
	if method == methodStore {
		return it.copy(w)
	}
	z, err := flate.NewWriter(w, flate.DefaultCompression)
	if err != nil {
		return err
	}
	return errors.Join(it.copy(z), z.Close())
}

func (it item) copy(w io.Writer) error {
	if it.part != nil {
		return it.part.copy(w)
	}
	_, err := io.Copy(w, bytes.NewReader(it.text))
	return err
}

func (it item) size() int64 {
	if it.part != nil {
		return it.part.Size
	}
	return int64(len(it.text))
}

func (it item) mode() fs.FileMode {
	if it.part != nil && it.part.Executable {
		return 0o755
	}
	return 0o644
}

// trying deflates until it is plain that this makes nothing smaller: images
// and programs that are packed already.
type trying struct {
	w     io.Writer
	small *counting
	in    int64
	given bool
}

func (t *trying) Write(p []byte) (int, error) {
	const trial = 4 << 20
	if t.given = t.given || t.in > trial && t.small.n > t.in-t.in/20; t.given {
		return len(p), nil
	}
	t.in += int64(len(p))
	return t.w.Write(p)
}

// counting is where nothing is written but the number of bytes.
type counting struct{ n int64 }

func (c *counting) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}

// dosTime returns a time as zips have it.
func dosTime(t time.Time) (date, clock uint16) {
	t = t.UTC()
	return uint16(t.Day() + int(t.Month())<<5 + (t.Year()-1980)<<9), uint16(t.Second()/2 + t.Minute()<<5 + t.Hour()<<11) //nolint:gosec // the format wants it so
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
