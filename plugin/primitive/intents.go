package primitive

import (
	"cmp"
	"errors"
	"strconv"

	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/translate"
)

// An order is what the parameter intents holds where it is neither intents nor
// a template alone: a template with what goes with it, each as text.
type order struct {
	Template string   `json:"template"`
	Annex    string   `json:"annex,omitempty"`
	Params   string   `json:"params,omitempty"`
	Services []string `json:"services,omitempty"`
}

// intentsOf reads the parameter intents: written intents, a slice template, or
// an order. The names of the call win; a document that names another is
// refused. A part of intents, for a mask, is neither completed nor validated.
func intentsOf(text string, id slice.ID, tenant slice.Tenant, part bool) (intent.Intents, error) {
	if !slice.IsLabel(string(id)) {
		return intent.Intents{}, fault("slice", "use up to 63 lower-case letters, digits and dashes", "no slice can be called %q", clip(string(id)))
	}
	doc, err := descriptor.Read("intents", []byte(text), descriptor.Limits{})
	if err != nil {
		return intent.Intents{}, At("intents", err)
	}
	root := doc.Root()
	switch {
	case root.Get("template").Exists():
		var o order
		if err := descriptor.FromYAML("intents", []byte(text), &o); err != nil {
			return intent.Intents{}, At("intents", err)
		}
		return o.intents(id, tenant)
	case root.Get("apiVersion").Exists(), root.Get("slice").Exists(), part:
		return written(doc, text, id, tenant, part)
	}
	return translated(translate.Input{NST: doc, SliceID: id, Tenant: tenant})
}

// nobody owns slices for which no tenant is named, as in package translate.
const nobody = "default"

// written reads intents that somebody wrote out.
func written(doc *descriptor.Document, text string, id slice.ID, tenant slice.Tenant, part bool) (intent.Intents, error) {
	in, err := intent.FromYAML("intents", []byte(text))
	if err != nil {
		return in, At("intents", err)
	}
	if have := in.Slice.ID; have != "" && have != id {
		return in, fault("slice", "name the slice once", "the intents are of slice %q, not %q", have, id)
	}
	if have := in.Slice.Tenant; tenant != "" && have != "" && have != tenant {
		return in, fault("tenant", "name the tenant once", "the intents are of tenant %q, not %q", have, tenant)
	}
	in.Slice.ID, in.Slice.Tenant = id, cmp.Or(tenant, in.Slice.Tenant)
	if part {
		return in, nil
	}
	in.Slice.Tenant = cmp.Or(in.Slice.Tenant, nobody)
	intent.Default(&in)
	err = in.Validate()
	var faults intent.Faults
	if errors.As(err, &faults) {
		var all descriptor.Problems
		for _, f := range faults {
			all = append(all, doc.Problem(f.Path, f.Remedy, "%s", f.Path+": "+f.Message))
		}
		err = At("intents", all.Err())
	}
	return in.Canonical(), err
}

// intents translates an order.
func (o order) intents(id slice.ID, tenant slice.Tenant) (intent.Intents, error) {
	in := translate.Input{SliceID: id, Tenant: tenant, NSDs: map[string]*descriptor.Document{}}
	var faults descriptor.Problems
	read := func(name, text string) *descriptor.Document {
		if text == "" {
			return nil
		}
		doc, err := descriptor.Read(name, []byte(text), descriptor.Limits{})
		var problems descriptor.Problems
		if errors.As(err, &problems) {
			faults = append(faults, problems...)
		}
		return doc
	}
	in.NST, in.Annex, in.Params = read("template", o.Template), read("annex", o.Annex), read("params", o.Params)
	for i, text := range o.Services {
		name := "services[" + strconv.Itoa(i) + "]"
		if doc := read(name, text); doc != nil {
			in.NSDs[name] = doc
		}
	}
	if err := faults.Err(); err != nil {
		return intent.Intents{}, At("intents", err)
	}
	return translated(in)
}

func translated(in translate.Input) (intent.Intents, error) {
	out, _, err := translate.Intents(in)
	return out, At("intents", err)
}
