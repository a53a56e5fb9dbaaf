package tree

import (
	"archive/tar"
	"io"
	"io/fs"
	"time"
)

// Write writes the tree as a tar. Every file has the same time, and owners are
// numbers: the same tree gives the same bytes on any day and machine.
func (t *Tree) Write(w io.Writer) error {
	out := tar.NewWriter(w)
	for _, f := range t.Files() {
		if err := out.WriteHeader(header(f)); err != nil {
			return err
		}
		if _, err := out.Write(f.Data); err != nil {
			return err
		}
	}
	return out.Close()
}

func header(f File) *tar.Header {
	h := &tar.Header{
		Name: f.Path, Typeflag: tar.TypeReg, Mode: int64(f.Mode.Perm()), Size: int64(len(f.Data)),
		Uid: f.Owner, Gid: f.Owner, ModTime: time.Unix(0, 0), Format: tar.FormatPAX,
	}
	if f.Mode&fs.ModeSticky != 0 {
		h.Mode |= 0o1000
	}
	switch {
	case f.Mode.IsDir():
		h.Typeflag, h.Name = tar.TypeDir, f.Path+"/"
	case f.Mode&fs.ModeSymlink != 0:
		h.Typeflag, h.Linkname = tar.TypeSymlink, f.Target
	}
	return h
}
