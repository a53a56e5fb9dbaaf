package translate

import (
	"io/fs"
	"path"

	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// Files name the input of a translation in a file system.
type Files struct {
	Template string   // package folder of a template, or a bare template
	NSDs     []string // service descriptors, their package folders, or folders of these
	Params   string   // may be empty
	SliceID  slice.ID
	Tenant   slice.Tenant
}

// File reads files and translates them.
func File(fsys fs.FS, f Files) (intent.Intents, []descriptor.Problem, error) {
	in, err := Read(fsys, f)
	if err != nil {
		return intent.Intents{}, nil, err
	}
	return Intents(in)
}

// Read reads files as input of a translation.
func Read(fsys fs.FS, f Files) (Input, error) {
	in := Input{SliceID: f.SliceID, Tenant: f.Tenant, NSDs: map[string]*descriptor.Document{}}
	var errs []error
	template, err := descriptor.ReadPackage(fsys, f.Template, descriptor.Limits{})
	errs = append(errs, err)
	in.NST, in.Annex = template.NST, template.Annex
	if f.Params != "" {
		in.Params, err = descriptor.ReadFile(fsys, f.Params, descriptor.Limits{})
		errs = append(errs, err)
	}
	for _, name := range f.NSDs {
		errs = append(errs, readNSDs(fsys, name, 2, in.NSDs))
	}
	return in, joined(errs)
}

// readNSDs reads a service descriptor, or those of a folder and of the folders
// in it, so that the whole of nsd/ can be named.
func readNSDs(fsys fs.FS, name string, depth int, into map[string]*descriptor.Document) error {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return readNSD(fsys, name, into)
	}
	entries, err := fs.ReadDir(fsys, name)
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range entries {
		ext := path.Ext(e.Name())
		if e.IsDir() && depth > 1 || !e.IsDir() && (ext == ".yaml" || ext == ".yml") {
			errs = append(errs, readNSDs(fsys, path.Join(name, e.Name()), depth-1, into))
		}
	}
	return joined(errs)
}

func readNSD(fsys fs.FS, name string, into map[string]*descriptor.Document) error {
	doc, err := descriptor.ReadFile(fsys, name, descriptor.Limits{})
	if err != nil {
		return err
	}
	nsd, at, err := doc.NSD()
	if err != nil {
		return err
	}
	if other, twice := into[nsd.ID]; twice {
		return descriptor.Problems{doc.Problem(at+".id", "keep one of the two", "service descriptor %s is in %s already", nsd.ID, other.Name())}.Err()
	}
	into[nsd.ID] = doc
	return nil
}
