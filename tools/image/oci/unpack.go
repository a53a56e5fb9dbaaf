package oci

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/l2sces/l2sces/pkg/slice"
)

// Limits of what is unpacked.
const (
	maxBlob  = 256 << 20
	maxFiles = 10_000
)

// Unpack writes the files of an image for one architecture into an empty
// folder, as a runtime would. Nothing is written outside the folder, whatever
// the archive says. Owners are set where we may.
func Unpack(archive, arch, folder string) (v1.ConfigFile, error) {
	files, err := read(archive)
	if err != nil {
		return v1.ConfigFile{}, err
	}
	manifest, config, err := choose(files, arch)
	if err != nil {
		return config, slice.Errorf(slice.Invalid, "%s: %w", archive, err)
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return config, err
	}
	defer func() { _ = root.Close() }() // nothing is written through it
	for _, l := range manifest.Layers {
		data, err := blob(files, l.Digest)
		if err == nil {
			err = apply(root, data)
		}
		if err != nil {
			return config, slice.Errorf(slice.Invalid, "%s: layer %s: %w", archive, l.Digest, err)
		}
	}
	return config, nil
}

// read takes all files of an archive into memory.
func read(archive string) (map[string][]byte, error) {
	f, err := os.Open(archive)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // read only
	files := map[string][]byte{}
	in := tar.NewReader(io.LimitReader(f, 2*maxBlob))
	for {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, slice.Errorf(slice.Invalid, "%s: %w", archive, err)
		}
		if files[h.Name], err = io.ReadAll(in); err != nil {
			return nil, err
		}
	}
}

// choose returns the manifest and the configuration for an architecture.
func choose(files map[string][]byte, arch string) (m v1.Manifest, c v1.ConfigFile, err error) {
	var index v1.IndexManifest
	if err := json.Unmarshal(files["index.json"], &index); err != nil || len(index.Manifests) != 1 {
		return m, c, slice.Errorf(slice.Invalid, "no index of one image")
	}
	if index, err = parse[v1.IndexManifest](files, index.Manifests[0].Digest); err != nil {
		return m, c, err
	}
	var have []string
	for _, d := range index.Manifests {
		if d.Platform == nil {
			continue
		}
		if d.Platform.Architecture == arch {
			if m, err = parse[v1.Manifest](files, d.Digest); err != nil {
				return m, c, err
			}
			c, err = parse[v1.ConfigFile](files, m.Config.Digest)
			return m, c, err
		}
		have = append(have, d.Platform.Architecture)
	}
	return m, c, slice.Errorf(slice.NotFound, "not for %s, but for %s", arch, strings.Join(have, ", "))
}

// parse reads a blob as JSON.
func parse[T any](files map[string][]byte, digest v1.Hash) (v T, err error) {
	data, err := blob(files, digest)
	if err != nil {
		return v, err
	}
	return v, json.Unmarshal(data, &v)
}

// blob returns a file by its sum, which is checked.
func blob(files map[string][]byte, digest v1.Hash) ([]byte, error) {
	data, ok := files[place(digest)]
	if !ok {
		return nil, slice.Errorf(slice.NotFound, "blob %s is missing", digest)
	}
	got, _, err := v1.SHA256(bytes.NewReader(data))
	if err == nil && got != digest {
		err = slice.Errorf(slice.Invalid, "blob %s has the sum %s", digest, got)
	}
	return data, err
}

// apply writes one layer.
func apply(root *os.Root, data []byte) error {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return err
	}
	in := tar.NewReader(io.LimitReader(z, maxBlob))
	for range maxFiles {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := put(root, h, in); err != nil {
			return err
		}
	}
	return slice.Errorf(slice.Exhausted, "more than %d files", maxFiles)
}

// put writes one file, folder or link.
func put(root *os.Root, h *tar.Header, in io.Reader) error {
	name := path.Clean(h.Name)
	mode := fs.FileMode(h.Mode & 0o777)
	if h.Mode&0o1000 != 0 {
		mode |= fs.ModeSticky
	}
	switch h.Typeflag {
	case tar.TypeDir:
		if err := root.Mkdir(name, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	case tar.TypeSymlink:
		return root.Symlink(h.Linkname, name)
	case tar.TypeReg:
		f, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		_, err = io.Copy(f, in)
		if err = errors.Join(err, f.Close()); err != nil {
			return err
		}
	default:
		return slice.Errorf(slice.Invalid, "%s is neither a file nor a folder nor a link", name)
	}
	if os.Geteuid() == 0 {
		if err := root.Chown(name, h.Uid, h.Gid); err != nil {
			return err
		}
	}
	return root.Chmod(name, mode)
}
