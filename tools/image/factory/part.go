package factory

import (
	"cmp"
	"net/url"
	"strings"

	"github.com/l2sces/l2sces/tools/image/debian"
	"github.com/l2sces/l2sces/tools/image/program"
	"github.com/l2sces/l2sces/tools/image/spdx"
)

// origin marks our own program among the files.
const origin = "l2sces"

// debianPart tells of a Debian package.
func debianPart(p *debian.Package, copyright []byte) spdx.Part {
	names := "no names of licences are in it"
	if all := debian.Licences(copyright); len(all) > 0 {
		names = "it names " + strings.Join(all, ", ")
	}
	source := cmp.Or(p.Facts["Source"], p.Name())
	return spdx.Part{
		Name: p.Name(), Version: p.Facts["Version"], Origin: p.Name(), Purpose: "LIBRARY",
		Locator:  "pkg:deb/debian/" + p.Name() + "@" + url.QueryEscape(p.Facts["Version"]) + "?arch=" + p.Facts["Architecture"],
		Supplier: "Organization: " + p.Facts["Maintainer"], Homepage: p.Facts["Homepage"],
		SourceInfo: "built by Debian from its source package " + source, SHA256: p.Facts["SHA256"],
		Comments: "see /usr/share/doc/" + p.Name() + "/copyright in the image; " + names,
	}
}

// modulePart tells of a Go module. The first one is our own: the others are in
// it.
func (b *batch) modulePart(m, own program.Module) spdx.Part {
	p := spdx.Part{
		Name: m.Path, Version: m.Version, Origin: m.Path, Purpose: "LIBRARY", Inside: own.Path, Licence: m.Licence(),
		Locator: "pkg:golang/" + m.Path + "@" + url.QueryEscape(m.Version),
	}
	switch {
	case m.Path == own.Path:
		p.Inside, p.Purpose, p.Origin = "", "APPLICATION", origin
		p.SourceInfo = "built from " + b.image.Program
	case m.Sum != "":
		p.SourceInfo = "sum of the source, as in go.sum: " + m.Sum
	}
	return p
}
