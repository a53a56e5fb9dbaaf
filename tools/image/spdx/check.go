package spdx

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/l2sces/l2sces/pkg/slice"
)

// Check reads a document and returns every breach of the rules of SPDX 2.3
// that matter to a reader: what must be there is there, identifiers are unique
// and well formed, relationships lead to something, sums have their length,
// and the sum over the files is right.
func Check(data []byte) (Document, error) {
	var d Document
	r := json.NewDecoder(bytes.NewReader(data))
	r.DisallowUnknownFields()
	if err := r.Decode(&d); err != nil {
		return d, slice.Errorf(slice.Invalid, "not a document of SPDX: %w", err)
	}
	c := checker{ids: map[string]bool{}}
	c.head(d)
	for _, p := range d.Packages {
		c.pack(d, p)
	}
	for _, f := range d.Files {
		c.file(f)
	}
	for _, r := range d.Relationships {
		c.expect(c.ids[r.From], "relationship %s %s %s: %s is not there", r.From, r.Type, r.To, r.From)
		c.expect(c.ids[r.To], "relationship %s %s %s: %s is not there", r.From, r.Type, r.To, r.To)
		c.expect(slices.Contains(relations, r.Type), "relationship %s: %q is none that we know", r.From, r.Type)
	}
	c.expect(slices.Contains(d.Relationships, Relationship{documentID, "DESCRIBES", imageID}), "the document describes no image")
	return d, errors.Join(c.faults...)
}

// relations are the words of SPDX that we use.
var relations = []string{"DESCRIBES", "CONTAINS", "DEPENDS_ON", "GENERATED_FROM", "EXPANDED_FROM_ARCHIVE"}

// checksums are the algorithms that we use, with the length of their values.
var checksums = map[string]int{"SHA1": 40, "SHA256": 64}

var (
	idForm  = regexp.MustCompile(`^SPDXRef-[a-zA-Z0-9.-]+$`)
	sumForm = regexp.MustCompile(`^[0-9a-f]+$`)
	actor   = regexp.MustCompile(`^(NOASSERTION|(Person|Organization|Tool): .+)$`)
)

type checker struct {
	ids    map[string]bool
	faults []error
}

func (c *checker) expect(ok bool, format string, args ...any) {
	if !ok {
		c.faults = append(c.faults, slice.Errorf(slice.Invalid, format, args...))
	}
}

func (c *checker) id(id string) {
	c.expect(idForm.MatchString(id), "identifier %q is not well formed", id)
	c.expect(!c.ids[id], "identifier %s is there twice", id)
	c.ids[id] = true
}

func (c *checker) head(d Document) {
	c.id(d.ID)
	c.expect(d.Version == "SPDX-2.3", "spdxVersion is %q", d.Version)
	c.expect(d.DataLicense == "CC0-1.0", "dataLicense is %q", d.DataLicense)
	c.expect(d.ID == documentID, "the document has the identifier %q", d.ID)
	c.expect(d.Name != "", "the document has no name")
	u, err := url.Parse(d.Namespace)
	c.expect(err == nil && u.Scheme != "" && !strings.Contains(d.Namespace, "#"), "documentNamespace %q is no absolute URI without a fragment", d.Namespace)
	_, err = time.Parse("2006-01-02T15:04:05Z", d.Creation.Created)
	c.expect(err == nil, "created is %q", d.Creation.Created)
	c.expect(len(d.Creation.Creators) > 0, "the document has no creators")
	for _, who := range d.Creation.Creators {
		c.expect(actor.MatchString(who), "creator %q is no Tool, Organization or Person", who)
	}
}

func (c *checker) pack(d Document, p Package) {
	c.id(p.ID)
	c.expect(p.Name != "" && p.Version != "" && p.Download != "", "package %s lacks a name, a version or a downloadLocation", p.ID)
	c.expect(p.Supplier == "" || actor.MatchString(p.Supplier), "package %s: supplier %q is no Organization or Person", p.ID, p.Supplier)
	c.expect(p.LicenseConcluded != "" && p.LicenseDeclared != "" && p.Copyright != "", "package %s says nothing of licences", p.ID)
	c.sums(p.ID, p.Checksums)
	c.expect(p.FilesAnalyzed == (p.Verification != nil), "package %s: packageVerificationCode and filesAnalyzed do not fit", p.ID)
	if p.Verification != nil {
		c.expect(p.Verification.Value == d.verification().Value, "package %s: packageVerificationCode is not that of the files", p.ID)
	}
	for _, r := range p.References {
		c.expect(r.Type != "purl" || strings.HasPrefix(r.Locator, "pkg:"), "package %s: %q is no package URL", p.ID, r.Locator)
	}
}

func (c *checker) file(f File) {
	c.id(f.ID)
	c.expect(strings.HasPrefix(f.Name, "./"), "file %s: the name %q is not relative", f.ID, f.Name)
	c.expect(len(f.Checksums) > 0 && f.Checksums[0].Algorithm == "SHA1", "file %s has no SHA1", f.Name)
	c.sums(f.Name, f.Checksums)
}

func (c *checker) sums(of string, all []Checksum) {
	for _, s := range all {
		c.expect(len(s.Value) == checksums[s.Algorithm] && sumForm.MatchString(s.Value), "%s: %s %q is no sum", of, s.Algorithm, s.Value)
	}
}
