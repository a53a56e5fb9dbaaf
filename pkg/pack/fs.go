package pack

import (
	"cmp"
	"io"
	"io/fs"
	"path"
	"slices"
	"time"
)

// node is a file or folder of a package's tree.
type node struct {
	name   string // the whole path
	folder bool
	entry  Entry   // of a file
	below  []*node // of a folder, by name
}

// grow puts a file into the tree, with the folders above it.
func (p *Package) grow(n *node) {
	for {
		p.tree[n.name] = n
		dir := path.Dir(n.name)
		parent, known := p.tree[dir]
		if !known {
			parent = &node{name: dir, folder: true}
		}
		i, _ := slices.BinarySearchFunc(parent.below, n, func(a, b *node) int { return cmp.Compare(a.name, b.name) })
		parent.below = slices.Insert(parent.below, i, n)
		if known {
			return
		}
		n = parent
	}
}

// folderFS is a package as a file system.
type folderFS struct{ p *Package }

// Open opens a file or folder.
func (f folderFS) Open(name string) (fs.File, error) {
	n := f.p.tree[name]
	if !fs.ValidPath(name) || n == nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	if n.folder {
		return &openFolder{node: n}, nil
	}
	r, err := f.p.content(n.entry)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return &openFile{node: n, r: r}, nil
}

// Stat says what a file is without opening it.
func (f folderFS) Stat(name string) (fs.FileInfo, error) {
	n := f.p.tree[name]
	if !fs.ValidPath(name) || n == nil {
		return nil, &fs.PathError{Op: "stat", Path: name, Err: fs.ErrNotExist}
	}
	return n, nil
}

// Name returns the last part of the path.
func (n *node) Name() string { return path.Base(n.name) }

// Size returns the bytes of a file.
func (n *node) Size() int64 { return n.entry.Size }

// Mode returns what it is and who may do what with it.
func (n *node) Mode() fs.FileMode {
	if n.folder {
		return fs.ModeDir | 0o755
	}
	return n.entry.Mode.Perm()
}

// ModTime returns no time: packages are the same whenever they were built.
func (n *node) ModTime() time.Time { return time.Time{} }

// IsDir reports whether it is a folder.
func (n *node) IsDir() bool { return n.folder }

// Sys returns nothing.
func (n *node) Sys() any { return nil }

// openFile is a file that is being read.
type openFile struct {
	*node
	r io.ReadCloser
}

func (f *openFile) Stat() (fs.FileInfo, error) { return f.node, nil }
func (f *openFile) Read(b []byte) (int, error) { return f.r.Read(b) }
func (f *openFile) Close() error               { return f.r.Close() }

// openFolder is a folder that is being listed.
type openFolder struct {
	*node
	at int
}

func (f *openFolder) Stat() (fs.FileInfo, error) { return f.node, nil }
func (f *openFolder) Close() error               { return nil }

func (f *openFolder) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: f.name, Err: fs.ErrInvalid}
}

// ReadDir lists the folder, all of it or the next n.
func (f *openFolder) ReadDir(n int) ([]fs.DirEntry, error) {
	rest := f.below[f.at:]
	if n > 0 && len(rest) == 0 {
		return nil, io.EOF
	}
	if n > 0 {
		rest = rest[:min(n, len(rest))]
	}
	f.at += len(rest)
	list := make([]fs.DirEntry, len(rest))
	for i, below := range rest {
		list[i] = fs.FileInfoToDirEntry(below)
	}
	return list, nil
}
