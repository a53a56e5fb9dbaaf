package kubetest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// SchemaName is the name of the file of one kind as kubeconform is told it by
// -schema-location, below the folder of WriteSchemas.
const SchemaName = "{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json"

// A kind as the server's documents name it.
type kind struct{ Group, Version, Kind string }

// WriteSchemas writes a JSON schema for each kind that the server knows, made
// from its own OpenAPI documents (/openapi/v3), custom resources included. They
// are strict: a field that is not in the schema is a fault.
func (s *Server) WriteSchemas(ctx context.Context, dir string) error {
	var index struct {
		Paths map[string]struct{ ServerRelativeURL string }
	}
	if err := s.read(ctx, "/openapi/v3", "", &index); err != nil {
		return err
	}
	for name, at := range index.Paths {
		if !strings.HasPrefix(name, "api") {
			continue // version, logs and the like
		}
		var document openapi
		if err := s.read(ctx, at.ServerRelativeURL, "", &document); err != nil {
			return err
		}
		for _, schema := range document.Components.Schemas {
			tighten(schema)
		}
		if err := document.write(dir); err != nil {
			return err
		}
	}
	return nil
}

// An openapi document, as far as it is of schemas.
type openapi struct {
	Components struct {
		Schemas map[string]map[string]any `json:"schemas"`
	} `json:"components"`
}

// write makes a file for each kind. It holds all schemas of the document that the
// kind's own needs, where its references look for them.
func (d openapi) write(dir string) error {
	for name, schema := range d.Components.Schemas {
		k, ok := kindOf(schema)
		if !ok {
			continue
		}
		needed := map[string]any{}
		d.gather(name, needed)
		text, err := json.Marshal(map[string]any{
			"allOf": []any{
				map[string]any{"$ref": "#/components/schemas/" + name},
				map[string]any{"properties": map[string]any{"kind": map[string]any{"enum": []any{k.Kind}}}},
			},
			"components": map[string]any{"schemas": needed},
		})
		if err != nil {
			return err
		}
		// kubeconform calls the group of what has none by its version.
		file := filepath.Join(dir, cmp.Or(k.Group, k.Version), strings.ToLower(k.Kind)+"_"+k.Version+".json")
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, text, 0o600)); err != nil {
			return err
		}
	}
	return nil
}

// gather collects a schema and those that it refers to.
func (d openapi) gather(name string, into map[string]any) {
	if _, ok := into[name]; ok {
		return
	}
	schema := d.Components.Schemas[name]
	into[name] = schema
	visit(schema, false, func(s map[string]any, _ bool) {
		if reference, ok := s["$ref"].(string); ok {
			d.gather(strings.TrimPrefix(reference, "#/components/schemas/"), into)
		}
	})
}

// kindOf returns the one kind that a schema is of. What belongs to many groups,
// such as DeleteOptions, is no object that somebody writes.
func kindOf(schema map[string]any) (kind, bool) {
	list, _ := schema["x-kubernetes-group-version-kind"].([]any)
	if len(list) != 1 {
		return kind{}, false
	}
	word := func(key string) string {
		m, _ := list[0].(map[string]any)
		s, _ := m[key].(string)
		return s
	}
	return kind{word("group"), word("version"), word("kind")}, true
}

// tighten turns the OpenAPI of Kubernetes into a JSON schema that knows no more
// than the server does: fields that are not listed are refused, unless the
// server keeps them, and what may be null says so.
func tighten(schema map[string]any) {
	visit(schema, false, func(s map[string]any, part bool) {
		if s["x-kubernetes-embedded-resource"] == true {
			s["x-kubernetes-preserve-unknown-fields"] = true
		}
		if _, ok := s["properties"]; ok && !part && s["additionalProperties"] == nil && s["x-kubernetes-preserve-unknown-fields"] != true {
			s["additionalProperties"] = false
		}
		if t, ok := s["type"].(string); ok && s["nullable"] == true {
			s["type"] = []any{t, "null"}
		}
		delete(s, "format") // int32 and double are no formats of JSON schema
		delete(s, "default")
	})
}

// visit calls f for a schema and for those within it, and says which are only
// part of another: a condition on fields that are listed elsewhere. A field that
// is called like a word of JSON schema is a property, not that word.
func visit(schema map[string]any, part bool, f func(schema map[string]any, part bool)) {
	f(schema, part)
	for _, word := range []string{"properties", "patternProperties"} {
		fields, _ := schema[word].(map[string]any)
		for _, field := range fields {
			if child, ok := field.(map[string]any); ok {
				visit(child, part, f)
			}
		}
	}
	for _, word := range []string{"items", "additionalProperties", "not"} {
		if child, ok := schema[word].(map[string]any); ok {
			visit(child, part || word == "not", f)
		}
	}
	for _, word := range []string{"allOf", "anyOf", "oneOf"} {
		branches, _ := schema[word].([]any)
		for _, branch := range branches {
			if child, ok := branch.(map[string]any); ok {
				visit(child, true, f)
			}
		}
	}
}
