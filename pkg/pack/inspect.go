package pack

import (
	"cmp"
	"context"
	"errors"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/l2sces/l2sces/pkg/descriptor"
)

// An Inspection is what is in a package, and what is wrong with it.
type Inspection struct {
	Report

	Kind       descriptor.Kind     `json:"kind"`
	ID         string              `json:"id"`
	Version    string              `json:"version"`
	Descriptor string              `json:"descriptor"`
	Entries    []Entry             `json:"entries"`
	Problems   descriptor.Problems `json:"problems,omitempty"` // of digests and signature
}

// Inspect says what is in a package. One that is not safe is refused; one whose
// digests or signature are wrong is shown, with what is wrong.
func Inspect(ctx context.Context, archive string, trust Trust, limits Limits) (i Inspection, err error) {
	p, err := Open(ctx, archive, limits)
	if err != nil {
		return Inspection{}, err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	doc, err := p.document()
	if err != nil {
		return Inspection{}, err
	}
	f := factsOf(doc)
	i = Inspection{Kind: f.kind, ID: f.id, Version: f.version, Descriptor: p.Descriptor, Entries: p.Entries}
	i.Report, err = Verify(ctx, archive, trust, limits)
	if errors.As(err, &i.Problems) {
		err = nil
	}
	i.Package, i.Format, i.Files, i.Bytes = p.Name, p.Format, len(p.Entries), 0
	for _, e := range p.Entries {
		i.Bytes += e.Size
	}
	return i, err
}

// document reads the descriptor.
func (p *Package) document() (*descriptor.Document, error) {
	text, err := p.Read(p.Descriptor)
	if err != nil {
		return nil, err
	}
	return descriptor.Read(p.Descriptor, text, descriptor.Limits{})
}

// A Change is a difference between two packages: of a file, or of a value in
// the descriptor.
type Change struct {
	What string `json:"what"` // added, removed, changed
	Name string `json:"name"` // of the file, or path of the value
	Old  string `json:"old,omitempty"`
	New  string `json:"new,omitempty"`
}

// The differences.
const (
	Added   = "added"
	Removed = "removed"
	Changed = "changed"
)

// A Difference is what was changed from one package to another.
type Difference struct {
	Files  []Change `json:"files"`
	Values []Change `json:"values"` // of the descriptor
}

// Diff compares two packages by what OSM finds in them: the same package in
// two formats differs in nothing but what belongs to the format.
func Diff(ctx context.Context, older, newer string, limits Limits) (d Difference, err error) {
	a, err := Open(ctx, older, limits)
	if err != nil {
		return Difference{}, err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	b, err := Open(ctx, newer, limits)
	if err != nil {
		return Difference{}, err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	before, err := a.document()
	if err != nil {
		return Difference{}, err
	}
	after, err := b.document()
	if err != nil {
		return Difference{}, err
	}
	oldBody, _ := before.Body() // without one there is nothing to compare
	newBody, _ := after.Body()
	return Difference{
		Files:  changes(a.digests(a.Format != b.Format), b.digests(a.Format != b.Format)),
		Values: changes(values(oldBody), values(newBody)),
	}, nil
}

// digests returns the digests of what OSM finds, without those lists that
// belong to a format; of two formats also without the texts that a CSAR must
// have and nobody else.
func (p *Package) digests(mixed bool) map[string]string {
	all := map[string]string{}
	for name, n := range p.tree {
		own := name == checksumsFile || name == metadataFile || path.Ext(name) == ".mf" && path.Dir(name) == "."
		if mixed {
			own = own || name == "ChangeLog.txt" || strings.HasPrefix(name, "Licenses/")
		}
		if !n.folder && !own {
			all[name] = n.entry.SHA256
		}
	}
	return all
}

// values returns every value of a descriptor by its path. Elements of a list
// go by their name, where they have one, so that a change of order is none.
func values(body descriptor.Node) map[string]string {
	all := map[string]string{}
	var walk func(n descriptor.Node, path string)
	walk = func(n descriptor.Node, path string) {
		switch n.Form() {
		case descriptor.FormMapping:
			for _, e := range n.Entries() {
				walk(e.Value, joined(path, e.Key))
			}
		case descriptor.FormList:
			names := names(n.Items())
			for i, item := range n.Items() {
				walk(item, path+"["+names[i]+"]")
			}
		default:
			all[path] = n.Text()
		}
	}
	walk(body, "")
	return all
}

// names returns what to call the elements of a list: by id, name or number, if
// that tells all of them apart, else by their place.
func names(items []descriptor.Node) []string {
	for _, key := range []string{"id", "name", "seq", "nss-ref", "constituent-cpd-id"} {
		var found []string
		seen := map[string]bool{"": true}
		for _, item := range items {
			if text := item.Get(key).Text(); !seen[text] {
				found, seen[text] = append(found, text), true
			}
		}
		if len(found) == len(items) {
			return found
		}
	}
	places := make([]string, len(items))
	for i := range items {
		places[i] = strconv.Itoa(i)
	}
	return places
}

func joined(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// changes compares two sets by name.
func changes(older, newer map[string]string) []Change {
	all := []Change{}
	for name, o := range older {
		n, there := newer[name]
		switch {
		case !there:
			all = append(all, Change{What: Removed, Name: name, Old: o})
		case n != o:
			all = append(all, Change{What: Changed, Name: name, Old: o, New: n})
		}
	}
	for name, n := range newer {
		if _, there := older[name]; !there {
			all = append(all, Change{What: Added, Name: name, New: n})
		}
	}
	slices.SortFunc(all, func(a, b Change) int { return cmp.Compare(a.Name, b.Name) })
	return all
}
