package descriptor

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"

	"go.yaml.in/yaml/v3"
)

var (
	yamlLine    = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)
	leadingZero = regexp.MustCompile(`^[-+]?0[0-9_]+$`)
)

// parse makes a checked tree of the bytes. The library decodes once, into
// nodes: decoding into Go values would follow aliases, take time quadratic in
// the keys of a mapping and read `010` as 8.
func parse(name string, data []byte, limits Limits) (*node, Problems) {
	b := builder{file: name, limits: limits}
	if len(data) > limits.Bytes {
		b.problems.add(RuleBytes, Position{name, 1, 1}, "", "split it", "the file has %d bytes, more than %d", len(data), limits.Bytes)
		return nil, b.problems
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var first, second yaml.Node
	if err := decoder.Decode(&first); err != nil || len(first.Content) != 1 {
		b.broken(cmp.Or(err, io.EOF))
		return nil, b.problems
	}
	switch err := decoder.Decode(&second); {
	case errors.Is(err, io.EOF):
	case err != nil:
		b.broken(err)
	default:
		b.complain(RuleDocuments, &second, "", "keep one document per file", "a second document begins here")
	}
	root := b.build(first.Content[0], "", 1)
	return root, b.problems
}

// builder makes nodes of YAML nodes and collects complaints.
type builder struct {
	file     string
	limits   Limits
	nodes    int
	problems Problems
}

func (b *builder) at(y *yaml.Node) Position { return Position{b.file, y.Line, y.Column} }

func (b *builder) complain(rule string, y *yaml.Node, path, remedy, format string, args ...any) {
	b.problems.add(rule, b.at(y), path, remedy, format, args...)
}

// broken notes that the library could not read the text.
func (b *builder) broken(err error) {
	if errors.Is(err, io.EOF) {
		b.problems.add(RuleEmpty, Position{b.file, 1, 1}, "", "write a document", "the file is empty")
		return
	}
	at, text := Position{b.file, 1, 1}, err.Error()
	if m := yamlLine.FindStringSubmatch(text); m != nil {
		text = text[len(m[0]):]
		if line, err := strconv.Atoi(m[1]); err == nil {
			at.Line = line
		}
	}
	b.problems.add(RuleSyntax, at, "", "correct the YAML on this line or the one before", "not YAML: %s", text)
}

// build makes the node of a YAML node. After a limit is passed it returns
// empty nodes, so that a bomb costs no more than its bytes.
func (b *builder) build(y *yaml.Node, path string, depth int) *node {
	n := &node{at: b.at(y)}
	b.nodes++
	switch {
	case b.nodes == b.limits.Nodes+1:
		b.complain(RuleNodes, y, path, "split it", "more than %d values", b.limits.Nodes)
		return n
	case b.nodes > b.limits.Nodes:
		return n
	case depth > b.limits.Depth:
		b.complain(RuleDepth, y, path, "nest less", "nested deeper than %d", b.limits.Depth)
		return n
	case y.Kind == yaml.AliasNode:
		b.complain(RuleAlias, y, path, "write the value out", "alias *%s is not allowed", short(y.Value))
		return n
	case y.Anchor != "":
		b.complain(RuleAlias, y, path, "remove it", "anchor &%s is not allowed", short(y.Anchor))
	}
	switch y.Kind {
	case yaml.MappingNode:
		b.fillMapping(n, y, path, depth)
	case yaml.SequenceNode:
		b.fillList(n, y, path, depth)
	default:
		b.fillScalar(n, y, path)
	}
	return n
}

func (b *builder) fillList(n *node, y *yaml.Node, path string, depth int) {
	n.form = list
	b.checkTag(y, path, "!!seq")
	n.items = make([]*node, len(y.Content))
	for i, item := range y.Content {
		n.items[i] = b.build(item, element(path, i), depth+1)
	}
}

func (b *builder) fillMapping(n *node, y *yaml.Node, path string, depth int) {
	n.form = mapping
	b.checkTag(y, path, "!!map")
	if keys := len(y.Content) / 2; keys > b.limits.Keys {
		b.complain(RuleKeys, y, path, "split it", "a mapping of %d keys, more than %d", keys, b.limits.Keys)
		return
	}
	seen := make(map[string]int, len(y.Content)/2)
	for i := 0; i+1 < len(y.Content); i += 2 {
		k := y.Content[i]
		if k.Kind != yaml.ScalarNode || k.Anchor != "" || k.ShortTag() != "!!str" && k.ShortTag() != "!!int" {
			b.complain(RuleKey, k, path, "write the key as text", "a key must be plain text")
			continue
		}
		if line, twice := seen[k.Value]; twice {
			b.complain(RuleDuplicateKey, k, path, "keep one of the two", "key %s is there already, on line %d", quote(k.Value), line)
			continue
		}
		seen[k.Value] = k.Line
		n.entries = append(n.entries, entry{k.Value, b.at(k), b.build(y.Content[i+1], join(path, k.Value), depth+1)})
	}
}

func (b *builder) fillScalar(n *node, y *yaml.Node, path string) {
	n.text = y.Value
	tag := y.ShortTag()
	switch tagged := y.Style&yaml.TaggedStyle != 0; {
	case tag == "!!null":
		return
	case tag == "!!str", tag == "!!timestamp" && !tagged:
		n.form = text
		return
	case tag != "!!int" && tag != "!!float" && tag != "!!bool":
		b.checkTag(y, path, "")
		return
	}
	if leadingZero.MatchString(y.Value) {
		b.complain(RuleNumber, y, path, "quote it if it is text, drop the zero if it is a number", "number %s begins with a zero", short(y.Value))
		return
	}
	var v any
	err := y.Decode(&v)
	if f, ok := v.(float64); err == nil && ok && (math.IsInf(f, 0) || math.IsNaN(f)) {
		err = errors.New("not a finite number")
	}
	if err != nil {
		b.complain(RuleValue, y, path, "quote it if it is text", "value %s does not fit its type", quote(y.Value))
		return
	}
	n.form = number
	switch v := v.(type) {
	case bool:
		n.form, n.number = boolean, strconv.FormatBool(v)
	case float64:
		n.number = strconv.FormatFloat(v+0, 'g', -1, 64) // zero has no sign
	default:
		n.number = fmt.Sprint(v)
	}
}

// checkTag refuses every tag but the one that the node has anyway.
func (b *builder) checkTag(y *yaml.Node, path, want string) {
	if got := y.ShortTag(); got != want {
		b.complain(RuleTag, y, path, "remove it", "tag %s is not allowed", short(got))
	}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// short cuts a text that somebody else chose the length of.
func short(s string) string {
	const most = 64
	if len(s) > most {
		return s[:most] + "..."
	}
	return s
}

func quote(s string) string { return strconv.Quote(short(s)) }
