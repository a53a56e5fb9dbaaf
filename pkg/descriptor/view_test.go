package descriptor_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/descriptor"
)

const knf = `vnfd:
  id: a
  ext-cpd:
  - id: mgmt
    k8s-cluster-net: mgmtnet
  - id: data
  count: '7'
  empty:
`

func TestBody(t *testing.T) {
	tests := map[string]struct {
		yaml, path, id string
		want           []string
	}{
		"VNFD":          {"vnfd: {id: a}\n", "vnfd", "a", nil},
		"VNFD, long":    {"etsi-nfv-vnfd:vnfd: {id: a}\n", "etsi-nfv-vnfd:vnfd", "a", nil},
		"VNFD, list":    {"vnfd: [{id: a}]\n", "vnfd", "", nil},
		"NSD":           {"nsd: {nsd: [{id: a}]}\n", "nsd.nsd[0]", "a", nil},
		"NST":           {"nst: [{id: a}]\n", "nst[0]", "a", nil},
		"NST, bare":     {"id: a\nnetslice-vld: []\n", "", "a", nil},
		"beside a VNFD": {"vnfd: {id: a}\nx: 1\n", "vnfd", "a", []string{`f:2:1: schema-envelope: unknown key "x" beside vnfd`}},
		"legacy":        {"vnfd:vnfd-catalog: {}\n", "", "", []string{"f:1:1: schema-legacy: descriptor of OSM release 8 or older: this format is no longer read"}},
		"none":          {"id: a\n", "", "a", []string{"f:1:1: schema-kind: this is no descriptor that OSM knows"}},
		"a list":        {"- id: a\n", "", "", []string{"f:1:1: schema-kind: a mapping is wanted here, this is a list"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			body, problems := read(t, "f", test.yaml).Body()
			if body.Path() != test.path || body.Get("id").Text() != test.id {
				t.Errorf("body at %q, id %q", body.Path(), body.Get("id").Text())
			}
			if diff := cmp.Diff(test.want, messages(t, problems.Err())); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestNode(t *testing.T) {
	vnfd, _ := read(t, "f", knf).Body()
	cpds := vnfd.Get("ext-cpd").Items()
	if len(cpds) != 2 {
		t.Fatalf("%d connection points", len(cpds))
	}
	tests := map[string]struct {
		node                 descriptor.Node
		path, at, keyAt, say string
		exists               bool
		form                 descriptor.Form
	}{
		"text":           {cpds[0].Get("k8s-cluster-net"), "vnfd.ext-cpd[0].k8s-cluster-net", "f:5:22", "f:5:5", "mgmtnet", true, descriptor.FormText},
		"absent":         {cpds[1].Get("k8s-cluster-net"), "vnfd.ext-cpd[1].k8s-cluster-net", "f:6:5", "f:6:5", "", false, descriptor.FormNone},
		"far absent":     {vnfd.Get("df").Get("x"), "vnfd.df.x", "f:2:3", "f:2:3", "", false, descriptor.FormNone},
		"element":        {cpds[1], "vnfd.ext-cpd[1]", "f:6:5", "f:6:5", "", true, descriptor.FormMapping},
		"without value":  {vnfd.Get("empty"), "vnfd.empty", "f:8:9", "f:8:3", "", true, descriptor.FormNone},
		"number as text": {vnfd.Get("count"), "vnfd.count", "f:7:10", "f:7:3", "7", true, descriptor.FormText},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			n := test.node
			got := []string{n.Path(), n.At().String(), n.KeyAt().String(), n.Text()}
			if diff := cmp.Diff([]string{test.path, test.at, test.keyAt, test.say}, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if n.Exists() != test.exists || n.Form() != test.form {
				t.Errorf("exists %v, form %v", n.Exists(), n.Form())
			}
		})
	}
}

// TestZeroNode holds that nothing has to be asked before it is read.
func TestZeroNode(t *testing.T) {
	var n descriptor.Node
	n = n.Get("a").Get("b")
	if n.Exists() || n.Text() != "" || n.Items() != nil || n.Entries() != nil || n.Path() != "a.b" || n.Bool() {
		t.Errorf("%+v", n)
	}
	if _, ok := n.Uint(); ok {
		t.Error("nothing is a number")
	}
}

func TestEntriesAndNumbers(t *testing.T) {
	root := read(t, "f", "b: 1\na: 'true'\nc: x\nd: -1\n").Root()
	var keys []string
	for _, e := range root.Entries() {
		keys = append(keys, e.Key+" "+e.Value.Path()+" "+e.Value.KeyAt().String())
	}
	if diff := cmp.Diff([]string{"b b f:1:1", "a a f:2:1", "c c f:3:1", "d d f:4:1"}, keys); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if u, ok := root.Get("b").Uint(); u != 1 || !ok || !root.Get("a").Bool() || root.Get("b").Bool() {
		t.Error("numbers and booleans are read otherwise")
	}
	for _, key := range []string{"c", "d"} {
		if _, ok := root.Get(key).Uint(); ok {
			t.Errorf("%s is no whole number", key)
		}
	}
}

func TestNodeProblem(t *testing.T) {
	vnfd, _ := read(t, "f", knf).Body()
	n := vnfd.Get("count")
	if got, want := n.Problem("r-1", "mend it", "bad %d", 1).String(), "f:7:10: r-1: bad 1 (mend it)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := n.KeyProblem("r-1", "", "bad").String(), "f:7:3: r-1: bad"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
