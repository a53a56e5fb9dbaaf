package restconf

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// A Tree is the data of a module as Read returns it, together with the Go struct
// that gives it its form: which nodes there are, which are lists, and by which leaves
// an entry of a list is found (the tag key). Edits are those of RFC 8040, section 4.
// They keep paths and lists in order; whether what comes of them is right, Decode
// says afterwards.
type Tree struct {
	Module string
	Data   map[string]any
	Form   reflect.Type // of the struct
}

// Get returns the document of a node (section 4.3).
func (t *Tree) Get(steps []Step) (map[string]any, error) {
	p, err := t.locate(steps, false)
	if err != nil {
		return nil, err
	}
	v, there := p.get()
	if !there {
		return nil, NotFoundf(p.path, "there is no such resource")
	}
	if p.list && p.named != nil {
		v = []any{v}
	}
	return map[string]any{t.Module + ":" + p.name: v}, nil
}

// Create adds the one child that the body has to the node (section 4.4.1), and
// returns the child's path.
func (t *Tree) Create(steps []Step, body map[string]any) ([]Step, error) {
	if len(body) != 1 {
		return nil, Errorf(Malformed, "", "the body has to be one resource")
	}
	child := Step{Name: sortedNames(body)[0]}
	if len(steps) == 0 {
		child.Module = t.Module
	}
	parent, err := t.locate(steps, true)
	if err != nil {
		return nil, err
	}
	if len(steps) > 0 {
		if _, err := parent.inside(true); err != nil {
			return nil, err
		}
	}
	steps = append(slices.Clone(steps), child)
	p, err := t.locate(steps, true)
	if err != nil {
		return nil, err
	}
	if p.list {
		list, _ := body[p.name].([]any)
		if len(list) != 1 {
			return nil, Errorf(Malformed, p.path, "the body has to be an array of one entry")
		}
		steps[len(steps)-1].Keys = p.keysOf(list[0])
		if p, err = t.locate(steps, true); err != nil {
			return nil, err
		}
	}
	if _, there := p.get(); there {
		return nil, Errorf(DataExists, p.path, "it is there already")
	}
	v, err := p.given(body)
	if err != nil {
		return nil, err
	}
	p.set(v)
	return steps, nil
}

// Replace puts what the body has in the place of the node (section 4.5), and
// reports whether it was not there before.
func (t *Tree) Replace(steps []Step, body map[string]any) (created bool, err error) {
	p, err := t.locate(steps, true)
	if err != nil {
		return false, err
	}
	v, err := p.given(body)
	if err != nil {
		return false, err
	}
	_, there := p.get()
	p.set(v)
	return !there, nil
}

// Merge merges what the body has into the node, which has to be there (section
// 4.6.1).
func (t *Tree) Merge(steps []Step, body map[string]any) error {
	p, err := t.locate(steps, false)
	if err != nil {
		return err
	}
	v, err := p.given(body)
	if err != nil {
		return err
	}
	old, there := p.get()
	if !there {
		return NotFoundf(p.path, "there is no such resource")
	}
	whole := p.list && p.named == nil
	p.set(p.merge(p.form, whole, p.keys, old, v))
	return nil
}

// merge returns old with what is new: containers node by node, lists entry by entry,
// leaf-lists with the values of both, and leaves as they are given.
func (p *place) merge(form reflect.Type, list bool, keys []string, old, given any) any {
	if list {
		return p.mergeList(form, keys, old, given)
	}
	from, isObject := given.(map[string]any)
	to, wasObject := old.(map[string]any)
	if !isObject || !wasObject || form.Kind() != reflect.Struct {
		return given
	}
	nodes := Nodes(form)
	for name, v := range from {
		f, known := nodes[name]
		if !known || to[name] == nil {
			to[name] = v
			continue
		}
		inner := f.Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		many := inner.Kind() == reflect.Slice
		if many {
			inner = inner.Elem()
		}
		to[name] = p.merge(inner, many, KeysOf(f), to[name], v)
	}
	return to
}

func (p *place) mergeList(form reflect.Type, keys []string, old, given any) any {
	was, ok := old.([]any)
	more, isList := given.([]any)
	if !ok || !isList {
		return given
	}
	at := place{tree: p.tree, keys: keys}
	places := make(map[string]int, len(was))
	for i, item := range was {
		places[at.nameOf(item)] = i
	}
	for _, item := range more {
		if i, there := places[at.nameOf(item)]; there {
			was[i] = p.merge(form, false, nil, was[i], item)
			continue
		}
		was = append(was, item)
	}
	return was
}

// nameOf returns the keys of an entry in one text, the same for those that are the
// same.
func (p *place) nameOf(item any) string {
	var b strings.Builder
	for _, key := range p.keysOf(item) {
		fmt.Fprintf(&b, "%q", strings.TrimPrefix(key, p.tree.Module+":"))
	}
	return b.String()
}

// Remove takes the node out (section 4.7). One that is not there is an error.
func (t *Tree) Remove(steps []Step) error {
	p, err := t.locate(steps, false)
	if err != nil {
		return err
	}
	if _, there := p.get(); !there {
		return NotFoundf(p.path, "there is no such resource")
	}
	p.remove()
	return nil
}

// Fill decodes the tree into the struct that gives it its form.
func (t *Tree) Fill(v any) error {
	for _, name := range sortedNames(t.Data) {
		f, known := Nodes(t.Form)[name]
		path := "/" + t.Module + ":" + name
		if !known {
			return Errorf(UnknownElement, path, "there is no such node")
		}
		if err := fill(reflect.ValueOf(v).Elem().FieldByIndex(f.Index), t.Data[name], path, KeysOf(f)); err != nil {
			return err
		}
	}
	return nil
}
