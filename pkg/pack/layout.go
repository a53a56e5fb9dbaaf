package pack

import (
	"path"
	"slices"
	"strings"
)

// Names that have a meaning of their own.
const (
	checksumsFile = "checksums.txt"
	metadataFile  = "TOSCA-Metadata/TOSCA.meta"
	definitions   = "Definitions/"
	scripts       = "Scripts/"
	files         = "Files/"
)

// scriptFolders are the folders of OSM's own form that OSM looks for under
// Scripts/ in a CSAR.
var scriptFolders = []string{"helm-chart-v3s", "helm-charts", "charms", "cloud_init", "juju-bundles"}

// inCSAR returns where a file of OSM's own form lies in a CSAR.
func inCSAR(name string) string {
	top, _, deep := strings.Cut(name, "/")
	switch {
	case deep && slices.Contains(scriptFolders, top):
		return scripts + name
	case !deep && isYAML(name):
		return definitions + name
	default:
		return files + name
	}
}

// ofCSAR returns where a file of a CSAR lies in OSM's own form. What is of the
// CSAR itself keeps its name.
func ofCSAR(name string) string {
	for _, folder := range []string{definitions, scripts, files} {
		if rest, ok := strings.CutPrefix(name, folder); ok {
			return rest
		}
	}
	return name
}

// isYAML reports whether OSM takes a file at the top of a package for its
// descriptor.
func isYAML(name string) bool {
	ext := path.Ext(name)
	return ext == ".yaml" || ext == ".yml" || ext == ".json"
}

// osmLayout judges names as OSM does: one folder, and in it one descriptor.
// It returns the folder and the name of the descriptor.
func (s *scan) osmLayout(entries []Entry) (top, descriptor string) {
	var found []string
	for _, e := range entries {
		first, rest, deep := strings.Cut(e.Name, "/")
		switch {
		case !deep:
			s.add("archive-top", e.Name, "it stands beside the top folder")
			continue
		case top == "":
			top = first
		case first != top:
			s.add("archive-top", e.Name, "there is a second top folder beside %s", show(top))
			continue
		}
		if isYAML(rest) && !strings.Contains(rest, "/") {
			found = append(found, e.Name)
		}
	}
	return top, s.one(found, "the top folder")
}

// csarLayout judges names as OSM does those of a zip. It returns the name of
// the descriptor.
func (s *scan) csarLayout(entries []Entry) string {
	var found []string
	for _, e := range entries {
		if strings.Contains(e.Name, "..") {
			s.add("archive-traversal", e.Name, "there are two dots in the name, which OSM refuses")
		}
		if isYAML(e.Name) && (!strings.Contains(e.Name, "/") || strings.Contains(e.Name, "Definitions")) {
			found = append(found, e.Name)
		}
	}
	return s.one(found, "the root or below "+definitions)
}

// one returns the only descriptor of those that were found.
func (s *scan) one(found []string, where string) string {
	slices.Sort(found)
	switch {
	case len(found) == 0:
		s.add("archive-descriptor", "", "there is no descriptor in %s", where)
		return ""
	case len(found) > 1:
		s.add("archive-descriptor", found[1], "it is one of %d descriptors in %s", len(found), where)
	case path.Ext(found[0]) == ".json":
		s.add("archive-descriptor", found[0], "OSM reads no JSON out of packages")
	}
	return found[0]
}
