package graph_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/graph"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// packages hold one of everything: what is there, and what is only named.
var packages = map[string]string{
	"nst.yaml": `nst:
- id: emergency
  netslice-subnet:
  - {id: field, nsd-ref: field-ns}
  - {id: fire, nsd-ref: field-ns, is-shared-nss: true}
  - {id: gone, nsd-ref: gone-ns}
  netslice-vld:
  - id: voice
    type: ELAN
    nss-connection-point-ref:
    - {nss-ref: field, nsd-connection-point-ref: voice-cp}
    - {nss-ref: fire, nsd-connection-point-ref: no-cp}
    - {nss-ref: gone, nsd-connection-point-ref: voice-cp}
    - {nss-ref: none, nsd-connection-point-ref: voice-cp}
`,
	"nsd.yaml": `nsd:
  nsd:
  - id: field-ns
    vnfd-id: [phone-knf, spare-knf]
    virtual-link-desc: [{id: voice}, {id: mgmtnet}]
    sapd:
    - {id: voice-cp, virtual-link-desc: voice}
    - {id: loose-cp, virtual-link-desc: nowhere}
    df:
    - id: d
      vnf-profile:
      - id: phone
        vnfd-id: phone-knf
        virtual-link-connectivity:
        - virtual-link-profile-id: voice
          constituent-cpd-id: [{constituent-base-element-id: phone, constituent-cpd-id: media-ext}]
        - virtual-link-profile-id: nolink
          constituent-cpd-id: [{constituent-base-element-id: phone, constituent-cpd-id: no-ext}]
      - {id: "odd <&> name", vnfd-id: absent-knf}
`,
	"vnfd.yaml": `vnfd:
  id: phone-knf
  ext-cpd: [{id: media-ext, k8s-cluster-net: datanet}, {id: eth, int-cpd: {vdu-id: vm, cpd: c}}]
  kdu: [{name: rtp, helm-chart: rtp}]
  df: [{id: d}]
`,
	"unused.yaml": "vnfd: {id: unused-knf, df: [{id: d}]}\n",
	"annex.yaml":  "apiVersion: l2sces/v1\n",
}

func documents(t *testing.T, names []string) []*descriptor.Document {
	t.Helper()
	var docs []*descriptor.Document
	for _, name := range names {
		doc, err := descriptor.Read(name, []byte(packages[name]), descriptor.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		docs = append(docs, doc)
	}
	return docs
}

var everything = []string{"nst.yaml", "nsd.yaml", "vnfd.yaml", "unused.yaml", "annex.yaml"}

// TestForms draws the packages in every form. The pictures were looked at.
func TestForms(t *testing.T) {
	g := graph.New(documents(t, everything))
	data, err := json.MarshalIndent(g, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "packages.json", append(data, '\n'))
	golden(t, "packages.dot", g.DOT())
	golden(t, "packages.svg", g.SVG())
	wellFormed(t, g.SVG())
	golden(t, "nothing.svg", graph.New(nil).SVG())
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func wellFormed(t *testing.T, svg []byte) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(svg))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// TestMissing lists what is drawn red: each end that is named and not there.
func TestMissing(t *testing.T) {
	g := graph.New(documents(t, everything))
	var nodes, parts, edges []string
	for _, n := range g.Nodes {
		if n.Missing {
			nodes = append(nodes, string(n.Kind)+" "+n.ID)
		}
		for _, p := range n.Parts {
			if p.Missing {
				parts = append(parts, n.ID+": "+p.Name)
			}
		}
	}
	for _, e := range g.Edges {
		if e.Missing {
			edges = append(edges, g.Nodes[e.From.Node].ID+" "+string(e.Relation)+" "+g.Nodes[e.To.Node].ID)
		}
	}
	for _, list := range []struct{ got, want []string }{
		{nodes, []string{"nsd gone-ns", "nsd subnet none", "vnfd absent-knf", "vnfd spare-knf"}},
		{parts, []string{"emergency: at none", "field-ns: sapd loose-cp", "field-ns: sapd no-cp", "field-ns: link nolink", "phone-knf: cp no-ext"}},
		{edges, []string{
			"emergency nsd-ref gone-ns", "emergency sapd field-ns", "emergency sapd gone-ns", "emergency sapd subnet none",
			"field-ns cpd phone-knf", "field-ns vnfd-id absent-knf", "field-ns vnfd-id spare-knf",
		}},
	} {
		if diff := cmp.Diff(list.want, list.got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
}

// TestOrder gives the packages in any order: the drawing is the same.
func TestOrder(t *testing.T) {
	want := graph.New(documents(t, everything)).SVG()
	rapid.Check(t, func(rt *rapid.T) {
		names := rapid.Permutation(slices.Clone(everything)).Draw(rt, "names")
		if !bytes.Equal(want, graph.New(documents(t, names)).SVG()) {
			rt.Fatal("another drawing")
		}
	})
}

// TestBoxesDoNotOverlap draws services with any number of members and links.
func TestBoxesDoNotOverlap(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var docs []*descriptor.Document
		for i := range rapid.IntRange(0, 6).Draw(rt, "services") {
			text := "nsd: {nsd: [{id: n" + string(rune('a'+i)) + ", df: [{vnf-profile: ["
			for range rapid.IntRange(0, 5).Draw(rt, "members") {
				text += "{id: m, vnfd-id: v" + string(rune('a'+rapid.IntRange(0, 8).Draw(rt, "function"))) + "},"
			}
			doc, err := descriptor.Read("f", []byte(text+"]}]}]}"), descriptor.Limits{})
			if err != nil {
				rt.Fatal(err)
			}
			docs = append(docs, doc)
		}
		wellFormed(t, graph.New(docs).SVG())
		overlap(rt, graph.New(docs).SVG())
	})
}

// overlap fails when two boxes of the drawing share a point, or one is outside.
func overlap(t *rapid.T, svg []byte) {
	var drawing struct {
		Width  float64 `xml:"width,attr"`
		Height float64 `xml:"height,attr"`
		Groups []struct {
			Rect struct {
				X      float64 `xml:"x,attr"`
				Y      float64 `xml:"y,attr"`
				Width  float64 `xml:"width,attr"`
				Height float64 `xml:"height,attr"`
			} `xml:"rect"`
		} `xml:"g"`
	}
	if err := xml.Unmarshal(svg, &drawing); err != nil {
		t.Fatal(err)
	}
	for i, g := range drawing.Groups {
		a := g.Rect
		if a.X < 0 || a.Y < 0 || a.X+a.Width > drawing.Width || a.Y+a.Height > drawing.Height {
			t.Fatalf("box %d of %d is outside: %+v of %+v x %+v", i, len(drawing.Groups), a, drawing.Width, drawing.Height)
		}
		for _, h := range drawing.Groups[:i] {
			b := h.Rect
			if a.X < b.X+b.Width && b.X < a.X+a.Width && a.Y < b.Y+b.Height && b.Y < a.Y+a.Height {
				t.Fatalf("%+v overlaps %+v", a, b)
			}
		}
	}
}
