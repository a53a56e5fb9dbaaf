// Package descriptor reads what OSM's users write: network slice templates,
// descriptors of network services and functions, the annex of a template and
// the parameters of an instantiation. It is strict, and every complaint names
// file, line, column, rule and remedy. It gives typed values, and a view that
// keeps places for those who judge; what they mean for a slice is decided in
// package translate. It is the only owner of the YAML library, so other
// packages read and write their own files through FromYAML and YAML.
//
//	doc, err := descriptor.Read("nst.yaml", data, descriptor.Limits{})
package descriptor

import (
	"fmt"
)

// Limits bound what is read. A zero field means its default.
type Limits struct {
	Bytes int // of the file: 1 MiB
	Depth int // of nested mappings and lists: 64
	Keys  int // of one mapping: 1,000
	Nodes int // values, mappings and lists together: 100,000
}

func (l Limits) withDefaults() Limits {
	for _, f := range []struct {
		field *int
		value int
	}{{&l.Bytes, 1 << 20}, {&l.Depth, 64}, {&l.Keys, 1000}, {&l.Nodes, 100_000}} {
		if *f.field <= 0 {
			*f.field = f.value
		}
	}
	return l
}

// A Document is one YAML document that kept where everything stands.
type Document struct {
	name string
	root *node
}

// Read reads one document of plain YAML: no second document, no anchors and
// aliases, no tags of its own, no duplicate keys, nothing beyond the limits.
// The name is what complaints call the file.
func Read(name string, data []byte, limits Limits) (*Document, error) {
	root, problems := parse(name, data, limits.withDefaults())
	if len(problems) > 0 {
		return nil, problems.Err()
	}
	return &Document{name: name, root: root}, nil
}

// Name returns the name of the file.
func (d *Document) Name() string { return d.name }

// At returns where the value of a path such as `nst[0].netslice-vld[2].id`
// stands. Where there is no such value it is the nearest one above it.
func (d *Document) At(path string) Position {
	n, _ := d.root.find(path)
	return n.at
}

// Has reports whether there is a value at a path.
func (d *Document) Has(path string) bool {
	_, ok := d.root.find(path)
	return ok
}

// Problem makes a complaint about the value at a path.
func (d *Document) Problem(path, remedy, format string, args ...any) Problem {
	return Problem{Position: d.At(path), Path: path, Message: fmt.Sprintf(format, args...), Remedy: remedy}
}
