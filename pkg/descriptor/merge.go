package descriptor

import (
	"reflect"
	"strings"
)

// paramsPath is where parameters keep our part.
const paramsPath = "additionalParamsForNsi.l2sces"

// A Refined is annex and parameters of one instantiation, laid one over the
// other.
type Refined struct {
	Refinement
	doc *Document
}

// Refine checks annex and parameters and lays the parameters over the annex:
// mappings by key, lists by what names their elements, everything else as a
// whole. Either document may be nil.
func Refine(annex, params *Document) (*Refined, error) {
	root := &node{form: mapping}
	if annex != nil {
		if _, err := annex.Annex(); err != nil {
			return nil, err
		}
		root = annex.root
	}
	if params != nil {
		if _, err := params.Params(); err != nil {
			return nil, err
		}
		if over, ok := params.root.find(paramsPath); ok {
			root = merge(root, over)
		}
	}
	r := &Refined{doc: &Document{root: root}}
	decoder := decoder{}
	decoder.decode(root, reflect.ValueOf(&r.Refinement), "")
	return r, decoder.problems.Err()
}

// At returns where the value of a path stands, in the file that had the last
// word on it, and whether there is one.
func (r *Refined) At(path string) (Position, bool) {
	n, ok := r.doc.root.find(path)
	return n.at, ok
}

// merge lays one node over another and changes neither.
func merge(base, over *node) *node {
	switch {
	case base.form == mapping && over.form == mapping:
		return mergeMappings(base, over)
	case base.form == list && over.form == list && named(base) && named(over):
		return mergeLists(base, over)
	default:
		return over
	}
}

func mergeMappings(base, over *node) *node {
	out := &node{form: mapping, at: base.at}
	for _, e := range base.entries {
		if o := over.get(e.key); o != nil {
			e.value = merge(e.value, o)
		}
		out.entries = append(out.entries, e)
	}
	for _, e := range over.entries {
		if base.get(e.key) == nil {
			out.entries = append(out.entries, e)
		}
	}
	if len(base.entries) == 0 {
		out.at = over.at
	}
	return out
}

func mergeLists(base, over *node) *node {
	out := &node{form: list, at: base.at}
	place := map[string]int{}
	for i, item := range base.items {
		place[names(item)[0]] = i
		out.items = append(out.items, item)
	}
	for _, item := range over.items {
		if i, ok := place[names(item)[0]]; ok {
			out.items[i] = merge(out.items[i], item)
		} else {
			out.items = append(out.items, item)
		}
	}
	return out
}

// named reports whether every element of a list has a name.
func named(n *node) bool {
	for _, item := range n.items {
		if len(names(item)) == 0 {
			return false
		}
	}
	return true
}

// names returns what tells a list element from the others: id and name, or the
// two ends of a link or path, in either order.
func names(n *node) []string {
	var keys []string
	for _, key := range []string{"id", "name"} {
		if n.get(key) != nil {
			keys = append(keys, key+" "+quote(n.scalar(key)))
		}
	}
	if from, to := n.scalar("from"), n.scalar("to"); len(keys) == 0 && from != "" && to != "" {
		words := []string{min(from, to), max(from, to)}
		if network := n.scalar("network"); network != "" {
			words = append(words, "of network", network)
		}
		keys = append(keys, "link or path "+strings.Join(words, " "))
	}
	return keys
}
