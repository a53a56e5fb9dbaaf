package vpls

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"

	"github.com/l2sces/l2sces/pkg/slice"
)

// This file reads JSON (RFC 8259) in place: of a document with thousands of ports,
// which is written again for every service, almost nothing is ours, and that goes
// out as it came in. All of it but check takes text that check has passed.

// maxDepth is how deep a document may nest. What we read nests nine deep.
const maxDepth = 32

// check reports what is no single value of JSON, nests too deep, or has a key twice.
func check(text []byte) error {
	switch {
	case !utf8.Valid(text):
		return slice.Errorf(slice.Invalid, "body: not UTF-8")
	case !json.Valid(text):
		var v json.RawMessage
		return slice.Errorf(slice.Invalid, "body: %w", json.Unmarshal(text, &v))
	}
	_, err := walk(text, space(text, 0), 0)
	return err
}

// walk looks at the value that begins at a place, and returns where it ends.
func walk(text []byte, at, depth int) (int, error) {
	if text[at] != '{' && text[at] != '[' {
		return skip(text, at), nil
	}
	if depth == maxDepth {
		return at, slice.Errorf(slice.Invalid, "body: nested deeper than %d", maxDepth)
	}
	var seen keys
	return each(text, at, func(key []byte, at int) (int, error) {
		if key != nil && !seen.add(unquoted(key)) {
			return at, slice.Errorf(slice.Invalid, "body: key %.64q is there twice", unquoted(key))
		}
		return walk(text, at, depth+1)
	})
}

// keys are those of one object: most have few.
type keys struct {
	few [6]string
	n   int
	set map[string]bool
}

// add reports whether a key is new.
func (k *keys) add(key string) bool {
	if k.n < len(k.few) {
		for _, other := range k.few[:k.n] {
			if other == key {
				return false
			}
		}
		k.few[k.n] = key
		k.n++
		return true
	}
	if k.set == nil {
		k.set = map[string]bool{}
		for _, other := range k.few {
			k.set[other] = true
		}
	}
	if k.set[key] {
		return false
	}
	k.set[key] = true
	return true
}

// each calls f for the elements of the object or list that begins at a place: with
// the key, in quotes, of a member (nil in a list), and where the value begins. f
// returns where it ends, and each where the whole ends.
func each(text []byte, at int, f func(key []byte, at int) (int, error)) (int, error) {
	object := text[at] == '{'
	at = space(text, at+1)
	for text[at] != '}' && text[at] != ']' {
		var key []byte
		if object {
			end := quoted(text, at)
			key = text[at:end]
			at = space(text, space(text, end)+1) // behind the colon
		}
		var err error
		if at, err = f(key, at); err != nil {
			return at, err
		}
		if at = space(text, at); text[at] == ',' {
			at = space(text, at+1)
		}
	}
	return at + 1, nil
}

// skip returns where a value ends.
func skip(text []byte, at int) int {
	for depth := 0; ; {
		switch text[at] {
		case '"':
			at = quoted(text, at)
		case '{', '[':
			depth++
			at++
		case '}', ']':
			depth--
			at++
		case ',', ':', ' ', '\n', '\t', '\r':
			at++
			continue
		default:
			for at < len(text) && inWord(text[at]) {
				at++
			}
		}
		if depth == 0 {
			return at
		}
	}
}

// inWord reports whether a byte belongs to a number or a literal.
func inWord(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c == '.' || c == '-' || c == '+' || c == 'E'
}

// quoted returns where a text ends, with its quotes.
func quoted(text []byte, at int) int {
	for at++; text[at] != '"'; at++ {
		if text[at] == '\\' {
			at++
		}
	}
	return at + 1
}

// space returns the first place that is no white space.
func space(text []byte, at int) int {
	for at < len(text) && (text[at] == ' ' || text[at] == '\n' || text[at] == '\t' || text[at] == '\r') {
		at++
	}
	return at
}

// unquoted returns what a text says.
func unquoted(text []byte) string {
	if bytes.IndexByte(text, '\\') < 0 {
		return string(text[1 : len(text)-1])
	}
	var s string
	_ = json.Unmarshal(text, &s) // check has passed it
	return s
}

// A member of an object has its key in quotes, and its value, as they were written.
type member struct{ key, value []byte }

// An object is one whose members are kept in their order.
type object []member

// is reports whether a member has a key.
func (m member) is(key string) bool {
	in := m.key[1 : len(m.key)-1]
	return string(in) == key || bytes.IndexByte(in, '\\') >= 0 && unquoted(m.key) == key
}

// get returns a value, nil if there is none.
func (o object) get(key string) []byte {
	for _, m := range o {
		if m.is(key) {
			return m.value
		}
	}
	return nil
}

// with returns the object with a value in its place, or at the end.
func (o object) with(key string, value []byte) object {
	for i, m := range o {
		if m.is(key) {
			o[i].value = value
			return o
		}
	}
	quoted, _ := json.Marshal(key) // a text, which cannot fail
	return append(o, member{quoted, value})
}

// text returns the object as JSON.
func (o object) text() []byte {
	size := 2
	for _, m := range o {
		size += len(m.key) + len(m.value) + 2
	}
	out := append(make([]byte, 0, size), '{')
	for i, m := range o {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(append(out, m.key...), ':'), m.value...)
	}
	return append(out, '}')
}
