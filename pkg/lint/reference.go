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
	var targets []descriptor.Node
	for _, to := range r.to {
		targets = append(targets, reach(scope, to)...)
	}
	known := words(targets)
	for _, n := range from {
		if n.Text() != "" && !known[n.Text()] {
			u.dangling(r.rule, n, r.from, strings.Join(r.to, " or "), targets)
		}
	}
}

func (u *unit) choose(c chosen, scope descriptor.Node) {
	above, key := parent(c.from)
	elements := map[string]descriptor.Node{}
	for _, e := range reach(scope, c.list) {
		elements[e.Get("id").Text()] = e
	}
	for _, n := range reach(scope, above) {
		element, ok := elements[n.Get(c.by).Text()]
		if !ok {
			continue // what chooses is a reference of its own
		}
		targets := reach(element, c.to)
		for _, ref := range reach(n, key) {
			if known := words(targets); !known[ref.Text()] {
				u.dangling(c.rule, ref, c.from, c.list+"["+element.Get("id").Text()+"]."+c.to, targets)
			}
		}
	}
}

// dangling complains about a reference that leads nowhere.
func (u *unit) dangling(rule string, n descriptor.Node, from, to string, targets []descriptor.Node) {
	_, key := parent(from)
	u.add(rule, n, "%s names no %s: %s%s", key, to, quoted(n.Text()), near(n.Text(), targets))
}

// parent parts the last key off a path.
func parent(path string) (above, key string) {
	i := strings.LastIndexByte(path, '.')
	if i < 0 {
		return "", path
	}
	return path[:i], path[i+1:]
}
