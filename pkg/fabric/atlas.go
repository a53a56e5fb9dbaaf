package fabric

import (
	"slices"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/topology"
)

// An atlas holds the graphs of networks that are compiled together: what is
// found out about one graph serves all networks that have the same links. It
// lives while nothing else can change.
type atlas []sheet

// A sheet is the graph that some links make.
type sheet struct {
	links   []Link
	nodes   map[slice.Node]bool
	without map[pair]bool
	graph   topology.Graph
}

// maxSheets bounds what is looked through for one network.
const maxSheets = 16

// find returns the sheet of a network, if there is one. A network that reserves
// bandwidth has a graph of its own, because it does not count what it has.
func (a *atlas) find(n *network) (sheet, bool) {
	if a == nil || n.reserves() {
		return sheet{}, false
	}
	for _, s := range *a {
		if slices.Equal(s.links, n.Links) && !slices.ContainsFunc(n.Attachments, func(at Attachment) bool { return !s.nodes[at.Node] }) {
			return s, true
		}
	}
	return sheet{}, false
}

// enter keeps the graph of a network for those that come after it.
func (a *atlas) enter(n *network, scope []slice.Node, g topology.Graph) topology.Graph {
	if a == nil || n.reserves() || len(n.Links) == 0 || len(*a) == maxSheets {
		return g
	}
	s := sheet{links: n.Links, nodes: map[slice.Node]bool{}, without: n.without, graph: g.Remembered()}
	for _, name := range scope {
		s.nodes[name] = true
	}
	*a = append(*a, s)
	return s.graph
}
