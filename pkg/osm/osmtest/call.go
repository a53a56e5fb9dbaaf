package osmtest

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
)

// A call is one request being carried out.
type call struct {
	r      *http.Request
	body   []byte
	answer *answer
}

type key struct{}

func with(ctx context.Context, c *call) context.Context { return context.WithValue(ctx, key{}, c) }

func callOf(ctx context.Context) *call {
	c, _ := ctx.Value(key{}).(*call)
	return c
}

// object reads the body as a JSON object.
func (c *call) object() (record, error) {
	out := record{}
	if err := json.Unmarshal(c.body, &out); err != nil {
		return nil, refusal{http.StatusBadRequest, "cannot decode the body"}
	}
	return out, nil
}

// created answers that something new is there.
func (c *call) created(status int, id string, more record) {
	v := record{"id": id}
	for k, x := range more {
		v[k] = x
	}
	c.answer.header.Set("Location", strings.TrimSuffix(c.r.URL.Path, "/")+"/"+id)
	c.answer.json(status, v)
}

// An answer is one before it is sent.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a *answer) json(status int, v any) {
	a.header.Set("Content-Type", "application/json; charset=utf-8")
	a.status, a.body = status, asJSON(v)
}

func (a *answer) refuse(why refusal) {
	code := strings.ToUpper(strings.NewReplacer(" ", "_", "-", "_").Replace(http.StatusText(why.status)))
	a.json(why.status, record{"code": code, "status": why.status, "detail": why.detail})
}

func (a *answer) fail(err error) {
	why := refusal{http.StatusBadRequest, err.Error()}
	_ = errors.As(err, &why) // else it is a plain one
	a.refuse(why)
}

// A refusal is an error with its status.
type refusal struct {
	status int
	detail string
}

func (r refusal) Error() string { return r.detail }

// writer lets the router's own answers (405) into an answer.
type writer struct{ *answer }

func (w *writer) Header() http.Header { return w.header }

func (w *writer) Write(p []byte) (int, error) {
	w.body = append(w.body, p...)
	return len(p), nil
}

func (w *writer) WriteHeader(status int) { w.status = status }

// A record is an object as NBI keeps it.
type record = map[string]any

// A table keeps records in the order in which they came.
type table struct{ rows []record }

func (n *NBI) table(name string) *table {
	if n.tables[name] == nil {
		n.tables[name] = &table{}
	}
	return n.tables[name]
}

func (t *table) get(id string) (record, error) {
	i := slices.IndexFunc(t.rows, func(r record) bool { return r["_id"] == id })
	if i < 0 {
		return nil, refusal{http.StatusNotFound, "Not found any item with filter: {'_id': '" + id + "'}"}
	}
	return t.rows[i], nil
}

func (t *table) remove(id string) {
	t.rows = slices.DeleteFunc(t.rows, func(r record) bool { return r["_id"] == id })
}

// list answers those that the query's filters let through.
func (t *table) list(c *call) {
	out := []record{}
	for _, r := range t.rows {
		if matches(r, c.r.URL.Query()) {
			out = append(out, r)
		}
	}
	c.answer.json(http.StatusOK, out)
}

// matches reports whether each filter names the record's value, or one of several
// with commas between them.
func matches(r record, filters map[string][]string) bool {
	for k, vs := range filters {
		have, _ := r[k].(string)
		if !slices.Contains(strings.Split(vs[0], ","), have) {
			return false
		}
	}
	return true
}

// clone returns a deep copy, as JSON sees it.
func clone(v any) any {
	var out any
	if err := json.Unmarshal(asJSON(v), &out); err != nil {
		panic(err) // it was JSON a moment ago
	}
	return out
}

// items returns the objects of a list.
func items(v any) []record {
	var out []record
	for _, x := range list(v) {
		if r, ok := x.(record); ok {
			out = append(out, r)
		}
	}
	return out
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

func object(v any) record {
	r, _ := v.(record)
	return r
}
