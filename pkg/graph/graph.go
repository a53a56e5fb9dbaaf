// Package graph shows how the descriptors of a set of packages hang together:
// which template names which services, which service names which functions, and
// which links a slice ties to which connection points. It draws; whether what it
// draws is right is for package lint to say. An end that is named and not there
// is drawn as missing.
//
//	svg := graph.New(docs).SVG()
package graph

import (
	"cmp"
	"slices"

	"github.com/l2sces/l2sces/pkg/descriptor"
)

// A Kind is the column of a node.
type Kind string

// The kinds, from left to right.
const (
	NST  Kind = "nst"
	NSD  Kind = "nsd"
	VNFD Kind = "vnfd"
)

// A Relation says what an edge is, by the field that makes it.
type Relation string

// The relations.
const (
	NSDRef Relation = "nsd-ref" // a subnet of a template runs a service
	VNFDID Relation = "vnfd-id" // a member of a service is a function
	SAPD   Relation = "sapd"    // a link of a slice joins a service
	CPD    Relation = "cpd"     // a link of a service joins a function
)

// A Graph is all descriptors and how they refer to one another.
type Graph struct {
	Nodes []Node `json:"nodes"`
	Edges []Edge `json:"edges"`
}

// A Node is one descriptor. A missing one is only named by others.
type Node struct {
	Kind    Kind   `json:"kind"`
	ID      string `json:"id"`
	File    string `json:"file,omitempty"`
	Missing bool   `json:"missing,omitempty"`
	Parts   []Part `json:"parts,omitempty"`
}

// A Part is what an edge may leave or reach inside a node.
type Part struct {
	Name    string `json:"name"`
	Note    string `json:"note,omitempty"`
	Missing bool   `json:"missing,omitempty"` // named by another node, or tied to nothing
	Indent  bool   `json:"-"`
}

// An End is a node, and a part of it or -1 for the whole.
type End struct {
	Node int `json:"node"`
	Part int `json:"part"`
}

// An Edge is one reference.
type Edge struct {
	From     End      `json:"from"`
	To       End      `json:"to"`
	Relation Relation `json:"relation"`
	Label    string   `json:"label"`
	Missing  bool     `json:"missing,omitempty"`
}

// New makes the graph of some documents, the same one in whatever order they
// come. What is no descriptor is left out.
func New(docs []*descriptor.Document) Graph {
	b := builder{byID: map[string]int{}}
	bodies := b.addNodes(docs)
	for i, body := range bodies {
		switch b.Nodes[i].Kind {
		case VNFD:
			b.vnfd(i, body)
		case NSD:
			b.nsdParts(i, body)
		}
	}
	for i, body := range bodies {
		switch b.Nodes[i].Kind {
		case NST:
			b.nst(i, body)
		case NSD:
			b.nsdEdges(i, body)
		}
	}
	return b.Graph
}

// kinds are the columns of documents.
var kinds = map[descriptor.Kind]Kind{descriptor.KindNST: NST, descriptor.KindNSD: NSD, descriptor.KindVNFD: VNFD}

// columns are the kinds from left to right.
var columns = []Kind{NST, NSD, VNFD}

// addNodes makes a node of each descriptor, in an order of their own.
func (b *builder) addNodes(docs []*descriptor.Document) []descriptor.Node {
	type found struct {
		node Node
		body descriptor.Node
	}
	var all []found
	for _, d := range docs {
		body, _ := d.Body()
		if kind, ok := kinds[d.Kind()]; ok {
			all = append(all, found{Node{Kind: kind, ID: body.Get("id").Text(), File: d.Name()}, body})
		}
	}
	slices.SortStableFunc(all, func(x, y found) int {
		return cmp.Or(cmp.Compare(slices.Index(columns, x.node.Kind), slices.Index(columns, y.node.Kind)),
			cmp.Compare(x.node.ID, y.node.ID), cmp.Compare(x.node.File, y.node.File))
	})
	var bodies []descriptor.Node
	for i, f := range all {
		b.Nodes = append(b.Nodes, f.node)
		bodies = append(bodies, f.body)
		if _, twice := b.byID[key(f.node.Kind, f.node.ID)]; !twice {
			b.byID[key(f.node.Kind, f.node.ID)] = i
		}
	}
	return bodies
}

func key(kind Kind, id string) string { return string(kind) + " " + id }
