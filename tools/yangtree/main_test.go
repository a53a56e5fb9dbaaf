package main

import (
	"encoding/json"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var (
	trees  = flag.String("trees", "", "folder with the trees that the schemas of descriptors/schema were made of")
	update = flag.Bool("update", false, "write the schemas anew")
)

const small = `module: m
  +--rw top! [id]
     +--rw id                 string
     +--rw (way)?
     |  +--:(p:one)
     |  |  +--rw p:one?       -> ../../x
     |  +--:(two)
     |     +--rw two* [a b]
     |        +--rw a         uint8
     |        +--rw b         string
     |        +--rw more
     |           +--rw n?     inet:ip-address
     |           +--rw m*     uint64
     |           +--rw t*     string
     +--rw other
     |  +--rw more
     |     +--rw n?           inet:ip-address
     |     +--rw m*           uint64
     |     +--rw t*           string
     +--rw connectivity-type
        +--rw layer-protocol* identityref
        +--rw flow-pattern?   flow-pattern

module: augment

  augment /m:top:
    +--rw one?   string
`

const smallSchema = `{
  "$schema": "http://json-schema.org/draft-07/schema#",
  "$id": "x",
  "title": "T",
  "$comment": "Made by tools/yangtree out of the tree of module m. x-key names what tells the elements of a list apart.",
  "type": "object",
  "required": ["id"],
  "properties": {
    "id": {"$ref": "#/definitions/text"},
    "one": {"$ref": "#/definitions/text"},
    "two": {
      "type": "array",
      "x-key": ["a", "b"],
      "items": {
        "type": "object",
        "required": ["a", "b"],
        "properties": {
          "a": {"$ref": "#/definitions/uint8"},
          "b": {"$ref": "#/definitions/text"},
          "more": {"$ref": "#/definitions/more"}
        },
        "additionalProperties": false
      }
    },
    "other": {"type": "object", "properties": {"more": {"$ref": "#/definitions/more"}}, "additionalProperties": false},
    "connectivity-type": {
      "type": "object",
      "properties": {
        "layer-protocol": {
          "type": "array",
          "items": {"type": "string", "pattern": "^([a-z0-9-]+:)?(ethernet|mpls|odu2|ipv4|ipv6|pseudo-wire)$"}
        },
        "flow-pattern": {"enum": ["line", "tree", "mesh"]}
      },
      "additionalProperties": false
    }
  },
  "additionalProperties": false,
  "definitions": {
    "ip-address": {"type": "string", "format": "ip-address"},
    "text": {"type": ["string", "number", "boolean"]},
    "uint64": {"type": ["integer", "string"], "minimum": 0, "maximum": 18446744073709551615, "format": "uint64"},
    "uint8": {"type": ["integer", "string"], "minimum": 0, "maximum": 255, "format": "uint8"},
    "more": {
      "type": "object",
      "properties": {
        "n": {"$ref": "#/definitions/ip-address"},
        "m": {"type": "array", "items": {"$ref": "#/definitions/uint64"}},
        "t": {"type": "array", "items": {"type": "string"}}
      },
      "additionalProperties": false
    }
  }
}
`

// TestSmall reads a tree with everything that trees have: choices, prefixes,
// lists with two keys, what occurs again, and an augment's copy at the end.
func TestSmall(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tree")
	if err := os.WriteFile(file, []byte(small), 0o600); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := run([]string{"-at", "top", "-id", "x", "-title", "T", file}, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(smallSchema, out.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tree")
	for text, want := range map[string]string{
		"":                            "no module",
		"  +--rw a string\n":          "line 1 is no line of a tree",
		"module: m\nleaf a;\n":        "line 2 is no line of a tree",
		"module: m\n  +--rw a string": "has no node top",
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		err := run([]string{"-at", "top", file}, io.Discard, io.Discard)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	for _, args := range [][]string{{}, {"a", "b"}, {"-x"}, {filepath.Join(t.TempDir(), "none")}} {
		if err := run(args, io.Discard, io.Discard); err == nil {
			t.Errorf("%v: no complaint", args)
		}
	}
}

// made says what the schemas in descriptors/schema were made of.
var made = []struct{ name, at, title, tree, source string }{
	{
		"vnfd", "vnfd", "A network function descriptor, inside its envelope", "etsi-nfv-vnfd",
		"etsi-nfv-vnfd (ETSI NFV-SOL006 v2.6.1, BSD-3-Clause) with the augments of OSM's information model (ef549b0, Apache-2.0)",
	},
	{
		"nsd", "nsd/nsd", "A network service descriptor: one element of nsd, inside its envelopes", "etsi-nfv-nsd",
		"etsi-nfv-nsd (ETSI NFV-SOL006 v2.6.1, BSD-3-Clause) with the augments of OSM's information model (ef549b0, Apache-2.0)",
	},
	{
		"nst", "nst", "A network slice template: one element of nst, inside its envelope", "nst",
		"nst, revision 2018-08-20 (OSM's information model ef549b0, Apache-2.0)",
	},
}

// TestMade makes the schemas again of their trees.
func TestMade(t *testing.T) {
	if *trees == "" {
		t.Skip("no trees given: run with -trees DIR")
	}
	for _, m := range made {
		t.Run(m.name, func(t *testing.T) {
			tree := filepath.Join(*trees, m.tree+".tree.txt")
			var out strings.Builder
			args := []string{"-at", m.at, "-id", "https://l2sces.io/schema/v1/" + m.name + ".json", "-title", m.title, "-source", m.source, tree}
			if err := run(args, &out, io.Discard); err != nil {
				t.Fatal(err)
			}
			file := "../../descriptors/schema/" + m.name + ".json"
			if *update {
				if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), out.String()); diff != "" {
				t.Errorf("%s is not what its tree gives (-file +tree):\n%s", file, diff)
			}
			complete(t, tree, m.at, out.String())
		})
	}
}

// complete counts: every data node of the tree is a property of the schema, and
// no enumeration is left without its words.
func complete(t *testing.T, tree, at, text string) {
	t.Helper()
	f, err := os.Open(tree)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // only read
	_, top, err := parse(f)
	if err != nil {
		t.Fatal(err)
	}
	var s map[string]any
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		t.Fatal(err)
	}
	definitions, _ := s["definitions"].(map[string]any)
	nodes := 0
	var compare func(n *node, s map[string]any, path string)
	compare = func(n *node, s map[string]any, path string) {
		nodes++
		if items, ok := s["items"].(map[string]any); ok {
			s = items
		}
		if ref, ok := s["$ref"].(string); ok {
			s, _ = definitions[strings.TrimPrefix(ref, "#/definitions/")].(map[string]any)
		}
		if n.typ == "enumeration" && s["enum"] == nil || n.typ == "identityref" && s["pattern"] == nil {
			t.Errorf("%s: %s without words", path, n.typ)
		}
		properties, _ := s["properties"].(map[string]any)
		for _, child := range n.nodes {
			below, ok := properties[child.name].(map[string]any)
			if !ok {
				t.Errorf("%s/%s is missing", path, child.name)
				continue
			}
			compare(child, below, path+"/"+child.name)
		}
	}
	compare(find(top, at), s, at)
	if nodes < 100 {
		t.Errorf("only %d nodes", nodes)
	}
	t.Logf("%d nodes", nodes)
}
