package debian

import (
	"archive/tar"
	"bytes"

	"github.com/l2sces/l2sces/tools/image/tree"
)

// Needs reads what a program names.
var Needs = needs

// NewArchive returns an archive of packages that are there already: their
// names, what each depends on, and their content as tars.
func NewArchive(packages []Facts, contents [][]byte) (*Archive, error) {
	a := &Archive{packages: map[string]*Package{}}
	for i, f := range packages {
		p := &Package{Facts: f, files: map[string]tree.File{}}
		if err := p.read(tar.NewReader(bytes.NewReader(contents[i]))); err != nil {
			return nil, err
		}
		a.packages[p.Name()] = p
		a.order = append(a.order, p)
	}
	return a, nil
}
