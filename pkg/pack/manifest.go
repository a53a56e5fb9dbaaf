package pack

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/l2sces/l2sces/pkg/descriptor"
)

// A Manifest is the list of what belongs to a CSAR (ETSI GS NFV-SOL 004,
// clause 4.3.2). The signature of option 1 stands at its end and covers every
// byte before it.
type Manifest struct {
	Metadata []Pair
	Digests  []Digest
	Signed   []byte // what a signature covers
	CMS      []byte // the signature, in PEM; none: unsigned
}

// A Pair is a line of the metadata.
type Pair struct{ Key, Value string }

// A Digest is what the manifest says of one file.
type Digest struct {
	Source    string
	Algorithm string
	Hash      string // hexadecimal

	line int
}

const (
	cmsBegin = "-----BEGIN CMS-----"
	cmsEnd   = "-----END CMS-----"
)

// Text returns the manifest in its one form, without a signature. Blank lines
// part its blocks, because OSM reads it block by block.
func (m Manifest) Text() []byte {
	var w bytes.Buffer
	w.WriteString("metadata:\n")
	for _, p := range m.Metadata {
		fmt.Fprintf(&w, "  %s: %s\n", p.Key, p.Value)
	}
	for _, d := range m.Digests {
		fmt.Fprintf(&w, "\nSource: %s\nAlgorithm: %s\nHash: %s\n", d.Source, d.Algorithm, d.Hash)
	}
	return w.Bytes()
}

// ReadManifest reads a manifest. The name is what complaints call the file.
func ReadManifest(name string, text []byte) (Manifest, error) {
	c := &complaints{archive: name}
	m := c.manifest(name, text)
	return m, c.err()
}

func (c *complaints) manifest(name string, text []byte) Manifest {
	m := Manifest{Signed: text}
	if i := cmsAt(text); i >= 0 {
		m.Signed, m.CMS = text[:i], text[i:]
	}
	r := manifestReader{c: c, m: &m, at: descriptor.Position{File: name, Column: 1}, seen: map[string]int{}}
	for line := range strings.Lines(string(m.Signed)) {
		r.at.Line++
		r.line(strings.TrimRight(line, "\r\n"))
	}
	r.end()
	return m
}

// cmsAt returns where the signature begins: at the start of a line.
func cmsAt(text []byte) int {
	if bytes.HasPrefix(text, []byte(cmsBegin)) {
		return 0
	}
	if i := bytes.Index(text, []byte("\n"+cmsBegin)); i >= 0 {
		return i + 1
	}
	return -1
}

// manifestReader is where reading a manifest has got to.
type manifestReader struct {
	c    *complaints
	m    *Manifest
	at   descriptor.Position
	open *Digest        // the block that is being read
	seen map[string]int // line of each source
}

// line reads one line. Keys that are not known, such as those of non-MANO
// artefacts, are passed over: they make nothing of the package.
func (r *manifestReader) line(line string) {
	key, value, ok := strings.Cut(strings.TrimSpace(line), ":")
	value = strings.TrimSpace(value)
	switch {
	case strings.TrimSpace(line) == "":
		r.end()
	case !ok:
		r.c.at("sig-manifest", r.at, "the line has no key")
	case key == "Source":
		r.end()
		r.open = &Digest{Source: value, line: r.at.Line}
	case key == "Algorithm" && r.open != nil:
		r.set(&r.open.Algorithm, key, value)
	case key == "Hash" && r.open != nil:
		r.set(&r.open.Hash, key, strings.ToLower(value))
	case r.open == nil && key != "metadata" && value != "":
		r.m.Metadata = append(r.m.Metadata, Pair{key, value})
	}
}

func (r *manifestReader) set(field *string, key, value string) {
	if *field != "" {
		r.c.at("sig-manifest", r.at, "%s is given twice for %s", key, show(r.open.Source))
	}
	*field = value
}

// end closes the block of a file.
func (r *manifestReader) end() {
	d := r.open
	r.open = nil
	if d == nil {
		return
	}
	at := r.at
	at.Line = d.line
	rule, what := d.fault()
	if first, twice := r.seen[d.Source]; twice && rule == "" {
		rule, what = "sig-manifest", fmt.Sprintf("the file is listed already, in line %d", first)
	}
	if rule != "" {
		r.c.at(rule, at, "%s: %s", show(d.Source), what)
		return
	}
	r.seen[d.Source] = d.line
	r.m.Digests = append(r.m.Digests, *d)
}

// fault returns the rule that a block breaks, and how.
func (d *Digest) fault() (rule, what string) {
	size, known := hashes[d.algorithm()]
	sum, err := hex.DecodeString(d.Hash)
	switch {
	case d.Source == "" || d.Algorithm == "" || d.Hash == "":
		return "sig-manifest", "a file needs Source, Algorithm and Hash"
	case strings.Contains(d.Source, "://"):
		return "sig-external", "the file lies elsewhere and cannot be checked"
	case slices.Contains(weak, d.algorithm()):
		return "sig-weak-hash", d.Algorithm + " is too weak: two files can have the same digest"
	case !known:
		return "sig-algorithm", show(d.Algorithm) + " is not known"
	case err != nil || len(sum) != size.Size():
		return "sig-manifest", "the hash is not one of " + d.Algorithm
	}
	return "", ""
}

// algorithm returns the name of the algorithm as the tables have it.
func (d *Digest) algorithm() string {
	return strings.ToUpper(strings.ReplaceAll(d.Algorithm, "-", ""))
}
