package descriptor

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/l2sces/l2sces/pkg/slice"
)

// annexPath is where a template's package keeps its annex: in a subfolder,
// because OSM refuses a second YAML file beside the template.
const annexPath = "l2sces/intents.yaml"

// A Package is a template with its annex, if it has one.
type Package struct {
	NST   *Document
	Annex *Document // nil: the template stands alone
}

// ReadPackage reads the package folder of a template, or a bare template.
func ReadPackage(fsys fs.FS, name string, limits Limits) (Package, error) {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return Package{}, missing(err)
	}
	if !info.IsDir() {
		nst, err := ReadFile(fsys, name, limits)
		return Package{NST: nst}, err
	}
	top, err := topFile(fsys, name)
	if err != nil {
		return Package{}, err
	}
	var p Package
	if p.NST, err = ReadFile(fsys, top, limits); err != nil {
		return Package{}, err
	}
	p.Annex, err = ReadFile(fsys, path.Join(name, annexPath), limits)
	if errors.Is(err, fs.ErrNotExist) {
		return p, nil
	}
	return p, err
}

// topFile returns the only descriptor in the top folder of a package, as OSM
// wants it.
func topFile(fsys fs.FS, dir string) (string, error) {
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return "", err
	}
	var found []string
	for _, e := range entries {
		if ext := path.Ext(e.Name()); !e.IsDir() && (ext == ".yaml" || ext == ".yml") {
			found = append(found, e.Name())
		}
	}
	if len(found) == 1 {
		return path.Join(dir, found[0]), nil
	}
	var problems Problems
	problems.add("", Position{File: dir}, "", "keep one *.yaml in the top folder and the others in folders below",
		"a package has one descriptor, this has %d: %s", len(found), short(strings.Join(found, ", ")))
	return "", problems.Err()
}

// ReadFile reads a document of a file system, never more of it than the limit.
func ReadFile(fsys fs.FS, name string, limits Limits) (*Document, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, missing(err)
	}
	data, err := io.ReadAll(io.LimitReader(f, int64(limits.withDefaults().Bytes)+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return Read(name, data, limits)
}

// missing gives an absent file its kind.
func missing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return slice.Errorf(slice.NotFound, "%w", err)
	}
	return err
}
