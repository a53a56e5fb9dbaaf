package graph

import (
	"fmt"
	"strings"
)

// DOT returns the graph in the language of Graphviz, for those who want to lay
// it out in another way.
func (g Graph) DOT() []byte {
	var out strings.Builder
	out.WriteString("digraph packages {\n  rankdir=LR\n  node [shape=record fontname=monospace]\n  edge [fontname=monospace fontsize=10]\n")
	for i, n := range g.Nodes {
		rows := []string{"<h>" + field(string(n.Kind)+" "+n.ID)}
		for j, p := range n.Parts {
			rows = append(rows, fmt.Sprintf("<p%d>%s", j, field(p.row())))
		}
		fmt.Fprintf(&out, "  n%d [label=\"%s\"%s]\n", i, strings.Join(rows, "|"), red(n.Missing))
	}
	for _, e := range g.Edges {
		fmt.Fprintf(&out, "  %s -> %s [label=\"%s\"%s]\n", port(e.From), port(e.To), field(e.Label), red(e.Missing))
	}
	out.WriteString("}\n")
	return []byte(out.String())
}

func port(e End) string {
	if e.Part == whole {
		return fmt.Sprintf("n%d:h", e.Node)
	}
	return fmt.Sprintf("n%d:p%d", e.Node, e.Part)
}

func red(missing bool) string {
	if missing {
		return ` color="#c62828" style=dashed`
	}
	return ""
}

// field escapes what has a meaning in a record's label.
var field = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "{", `\{`, "}", `\}`, "|", `\|`, "<", `\<`, ">", `\>`, "\n", " ").Replace
