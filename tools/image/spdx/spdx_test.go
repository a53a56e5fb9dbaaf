package spdx_test

import (
	"bytes"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/l2sces/l2sces/tools/image/spdx"
	"github.com/l2sces/l2sces/tools/image/tree"
)

func content() spdx.Content {
	return spdx.Content{
		Name: "sps", Version: "v1", Arch: "amd64", Source: "https://example.org/l2sces", Self: "usr/share/sbom/sps.spdx.json", Created: time.Unix(1, 0),
		Parts: []spdx.Part{
			{Name: "libc6", Version: "2.36-9", Origin: "libc6", Purpose: "LIBRARY", Locator: "pkg:deb/debian/libc6@2.36-9", SHA256: strings.Repeat("ab", 32)},
			{Name: "example.org/a-b", Version: "v1", Origin: "own", Purpose: "APPLICATION", Locator: "pkg:golang/example.org/a-b@v1", Licence: "Apache-2.0"},
			{Name: "example.org/a/b", Version: "v2", Inside: "example.org/a-b", Purpose: "LIBRARY", Locator: "pkg:golang/example.org/a/b@v2"},
		},
		Files: []tree.File{
			{Path: "usr", Mode: fs.ModeDir | 0o755},
			{Path: "usr/bin/sps", Mode: 0o755, Data: []byte("\x7fELF"), Origin: "own"},
			{Path: "usr/lib/libc.so.6", Mode: 0o755, Data: []byte("x"), Origin: "libc6"},
			{Path: "usr/lib/libc.so", Mode: fs.ModeSymlink | 0o777, Target: "libc.so.6", Origin: "libc6"},
		},
	}
}

func TestWriteKeepsTheRules(t *testing.T) {
	one, err := spdx.Write(content())
	if err != nil {
		t.Fatal(err)
	}
	other, err := spdx.Write(content())
	if err != nil || !bytes.Equal(one, other) {
		t.Errorf("the same content gives different bytes (%v)", err)
	}
	d, err := spdx.Check(one)
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Files) != 2 || len(d.Packages) != 4 {
		t.Errorf("%d files and %d packages, want 2 (no folders, no links) and 4", len(d.Files), len(d.Packages))
	}
	for _, want := range []spdx.Relationship{
		{From: "SPDXRef-Image", Type: "CONTAINS", To: "SPDXRef-Package-libc6"},
		{From: "SPDXRef-Package-example.org-2fa-2db", Type: "DEPENDS_ON", To: "SPDXRef-Package-example.org-2fa-2fb"},
		{From: "SPDXRef-File-1", Type: "GENERATED_FROM", To: "SPDXRef-Package-example.org-2fa-2db"},
		{From: "SPDXRef-File-2", Type: "EXPANDED_FROM_ARCHIVE", To: "SPDXRef-Package-libc6"},
	} {
		if !slices.Contains(d.Relationships, want) {
			t.Errorf("missing: %v", want)
		}
	}
	// SHA-1 of the two sums of the files, sorted: computed with sha1sum.
	if got := d.Packages[0].Verification.Value; got != "f2b0eab946e6123114c6584d7bf94dbcfeafb049" {
		t.Errorf("verification code %s", got)
	}
	changed := content()
	changed.Files[1].Data = []byte("\x7fELF2")
	third, err := spdx.Write(changed)
	if err != nil {
		t.Fatal(err)
	}
	e, err := spdx.Check(third)
	if err != nil || e.Namespace == d.Namespace {
		t.Errorf("another content has the same namespace (%v)", err)
	}
}

func TestCheckRefuses(t *testing.T) {
	good, err := spdx.Write(content())
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ old, fresh, says string }{
		"not JSON":           {"{", "[", "not a document"},
		"an unknown key":     {`"dataLicense"`, `"dataLicence"`, "not a document"},
		"another version":    {"SPDX-2.3", "SPDX-2.2", "spdxVersion"},
		"another licence":    {"CC0-1.0", "MIT", "dataLicense"},
		"no namespace":       {`"https://example.org/l2sces/sbom`, `"l2sces/sbom`, "documentNamespace"},
		"a fragment":         {"/sbom/", "/sbom#", "documentNamespace"},
		"a wrong time":       {"1970-01-01T00:00:01Z", "yesterday", "created"},
		"a nameless creator": {"Tool: l2sces-image", "l2sces-image", "creator"},
		"one id twice":       {`"SPDXID": "SPDXRef-File-2"`, `"SPDXID": "SPDXRef-File-1"`, "there twice"},
		"a wrong id":         {`"SPDXID": "SPDXRef-File-2"`, `"SPDXID": "File 2"`, "not well formed"},
		"a loose end":        {`"relatedSpdxElement": "SPDXRef-File-2"`, `"relatedSpdxElement": "SPDXRef-File-9"`, "SPDXRef-File-9 is not there"},
		"an unknown relation": {
			`"EXPANDED_FROM_ARCHIVE"`, `"FOUND_IN"`, "none that we know",
		},
		"a short sum":   {strings.Repeat("ab", 32), strings.Repeat("ab", 31), "is no sum"},
		"a whole path":  {`"./usr/bin/sps"`, `"/usr/bin/sps"`, "not relative"},
		"no version":    {`"versionInfo": "2.36-9"`, `"versionInfo": ""`, "lacks a name, a version"},
		"no locator":    {"pkg:deb/", "deb/", "no package URL"},
		"no describing": {`"DESCRIBES"`, `"CONTAINS"`, "describes no image"},
	} {
		t.Run(name, func(t *testing.T) {
			bad := bytes.Replace(good, []byte(c.old), []byte(c.fresh), 1)
			if bytes.Equal(bad, good) {
				t.Fatalf("%s is not in the document", c.old)
			}
			if _, err := spdx.Check(bad); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want a word of %q", err, c.says)
			}
		})
	}
	changed := content()
	changed.Files[2].Data = []byte("y")
	other, err := spdx.Write(changed)
	if err != nil {
		t.Fatal(err)
	}
	d, err := spdx.Check(other)
	if err != nil {
		t.Fatal(err)
	}
	was, err := spdx.Check(good)
	if err != nil {
		t.Fatal(err)
	}
	bad := bytes.Replace(good, []byte(was.Files[1].Checksums[0].Value), []byte(d.Files[1].Checksums[0].Value), 1)
	if _, err := spdx.Check(bad); err == nil || !strings.Contains(err.Error(), "is not that of the files") {
		t.Errorf("got %v, want that the sum over the files is wrong", err)
	}
}
