package graph

import (
	"slices"
	"unicode/utf8"
)

// Sizes of the drawing, in pixels.
const (
	rowHeight  = 20
	headHeight = 28
	charWidth  = 7.3 // of the monospaced font at 12 pixels
	padding    = 10
	between    = 28  // boxes of a column
	channel    = 230 // between columns, where the edges run
	margin     = 24
	captions   = 40 // above the boxes
	mostChars  = 44 // of a row; longer ones are cut
)

// A box is where a node is drawn.
type box struct {
	x, y, width, height float64
}

// A layout is where everything is drawn.
type layout struct {
	boxes         []box
	columns       []box // x and width count
	width, height float64
}

// arrange stacks the nodes of each kind in a column. Services and functions
// stand in the order in which the column left of them names them, which keeps
// edges from crossing where they need not.
func (g Graph) arrange() layout {
	l := layout{boxes: make([]box, len(g.Nodes)), width: margin}
	rank := map[int]int{}
	for _, kind := range columns {
		var nodes []int
		chars := 16
		for i, n := range g.Nodes {
			if n.Kind == kind {
				nodes = append(nodes, i)
				chars = max(chars, n.chars())
			}
		}
		g.order(nodes, rank)
		column := box{x: l.width, width: float64(chars)*charWidth + 2*padding}
		y := float64(margin + captions)
		for _, i := range nodes {
			height := float64(headHeight + rowHeight*len(g.Nodes[i].Parts))
			l.boxes[i] = box{column.x, y, column.width, height}
			y += height + between
			rank[i] = len(rank)
		}
		l.columns = append(l.columns, column)
		l.height = max(l.height, y-between+margin)
		l.width += column.width + channel
	}
	l.width += margin - channel
	return l
}

// order sorts nodes by the first edge that reaches them from a node that has
// its place; those that none reaches stay behind, in the order they have.
func (g Graph) order(nodes []int, rank map[int]int) {
	const last = 1 << 30
	reached := map[int]int{}
	for _, i := range nodes {
		reached[i] = last
	}
	for at, e := range g.Edges {
		r, placed := rank[e.From.Node]
		if now, ours := reached[e.To.Node]; ours && placed {
			reached[e.To.Node] = min(now, r*len(g.Edges)+at)
		}
	}
	slices.SortStableFunc(nodes, func(a, b int) int { return reached[a] - reached[b] })
}

// chars returns the length of the longest row of a node.
func (n Node) chars() int {
	most := utf8.RuneCountInString(cut(n.ID))
	for _, p := range n.Parts {
		most = max(most, utf8.RuneCountInString(p.row())+2)
	}
	return most
}

// row returns a part as one line.
func (p Part) row() string {
	if p.Note == "" {
		return cut(p.Name)
	}
	return cut(p.Name + "  " + p.Note)
}

// cut shortens what somebody else chose the length of.
func cut(s string) string {
	if utf8.RuneCountInString(s) <= mostChars {
		return s
	}
	return string([]rune(s)[:mostChars-1]) + "…"
}

// port returns where an edge meets an end, on its right or left side.
func (l layout) port(e End, right bool) (x, y float64) {
	b := l.boxes[e.Node]
	if right {
		b.x += b.width
	}
	if e.Part == whole {
		return b.x, b.y + headHeight/2
	}
	return b.x, b.y + headHeight + rowHeight*(float64(e.Part)+0.5)
}
