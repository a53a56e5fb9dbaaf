package topology_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/topology"
)

// link joins a and b by ports that are told from the far switch.
func link(a, b slice.DPID, cost uint32) topology.Link {
	return topology.Link{
		Name: fmt.Sprintf("%d-%d", a, b),
		A:    topology.End{Switch: a, Port: slice.Port(100 + b)},
		B:    topology.End{Switch: b, Port: slice.Port(100 + a)},
		Cost: cost,
	}
}

// beside is a link between the same switches by other ports.
func beside(l topology.Link) topology.Link {
	l.A.Port += 100
	l.B.Port += 100
	return l
}

func graph(links ...topology.Link) topology.Graph {
	g := topology.Graph{Links: links}
	seen := map[slice.DPID]bool{}
	for _, l := range links {
		for _, s := range []slice.DPID{l.A.Switch, l.B.Switch} {
			if !seen[s] {
				g.Switches = append(g.Switches, s)
			}
			seen[s] = true
		}
	}
	return g
}

func names(links []topology.Link) string {
	all := make([]string, len(links))
	for i, l := range links {
		all[i] = l.Name
	}
	return strings.Join(all, " ")
}

func route(hops []topology.Hop) string {
	all := make([]string, len(hops))
	for i, h := range hops {
		all[i] = fmt.Sprintf("%s:%d>%d:%d", h.Link.Name, h.Out, h.To, h.In)
	}
	return strings.Join(all, " ")
}

func Example() {
	fabric := graph(link(1, 2, 1), link(2, 3, 1), link(1, 3, 1))
	tree, err := fabric.Tree([]slice.DPID{1, 2, 3}, []topology.Link{link(2, 3, 1)})
	fmt.Println(names(tree.Links()), err)
	// Output: 1-2 2-3 <nil>
}

func TestTree(t *testing.T) {
	triangle := graph(link(1, 2, 1), link(2, 3, 1), link(1, 3, 1))
	line := graph(link(1, 2, 0), link(2, 3, 0), link(3, 4, 0))
	tests := map[string]struct {
		graph   topology.Graph
		members []slice.DPID
		forced  []topology.Link
		want    string
		kind    slice.Kind
		err     string
	}{
		"nobody":             {graph: triangle},
		"one":                {graph: triangle, members: []slice.DPID{2}},
		"two, direct":        {graph: triangle, members: []slice.DPID{3, 1}, want: "1-3"},
		"all":                {graph: triangle, members: []slice.DPID{1, 2, 3}, want: "1-2 1-3"},
		"no dead branches":   {graph: line, members: []slice.DPID{3, 2}, want: "2-3"},
		"over transit":       {graph: line, members: []slice.DPID{1, 4}, want: "1-2 2-3 3-4"},
		"the long way":       {graph: triangle, members: []slice.DPID{1, 2}, forced: []topology.Link{link(2, 3, 1), link(1, 3, 1)}, want: "1-3 2-3"},
		"forced twice":       {graph: triangle, members: []slice.DPID{1, 2}, forced: []topology.Link{link(1, 2, 1), link(1, 2, 1)}, want: "1-2"},
		"forced for nobody":  {graph: line, forced: []topology.Link{link(3, 4, 0)}, want: "3-4"},
		"forced, in pieces":  {graph: line, members: []slice.DPID{1}, forced: []topology.Link{link(1, 2, 0), link(3, 4, 0)}, want: "1-2 2-3 3-4"},
		"cheaper over three": {graph: graph(link(1, 2, 9), link(1, 3, 2), link(2, 3, 2)), members: []slice.DPID{1, 2}, want: "1-3 2-3"},
		"loop": {
			graph: triangle, forced: triangle.Links,
			kind: slice.Invalid, err: "explicit paths make a loop of the links 2-3, 1-2, 1-3",
		},
		"parallel links loop": {
			graph:  graph(link(1, 2, 1), beside(link(1, 2, 2))),
			forced: []topology.Link{link(1, 2, 1), beside(link(1, 2, 2))},
			kind:   slice.Invalid, err: "explicit paths make a loop of the links 1-2, 1-2",
		},
		"apart": {
			graph: graph(link(1, 2, 1), link(3, 4, 1)), members: []slice.DPID{1, 2, 4},
			kind: slice.Unavailable, err: "no link leads from 0000000000000001, 0000000000000002 to 0000000000000004",
		},
		"a stranger": {
			graph: line, members: []slice.DPID{9},
			kind: slice.Unavailable, err: "switch 0000000000000009 is not in the fabric",
		},
		"link is gone": {
			graph: line, forced: []topology.Link{link(1, 4, 0)},
			kind: slice.Unavailable, err: "link 1-4 is not in the fabric",
		},
		"link to a switch that is gone": {
			graph:   topology.Graph{Switches: []slice.DPID{1, 3}, Links: line.Links},
			members: []slice.DPID{1, 3},
			kind:    slice.Unavailable, err: "no link leads from 0000000000000001 to 0000000000000003",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			tree, err := test.graph.Tree(test.members, test.forced)
			if got := names(tree.Links()); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if test.err == "" && err != nil || test.err != "" && (err == nil || err.Error() != test.err || slice.KindOf(err) != test.kind) {
				t.Errorf("got error %v (%s), want %q (%s)", err, slice.KindOf(err), test.err, test.kind)
			}
		})
	}
}

func TestTreePath(t *testing.T) {
	tree, err := graph(link(1, 2, 1), link(2, 3, 1), link(2, 4, 1)).Tree([]slice.DPID{1, 3, 4}, nil)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		a, b slice.DPID
		want string
	}{
		{1, 3, "1-2:102>2:101 2-3:103>3:102"},
		{4, 1, "2-4:102>2:104 1-2:101>1:102"},
		{1, 1, ""},
		{1, 9, ""},
		{9, 1, ""},
	}
	for _, test := range tests {
		if got := route(tree.Path(test.a, test.b)); got != test.want {
			t.Errorf("%d to %d: got %q, want %q", test.a, test.b, got, test.want)
		}
	}
	if got, want := route(tree.Neighbours(2)), "1-2:101>1:102 2-3:103>3:102 2-4:104>4:102"; got != want {
		t.Errorf("neighbours: got %q, want %q", got, want)
	}
}

func TestNextHops(t *testing.T) {
	// A square with a dear diagonal; 4 is two hops from 1, equally far over 2 and 3.
	g := graph(link(1, 2, 1), link(1, 3, 1), link(2, 4, 1), link(3, 4, 1), link(1, 4, 5))
	g.Switches = append(g.Switches, 7)
	got := map[slice.DPID]string{}
	for s, h := range g.NextHops(4) {
		got[s] = h.Link.Name
	}
	want := map[slice.DPID]string{1: "1-2", 2: "2-4", 3: "3-4"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if path, err := g.Path(1, 4); err != nil || route(path) != "1-2:102>2:101 2-4:104>4:102" {
		t.Errorf("got path %q, %v", route(path), err)
	}
	if path, err := g.Path(7, 4); slice.KindOf(err) != slice.Unavailable {
		t.Errorf("got path %q and error %v where there is no way", route(path), err)
	}
}

func TestBetween(t *testing.T) {
	dear, cheap := link(1, 2, 7), link(2, 1, 3)
	g := graph(dear, cheap, link(2, 3, 1))
	if diff := cmp.Diff([]topology.Link{cheap, dear}, g.Between(1, 2)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got := g.Between(1, 3); got != nil {
		t.Errorf("got %v between switches without a link", got)
	}
}
