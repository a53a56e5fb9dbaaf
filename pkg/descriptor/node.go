package descriptor

import (
	"encoding/json"
	"strconv"
	"strings"
)

// A Form is what a value is.
type Form uint8

// The forms, and what a complaint calls them.
const (
	null Form = iota
	text
	number
	boolean
	list
	mapping
)

// String returns what a complaint calls the form.
func (f Form) String() string {
	return [...]string{"nothing", "text", "a number", "true or false", "a list", "a mapping"}[f]
}

// A node is a checked value with its place. It knows no YAML any more.
type node struct {
	form    Form
	text    string // of a scalar, as written
	number  string // of a number, as JSON writes it
	at      Position
	items   []*node // of a list
	entries []entry // of a mapping
}

type entry struct {
	key   string
	at    Position // of the key
	value *node
}

// get returns the value of a key, or nil.
func (n *node) get(key string) *node {
	for _, e := range n.entries {
		if e.key == key {
			return e.value
		}
	}
	return nil
}

// scalar returns the text of a key's value, or nothing.
func (n *node) scalar(key string) string {
	if v := n.get(key); v != nil {
		return v.text
	}
	return ""
}

// find follows a path as far as it leads, and reports whether it led to its
// end.
func (n *node) find(path string) (*node, bool) {
	for _, step := range strings.FieldsFunc(path, func(r rune) bool { return r == '.' || r == '[' || r == ']' }) {
		next := n.get(step)
		if i, err := strconv.Atoi(step); n.form == list && err == nil && i >= 0 && i < len(n.items) {
			next = n.items[i]
		}
		if next == nil {
			return n, false
		}
		n = next
	}
	return n, true
}

// value returns what encoding/json would have made of the node.
func (n *node) value() any {
	switch n.form {
	case mapping:
		m := make(map[string]any, len(n.entries))
		for _, e := range n.entries {
			m[e.key] = e.value.value()
		}
		return m
	case list:
		l := make([]any, len(n.items))
		for i, item := range n.items {
			l[i] = item.value()
		}
		return l
	case number:
		return json.Number(n.number)
	case boolean:
		return n.number == "true"
	case text:
		return n.text
	default:
		return nil
	}
}
