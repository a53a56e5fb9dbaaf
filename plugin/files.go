package plugin

import (
	"archive/zip"
	"bytes"
	"io"
	"io/fs"
	"slices"
	"strings"
	"unicode"

	"github.com/l2sces/l2sces/pkg/slice"
)

// Limits of what one order brings.
const (
	maxFiles = 256
	maxFile  = 1 << 20 // bytes, the limit of package descriptor
	maxPath  = 255     // bytes
	maxDepth = 16
)

// files are what an order brought, by name and in the order of their coming.
type files struct {
	names   []string
	content map[string][]byte
}

// add reads a file of a part and returns its name, which is that of the part
// and its own.
func (f *files) add(part, name string, r io.Reader) (string, error) {
	if err := checkName(name); err != nil {
		return "", slice.Errorf(slice.Invalid, "part %s: %w", part, err)
	}
	path := part + "/" + name
	for _, other := range f.names {
		if other == path || strings.HasPrefix(other, path+"/") || strings.HasPrefix(path, other+"/") {
			return "", slice.Errorf(slice.Invalid, "file %s is given twice, or is a folder too", path)
		}
	}
	if len(f.names) == maxFiles {
		return "", slice.Errorf(slice.Invalid, "more than %d files", maxFiles)
	}
	text, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return "", err
	}
	if len(text) > maxFile {
		return "", slice.Errorf(slice.Invalid, "file %s has more than %d bytes", path, maxFile)
	}
	if f.content == nil {
		f.content = map[string][]byte{}
	}
	f.names = append(f.names, path)
	f.content[path] = text
	return path, nil
}

// checkName takes only what is a path inside a package, here and elsewhere.
func checkName(name string) error {
	strange := func(r rune) bool { return r == '\\' || r == unicode.ReplacementChar || !unicode.IsPrint(r) }
	switch {
	case name == "":
		return slice.Errorf(slice.Invalid, "a file without a file name")
	case len(name) > maxPath || strings.Count(name, "/") >= maxDepth:
		return slice.Errorf(slice.Invalid, "a file name of %d bytes and %d folders: up to %d and %d are taken",
			len(name), strings.Count(name, "/"), maxPath, maxDepth-1)
	case !fs.ValidPath(name) || name == "." || strings.ContainsFunc(name, strange):
		return slice.Errorf(slice.Invalid, "file name %q is not a relative path such as l2sces/intents.yaml", name)
	}
	return nil
}

// fs shows the files as a file system. The library has none in memory for
// others than tests, but an archive is one.
func (f *files) fs() (fs.FS, error) {
	var buffer bytes.Buffer
	w := zip.NewWriter(&buffer)
	for _, name := range slices.Sorted(slices.Values(f.names)) {
		file, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err != nil {
			return nil, err
		}
		if _, err := file.Write(f.content[name]); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return zip.NewReader(bytes.NewReader(buffer.Bytes()), int64(buffer.Len()))
}
