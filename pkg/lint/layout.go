package lint

import (
	"cmp"
	"crypto/md5" // what OSM's own tool writes
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/l2sces/l2sces/pkg/descriptor"
)

// Bounds of what is looked at within one package.
const (
	maxFiles = 10_000
	maxNest  = 16
)

// fileName is what every file system, archive and tool takes alike.
var fileName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._+@=-]{0,99}$`)

// descriptor returns the name of the one descriptor: in the top folder, or
// where an archive after SOL004 has it.
func (u *unit) descriptor() string {
	if u.Bare != "" {
		return u.Bare
	}
	found, others := u.tops(".")
	if len(found) == 0 {
		if below, _ := u.tops("Definitions"); len(below) > 0 {
			found = below
		}
	}
	switch {
	case len(found) == 1:
		return found[0]
	case len(found) > 1:
		u.addFile("package-descriptor", found[1], "%d descriptors are in the top folder: %s", len(found), strings.Join(found, ", "))
	case len(others) > 0:
		u.addFile("package-json", others[0], "OSM does not read a JSON descriptor out of a package")
	default:
		u.addFile("package-descriptor", "", "no descriptor is in the top folder")
	}
	return ""
}

// tops returns the YAML files of a folder, and its JSON files.
func (u *unit) tops(dir string) (yaml, json []string) {
	entries, err := fs.ReadDir(u.Files, dir)
	if err != nil {
		return nil, nil
	}
	for _, e := range entries {
		switch name := path.Join(dir, e.Name()); path.Ext(name) {
		case ".yaml", ".yml":
			if !e.IsDir() {
				yaml = append(yaml, name)
			}
		case ".json":
			json = append(json, name)
		}
	}
	return yaml, json
}

// layout looks at the folders and files of a package.
func (u *unit) layout() {
	files := u.walk(".", 0, nil)
	if len(files) > maxFiles {
		u.addFile("package-files", "", "more than %d files", maxFiles)
	}
	seen := map[string]string{}
	for _, name := range files {
		base := path.Base(name)
		if !fileName.MatchString(base) && base != ".helmignore" {
			u.addFile("package-file-name", name, "the name %s would not pass everywhere", quoted(base))
		}
		folded := strings.ToLower(name)
		if other, twice := seen[folded]; twice {
			u.addFile("package-file-name", name, "it differs from %s by capitals only", other)
		}
		seen[folded] = name
	}
	u.checksums(files)
}

// walk returns all files below a folder, following links as whoever packs the
// folder will.
func (u *unit) walk(dir string, nest int, files []string) []string {
	entries, err := fs.ReadDir(u.Files, dir)
	if err != nil {
		u.addFile("package-file", dir, "it cannot be read: %v", pathless(err))
		return files
	}
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		info, err := fs.Stat(u.Files, name)
		switch {
		case err != nil:
			u.addFile("package-file", name, "it cannot be read: %v", pathless(err))
		case len(files) > maxFiles || nest == maxNest && info.IsDir():
			u.addFile("package-files", name, "more than %d files, or more than %d folders in one another", maxFiles, maxNest)
			return files
		case info.IsDir():
			files = u.walk(name, nest+1, files)
		case !info.Mode().IsRegular():
			u.addFile("package-file", name, "it is no plain file")
		default:
			files = append(files, name)
		}
	}
	return files
}

// checksums holds the list of sums, if there is one, against the files.
func (u *unit) checksums(files []string) {
	const list = "checksums.txt"
	if !slices.Contains(files, list) {
		return
	}
	text, err := u.bytes(list, 1<<20)
	if err != nil {
		u.refused("package-file", list, err)
		return
	}
	listed := map[string]bool{list: true}
	for i, line := range strings.Split(strings.TrimRight(string(text), "\n"), "\n") {
		sum, name, _ := strings.Cut(strings.TrimSpace(line), "\t")
		if name == "" {
			sum, name, _ = strings.Cut(strings.TrimSpace(line), " ")
		}
		name = path.Clean(strings.TrimSpace(name))
		if _, below, ok := strings.Cut(name, "/"); ok && !slices.Contains(files, name) {
			name = below // OSM's own tool names the folder of the package, too
		}
		at := descriptor.Position{File: u.path(list), Line: i + 1, Column: 1}
		listed[name] = true
		switch got, err := u.md5(name); {
		case errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid):
			u.addAt("package-checksums", at, "", "there is no file %s", quoted(name))
		case err != nil:
			u.addAt("package-checksums", at, "", "%s: %v", quoted(name), pathless(err))
		case got != strings.ToLower(sum):
			u.addAt("package-checksums", at, "", "the sum of %s is %s", quoted(name), got)
		}
	}
	for _, name := range files {
		if !listed[name] {
			u.addFile("package-checksums", name, "checksums.txt does not list it")
		}
	}
}

func (u *unit) md5(name string) (string, error) {
	f, err := u.plain(name)
	if err != nil {
		return "", err
	}
	h := md5.New()
	_, err = io.Copy(h, f)
	return hex.EncodeToString(h.Sum(nil)), cmp.Or(err, f.Close())
}
