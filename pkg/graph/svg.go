package graph

import (
	"bytes"
	"encoding/xml"
	"fmt"
)

// style is the look of the drawing: what is missing is red and dashed.
const style = `
    text { font: 12px ui-monospace, "DejaVu Sans Mono", monospace; fill: #1c2733 }
    .caption { font-size: 13px; fill: #5b6b7a }
    .head { font-weight: bold; fill: #fff }
    .note { fill: #5b6b7a }
    .box { fill: #fff; stroke: #3b4a5a }
    .nst { fill: #1f4e79 } .nsd { fill: #2b6a4d } .vnfd { fill: #6a4c1f }
    .edge { fill: none; stroke-width: 1.4; stroke: #3b4a5a }
    .sapd { stroke: #1769aa } .cpd { stroke: #8a97a5 }
    .label { font-size: 10px; paint-order: stroke; stroke: #fff; stroke-width: 3px }
    .missing { stroke: #c62828; stroke-dasharray: 5 4 }
    text.missing { fill: #c62828; stroke: none }
    .label.missing { stroke: #fff; stroke-dasharray: none }
`

// SVG returns the drawing: templates left, services in the middle, functions
// right. The same graph always gives the same bytes.
func (g Graph) SVG() []byte {
	l := g.arrange()
	p := &painter{}
	p.printf(`<svg xmlns="http://www.w3.org/2000/svg" width="%g" height="%g" viewBox="0 0 %g %g">`, l.width, l.height, l.width, l.height)
	p.printf("  <title>Templates, services and functions</title>")
	p.printf("  <style>%s  </style>", style)
	p.printf(`  <defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" fill="context-stroke"/></marker></defs>`)
	p.printf(`  <rect width="%g" height="%g" fill="#fff"/>`, l.width, l.height)
	for i, caption := range []string{"Network slice templates", "Network services", "Network functions"} {
		p.printf(`  <text class="caption" x="%g" y="%d">%s</text>`, l.columns[i].x, margin+padding, caption)
	}
	for _, e := range g.Edges {
		p.edge(e, l)
	}
	for i, n := range g.Nodes {
		p.node(n, l.boxes[i])
	}
	for _, e := range g.Edges {
		p.label(e, l)
	}
	p.printf("</svg>")
	return p.out.Bytes()
}

// A painter writes elements, one a line.
type painter struct{ out bytes.Buffer }

func (p *painter) printf(format string, args ...any) {
	fmt.Fprintf(&p.out, format+"\n", args...)
}

// dashed is the class of what is missing.
func dashed(missing bool) string {
	if missing {
		return " missing"
	}
	return ""
}

// lead is how far an edge runs straight, below its label.
const lead = 90

func (p *painter) edge(e Edge, l layout) {
	x1, y1 := l.port(e.From, true)
	x2, y2 := l.port(e.To, false)
	from := x1 + lead
	bend := (x2 - from) / 2
	p.printf(`  <path class="edge %s%s" d="M%g %gH%gC%g %g %g %g %g %g" marker-end="url(#tip)"/>`,
		e.Relation, dashed(e.Missing), x1, y1, from, from+bend, y1, x2-bend, y2, x2, y2)
}

func (p *painter) label(e Edge, l layout) {
	x, y := l.port(e.From, true)
	p.printf(`  <text class="label%s" x="%g" y="%g">%s</text>`, dashed(e.Missing), x+6, y-3, escape(cut(e.Label)))
}

func (p *painter) node(n Node, b box) {
	p.printf("  <g>")
	if n.File != "" {
		p.printf("    <title>%s</title>", escape(n.File))
	}
	p.printf(`    <rect class="box%s" x="%g" y="%g" width="%g" height="%g" rx="4"/>`, dashed(n.Missing), b.x, b.y, b.width, b.height)
	if n.Missing {
		p.printf(`    <text class="missing" x="%g" y="%g">%s</text>`, b.x+padding, b.y+18, escape(cut(n.ID)))
	} else {
		p.printf(`    <path class="%s" d="M%g %gv-24q0-4 4-4h%gq4 0 4 4v24z"/>`, n.Kind, b.x, b.y+headHeight, b.width-8)
		p.printf(`    <text class="head" x="%g" y="%g">%s</text>`, b.x+padding, b.y+18, escape(cut(n.ID)))
	}
	for i, part := range n.Parts {
		x, y := b.x+padding, b.y+headHeight+float64(rowHeight*i)+14
		if part.Indent {
			x += 2 * charWidth
		}
		p.printf(`    <text class="%s" x="%g" y="%g">%s</text>`, class(part), x, y, escape(part.row()))
	}
	p.printf("  </g>")
}

func class(p Part) string {
	switch {
	case p.Missing:
		return "missing"
	case p.Indent:
		return "note"
	default:
		return "row"
	}
}

func escape(s string) string {
	var out bytes.Buffer
	_ = xml.EscapeText(&out, []byte(s)) // a buffer takes everything
	return out.String()
}
