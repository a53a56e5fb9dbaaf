package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"mime/multipart"
	"net/textproto"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/translate"
	"github.com/l2sces/l2sces/plugin"
)

// An upload is an order on its way to the plugin: what it names, as files of
// this machine.
type upload struct {
	files  []uploadFile
	fields [][2]string
	folder string // of the template's package, if it is one

	of    translate.Files
	order intent.Order
}

// An uploadFile is one file, and what the plugin shall call it.
type uploadFile struct{ part, name, local string }

// newUpload finds the files of an order: of a template, or of intents.
func newUpload(f translate.Files) (upload, error) {
	o := upload{of: f}
	if written, err := isIntents(f.Template); err != nil || written {
		o.files = []uploadFile{{plugin.PartIntents, path.Base(filepath.ToSlash(f.Template)), f.Template}}
		return o.with(f), err
	}
	errs := []error{o.add(plugin.PartPackage, f.Template)}
	for i, name := range f.NSDs {
		errs = append(errs, o.addNSDs(i, name))
	}
	if err := errors.Join(errs...); err != nil {
		return o, wrongFile(err)
	}
	return o.with(f), nil
}

// with adds the parameters and the fields.
func (o upload) with(f translate.Files) upload {
	if f.Params != "" {
		o.files = append(o.files, uploadFile{plugin.PartParams, filepath.Base(f.Params), f.Params})
	}
	o.field(plugin.PartSliceID, string(f.SliceID))
	o.field(plugin.PartTenant, string(f.Tenant))
	return o
}

func (o *upload) field(name, text string) {
	if text != "" {
		o.fields = append(o.fields, [2]string{name, text})
	}
}

// isIntents reports whether a file holds intents and no template.
func isIntents(name string) (bool, error) {
	info, err := os.Stat(name)
	if err != nil || info.IsDir() {
		return false, wrongFile(err)
	}
	doc, err := descriptor.ReadFile(disk{}, name, descriptor.Limits{})
	return err == nil && doc.Has("apiVersion"), err
}

// add adds a package: a folder or a file. Only YAML in it matters to slices.
func (o *upload) add(part, name string) error {
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		o.files = append(o.files, uploadFile{part, filepath.Base(name), name})
		return nil
	}
	o.folder = name
	return walkYAML(name, func(inside string) {
		o.files = append(o.files, uploadFile{part, inside, filepath.Join(name, filepath.FromSlash(inside))})
	})
}

// addNSDs adds service descriptors. Those of different folders may have the
// same name, so each is sent under the number of its folder.
func (o *upload) addNSDs(number int, name string) error {
	files, err := translate.Services(disk{}, name)
	if err != nil {
		return err
	}
	for _, file := range files {
		inside, err := filepath.Rel(name, file)
		if err != nil || inside == "." {
			inside = filepath.Base(file)
		}
		o.files = append(o.files, uploadFile{plugin.PartNSD, fmt.Sprintf("%d/%s", number, filepath.ToSlash(inside)), file})
	}
	return nil
}

func walkYAML(dir string, found func(inside string)) error {
	return fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if ext := path.Ext(name); d.Type().IsRegular() && (ext == ".yaml" || ext == ".yml") {
			found(name)
		}
		return nil
	})
}

// form writes the order as the plugin reads it.
func (o upload) form() (io.Reader, string, error) {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for _, f := range o.fields {
		if err := w.WriteField(f[0], f[1]); err != nil {
			return nil, "", err
		}
	}
	for _, f := range o.files {
		if err := f.write(w); err != nil {
			return nil, "", err
		}
	}
	return &body, w.FormDataContentType(), w.Close()
}

func (f uploadFile) write(w *multipart.Writer) error {
	text, err := os.ReadFile(f.local)
	if err != nil {
		return wrongFile(err)
	}
	names := map[string]string{"name": f.part, "filename": f.name}
	part, err := w.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {mime.FormatMediaType("form-data", names)},
		"Content-Type":        {"application/yaml"},
	})
	if err != nil {
		return err
	}
	_, err = part.Write(text)
	return err
}

// local returns what we call a file of which the plugin speaks.
func (o upload) local(sent string) string {
	for _, f := range o.files {
		if f.part+"/"+f.name == sent {
			return f.local
		}
	}
	if sent == plugin.PartPackage && o.folder != "" {
		return o.folder
	}
	return sent
}

// localized lets complaints name our files.
func (o upload) localized(err error) error {
	var problems descriptor.Problems
	if !errors.As(err, &problems) {
		return err
	}
	ours := slices.Clone(problems)
	for i := range ours {
		ours[i].File = o.local(ours[i].File)
	}
	return slice.Errorf(slice.KindOf(err), "%w", ours)
}
