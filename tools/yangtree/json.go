package main

import (
	"bytes"
	"encoding/json"
	"strings"
)

// An object is a JSON object that keeps its order, which is the model's.
type object []member

type member struct {
	key   string
	value any
}

// MarshalJSON writes the members in their order.
func (o object) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			out.WriteByte(',')
		}
		value, err := json.Marshal(m.value)
		if err != nil {
			return nil, err
		}
		key, err := json.Marshal(m.key)
		if err != nil {
			return nil, err
		}
		out.Write(append(append(key, ':'), value...))
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// width is how long a line may be.
const width = 120

// print returns the JSON of a value, a line for what fits on one.
func print(v any) string {
	var out strings.Builder
	write(&out, v, 0, 0)
	out.WriteByte('\n')
	return out.String()
}

// write writes a value at a depth, of which the line has room for less than
// its width because of what stands before.
func write(out *strings.Builder, v any, depth, before int) {
	whole := compact(v)
	o, isObject := v.(object)
	if !isObject || len(o) == 0 || depth > 0 && 2*depth+before+len(whole) < width {
		out.WriteString(whole)
		return
	}
	indent := strings.Repeat("  ", depth+1)
	for i, m := range o {
		out.WriteString(map[bool]string{true: "{\n", false: ",\n"}[i == 0])
		key := compact(m.key) + ": "
		out.WriteString(indent + key)
		write(out, m.value, depth+1, len(key)+1)
	}
	out.WriteString("\n" + indent[2:] + "}")
}

// compact returns the JSON of a value in one line, with spaces where people
// put them.
func compact(v any) string {
	o, isObject := v.(object)
	if !isObject {
		var out strings.Builder
		e := json.NewEncoder(&out)
		e.SetEscapeHTML(false)
		if err := e.Encode(v); err != nil {
			panic(err) // every value is of this program
		}
		return strings.ReplaceAll(strings.TrimSpace(out.String()), `","`, `", "`)
	}
	parts := make([]string, len(o))
	for i, m := range o {
		parts[i] = compact(m.key) + ": " + compact(m.value)
	}
	return "{" + strings.Join(parts, ", ") + "}"
}
