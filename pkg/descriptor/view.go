package descriptor

import (
	"fmt"
	"strconv"
)

// What a value is.
const (
	FormNone    = null // a key without a value
	FormText    = text
	FormNumber  = number
	FormBoolean = boolean
	FormList    = list
	FormMapping = mapping
)

// A Node is a value of a document, to be read and never changed. One that is
// absent answers too: with nothing, and with the place where it is missing. So
// rules read on without asking at each step:
//
//	for _, cpd := range vnfd.Get("ext-cpd").Items() {
type Node struct {
	node *node
	at   Position // of an absent one: what stands around it
	key  Position
	path string
}

// An Entry is a key of a mapping with its value.
type Entry struct {
	Key   string
	Value Node
}

// Root returns the whole document.
func (d *Document) Root() Node {
	return Node{node: d.root, at: d.root.at, key: d.root.at}
}

// Body returns the one descriptor inside its envelope, and what is wrong with
// the envelope. A document of no kind that OSM knows has no body.
func (d *Document) Body() (Node, Problems) {
	n, path, problems := d.body()
	return Node{node: n, at: n.at, key: n.at, path: path}, problems
}

// Exists reports whether the value is there, if only as a key without one.
func (n Node) Exists() bool { return n.node != nil }

// Form returns what the value is; of an absent one FormNone.
func (n Node) Form() Form {
	if n.node == nil {
		return null
	}
	return n.node.form
}

// Text returns a scalar as it is written, and nothing of anything else.
func (n Node) Text() string {
	if n.node == nil {
		return ""
	}
	return n.node.text
}

// Bool reports whether the value says true, as a boolean or as text.
func (n Node) Bool() bool {
	return n.node != nil && (n.node.number == "true" || n.node.text == "true")
}

// Uint returns a whole number, also one that is written as text, and whether
// it is one.
func (n Node) Uint() (uint64, bool) {
	if n.node == nil || n.node.form != number && n.node.form != text {
		return 0, false
	}
	u, err := strconv.ParseUint(n.node.digits(), 10, 64)
	return u, err == nil
}

// At returns where the value stands; of an absent one, what stands around it.
func (n Node) At() Position { return n.at }

// KeyAt returns where the key of the value stands. A list element has none: it
// is where the element stands.
func (n Node) KeyAt() Position { return n.key }

// Path returns the way from the top of the document to the value.
func (n Node) Path() string { return n.path }

// Get returns the value of a key.
func (n Node) Get(key string) Node {
	absent := Node{at: n.at, key: n.at, path: join(n.path, key)}
	if n.node == nil {
		return absent
	}
	for _, e := range n.node.entries {
		if e.key == key {
			return Node{node: e.value, at: e.value.at, key: e.at, path: absent.path}
		}
	}
	return absent
}

// Items returns the elements of a list, and none of anything else.
func (n Node) Items() []Node {
	if n.node == nil {
		return nil
	}
	items := make([]Node, len(n.node.items))
	for i, item := range n.node.items {
		items[i] = Node{node: item, at: item.at, key: item.at, path: element(n.path, i)}
	}
	return items
}

// Entries returns keys and values of a mapping in the order of the file, and
// none of anything else.
func (n Node) Entries() []Entry {
	if n.node == nil {
		return nil
	}
	entries := make([]Entry, len(n.node.entries))
	for i, e := range n.node.entries {
		entries[i] = Entry{e.key, Node{node: e.value, at: e.value.at, key: e.at, path: join(n.path, e.key)}}
	}
	return entries
}

// Problem makes a complaint of a rule about the value.
func (n Node) Problem(rule, remedy, format string, args ...any) Problem {
	return Problem{Position: n.at, Path: n.path, Rule: rule, Message: fmt.Sprintf(format, args...), Remedy: remedy}
}

// KeyProblem makes a complaint of a rule about the key of the value.
func (n Node) KeyProblem(rule, remedy, format string, args ...any) Problem {
	p := n.Problem(rule, remedy, format, args...)
	p.Position = n.key
	return p
}

func element(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }
