package restconf

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// A place is a node, whether it is there or not.
type place struct {
	tree  *Tree
	in    map[string]any // has the node, or its list
	name  string
	form  reflect.Type // of the node, or of an entry
	list  bool         // an entry, or all of the list if it has no keys
	keys  []string     // of an entry; none for a value of a leaf-list
	named []string     // the keys as they are given
	path  string
}

// locate finds the node that steps lead to. All before the last must be there,
// unless they are to be made: containers only.
func (t *Tree) locate(steps []Step, make bool) (place, error) {
	p := place{tree: t, in: t.Data, form: t.Form}
	for i, s := range steps {
		if i > 0 {
			inside, err := p.inside(make)
			if err != nil {
				return p, err
			}
			p.in = inside
		}
		if err := p.step(s, i == 0); err != nil {
			return p, err
		}
	}
	return p, nil
}

// step goes to a child.
func (p *place) step(s Step, first bool) error {
	module := p.tree.Module
	switch {
	case first && s.Module != module, s.Module != "" && s.Module != module:
		return NotFoundf(p.path, "%s:%s is not of the module %s", s.Module, s.Name, module)
	case p.form.Kind() != reflect.Struct:
		return NotFoundf(p.path, "it has no nodes")
	}
	f, known := Nodes(p.form)[s.Name]
	if !known {
		return NotFoundf(p.path, "it has no node %s", s.Name)
	}
	p.path += "/" + s.Name
	if first {
		p.path = "/" + module + ":" + s.Name
	}
	p.name, p.keys, p.named = s.Name, KeysOf(f), s.Keys
	p.form = f.Type
	if p.form.Kind() == reflect.Pointer {
		p.form = p.form.Elem()
	}
	p.list = p.form.Kind() == reflect.Slice
	if !p.list && s.Keys != nil {
		return Errorf(InvalidValue, p.path, "it is no list")
	}
	if !p.list {
		return nil
	}
	p.form = p.form.Elem()
	if s.Keys != nil && len(s.Keys) != max(1, len(p.keys)) {
		return Errorf(InvalidValue, p.path, "an entry has %d keys", max(1, len(p.keys)))
	}
	for i, key := range s.Keys {
		name := "."
		if len(p.keys) > 0 {
			name = p.keys[i]
		}
		p.path += fmt.Sprintf("[%s=%s]", name, quoted(key))
	}
	return nil
}

// inside returns the nodes of a container or an entry.
func (p *place) inside(make bool) (map[string]any, error) {
	v, there := p.get()
	if !there && make && !p.list {
		v = map[string]any{}
		p.in[p.name] = v
		there = true
	}
	object, ok := v.(map[string]any)
	switch {
	case p.list && p.named == nil:
		return nil, Errorf(InvalidValue, p.path, "the path names no entry of the list: write list=key")
	case !there:
		return nil, NotFoundf(p.path, "there is no such resource")
	case !ok:
		return nil, NotFoundf(p.path, "it has no nodes")
	}
	return object, nil
}

// get returns the node.
func (p *place) get() (any, bool) {
	v, there := p.in[p.name]
	if !p.list || p.named == nil {
		return v, there
	}
	list, _ := v.([]any)
	if i := p.index(list); i >= 0 {
		return list[i], true
	}
	return nil, false
}

// index finds the entry in its list.
func (p *place) index(list []any) int {
	return slices.IndexFunc(list, func(item any) bool { return slices.EqualFunc(p.keysOf(item), p.named, p.same) })
}

// keysOf returns the keys of an entry, or the value of a leaf-list.
func (p *place) keysOf(item any) []string {
	object, ok := item.(map[string]any)
	if !ok {
		return []string{fmt.Sprint(item)}
	}
	values := make([]string, len(p.keys))
	for i, key := range p.keys {
		values[i] = fmt.Sprint(object[key])
	}
	return values
}

// same compares keys. An identity of our own module may go without it (RFC 7951,
// section 6.8).
func (p *place) same(a, b string) bool {
	own := p.tree.Module + ":"
	return strings.TrimPrefix(a, own) == strings.TrimPrefix(b, own)
}

// set puts the node in its place.
func (p *place) set(v any) {
	if !p.list || p.named == nil {
		p.in[p.name] = v
		return
	}
	list, _ := p.in[p.name].([]any)
	if i := p.index(list); i >= 0 {
		list[i] = v
		return
	}
	p.in[p.name] = append(list, v)
}

// remove takes the node out. A list or container that is empty is none.
func (p *place) remove() {
	if !p.list || p.named == nil {
		delete(p.in, p.name)
		return
	}
	list, _ := p.in[p.name].([]any)
	if i := p.index(list); i >= 0 {
		p.in[p.name] = slices.Delete(list, i, i+1)
	}
	if len(list) <= 1 {
		delete(p.in, p.name)
	}
}

// given returns what a body has for the node: its only member, of the node's name;
// an entry is an array of one, with the keys of the path.
func (p *place) given(body map[string]any) (any, error) {
	v, there := body[p.name]
	if !there || len(body) != 1 {
		return nil, Errorf(Malformed, p.path, "the body has to be %s:%s and nothing else", p.tree.Module, p.name)
	}
	if !p.list || p.named == nil {
		return v, nil
	}
	list, _ := v.([]any)
	if len(list) != 1 {
		return nil, Errorf(Malformed, p.path, "the body has to be an array of one entry")
	}
	if !slices.EqualFunc(p.keysOf(list[0]), p.named, p.same) {
		return nil, Errorf(InvalidValue, p.path, "the body has another key than the path")
	}
	return list[0], nil
}
