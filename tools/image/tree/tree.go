// Package tree holds the files of an image before they become a layer: what
// lies where, with which rights, and where it came from. It reads no disk, and
// the same files always become the same bytes.
//
//	var t tree.Tree
//	err := t.Add(tree.File{Path: "usr/local/bin/sco", Mode: 0o755, Data: program, Origin: "sco"})
package tree

import (
	"bytes"
	"io/fs"
	"maps"
	"path"
	"slices"

	"github.com/l2sces/l2sces/pkg/slice"
)

// A File is one file, folder or symbolic link. The path has no slash in front.
type File struct {
	Path   string
	Mode   fs.FileMode // with fs.ModeDir or fs.ModeSymlink where it is one
	Owner  int         // user and group
	Target string      // of a link
	Data   []byte      // of a file
	Origin string      // name of the package that it is taken from; empty: made here
}

// A Tree is a set of files with the folders that hold them.
type Tree struct {
	files map[string]File
}

// privileged are the bits that would give somebody another's rights.
const privileged = fs.ModeSetuid | fs.ModeSetgid

// Add puts a file into the tree, and makes the folders above it. A file that
// is there already is left alone if it is the same, and a Conflict if not.
func (t *Tree) Add(f File) error {
	if !fs.ValidPath(f.Path) || f.Path == "." {
		return slice.Errorf(slice.Invalid, "%q is not a path within an image", f.Path)
	}
	if f.Mode&privileged != 0 {
		return slice.Errorf(slice.Invalid, "%s would run with the rights of its owner: images hold no such file", f.Path)
	}
	if t.files == nil {
		t.files = map[string]File{}
	}
	if old, there := t.files[f.Path]; there {
		if old.Mode != f.Mode || old.Owner != f.Owner || old.Target != f.Target || !bytes.Equal(old.Data, f.Data) {
			return slice.Errorf(slice.Conflict, "%s is of %q and, different, of %q", f.Path, old.Origin, f.Origin)
		}
		return nil
	}
	if err := t.above(f.Path); err != nil {
		return err
	}
	t.files[f.Path] = f
	return nil
}

// above makes the folders that hold a path.
func (t *Tree) above(name string) error {
	dir := path.Dir(name)
	if dir == "." {
		return nil
	}
	if old, there := t.files[dir]; there {
		if !old.Mode.IsDir() {
			return slice.Errorf(slice.Conflict, "%s needs a folder %s, which is none", name, dir)
		}
		return nil
	}
	return t.Add(File{Path: dir, Mode: fs.ModeDir | 0o755})
}

// Find returns the file of a path.
func (t *Tree) Find(name string) (File, bool) {
	f, ok := t.files[name]
	return f, ok
}

// Files returns all files, sorted by path, so that folders come before what
// they hold.
func (t *Tree) Files() []File {
	return slices.SortedFunc(maps.Values(t.files), func(a, b File) int { return bytes.Compare([]byte(a.Path), []byte(b.Path)) })
}
