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
		errs = append(errs, readNSDs(fsys, name, in.NSDs))
	}
	return in, joined(errs)
}

// readNSDs reads a service descriptor, or those of a folder.
func readNSDs(fsys fs.FS, name string, into map[string]*descriptor.Document) error {
	files, err := Services(fsys, name)
	if err != nil {
		return err
	}
	var errs []error
	for _, file := range files {
		errs = append(errs, readNSD(fsys, file, into))
	}
	return joined(errs)
}

// Services returns the files that a name of service descriptors means: itself;
// those in the top of a package's folder, below which are other things; or those
// of all packages in a folder, so that the whole of nsd/ can be named.
func Services(fsys fs.FS, name string) ([]string, error) {
	info, err := fs.Stat(fsys, name)
	if err != nil || !info.IsDir() {
		return []string{name}, err
	}
	files, folders, err := services(fsys, name)
	if err != nil || len(files) > 0 {
		return files, err
	}
	for _, folder := range folders {
		more, _, err := services(fsys, folder)
		if err != nil {
			return nil, err
		}
		files = append(files, more...)
	}
	return files, nil
}

// services returns the YAML files of a folder, and the folders in it.
func services(fsys fs.FS, dir string) (files, folders []string, err error) {
	entries, err := fs.ReadDir(fsys, dir)
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		switch ext := path.Ext(name); {
		case e.IsDir():
			folders = append(folders, name)
		case ext == ".yaml" || ext == ".yml":
			files = append(files, name)
		}
	}
	return files, folders, err
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
