package primitive

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// maxText is how many bytes a parameter can have that is no document.
const maxText = 4 << 10

// documents are parameters that hold a whole document.
var documents = []string{"intents", "osm-config"}

// Values are the parameters of a call, checked: every one has its default or a
// value of its type.
type Values struct{ text map[string]string }

// Text returns a parameter.
func (v Values) Text(name string) string { return v.text[name] }

// Number returns a parameter of type Number; one that is not given is 0.
func (v Values) Number(name string) uint32 {
	n, _ := strconv.ParseUint(v.text[name], 10, 32) // checked when it was read
	return uint32(n)
}

// True reports whether a parameter of type Truth is true.
func (v Values) True(name string) bool { return v.text[name] == "true" }

// Words returns a parameter that is a list with commas or blanks between.
func (v Values) Words(name string) []string {
	return strings.FieldsFunc(v.text[name], func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
}

// Flat reads YAML text of a flat map, as OSM sends parameters.
func Flat(text string) (map[string]string, error) {
	flat := map[string]string{}
	if strings.TrimSpace(text) == "" {
		return flat, nil
	}
	doc, err := descriptor.Read("params", []byte(text), descriptor.Limits{Depth: 8, Keys: 64, Nodes: 256})
	if err != nil {
		return nil, slice.Errorf(slice.Invalid, "%w", err)
	}
	root := doc.Root()
	if form := root.Form(); form != descriptor.FormMapping && form != descriptor.FormNone {
		return nil, fault("params", "write NAME: VALUE lines", "they are no map")
	}
	for _, e := range root.Entries() {
		switch e.Value.Form() {
		case descriptor.FormList, descriptor.FormMapping:
			flat[e.Key] = nested // refused where it matters
		case descriptor.FormBoolean:
			flat[e.Key] = strconv.FormatBool(e.Value.Bool())
		case descriptor.FormNumber:
			flat[e.Key] = number(e.Value)
		default:
			flat[e.Key] = e.Value.Text()
		}
	}
	return flat, nil
}

// nested stands for what is not one value.
const nested = "\x00"

// number returns a number as digits; one that is no whole number stays as it is
// written, and is refused where it matters.
func number(n descriptor.Node) string {
	if u, ok := n.Uint(); ok {
		return strconv.FormatUint(u, 10)
	}
	return n.Text()
}

// read checks what is given against the parameters of a primitive.
func (p Primitive[T]) read(given map[string]string) (Values, error) {
	v := Values{text: map[string]string{}}
	var faults intent.Faults
	for _, parameter := range p.Parameters {
		text := strings.TrimSpace(given[parameter.Name])
		if text == "" {
			text = parameter.Default
		}
		if why := parameter.check(text); why != "" {
			faults = append(faults, intent.Fault{Path: parameter.Name, Message: why})
		}
		v.text[parameter.Name] = text
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if _, known := v.text[name]; !known && !p.Tolerant {
			faults = append(faults, intent.Fault{Path: clip(name), Message: p.Name + " has no such parameter"})
		}
	}
	return v, failed(slice.Invalid, faults)
}

// check says what is wrong with a value, or nothing.
func (p Parameter) check(text string) string {
	document := slices.Contains(documents, p.Name)
	switch {
	case text == nested:
		return "it is not one value: write it as text, in quotes"
	case text == "" && p.Mandatory:
		return "it is missing"
	case text == "":
		return ""
	case !document && len(text) > maxText:
		return fmt.Sprintf("%d bytes are more than %d", len(text), maxText)
	case !document && strings.ContainsFunc(text, unicode.IsControl):
		return "it has control characters"
	}
	switch p.Type {
	case Number:
		if _, err := strconv.ParseUint(text, 10, 32); err != nil {
			return fmt.Sprintf("%q is no whole number from 0 to 4294967295", clip(text))
		}
	case Truth:
		if text != "true" && text != "false" {
			return fmt.Sprintf("%q is neither true nor false", clip(text))
		}
	case Text:
	}
	return ""
}

func clip(text string) string {
	const most = 64
	if len(text) > most {
		return text[:most] + "..."
	}
	return text
}

// fault is an error of one parameter.
func fault(field, remedy, format string, args ...any) error {
	return failed(slice.Invalid, intent.Faults{{Path: field, Message: fmt.Sprintf(format, args...), Remedy: remedy}})
}

// failed gives faults a kind, and is nil without any.
func failed(kind slice.Kind, faults intent.Faults) error {
	if len(faults) == 0 {
		return nil
	}
	return slice.Errorf(kind, "%w", faults)
}

// At says at which parameter an error is. One that says so already stays.
func At(field string, err error) error {
	var faults intent.Faults
	if err == nil || errors.As(err, &faults) && len(faults) > 0 && faults[0].Path == field {
		return err
	}
	return slice.Errorf(slice.KindOf(err), "%s: %w", field, err)
}
