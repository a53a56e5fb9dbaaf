package pack

import (
	"cmp"
	"context"
	"crypto/md5" //nolint:gosec // checksums.txt of OSM is made with it, against accidents alone
	"encoding/hex"
	"errors"
	"io"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/l2sces/l2sces/pkg/descriptor"
)

// A Report is what is known of a package that was found in order.
type Report struct {
	Package  string              `json:"package"`
	Format   Format              `json:"format"`
	Option   int                 `json:"option,omitempty"` // of ETSI GS NFV-SOL 004: how it is signed
	Signer   *Signer             `json:"signer,omitempty"`
	Files    int                 `json:"files"`
	Bytes    int64               `json:"bytes"`   // of the files
	Checked  int                 `json:"checked"` // files whose digest or checksum was compared
	Warnings descriptor.Problems `json:"warnings,omitempty"`
}

// verifier is a verification under way.
type verifier struct {
	*scan
	trust Trust
	file  *file

	mu     sync.Mutex // files of a zip are read side by side
	report Report
}

// Verify reads a whole package, holds every file against manifest or
// checksums, and judges the signature. It leaves nothing behind and keeps little
// in memory. What is wrong comes back as descriptor.Problems.
func Verify(ctx context.Context, archive string, trust Trust, limits Limits) (report Report, err error) {
	limits = limits.withDefaults()
	f, err := open(archive, limits)
	if err != nil {
		return Report{}, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	v := &verifier{scan: newScan(ctx, archive, limits), trust: trust, file: f, report: Report{Package: stem(archive)}}
	switch f.kind {
	case gzipped:
		err = v.tarball()
	case zipped:
		err = v.zip()
	default:
		err = v.stop("archive-format", "", "it is neither gzip nor zip")
	}
	if problems := v.all(); len(problems) > 0 {
		return Report{}, problems.Err()
	}
	return v.report, err
}

// warn notes what is odd and no fault.
func (v *verifier) warn(rule, entry, what string) {
	v.report.Warnings = append(v.report.Warnings, descriptor.Problem{
		Position: descriptor.Position{File: v.place(entry)}, Rule: rule, Message: what, Remedy: remedies[rule],
	})
}

// account counts a file that was read.
func (v *verifier) account(e Entry) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.report.Files++
	v.report.Bytes += e.Size
}

// tarball verifies a package of OSM's own form. A signature may lie beside it.
func (v *verifier) tarball() error {
	v.report.Format = OSM
	var entries []Entry
	sums := map[string]string{}
	var list []byte
	err := v.walk(io.NewSectionReader(v.file, 0, v.file.size), v.file.size, gzipped, func(e Entry, r io.Reader) error {
		entries = append(entries, e)
		v.account(e)
		sum := md5.New() //nolint:gosec // as above
		if _, rest, _ := strings.Cut(e.Name, "/"); rest == checksumsFile {
			var err error
			list, err = v.text(e, r)
			return err
		}
		if _, err := io.Copy(sum, r); err != nil {
			return err
		}
		sums[e.Name] = hex.EncodeToString(sum.Sum(nil))
		return nil
	})
	if err != nil {
		return err
	}
	top, _ := v.osmLayout(entries)
	v.checksums(top, list, sums)
	return v.beside()
}

// text reads a file that must be small.
func (s *scan) text(e Entry, r io.Reader) ([]byte, error) {
	if e.Size > s.limits.Text {
		return nil, s.stop("archive-file-bytes", e.Name, "it has %d bytes, more than %d", e.Size, s.limits.Text)
	}
	return io.ReadAll(r)
}

// zip verifies a CSAR, or the zip of option 2 around it.
func (v *verifier) zip() (err error) {
	z, err := v.openZip(v.file, v.file.size)
	if err != nil {
		return err
	}
	c, err := z.container()
	if err != nil {
		return err
	}
	if c == nil {
		return v.csar(z)
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	v.report.Option = 2
	if err := v.outside(z, c); err != nil {
		return err
	}
	v.scan = v.opened(c)
	z, err = v.openZip(c.within, c.within.Size())
	if err != nil {
		return err
	}
	return v.csar(z)
}

// opened is a scan of the CSAR in a container: one that counts as the package.
func (s *scan) opened(c *container) *scan {
	inner := s.inner(c.csar.Name)
	inner.level, inner.complaints = s.level, s.complaints
	inner.within = s.within
	return inner
}

// csar verifies the manifest, its signature, and every file by it.
func (v *verifier) csar(z *zipFile) error {
	v.report.Format = CSAR
	v.csarLayout(z.list())
	m, at, err := z.manifest()
	if err != nil {
		return err
	}
	if err := v.inside(z, m, at); err != nil {
		return err
	}
	if len(m.Digests) == 0 {
		if v.report.Option != 2 {
			return v.stop("sig-manifest", at, "the manifest has no digests, and nothing else vouches for the files")
		}
		return z.each(v.counted)
	}
	byName := make(map[string]*Digest, len(m.Digests))
	for i := range m.Digests {
		byName[m.Digests[i].Source] = &m.Digests[i]
	}
	if err := z.each(func(e Entry, r io.Reader) error { return v.hold(byName[e.Name], at, e, r) }); err != nil && !errors.Is(err, errRefused) {
		return err
	}
	v.absent(z, m, at)
	return nil
}

// absent complains of what is in the manifest alone.
func (v *verifier) absent(z *zipFile, m Manifest, manifest string) {
	for _, d := range m.Digests {
		if z.find(d.Source) == nil {
			v.at("sig-missing", descriptor.Position{File: manifest, Line: d.line, Column: 1}, "%s is listed and not in the package", show(d.Source))
		}
	}
}

// counted reads a file of which nobody gave a digest.
func (v *verifier) counted(e Entry, r io.Reader) error {
	v.account(e)
	return ignore(e, r)
}

// hold holds a file against its digest.
func (v *verifier) hold(d *Digest, manifest string, e Entry, r io.Reader) error {
	v.account(e)
	switch {
	case e.Name == manifest:
		return ignore(e, r)
	case d == nil:
		v.add("sig-extra", e.Name, "the manifest does not list it")
		return ignore(e, r)
	}
	h := hashes[d.algorithm()].New()
	if _, err := io.Copy(h, r); err != nil {
		return err
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != d.Hash {
		v.add("sig-digest", e.Name, "its %s is %s..., the manifest says %s...", d.Algorithm, got[:12], d.Hash[:12])
		return nil
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.report.Checked++
	return nil
}

// manifest reads the manifest of a CSAR: the one that the metadata names, or
// the one at the root.
func (z *zipFile) manifest() (Manifest, string, error) {
	meta, err := z.metadata()
	if err != nil {
		return Manifest{}, "", err
	}
	name := meta["ETSI-Entry-Manifest"]
	if name == "" {
		name = z.rootManifest()
	}
	e := z.find(name)
	if e == nil {
		return Manifest{}, "", z.s.stop("sig-manifest", cmp.Or(name, metadataFile), "the manifest is missing")
	}
	text, err := z.small(e, z.s.limits.Text)
	if err != nil {
		return Manifest{}, "", err
	}
	before := len(z.s.all())
	m := z.s.manifest(name, text)
	if len(z.s.all()) > before {
		return m, name, errRefused
	}
	return m, name, nil
}

// rootManifest returns the first manifest at the root of a CSAR.
func (z *zipFile) rootManifest() string {
	var found []string
	for i := range z.entries {
		if n := z.entries[i].Name; path.Ext(n) == ".mf" && !strings.Contains(n, "/") {
			found = append(found, n)
		}
	}
	slices.Sort(found)
	return strings.Join(found[:min(len(found), 1)], "")
}

// metadata reads TOSCA.meta, if there is one.
func (z *zipFile) metadata() (map[string]string, error) {
	e := z.find(metadataFile)
	if e == nil {
		return nil, nil //nolint:nilnil // an empty map will do
	}
	text, err := z.small(e, z.s.limits.Text)
	if err != nil {
		return nil, err
	}
	meta := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, ":"); ok {
			meta[strings.TrimSpace(key)] = strings.TrimSpace(value)
		}
	}
	for _, key := range []string{"Entry-Definitions", "ETSI-Entry-Manifest"} {
		if name := meta[key]; name == "" || z.find(name) == nil {
			z.s.add("archive-metadata", metadataFile, "%s names no file of the package", key)
		}
	}
	return meta, nil
}
