package main

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// A node is a data node of the model: a leaf where it has a type, else a
// container or, with a star, a list.
type node struct {
	name   string
	prefix string // of the module that adds the node to another's; empty: the same as above
	mark   string // ? optional, * list, ! presence, or nothing
	keys   []string
	typ    string // of a leaf
	nodes  []*node
}

var line = regexp.MustCompile(`^([ |]*)\+--(?:rw |:)(\()?([\w:.-]+)(\))?([?*!]?)(?: \[([^\]]*)\])?(?:\s+(.*))?$`)

// parse reads the first module of a tree. What follows repeats its augments,
// which the first module shows in their places already.
func parse(r io.Reader) (module string, top []*node, err error) {
	root := &node{}
	open := []level{{-1, root}}
	lines := bufio.NewScanner(r)
	for number := 1; lines.Scan(); number++ {
		text := strings.TrimRight(lines.Text(), " ")
		name, begins := strings.CutPrefix(text, "module: ")
		switch {
		case begins && module != "":
			return module, root.nodes, nil
		case begins:
			module = name
			continue
		case strings.Trim(text, " |") == "":
			continue
		}
		m := line.FindStringSubmatch(text)
		if m == nil || module == "" {
			return "", nil, fmt.Errorf("line %d is no line of a tree: %q", number, text)
		}
		open = place(open, m)
	}
	if module == "" && lines.Err() == nil {
		return "", nil, fmt.Errorf("no module")
	}
	return module, root.nodes, lines.Err()
}

// A level is a node that is still open, and how far its mark is indented.
type level struct {
	indent int
	node   *node
}

// place puts the node of a line below the nearest open one further left. A
// choice and its cases are no data: what they hold belongs to what holds them.
func place(open []level, m []string) []level {
	indent := len(m[1])
	for open[len(open)-1].indent >= indent {
		open = open[:len(open)-1]
	}
	above := open[len(open)-1].node
	if m[2] != "" {
		return append(open, level{indent, above})
	}
	prefix, name, prefixed := strings.Cut(m[3], ":")
	if !prefixed {
		prefix, name = "", m[3]
	}
	n := &node{name: name, prefix: prefix, mark: m[5], keys: strings.Fields(m[6]), typ: m[7]}
	above.nodes = append(above.nodes, n)
	return append(open, level{indent, n})
}

// find returns the node at a path.
func find(nodes []*node, path string) *node {
	name, rest, deeper := strings.Cut(path, "/")
	for _, n := range nodes {
		if n.name == name && !deeper {
			return n
		}
		if n.name == name {
			return find(n.nodes, rest)
		}
	}
	return nil
}
