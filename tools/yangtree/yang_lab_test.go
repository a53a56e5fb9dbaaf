//go:build lab

package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// yangModule writes one of our schemas as a YANG module, so that another
// program than ours can judge by it. It knows what we know and no more: a fault
// of the schema is a fault of the module. What the two have apart is the judge.
func yangModule(t *testing.T, name string, schema []byte) string {
	t.Helper()
	var s schemaNode
	if err := json.Unmarshal(schema, &s); err != nil {
		t.Fatal(err)
	}
	w := yangWriter{definitions: s.Definitions}
	w.printf("module l2sces-%s {\n  yang-version 1.1;\n  namespace \"urn:l2sces:%s\";\n  prefix m;\n", name, name)
	w.printf("  import ietf-inet-types { prefix inet; }\n")
	body := &s
	if name != "vnfd" {
		body = &schemaNode{Type: "array", Key: []string{"id"}, Items: &s}
	}
	w.node(name, body, false)
	w.printf("}\n")
	return w.out.String()
}

// A schemaNode is a part of a JSON Schema.
type schemaNode struct {
	Ref         string                 `json:"$ref"`
	Type        any                    `json:"type"`
	Key         []string               `json:"x-key"`
	Enum        []string               `json:"enum"`
	Pattern     string                 `json:"pattern"`
	MinLength   int                    `json:"minLength"`
	MaxLength   int                    `json:"maxLength"`
	Required    []string               `json:"required"`
	Properties  map[string]*schemaNode `json:"properties"`
	Items       *schemaNode            `json:"items"`
	Definitions map[string]*schemaNode `json:"definitions"`
}

type yangWriter struct {
	out         strings.Builder
	definitions map[string]*schemaNode
}

func (w *yangWriter) printf(format string, args ...any) { fmt.Fprintf(&w.out, format, args...) }

// node writes a property as container, list, leaf or leaf-list.
func (w *yangWriter) node(name string, s *schemaNode, mandatory bool) {
	d := w.definitions[strings.TrimPrefix(s.Ref, "#/definitions/")]
	switch {
	case d != nil && d.Properties != nil:
		w.node(name, d, mandatory)
	case s.Properties != nil:
		w.printf("container %s {\n", name)
		w.properties(s)
		w.printf("}\n")
	case s.Items != nil && len(s.Key) > 0:
		items := s.Items
		if d := w.definitions[strings.TrimPrefix(items.Ref, "#/definitions/")]; d != nil {
			items = d
		}
		w.printf("list %s {\nkey \"%s\";\n", name, strings.Join(s.Key, " "))
		w.properties(items)
		w.printf("}\n")
	case s.Items != nil:
		w.printf("leaf-list %s { type %s }\n", name, w.typ(s.Items))
	default:
		w.printf("leaf %s { mandatory %v; type %s }\n", name, mandatory, w.typ(s))
	}
}

func (w *yangWriter) properties(s *schemaNode) {
	var names []string
	for name := range s.Properties {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		w.node(name, s.Properties[name], slices.Contains(s.Required, name))
	}
}

// typ returns a YANG type, with its end.
func (w *yangWriter) typ(s *schemaNode) string {
	name := strings.TrimPrefix(s.Ref, "#/definitions/")
	first, _ := s.Type.([]any)
	switch {
	case name == "text":
		return "string;"
	case name == "decimal64", len(first) > 0 && first[0] == "number":
		return "decimal64 { fraction-digits 9; }"
	case name == "ip-address", name == "ip-prefix":
		return "inet:" + name + ";"
	case name == "mac-address":
		return "string { pattern '[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}'; }"
	case name != "":
		return name + ";"
	case len(s.Enum) > 0:
		return "enumeration { enum " + strings.Join(s.Enum, "; enum ") + "; }"
	case s.Pattern != "":
		return "string { pattern '" + strings.TrimSuffix(strings.TrimPrefix(s.Pattern, "^"), "$") + "'; }"
	case s.MaxLength > 0:
		return fmt.Sprintf("string { length \"%d..%d\"; }", s.MinLength, s.MaxLength)
	default:
		return fmt.Sprintf("string { length \"%d..max\"; }", s.MinLength)
	}
}

// What yanglint refuses of the public modules and pyang, with which OSM builds,
// takes: references through deref(), and an augment of a choice without a case.
// And what functions without machines cannot keep, and OSM does not hold them to:
// that there is an image, a machine, an instantiation level of each flavour.
var (
	levels   = regexp.MustCompile(`must\s+"default-instantiation-level or[^;{]*(;|\{[^{}]*\})`)
	derefs   = regexp.MustCompile(`type\s+leafref\s*\{[^{}]*path\s+"deref\([^{}]*\}`)
	atLeast  = regexp.MustCompile(`min-elements\s+"?\d+"?;`)
	bareUses = regexp.MustCompile(`(augment\s+"[^"]*cp-connection"\s*\{\s*)(uses\s+[\w-]+;)`)
)

// adapt makes a public module one that yanglint reads.
func adapt(module []byte) []byte {
	module = derefs.ReplaceAll(module, []byte("type string;"))
	module = atLeast.ReplaceAll(module, nil)
	module = levels.ReplaceAll(module, nil)
	return bareUses.ReplaceAll(module, []byte("$1 case k8s-cluster-net { $2 }"))
}
