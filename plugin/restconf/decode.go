package restconf

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Decode fills v, a pointer to a struct, from what Read returned. Fields are found
// by their json tags, those of embedded structs as well. What v has no place for, or
// a place of another type, is refused with its path; path is that of tree. A type
// with an UnmarshalJSON of its own is asked.
//
// A list is a slice of structs. The tag key names the leaves that are its key, as in
// `json:"site" key:"site-id"`: an entry without one, and a second one with the
// same, is refused. A node with the tag config:"false" is state: there may be a path
// to it, and nobody writes it.
func Decode(tree map[string]any, path string, v any) error {
	return fill(reflect.ValueOf(v).Elem(), tree, path, nil)
}

func fill(to reflect.Value, from any, path string, keys []string) error {
	if u, ok := to.Addr().Interface().(json.Unmarshaler); ok {
		return ask(u, from, path)
	}
	switch to.Kind() {
	case reflect.Pointer:
		to.Set(reflect.New(to.Type().Elem()))
		return fill(to.Elem(), from, path, nil)
	case reflect.Struct:
		return fillStruct(to, from, path)
	case reflect.Slice:
		return fillSlice(to, from, path, keys)
	case reflect.String:
		s, ok := from.(string)
		if !ok {
			return Errorf(InvalidValue, path, "%s is not a text", shown(from))
		}
		to.SetString(s)
	case reflect.Bool:
		b, ok := from.(bool)
		if !ok {
			return Errorf(InvalidValue, path, "%s is neither true nor false", shown(from))
		}
		to.SetBool(b)
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return fillNumber(to, from, path)
	default:
		return fmt.Errorf("%s: nothing can be read into a %s", path, to.Type())
	}
	return nil
}

func ask(u json.Unmarshaler, from any, path string) error {
	text, err := json.Marshal(from)
	if err != nil {
		return Errorf(InvalidValue, path, "%s", err)
	}
	if err := u.UnmarshalJSON(text); err != nil {
		return At(path, Errorf(InvalidValue, "", "%s", err))
	}
	return nil
}

func fillStruct(to reflect.Value, from any, path string) error {
	object, ok := from.(map[string]any)
	if !ok {
		return Errorf(InvalidValue, path, "%s is not an object", shown(from))
	}
	places := Nodes(to.Type())
	for _, name := range sortedNames(object) {
		here := path + "/" + name
		f, known := places[name]
		if !known {
			return Errorf(UnknownElement, here, "there is no such node here, or it is not taken")
		}
		if f.Tag.Get("config") == "false" {
			return Errorf(InvalidValue, here, "it is state, which nobody writes")
		}
		if err := fill(to.FieldByIndex(f.Index), object[name], here, KeysOf(f)); err != nil {
			return err
		}
	}
	return nil
}

func fillSlice(to reflect.Value, from any, path string, keys []string) error {
	list, ok := from.([]any)
	if !ok {
		return Errorf(InvalidValue, path, "%s is not an array", shown(from))
	}
	seen := map[string]bool{}
	out := reflect.MakeSlice(to.Type(), len(list), len(list))
	for i, item := range list {
		here, err := entry(path, i, item, keys)
		if err != nil {
			return err
		}
		if seen[here] {
			return Errorf(BadElement, here, "it is there twice")
		}
		seen[here] = true
		if err := fill(out.Index(i), item, here, nil); err != nil {
			return err
		}
	}
	to.Set(out)
	return nil
}

// entry returns the path of an entry of a list: by its keys, or by its place.
func entry(path string, i int, item any, keys []string) (string, error) {
	here := fmt.Sprintf("%s[%d]", path, i+1)
	object, _ := item.(map[string]any)
	if object == nil || len(keys) == 0 {
		return here, nil
	}
	var named strings.Builder
	for _, key := range keys {
		value, given := object[key]
		if !given {
			return "", Errorf(MissingElement, here, "the key %s is missing", key)
		}
		text := fmt.Sprint(value)
		if len(text) > maxKey { // it stands in the path of all that is in the entry
			return "", Errorf(InvalidValue, here, "the key %s has more than %d bytes", key, maxKey)
		}
		fmt.Fprintf(&named, "[%s=%s]", key, quoted(text))
	}
	return path + named.String(), nil
}

// quoted writes a text as XPath has it, which knows no escapes.
func quoted(s string) string {
	if strings.Contains(s, "'") {
		return `"` + s + `"`
	}
	return "'" + s + "'"
}

// fillNumber reads a number; of 64 bits, it is a text (RFC 7951, section 6.1), and a
// number is taken all the same.
func fillNumber(to reflect.Value, from any, path string) error {
	bits := to.Type().Bits()
	text, _ := from.(string)
	if n, ok := from.(json.Number); ok {
		text = n.String()
	} else if bits < 64 {
		return Errorf(InvalidValue, path, "%s is not a number", shown(from))
	}
	n, err := strconv.ParseUint(text, 10, bits)
	if err != nil {
		return Errorf(InvalidValue, path, "%s is not a whole number up to %d", shown(from), uint64(math.MaxUint64)>>(64-bits))
	}
	to.SetUint(n)
	return nil
}

// Nodes returns the fields of a struct by the names of their nodes.
func Nodes(t reflect.Type) map[string]reflect.StructField {
	out := map[string]reflect.StructField{}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.IsExported() && name != "" && name != "-" {
			out[name] = f
		}
	}
	return out
}

// KeysOf returns the leaves that are the key of a list.
func KeysOf(f reflect.StructField) []string { return strings.Fields(f.Tag.Get("key")) }

func sortedNames(m map[string]any) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// shown shortens what somebody sent.
func shown(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return "the value"
	}
	return fmt.Sprintf("%.64s", text)
}

// A Uint64 is written as YANG's JSON has numbers of 64 bits: as a text (RFC 7951,
// section 6.1).
type Uint64 uint64

// MarshalText writes the digits.
func (n Uint64) MarshalText() ([]byte, error) { return strconv.AppendUint(nil, uint64(n), 10), nil }

// UnmarshalText reads what MarshalText wrote.
func (n *Uint64) UnmarshalText(text []byte) error {
	v, err := strconv.ParseUint(string(text), 10, 64)
	*n = Uint64(v)
	return err
}
