package nss

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/l2sces/l2sces/plugin/restconf"
	"github.com/l2sces/l2sces/plugin/service"
)

// Where the entries of the two lists are kept.
const (
	serviceNote  = "service/"
	templateNote = "template/"
)

// A part is what of an account's document an order concerns: the templates, and some
// of the slice services or all.
type part struct {
	tree restconf.Tree
	had  map[string][]byte // notes that it is made of
	all  bool
}

// partOf returns the part for a path and a body; a body may be nil.
func partOf(tx *service.Tx, steps []restconf.Step, body map[string]any) (*part, error) {
	p := &part{had: map[string][]byte{}}
	ids, some := concerned(steps, body)
	p.all = !some
	var list, patterns []any
	for _, note := range tx.Notes() {
		id, isService := strings.CutPrefix(note, serviceNote)
		if isService && some && !slices.Contains(ids, id) {
			continue
		}
		text := tx.Note(note)
		var entry map[string]any
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		if err := d.Decode(&entry); err != nil {
			return nil, fmt.Errorf("read note %s: %w", note, err)
		}
		p.had[note] = text
		if isService {
			list = append(list, entry)
		} else {
			patterns = append(patterns, entry)
		}
	}
	top := map[string]any{}
	if len(list) > 0 {
		top["slice-service"] = list
	}
	if len(patterns) > 0 {
		top["slo-sle-templates"] = map[string]any{"slo-sle-template": patterns}
	}
	p.tree = restconf.Tree{Module: module, Form: reflect.TypeFor[document](), Data: map[string]any{"network-slice-services": top}}
	return p, nil
}

// concerned returns the slice services that an order is about. An order about the
// templates, or about everything, is about all.
func concerned(steps []restconf.Step, body map[string]any) (ids []string, some bool) {
	if len(steps) < 2 {
		list, ok := body["slice-service"].([]any)
		for _, entry := range list {
			object, _ := entry.(map[string]any)
			id, _ := object["id"].(string)
			ids = append(ids, id)
		}
		return ids, ok && len(steps) == 1
	}
	if steps[1].Name == "slice-service" && steps[1].Keys != nil {
		return steps[1].Keys, true
	}
	return nil, false
}

// count returns how many notes there are of one kind.
func count(tx *service.Tx, prefix string) (n int) {
	for _, name := range tx.Notes() {
		if strings.HasPrefix(name, prefix) {
			n++
		}
	}
	return n
}

// document decodes what is there after an order.
func (p *part) document() (document, error) {
	var doc document
	err := p.tree.Fill(&doc)
	return doc, err
}

// tag returns the entity tag of a node, empty if it is not there.
func (p *part) tag(steps []restconf.Step) (string, error) {
	there, err := p.tree.Get(steps)
	if err != nil {
		return "", nil //nolint:nilerr // it is not there, or is only a state
	}
	sum := sha256.New()
	if len(steps) == 1 {
		p.sum(sum)
	} else if err := json.NewEncoder(sum).Encode(there); err != nil {
		return "", err
	}
	return `"` + hex.EncodeToString(sum.Sum(nil)[:12]) + `"`, nil
}

// sum adds all notes, which is quicker than to write all of the document.
func (p *part) sum(sum hash.Hash) {
	for _, name := range slices.Sorted(maps.Keys(p.had)) {
		sum.Write([]byte(strconv.Quote(name)))
		sum.Write(p.had[name])
	}
}

// notes writes the document as notes.
func (doc *document) notes() (map[string][]byte, error) {
	notes := map[string][]byte{}
	if doc.Services == nil {
		return notes, nil
	}
	for _, s := range doc.Services.Services {
		text, err := json.Marshal(s)
		if err != nil {
			return nil, err
		}
		notes[serviceNote+s.ID] = text
	}
	for _, t := range doc.templates() {
		text, err := json.Marshal(t)
		if err != nil {
			return nil, err
		}
		notes[templateNote+t.ID] = text
	}
	return notes, nil
}

func (doc *document) templates() []template {
	if doc.Services == nil || doc.Services.Templates == nil {
		return nil
	}
	return doc.Services.Templates.Templates
}

// unquote reads a JSON text.
func unquote(text []byte) (string, error) {
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return "", fmt.Errorf("%.64s is not a text", text)
	}
	return s, nil
}
