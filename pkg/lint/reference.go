package lint

import (
	"strings"

	"github.com/l2sces/l2sces/pkg/descriptor"
)

// A reference is one leafref of a model: what stands at one path must stand at
// one of others, too.
type reference struct {
	scope string   // within which both paths lie, one element at a time; empty: the descriptor
	from  string   // of the value that refers, from the scope
	to    []string // of the values it may be, from the scope
	rule  string
}

// A chosen is a leafref into the one element that another value beside it
// names.
type chosen struct {
	scope string
	from  string // of the value that refers, from the scope
	by    string // beside it: the id of the element
	list  string // of the elements, from the scope
	to    string // within the element
	rule  string
}

// references holds a descriptor to the references within it.
func (u *unit) references() {
	for _, r := range references[u.kind] {
		for _, scope := range reach(u.body, r.scope) {
			u.refer(r, scope)
		}
	}
	for _, c := range choices[u.kind] {
		for _, scope := range reach(u.body, c.scope) {
			u.choose(c, scope)
		}
	}
}

func (u *unit) refer(r reference, scope descriptor.Node) {
	from := reach(scope, r.from)
	if len(from) == 0 {
		return
	}
	var there []descriptor.Node
	for _, to := range r.to {
		there = append(there, reach(scope, to)...)
	}
	known := words(there)
	for _, n := range from {
		if n.Text() != "" && !known[n.Text()] {
			u.dangling(r.rule, n, r.from, strings.Join(r.to, " or "), there)
		}
	}
}

func (u *unit) choose(c chosen, scope descriptor.Node) {
	above, key := parent(c.from)
	elements := map[string]descriptor.Node{}
	for _, e := range reach(scope, c.list) {
		elements[e.Get("id").Text()] = e
	}
	chosen := map[string]targets{}
	for _, n := range reach(scope, above) {
		id := n.Get(c.by).Text()
		element, ok := elements[id]
		if !ok {
			continue // what chooses is a reference of its own
		}
		if _, ok := chosen[id]; !ok {
			chosen[id] = targetsOf(element, c.to)
		}
		for _, ref := range reach(n, key) {
			if t := chosen[id]; !t.known[ref.Text()] {
				u.dangling(c.rule, ref, c.from, c.list+"["+id+"]."+c.to, t.nodes)
			}
		}
	}
}

// targets are the values that a reference may name.
type targets struct {
	nodes []descriptor.Node
	known map[string]bool
}

func targetsOf(n descriptor.Node, path string) targets {
	nodes := reach(n, path)
	return targets{nodes, words(nodes)}
}

// targets returns what is at a path of the descriptor, reached once however
// many refer to it.
func (u *unit) targets(path string) targets {
	t, ok := u.reached[path]
	if !ok {
		t = targetsOf(u.body, path)
		u.reached[path] = t
	}
	return t
}

// dangling complains about a reference that leads nowhere.
func (u *unit) dangling(rule string, n descriptor.Node, from, to string, there []descriptor.Node) {
	if u.full() {
		return // guessing what was meant takes time
	}
	_, key := parent(from)
	u.add(rule, n, "%s names no %s: %s%s", key, to, quoted(n.Text()), near(n.Text(), there))
}

// parent parts the last key off a path.
func parent(path string) (above, key string) {
	i := strings.LastIndexByte(path, '.')
	if i < 0 {
		return "", path
	}
	return path[:i], path[i+1:]
}
