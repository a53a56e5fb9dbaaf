package spdx

import (
	"bytes"
	"cmp"
	"crypto/sha1" //nolint:gosec // SPDX 2.3 asks for it, and for SHA-256 beside it
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/l2sces/l2sces/tools/image/tree"
)

// Content is what an image consists of.
type Content struct {
	Name, Version, Arch string
	Source              string // where our source code is published
	Self                string // path of this document within the image; empty: it is not there
	Created             time.Time
	Parts               []Part
	Files               []tree.File
}

// A Part is a package from which files of the image come.
type Part struct {
	Name, Version string
	Origin        string // as the files have it; empty for what is only inside another part
	Inside        string // name of the part that this one is built into
	Purpose       string // APPLICATION or LIBRARY
	Locator       string // package URL
	Supplier      string
	Homepage      string
	SourceInfo    string
	SHA256        string // of the file that the part came in
	Licence       string // SPDX identifier, if it is sure
	Comments      string // on licences
}

// Write makes the document. The same content gives the same bytes.
func Write(c Content) ([]byte, error) {
	d := Document{
		Version: "SPDX-2.3", DataLicense: "CC0-1.0", ID: documentID, Name: c.Name + "-" + c.Version + "-" + c.Arch,
		Creation: Creation{Created: c.Created.UTC().Format(time.RFC3339), Creators: []string{"Tool: l2sces-image", "Organization: l2sces"}},
	}
	d.relate(documentID, "DESCRIBES", imageID)
	d.files(c)
	d.packages(c)
	text, err := json.Marshal(d)
	if err != nil {
		return nil, err
	}
	d.Namespace = fmt.Sprintf("%s/sbom/%s-%s", c.Source, d.Name, hexOf(sha256.Sum256(text)))
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(d); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func (d *Document) relate(from, what, to string) {
	d.Relationships = append(d.Relationships, Relationship{from, what, to})
}

// packages adds the image and the parts that it is made of.
func (d *Document) packages(c Content) {
	d.Packages = append(d.Packages, Package{
		ID: imageID, Name: c.Name, Version: c.Version, Purpose: "CONTAINER", Supplier: "Organization: l2sces",
		Download: unknown, Homepage: c.Source, FilesAnalyzed: true, Verification: d.verification(c.Self),
		LicenseConcluded: unknown, LicenseDeclared: unknown, Copyright: unknown,
		References: []Reference{purl("pkg:oci/" + c.Name + "?arch=" + c.Arch + "&tag=" + c.Version)},
	})
	for _, p := range c.Parts {
		q := Package{
			ID: partID(p.Name), Name: p.Name, Version: p.Version, Purpose: p.Purpose, Supplier: p.Supplier, Homepage: p.Homepage,
			SourceInfo: p.SourceInfo, Download: unknown, LicenseConcluded: unknown, LicenseDeclared: cmp.Or(p.Licence, unknown),
			LicenseComments: p.Comments, Copyright: unknown, References: []Reference{purl(p.Locator)},
		}
		if p.SHA256 != "" {
			q.Checksums = []Checksum{{"SHA256", p.SHA256}}
		}
		d.Packages = append(d.Packages, q)
		if p.Inside != "" {
			d.relate(partID(p.Inside), "DEPENDS_ON", q.ID)
			continue
		}
		d.relate(imageID, "CONTAINS", q.ID)
	}
}

// files adds every file with its sums and where it came from. Links and
// folders are not files in the sense of SPDX.
func (d *Document) files(c Content) {
	origins := map[string]Part{}
	for _, p := range c.Parts {
		if p.Origin != "" {
			origins[p.Origin] = p
		}
	}
	for _, f := range c.Files {
		if f.Mode.IsDir() || f.Mode&fs.ModeSymlink != 0 {
			continue
		}
		id := fmt.Sprintf("SPDXRef-File-%d", len(d.Files)+1)
		d.Files = append(d.Files, File{
			ID: id, Name: "./" + f.Path, Types: []string{kind(f)}, LicenseConcluded: unknown,
			LicenseInFile: []string{unknown}, Copyright: unknown,
			Checksums: []Checksum{{"SHA1", hexOf(sha1.Sum(f.Data))}, {"SHA256", hexOf(sha256.Sum256(f.Data))}}, //nolint:gosec // as above
		})
		d.relate(imageID, "CONTAINS", id)
		if p, ok := origins[f.Origin]; ok {
			how := "GENERATED_FROM"
			if p.SHA256 != "" {
				how = "EXPANDED_FROM_ARCHIVE"
			}
			d.relate(id, how, partID(p.Name))
		}
	}
}

// verification is the sum over the sums of all files (SPDX 2.3, 7.9). The
// document itself cannot be among them.
func (d *Document) verification(without ...string) *Verification {
	var sums []string
	for _, f := range d.Files {
		sums = append(sums, f.Checksums[0].Value)
	}
	slices.Sort(sums)
	v := &Verification{Value: hexOf(sha1.Sum([]byte(strings.Join(sums, ""))))} //nolint:gosec // as above
	for _, w := range without {
		if w != "" {
			v.Excluded = append(v.Excluded, "./"+w)
		}
	}
	return v
}

func kind(f tree.File) string {
	switch {
	case f.Mode&0o111 != 0 || bytes.HasPrefix(f.Data, []byte("\x7fELF")):
		return "BINARY"
	case bytes.ContainsRune(f.Data, 0):
		return "OTHER"
	}
	return "TEXT"
}

func purl(locator string) Reference { return Reference{"PACKAGE-MANAGER", "purl", locator} }

// partID turns a name into an identifier: letters, digits, dots and hyphens
// stay, everything else is written as its number, so that two names never meet.
func partID(name string) string {
	var out strings.Builder
	for _, b := range []byte(name) {
		if b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b == '.' {
			out.WriteByte(b)
		} else {
			fmt.Fprintf(&out, "-%02x", b)
		}
	}
	return "SPDXRef-Package-" + out.String()
}

func hexOf[T [20]byte | [32]byte](sum T) string {
	switch s := any(sum).(type) {
	case [20]byte:
		return hex.EncodeToString(s[:])
	case [32]byte:
		return hex.EncodeToString(s[:])
	}
	return ""
}
