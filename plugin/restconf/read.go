package restconf

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Limits of a body beside its bytes.
const (
	MaxDepth = 32     // objects and arrays within each other
	MaxNodes = 20_000 // values in all
)

// Read reads one JSON object as YANG's encoding has it (RFC 7951): names may have
// a module in front, which at the top must be there, and nowhere may be another
// than the one that is meant. Keys come without it: what is returned has objects
// (map[string]any), arrays ([]any), texts, json.Number, bool and nil. Refused, with
// the path, are names that come twice, deep nesting, and what is not JSON.
func Read(body []byte, module string) (map[string]any, error) {
	if !utf8.Valid(body) {
		return nil, Errorf(Malformed, "", "the body is not UTF-8")
	}
	r := reader{d: json.NewDecoder(bytes.NewReader(body)), module: module}
	r.d.UseNumber()
	value, err := r.value("", 0)
	if err != nil {
		return nil, err
	}
	if _, err := r.d.Token(); !errors.Is(err, io.EOF) {
		return nil, Errorf(Malformed, "", "something stands behind the JSON value")
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil, Errorf(Malformed, "", "the body is not a JSON object")
	}
	return object, nil
}

// A reader builds values out of tokens.
type reader struct {
	d      *json.Decoder
	module string
	nodes  int
}

func (r *reader) value(path string, depth int) (any, error) {
	token, err := r.d.Token()
	if err != nil {
		return nil, malformed(path, err)
	}
	if r.nodes++; r.nodes > MaxNodes {
		return nil, Errorf(TooBig, path, "the body has more than %d values", MaxNodes)
	}
	delim, nested := token.(json.Delim)
	switch {
	case !nested:
		return token, text(path, token)
	case depth >= MaxDepth:
		return nil, Errorf(TooBig, path, "nested deeper than %d", MaxDepth)
	case delim == '{':
		return r.object(path, depth)
	default:
		return r.array(path, depth)
	}
}

func malformed(path string, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return Errorf(Malformed, path, "the body ends too early")
	}
	return Errorf(Malformed, path, "not JSON: %s", err)
}

func (r *reader) object(path string, depth int) (map[string]any, error) {
	out := map[string]any{}
	for r.d.More() {
		token, err := r.d.Token()
		if err != nil {
			return nil, malformed(path, err)
		}
		given, _ := token.(string) // else there would be an error
		name, err := r.name(path, given, depth)
		if err != nil {
			return nil, err
		}
		here := path + "/" + name
		if depth == 0 {
			here = "/" + r.module + ":" + name
		}
		if _, twice := out[name]; twice {
			return nil, Errorf(Malformed, here, "it is there twice")
		}
		if out[name], err = r.value(here, depth+1); err != nil {
			return nil, err
		}
	}
	_, err := r.d.Token()
	if err != nil {
		return nil, malformed(path, err)
	}
	return out, nil
}

// name takes the module off a name.
func (r *reader) name(path, given string, depth int) (string, error) {
	module, name, qualified := strings.Cut(given, ":")
	if !qualified {
		name = given
	}
	switch {
	case !isName(name):
		return "", Errorf(UnknownElement, path, "%.64q is not the name of a node", given)
	case !qualified && depth == 0:
		return "", Errorf(UnknownNamespace, path, "%.64q stands at the top without its module: write %s:%s", given, r.module, name)
	case qualified && module != r.module:
		return "", Errorf(UnknownNamespace, path, "%.64q is not of the module %s", given, r.module)
	}
	return name, nil
}

func (r *reader) array(path string, depth int) ([]any, error) {
	out := []any{}
	for r.d.More() {
		v, err := r.value(fmt.Sprintf("%s[%d]", path, len(out)+1), depth+1)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	if _, err := r.d.Token(); err != nil {
		return nil, malformed(path, err)
	}
	return out, nil
}

// text refuses characters that no text of YANG has (RFC 7950, section 9.4).
func text(path string, token json.Token) error {
	if s, ok := token.(string); ok && !isText(s) {
		return Errorf(InvalidValue, path, "the text has characters that are not allowed")
	}
	return nil
}

func isText(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF
	})
}
