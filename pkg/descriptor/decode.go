package descriptor

import (
	"encoding"
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
)

// FromYAML reads one document into the value that v points to, by its JSON
// tags and with the default limits. Unknown keys are refused.
func FromYAML(name string, data []byte, v any) error {
	doc, err := Read(name, data, Limits{})
	if err != nil {
		return err
	}
	d := decoder{}
	d.decode(doc.root, reflect.ValueOf(v), "")
	return d.problems.Err()
}

// decoder fills Go values from nodes by their JSON tags. It is not
// encoding/json because that forgets where a value stood.
type decoder struct {
	tolerant bool // ignore unknown keys
	loose    bool // take true and false for text, as OSM does
	problems Problems
}

// decode fills v. Nothing (null) leaves it as it is. A number is taken as text
// and a quoted number or boolean as what it says: OSM's users write both.
func (d *decoder) decode(n *node, v reflect.Value, path string) {
	if n.form == null {
		return
	}
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		if !d.decodeItself(n, v.Interface(), path) {
			d.decode(n, v.Elem(), path)
		}
		return
	}
	if v.CanAddr() && d.decodeItself(n, v.Addr().Interface(), path) {
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		d.decodeStruct(n, v, path)
	case reflect.Map:
		d.decodeMap(n, v, path)
	case reflect.Slice:
		d.decodeList(n, v, path)
	default:
		d.decodeScalar(n, v, path)
	}
}

// decodeItself lets a type decode itself if it can.
func (d *decoder) decodeItself(n *node, v any, path string) bool {
	var err error
	switch v := v.(type) {
	case encoding.TextUnmarshaler:
		if n.form != text && n.form != number {
			d.wanted(text, n, path)
			return true
		}
		err = v.UnmarshalText([]byte(n.text))
	case json.Unmarshaler:
		var data []byte
		if data, err = json.Marshal(n.value()); err == nil {
			err = v.UnmarshalJSON(data)
		}
	default:
		return false
	}
	if err != nil {
		d.problems.add(RuleType, n.at, path, "", "%s: %s", quote(n.text), err)
	}
	return true
}

func (d *decoder) decodeStruct(n *node, v reflect.Value, path string) {
	if n.form != mapping {
		d.wanted(mapping, n, path)
		return
	}
	fields := map[string]reflect.Value{}
	collect(v, fields)
	for _, e := range n.entries {
		field, ok := fields[e.key]
		if !ok && !d.tolerant {
			d.problems.add(RuleUnknownKey, e.at, join(path, e.key), "remove it or correct its name", "unknown key %s", quote(e.key))
		}
		if ok {
			d.decode(e.value, field, join(path, e.key))
		}
	}
}

// collect finds the fields of a struct by their JSON names. Embedded structs
// without a name of their own count as part of it.
func collect(v reflect.Value, fields map[string]reflect.Value) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct:
			collect(v.Field(i), fields)
		case name == "-" || !f.IsExported():
		case name == "":
			fields[f.Name] = v.Field(i)
		default:
			fields[name] = v.Field(i)
		}
	}
}

func (d *decoder) decodeMap(n *node, v reflect.Value, path string) {
	if n.form != mapping {
		d.wanted(mapping, n, path)
		return
	}
	m := reflect.MakeMapWithSize(v.Type(), len(n.entries))
	for _, e := range n.entries {
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		d.decode(&node{form: text, text: e.key, at: e.at}, key, path)
		d.decode(e.value, value, join(path, e.key))
		m.SetMapIndex(key, value)
	}
	v.Set(m)
}

func (d *decoder) decodeList(n *node, v reflect.Value, path string) {
	if n.form != list {
		d.wanted(list, n, path)
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(n.items), len(n.items)))
	for i, item := range n.items {
		d.decode(item, v.Index(i), element(path, i))
	}
}

func (d *decoder) decodeScalar(n *node, v reflect.Value, path string) {
	var err error
	switch {
	case v.Kind() == reflect.Interface && v.NumMethod() == 0:
		v.Set(reflect.ValueOf(n.value()))
	case v.Kind() == reflect.String && (n.form == text || n.form == number || d.loose && n.form == boolean):
		v.SetString(n.text)
	case v.Kind() == reflect.String:
		d.wanted(text, n, path)
	case v.Kind() == reflect.Bool && (n.form == boolean || n.text == "true" || n.text == "false"):
		v.SetBool(n.number == "true" || n.text == "true")
	case v.Kind() == reflect.Bool:
		d.wanted(boolean, n, path)
	case n.form != number && n.form != text:
		d.wanted(number, n, path)
	case v.CanInt():
		var i int64
		i, err = strconv.ParseInt(n.digits(), 10, v.Type().Bits())
		v.SetInt(i)
	case v.CanUint():
		var u uint64
		u, err = strconv.ParseUint(n.digits(), 10, v.Type().Bits())
		v.SetUint(u)
	case v.CanFloat():
		var f float64
		f, err = strconv.ParseFloat(n.digits(), v.Type().Bits())
		v.SetFloat(f)
	default:
		d.problems.add(RuleType, n.at, path, "", "no value of type %s can be written here", v.Type())
	}
	if err != nil {
		d.problems.add(RuleType, n.at, path, "", "%s is not a number of type %s", quote(n.text), v.Type())
	}
}

// digits returns a number in decimal, also of one that was quoted.
func (n *node) digits() string {
	if n.form == number {
		return n.number
	}
	return n.text
}

func (d *decoder) wanted(want Form, n *node, path string) {
	d.problems.add(RuleType, n.at, path, "", "%s is wanted here, this is %s", want, n.form)
}
