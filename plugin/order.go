package plugin

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strconv"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/translate"
)

// The parts of an order. Their files are called PART/NAME in complaints.
const (
	PartPackage = "package" // a file of the template's package, under its path inside it; repeatable
	PartNSD     = "nsd"     // a service descriptor; repeatable
	PartParams  = "params"  // the parameters of the instance
	PartIntents = "intents" // intents, in the place of all the others
	PartSliceID = "sliceId" // from here on: fields
	PartTenant  = "tenant"
	PartDryRun  = "dryRun" // true: check and plan, change nothing
)

// maxField is how many bytes a field may have.
const maxField = 256

// An order is one request to apply a slice.
type order struct {
	names   translate.Files
	files   files
	written string // name of the intents; empty: it is a template
	dryRun  bool
}

// readOrder reads a multipart form part by part, so that nothing beyond the
// limits is ever held.
func readOrder(r *http.Request) (order, error) {
	var o order
	form, err := r.MultipartReader()
	if err != nil {
		return o, errNotForm
	}
	for {
		part, err := form.NextRawPart()
		if errors.Is(err, io.EOF) {
			return o, o.complete()
		}
		if err == nil {
			err = o.take(part)
		}
		if err != nil {
			return o, upload(err)
		}
	}
}

// upload gives an error of the reader a kind: what arrived is no form.
func upload(err error) error {
	var tooLarge *http.MaxBytesError
	if slice.KindOf(err) != slice.Internal || errors.As(err, &tooLarge) {
		return err
	}
	return slice.Errorf(slice.Invalid, "read form: %w", err)
}

// take adds one part to the order. The name of a file is taken from the header
// itself: the library would cut it to its last element.
func (o *order) take(part *multipart.Part) error {
	_, header, err := mime.ParseMediaType(part.Header.Get("Content-Disposition"))
	if err != nil {
		return err
	}
	name, file := header["name"], header["filename"]
	switch name {
	case PartPackage, PartNSD, PartParams, PartIntents:
		path, err := o.files.add(name, file, part)
		if err != nil {
			return err
		}
		return o.file(name, path)
	case PartSliceID, PartTenant, PartDryRun:
		text, err := io.ReadAll(io.LimitReader(part, maxField+1))
		if err != nil {
			return err
		}
		if len(text) > maxField {
			return slice.Errorf(slice.Invalid, "%s has more than %d bytes", name, maxField)
		}
		return o.field(name, string(text))
	}
	return slice.Errorf(slice.Invalid, "unknown part %.64q: there are %s, %s, %s, %s, %s, %s and %s",
		name, PartPackage, PartNSD, PartParams, PartIntents, PartSliceID, PartTenant, PartDryRun)
}

// file notes what a file is for. A package of one file is a bare template,
// whatever its name is.
func (o *order) file(part, path string) error {
	switch part {
	case PartNSD:
		o.names.NSDs = append(o.names.NSDs, path)
	case PartPackage:
		if o.names.Template == "" {
			o.names.Template = path
		} else {
			o.names.Template = PartPackage
		}
	case PartParams:
		return once(&o.names.Params, part, path)
	case PartIntents:
		return once(&o.written, part, path)
	}
	return nil
}

func (o *order) field(name, text string) error {
	switch name {
	case PartSliceID:
		return once((*string)(&o.names.SliceID), name, text)
	case PartTenant:
		return once((*string)(&o.names.Tenant), name, text)
	}
	var err error
	if o.dryRun, err = strconv.ParseBool(text); err != nil {
		return slice.Errorf(slice.Invalid, "%s is %q, not true or false", name, text)
	}
	return nil
}

func once(field *string, part, text string) error {
	if *field != "" {
		return slice.Errorf(slice.Invalid, "part %s is given twice", part)
	}
	*field = text
	return nil
}

// complete says what is missing or too much.
func (o *order) complete() error {
	n := o.names
	switch {
	case o.written == "" && n.Template == "":
		return slice.Errorf(slice.Invalid, "the order has no part %s and no part %s", PartPackage, PartIntents)
	case o.written != "" && (n.Template != "" || n.Params != "" || len(n.NSDs) > 0 || n.SliceID != "" || n.Tenant != ""):
		return slice.Errorf(slice.Invalid, "intents stand alone: send either the part %s or the others", PartIntents)
	}
	return nil
}
