package graph

import (
	"cmp"
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
	channel    = 260 // between columns, where the edges run
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

// arrange stacks the nodes of each kind in a column, each as near to those of
// the columns left of it that name it as there is room.
func (g Graph) arrange() layout {
	l := layout{boxes: make([]box, len(g.Nodes)), width: margin}
	for _, kind := range columns {
		nodes, column := g.column(kind, l.width)
		for _, i := range nodes {
			l.boxes[i] = box{column.x, margin + captions, column.width, headHeight + rowHeight*float64(len(g.Nodes[i].Parts))}
		}
		l.stack(nodes, g.wishes(nodes, l))
		l.columns = append(l.columns, column)
		l.width += column.width + channel
	}
	l.width += margin - channel
	return l
}

// column returns the nodes of a kind, and how wide they are.
func (g Graph) column(kind Kind, x float64) ([]int, box) {
	var nodes []int
	chars := 24
	for i, n := range g.Nodes {
		if n.Kind == kind {
			nodes = append(nodes, i)
			chars = max(chars, n.chars())
		}
	}
	return nodes, box{x: x, width: float64(chars)*charWidth + 2*padding}
}

// wishes returns how high each node would like to stand: with its ends level
// with the edges that reach it, on the average. Nobody's goes to the bottom.
func (g Graph) wishes(nodes []int, l layout) map[int]float64 {
	sum, count := map[int]float64{}, map[int]float64{}
	for _, e := range g.Edges {
		if slices.Contains(nodes, e.To.Node) {
			_, from := l.port(e.From, true)
			_, to := l.port(e.To, false)
			sum[e.To.Node] += from - to
			count[e.To.Node]++
		}
	}
	wishes := map[int]float64{}
	for _, i := range nodes {
		wishes[i] = margin + captions
		if count[i] > 0 {
			wishes[i] += sum[i] / count[i]
		} else if len(count) > 0 {
			wishes[i] = l.height
		}
	}
	return wishes
}

// stack gives the nodes of a column their heights: first down from the top,
// then up again where the column became longer than it must be.
func (l *layout) stack(nodes []int, wishes map[int]float64) {
	slices.SortStableFunc(nodes, func(a, b int) int { return cmp.Compare(wishes[a], wishes[b]) })
	y, all := float64(margin+captions), float64(margin+captions)
	for _, i := range nodes {
		l.boxes[i].y = max(y, float64(int(wishes[i])))
		y = l.boxes[i].y + l.boxes[i].height + between
		all += l.boxes[i].height + between
	}
	l.height = max(l.height, all-between+margin)
	bottom := l.height - margin
	for _, i := range slices.Backward(nodes) {
		b := &l.boxes[i]
		b.y = min(b.y, bottom-b.height)
		bottom = b.y - between
	}
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
