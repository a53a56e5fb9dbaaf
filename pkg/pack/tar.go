package pack

import (
	"archive/tar"
	"errors"
	"io"
	"io/fs"
	"path"
	"strings"
)

// untar reads a tar archive up to its end mark.
func (s *scan) untar(r io.Reader, v visit) error {
	t := tar.NewReader(r)
	for !s.full() {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil && !errors.Is(err, tar.ErrInsecurePath) { // names are judged here
			return s.broken("", err)
		}
		if err := s.count(); err != nil {
			return err
		}
		if err := s.tarEntry(h, t, v); err != nil {
			return s.broken(h.Name, err)
		}
	}
	return errRefused
}

// tarEntry judges an entry, and reads it if it is a plain file.
func (s *scan) tarEntry(h *tar.Header, r io.Reader, v visit) error {
	folder := h.Typeflag == tar.TypeDir
	good := s.admit(h.Name, folder)
	if rule, what := s.tarFault(h); rule != "" {
		s.add(rule, h.Name, "%s", what)
		good = false
	}
	if !good || h.Typeflag != tar.TypeReg {
		return nil
	}
	return s.content(Entry{Name: h.Name, Size: h.Size, Mode: h.FileInfo().Mode().Perm()}, r, v)
}

// tarFault returns the rule that an entry breaks by what it is, and how.
func (s *scan) tarFault(h *tar.Header) (rule, what string) {
	const special = 0o7000 // setuid, setgid, sticky
	switch {
	case h.Typeflag == tar.TypeSymlink && s.level > 0 && inside(h.Name, h.Linkname):
		return "", ""
	case h.Typeflag == tar.TypeSymlink:
		return "archive-symlink", "it is a symbolic link to " + show(h.Linkname)
	case h.Typeflag == tar.TypeLink:
		return "archive-hardlink", "it is a hard link to " + show(h.Linkname)
	case h.Typeflag == tar.TypeChar, h.Typeflag == tar.TypeBlock:
		return "archive-device", "it is a device"
	case h.Typeflag == tar.TypeFifo:
		return "archive-fifo", "it is a named pipe"
	case sparse(h):
		return "archive-sparse", "it is a sparse file"
	case h.Typeflag != tar.TypeReg && h.Typeflag != tar.TypeDir:
		return "archive-kind", "it is neither a file nor a folder"
	case h.Mode&special != 0 && s.level == 0:
		return "archive-mode", "it is setuid, setgid or sticky"
	case h.Size > s.limits.File:
		return "archive-file-bytes", "the file is larger than the limit"
	}
	return "", ""
}

// sparse reports whether a file has holes, in any of the three ways to say so.
func sparse(h *tar.Header) bool {
	if h.Typeflag == tar.TypeGNUSparse {
		return true
	}
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return true
		}
	}
	return false
}

// inside reports whether a link of an inner archive stays in it.
func inside(name, target string) bool {
	if strings.HasPrefix(target, "/") || strings.Contains(target, `\`) {
		return false
	}
	return fs.ValidPath(path.Join(path.Dir(name), target))
}
