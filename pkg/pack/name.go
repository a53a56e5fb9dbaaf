package pack

import (
	"path"
	"strings"
	"unicode/utf8"
)

// checkName returns the rule that a name breaks, and what is wrong with it.
// Names that begin with ./ are usual in archives, but OSM finds nothing in
// those that do.
func (s *scan) checkName(name string) (rule, what string) {
	trimmed := strings.TrimSuffix(name, "/")
	if s.level > 0 {
		trimmed = strings.TrimPrefix(trimmed, "./")
	}
	parts := strings.Split(trimmed, "/")
	switch {
	case len(name) > s.limits.Name:
		return "archive-name-length", "the name is longer than the limit"
	case !utf8.ValidString(name):
		return "archive-utf8", "the name is not UTF-8"
	case trimmed == "" || strings.ContainsFunc(name, unsafe):
		return "archive-name", "the name is empty or has letters that cannot be seen"
	case strings.Contains(name, `\`):
		return "archive-backslash", "there is a backslash in the name"
	case strings.HasPrefix(name, "/") || drive(name):
		return "archive-absolute", "the name begins at the root of a file system"
	case len(parts) > s.limits.Depth:
		return "archive-depth", "there are more folders within folders than the limit"
	}
	for _, p := range parts {
		switch {
		case p == "..":
			return "archive-traversal", "the name leads out of the package"
		case p == "" || p == ".":
			return "archive-dot", "the name has an empty part or a dot for a part"
		case strings.TrimSpace(p) != p:
			return "archive-name", "a part of the name begins or ends with a space, which lists of files lose"
		case len(p) > 255:
			return "archive-name-length", "a part of the name is longer than file systems take"
		}
	}
	return "", ""
}

// drive reports whether a name begins like one of DOS.
func drive(name string) bool {
	return len(name) >= 2 && name[1] == ':' && (name[0]|0x20) >= 'a' && (name[0]|0x20) <= 'z'
}

// A tree remembers names, so that no two entries can become one file.
type tree struct {
	files    map[string]bool   // by name; folders have false
	explicit map[string]bool   // folders with an entry of their own
	folded   map[string]string // by name in small letters
}

// admit takes a name in, or returns the rule against it and what is wrong.
func (t *tree) admit(name string, folder bool) (rule, what string) {
	if t.files == nil {
		t.files, t.explicit, t.folded = map[string]bool{}, map[string]bool{}, map[string]string{}
	}
	name = strings.TrimPrefix(strings.TrimSuffix(name, "/"), "./")
	isFile, known := t.files[name]
	if known && (isFile || !folder || t.explicit[name]) {
		return "archive-duplicate", "another entry has this name"
	}
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		if t.files[dir] {
			return "archive-duplicate", "the name has a file for a folder: " + show(dir)
		}
	}
	for part := name; part != "."; part = path.Dir(part) {
		small := strings.ToLower(part)
		if other, ok := t.folded[small]; ok && other != part {
			return "archive-case", "it differs only by capitals from " + show(other)
		}
	}
	for part := name; part != "."; part = path.Dir(part) {
		t.folded[strings.ToLower(part)] = part
		if part != name {
			t.files[part] = false
		}
	}
	t.files[name], t.explicit[name] = !folder, folder
	return "", ""
}
