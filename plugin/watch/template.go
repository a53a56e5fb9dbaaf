package watch

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/slice"
)

const (
	templatesPath = "/nst/v1/netslice_templates"
	slicesPath    = "/nsilcm/v1/netslice_instances"
	servicesPath  = "/nslcm/v1/ns_instances"
)

// annexPath is where the package of a template keeps what a template has no place
// for.
const annexPath = "/artifacts/l2sces/intents.yaml"

// An nst is an onboarded template, as far as it is read.
type nst struct {
	ID    string `json:"_id"`
	Of    string `json:"id"`
	Admin struct {
		Revision json.Number `json:"revision"`
	} `json:"_admin"`
}

// templates are those of the last poll, with the annexes that were read.
type templates struct {
	byID    map[string]nst
	annexes map[string]annex
}

// An annex is that of one revision. A template may have none.
type annex struct {
	revision string
	doc      *descriptor.Document
	err      error // why it cannot be read
}

// readTemplates reads the list of templates, for their revisions.
func (w *Watcher) readTemplates(ctx context.Context) error {
	var all []nst
	if err := w.osm.Get(ctx, templatesPath, &all); err != nil {
		return err
	}
	w.templates.byID = map[string]nst{}
	for _, t := range all {
		w.templates.byID[t.ID] = t
	}
	for id := range w.templates.annexes {
		if _, there := w.templates.byID[id]; !there {
			delete(w.templates.annexes, id)
		}
	}
	return nil
}

// annexOf returns the annex of a template, nil if it has none. It is read again when
// the template has another revision.
func (w *Watcher) annexOf(ctx context.Context, id string) (*descriptor.Document, error) {
	t, there := w.templates.byID[id]
	if !there {
		// The list may lack it by accident; then it must not look as if it had no annex.
		if err := w.osm.Get(ctx, templatesPath+"/"+url.PathEscape(id), &t); err != nil {
			return nil, passing(fmt.Errorf("template of the slice: %w", err))
		}
	}
	revision := t.Admin.Revision.String()
	if a, known := w.templates.annexes[id]; known && a.revision == revision {
		return a.doc, a.err
	}
	text, err := w.osm.File(ctx, templatesPath+"/"+url.PathEscape(id)+annexPath)
	a := annex{revision: revision}
	switch kind := slice.KindOf(err); {
	case err == nil:
		a.doc, a.err = descriptor.Read("annex of "+t.Of, text, descriptor.Limits{})
	case kind != slice.NotFound && kind != slice.Invalid: // a bare template has no artifacts: 400
		return nil, passing(err)
	}
	if w.templates.annexes == nil {
		w.templates.annexes = map[string]annex{}
	}
	w.templates.annexes[id] = a
	return a.doc, a.err
}

// document makes a document of JSON that OSM keeps: without what OSM adds.
func document(name, envelope string, text json.RawMessage) (*descriptor.Document, error) {
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		return nil, slice.Errorf(slice.Invalid, "%s: %w", name, err)
	}
	return written(name, map[string]any{envelope: []any{bare(v)}})
}

// written makes a document of a value. YAML gives complaints a line that a reader
// can find.
func written(name string, v any) (*descriptor.Document, error) {
	text, err := descriptor.YAML(v)
	if err != nil {
		return nil, err
	}
	return descriptor.Read(name, text, descriptor.Limits{})
}

// bare drops the keys that OSM adds to a descriptor (_id, _admin, …), at any depth.
func bare(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, x := range v {
			if !strings.HasPrefix(k, "_") {
				out[k] = bare(x)
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = bare(x)
		}
		return out
	default:
		return v
	}
}
