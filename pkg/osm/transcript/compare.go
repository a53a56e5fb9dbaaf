package transcript

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
)

// Bodies says which bodies of answers are compared.
type Bodies string

// What is compared.
const (
	// WrittenBodies are those of documents that the recording wrote itself, and read
	// back from where it wrote them. What else an answer says was the recorded
	// server's own.
	WrittenBodies Bodies = "written"
	AllBodies     Bodies = "all"
	NoBodies      Bodies = "none"
)

// Differs returns where an answer lacks what a client found in the one that was
// recorded, and "" if it has all of that. It may have more. Members of a name in
// ignore are not looked at. What is no JSON has to be the same.
func Differs(want, got []byte, ignore []string) string {
	w, wantOK := decode(want)
	g, gotOK := decode(got)
	switch {
	case wantOK && gotOK:
		return differs("", w, g, ignore)
	case wantOK || !bytes.Equal(bytes.TrimSpace(want), bytes.TrimSpace(got)):
		return "the body"
	}
	return ""
}

// decode reads JSON with its numbers as they are written.
func decode(text []byte) (v any, ok bool) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return v, d.Decode(&v) == nil && !d.More()
}

func differs(path string, want, got any, ignore []string) string {
	switch want := want.(type) {
	case map[string]any:
		return objectDiffers(path, want, got, ignore)
	case []any:
		return listDiffers(path, want, got, ignore)
	}
	if want == got || sameNumber(want, got) {
		return ""
	}
	return orTop(path)
}

func objectDiffers(path string, want map[string]any, got any, ignore []string) string {
	have, is := got.(map[string]any)
	if !is {
		return orTop(path)
	}
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if slices.Contains(ignore, key) {
			continue
		}
		here := fmt.Sprintf("%s.%s", path, key)
		inner, there := have[key]
		if !there {
			return here
		}
		if d := differs(here, want[key], inner, ignore); d != "" {
			return d
		}
	}
	return ""
}

func listDiffers(path string, want []any, got any, ignore []string) string {
	have, is := got.([]any)
	if !is || len(have) != len(want) {
		return orTop(path)
	}
	for i := range want {
		if d := differs(fmt.Sprintf("%s[%d]", path, i), want[i], have[i], ignore); d != "" {
			return d
		}
	}
	return ""
}

func orTop(path string) string {
	if path == "" {
		return "the body"
	}
	return path
}

// sameNumber reports whether two values are one number, written in two ways.
func sameNumber(a, b any) bool {
	x, is := a.(json.Number)
	y, also := b.(json.Number)
	if !is || !also {
		return false
	}
	v, err := strconv.ParseFloat(x.String(), 64)
	w, other := strconv.ParseFloat(y.String(), 64)
	return err == nil && other == nil && v == w
}

// A memory is what a recording has written, by target.
type memory map[string][]byte

// note remembers what an exchange wrote: a document is put, or posted whole, to
// where it is read again.
func (m memory) note(x Exchange) {
	switch {
	case x.Want.Status/100 != 2 || !x.Request.writes():
	case x.Request.Method == http.MethodDelete || len(x.Request.Body) == 0:
		delete(m, x.Request.Target)
	default:
		m[x.Request.Target] = x.Request.Body
	}
}

// wrote reports whether an answer was what the recording itself had written, and not
// something that the server was given by other hands.
func (m memory) wrote(x Exchange, ignore []string) bool {
	body, there := m[x.Request.Target]
	return x.Request.Method == http.MethodGet && there && Differs(body, x.Want.Body, ignore) == "" && Differs(x.Want.Body, body, ignore) == ""
}
