package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// schema returns the schema of a node, closed: what the model lacks is refused.
func schema(n *node, id, title, source string) object {
	m := maker{seen: map[string]int{}, scalars: map[string]bool{}, named: map[string]string{}}
	m.count(n, n.name)
	body := m.container(n, n.name)
	out := object{
		{"$schema", "http://json-schema.org/draft-07/schema#"},
		{"$id", id},
		{"title", title},
		{"$comment", "Made by tools/yangtree out of the tree of " + source + ". x-key names what tells the elements of a list apart."},
	}
	out = append(out, body...)
	var definitions object
	for _, name := range slices.Sorted(maps.Keys(m.scalars)) {
		definitions = append(definitions, member{name, scalars[name]})
	}
	return append(out, member{"definitions", append(definitions, m.definitions...)})
}

// A maker makes schemas of nodes. Objects that occur again become definitions.
type maker struct {
	seen        map[string]int    // how often an object occurs; nil: write everything out
	named       map[string]string // an object's name, once it is defined
	definitions object
	scalars     map[string]bool
}

// count counts the objects below a node.
func (m *maker) count(n *node, path string) {
	for _, child := range n.nodes {
		here := path + "/" + child.name
		if child.typ == "" {
			m.seen[whole(child, here)]++
		}
		m.count(child, here)
	}
}

// whole returns the schema of a node as text, with everything written out.
func whole(n *node, path string) string {
	m := maker{scalars: map[string]bool{}}
	return compact(m.container(n, path))
}

// value returns the schema of what a node holds, without its list.
func (m *maker) value(n *node, path string) object {
	if n.typ != "" {
		return m.leaf(n, path)
	}
	o := m.container(n, path)
	if m.seen == nil {
		return o
	}
	text := whole(n, path)
	if m.seen[text] < 2 || len(text) < 60 {
		return o
	}
	name, ok := m.named[text]
	if !ok {
		name = m.free(n.name)
		m.named[text] = name
		m.definitions = append(m.definitions, member{name, o})
	}
	return ref(name)
}

// free returns a name that no definition has.
func (m *maker) free(name string) string {
	taken := func(name string) bool {
		return scalars[name] != nil || slices.ContainsFunc(m.definitions, func(d member) bool { return d.key == name })
	}
	if !taken(name) {
		return name
	}
	for i := 2; ; i++ {
		if next := fmt.Sprintf("%s-%d", name, i); !taken(next) {
			return next
		}
	}
}

// container returns the schema of an object with the children of a node.
func (m *maker) container(n *node, path string) object {
	fact := known[path]
	var properties object
	for _, child := range n.nodes {
		here := path + "/" + child.name
		s := m.value(child, here)
		if child.mark == "*" {
			s = list(child, s, known[here].single)
		}
		properties = append(properties, member{child.name, s})
		if also := known[here].also; also != "" {
			properties = append(properties, member{also, s})
		}
	}
	out := object{{"type", "object"}}
	if required := append(slices.Clone(n.keys), fact.required...); len(required) > 0 {
		out = append(out, member{"required", required})
	}
	out = append(out, member{"properties", properties}, member{"additionalProperties", false})
	if fact.unless != "" {
		out = append(out,
			member{"if", object{{"required", []string{fact.unless}}}},
			member{"else", object{{"required", fact.then}}})
	}
	return out
}

// list returns the schema of a list. A single element may stand for it if OSM
// takes that.
func list(n *node, items object, single bool) object {
	out := object{{"type", "array"}}
	if single {
		out[0].value = []string{"array", "string"}
	}
	if len(n.keys) > 0 {
		out = append(out, member{"x-key", n.keys})
	}
	return append(out, member{"items", items})
}

// leaf returns the schema of a scalar.
func (m *maker) leaf(n *node, path string) object {
	if fact := known[path]; fact.schema != nil {
		return fact.schema
	}
	steps := strings.Split(path, "/")
	inPlace := strings.Join(steps[len(steps)-2:], "/")
	words := cmp.Or(wordsOf(inPlace), wordsOf(n.typ))
	switch {
	case words != "" && n.typ == "identityref":
		return object{{"type", "string"}, {"pattern", "^([a-z0-9-]+:)?(" + words + ")$"}}
	case words != "":
		return object{{"enum", strings.Split(words, "|")}}
	}
	name := scalarOf(n.typ)
	if n.mark == "*" && name == "text" {
		return object{{"type", "string"}} // OSM converts the elements of no list
	}
	m.scalars[name] = true
	return ref(name)
}

func wordsOf(name string) string { return strings.Join(words[name], "|") }

func ref(name string) object { return object{{"$ref", "#/definitions/" + name}} }

// scalarOf returns the definition of a YANG type. A reference is text.
func scalarOf(typ string) string {
	typ = strings.ReplaceAll(typ, ":", "-")
	if name, ok := aliases[typ]; ok {
		return name
	}
	if _, ok := scalars[typ]; ok {
		return typ
	}
	return "text"
}
