package descriptor

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// YAML writes a value as block YAML by its JSON tags, keys in the order of the
// struct. The same value always gives the same bytes.
func YAML(v any) ([]byte, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	root, err := fromJSON(d)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	e := yaml.NewEncoder(&out)
	e.SetIndent(2)
	e.CompactSeqIndent()
	if err := e.Encode(root); err != nil {
		return nil, err
	}
	return out.Bytes(), e.Close()
}

// fromJSON makes YAML nodes of the next JSON value. It reads tokens, because a
// Go map would lose the order of the keys.
func fromJSON(d *json.Decoder) (*yaml.Node, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	var n yaml.Node
	switch t := token.(type) {
	case json.Delim:
		return children(d, t)
	case json.Number:
		tag := "!!int"
		if bytes.ContainsAny([]byte(t), ".eE") {
			tag = "!!float"
		}
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: t.String()}, nil
	case string:
		// The library writes text of several lines as a block, whose lines must not
		// begin with a tab.
		if strings.Contains(t, "\n") && strings.Contains(t, "\t") {
			return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Style: yaml.DoubleQuotedStyle, Value: t}, nil
		}
		return &n, n.Encode(t) // it quotes what an older YAML would not read as text
	default:
		return &n, n.Encode(t)
	}
}

func children(d *json.Decoder, open json.Delim) (*yaml.Node, error) {
	n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	if open == '[' {
		n.Kind, n.Tag = yaml.SequenceNode, "!!seq"
	}
	for d.More() {
		child, err := fromJSON(d)
		if err != nil {
			return nil, err
		}
		n.Content = append(n.Content, child)
	}
	if len(n.Content) == 0 {
		n.Style = yaml.FlowStyle
	}
	if _, err := d.Token(); err != nil {
		return nil, fmt.Errorf("close of %s: %w", open, err)
	}
	return n, nil
}
