package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/l2sces/l2sces/pkg/slice"
)

// maxDepth is how deep a body may nest. Ours nest four deep.
const maxDepth = 16

// Strict reads bodies for the generated handlers: JSON of one value, without
// keys that nobody reads or that come twice.
type Strict struct{}

// Bind fills v from the body.
func (Strict) Bind(v any, c echo.Context) error {
	body, err := JSONBody(c.Request())
	if err != nil {
		return err
	}
	return readStrict(body, v)
}

// JSONBody returns the body of a request that says that it is JSON.
func JSONBody(r *http.Request) ([]byte, error) {
	if e := r.Header.Get("Content-Encoding"); e != "" && e != "identity" {
		return nil, Errorf(http.StatusUnsupportedMediaType, "content encoding %q is not taken: send the body as it is", e)
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return nil, Errorf(http.StatusUnsupportedMediaType, "content type %q is not application/json", r.Header.Get("Content-Type"))
	}
	return ReadBody(r)
}

// ReadBody tells a body that is too large or too slow from one that is wrong.
func ReadBody(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(r.Body)
	var large *http.MaxBytesError
	switch {
	case err == nil:
		return body, nil
	case errors.As(err, &large):
		return nil, err
	default:
		return nil, Errorf(http.StatusRequestTimeout, "the body did not come in time")
	}
}

// readStrict decodes JSON and refuses, with its name, what v has no place for.
func readStrict(body []byte, v any) error {
	if !utf8.Valid(body) {
		return slice.Errorf(slice.Invalid, "the body is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	if err := scan(d); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return slice.Errorf(slice.Invalid, "something stands behind the JSON value")
	}
	d = json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return slice.Errorf(slice.Invalid, "body: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	return nil
}

// scan walks a value and refuses deep nesting and keys that come twice. The
// library takes keys in any case, so that "type" and "Type" are one key.
func scan(d *json.Decoder) error {
	var s scanner
	for {
		t, err := d.Token()
		if err != nil {
			return slice.Errorf(slice.Invalid, "body: %w", err)
		}
		if err := s.take(t); err != nil {
			return err
		}
		if len(s) == 0 {
			return nil
		}
	}
}

// A scanner is the objects and arrays that are open.
type scanner []opened

type opened struct {
	keys  map[string]bool // nil in an array
	value bool            // a value comes next, not a key
}

func (s *scanner) take(t json.Token) error {
	if top := len(*s) - 1; top >= 0 && (*s)[top].keys != nil {
		key, isText := t.(string)
		if isText && !(*s)[top].value {
			return (*s)[top].key(key)
		}
		(*s)[top].value = false
	}
	switch t {
	case json.Delim('{'):
		*s = append(*s, opened{keys: map[string]bool{}})
	case json.Delim('['):
		*s = append(*s, opened{})
	case json.Delim('}'), json.Delim(']'):
		*s = (*s)[:len(*s)-1]
	}
	if len(*s) > maxDepth {
		return slice.Errorf(slice.Invalid, "body: nested deeper than %d", maxDepth)
	}
	return nil
}

func (o *opened) key(name string) error {
	folded := strings.ToLower(name)
	if o.keys[folded] {
		return slice.Errorf(slice.Invalid, "body: key %q is there twice", name)
	}
	o.keys[folded], o.value = true, true
	return nil
}
