//go:build lab

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/l2sces/l2sces/descriptors"
	"github.com/l2sces/l2sces/pkg/descriptor"
)

var yang = flag.String("yang", "", "folder with checkouts of the public YANG: NFV-SOL006 v2.6.1 and OSM's IM")

// A judge is yanglint with modules, for descriptors of one kind.
type judge struct {
	dir  string   // of the modules
	args []string // modules and options
	top  string   // name of the top node, with its module
	tree *node
	list bool   // the top node is a list
	ids  string // module of the identities, of which descriptors leave out the name
}

// kinds are the descriptors of this repository, and how they are judged.
var kinds = []struct{ name, files string }{
	{"vnfd", "vnfd/*/*.yaml"}, {"nsd", "nsd/*/*.yaml"}, {"nst", "descriptors/nst/*/*.yaml"},
}

// TestYanglint has libyang judge every descriptor of the repository, and
// descriptors with one fault each, by a module made of our own schema: both
// judges say the same.
func TestYanglint(t *testing.T) {
	need(t)
	for _, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			schema, err := descriptors.Schema.ReadFile("schema/" + kind.name + ".json")
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			file := "l2sces-" + kind.name + ".yang"
			if err := os.WriteFile(filepath.Join(dir, file), []byte(yangModule(t, kind.name, schema)), 0o600); err != nil {
				t.Fatal(err)
			}
			j := &judge{dir: dir, args: []string{file}, top: "l2sces-" + kind.name + ":" + kind.name, list: kind.name != "vnfd"}
			j.read(t, "l2sces-"+kind.name, kind.name)
			j.judgeAll(t, kind.files)
		})
	}
}

// TestYanglintPublic has libyang judge them by the public modules, which know
// more than we do. A service needs the descriptors of its functions, and a
// template those of its services, for their references to hold: of these it
// judges the form, of functions everything.
func TestYanglintPublic(t *testing.T) {
	need(t)
	if *yang == "" {
		t.Skip("no public YANG given: run with -yang DIR")
	}
	dir := t.TempDir()
	augments := modules(t, dir)
	nfv := append([]string{"etsi-nfv-descriptors.yang", "etsi-nfv-vnfd.yang", "etsi-nfv-nsd.yang"}, augments...)
	for _, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			var j *judge
			switch kind.name {
			case "vnfd":
				j = &judge{dir: dir, args: append(nfv, "-e", "-t", "config"), top: "etsi-nfv-vnfd:vnfd", ids: "etsi-nfv-descriptors:"}
				j.read(t, "etsi-nfv-vnfd", "vnfd")
			case "nsd":
				j = &judge{dir: dir, args: append(nfv, "-t", "getconfig"), top: "etsi-nfv-nsd:nsd", list: true, ids: "etsi-nfv-descriptors:"}
				j.read(t, "etsi-nfv-nsd", "nsd")
			default:
				j = &judge{dir: filepath.Join(dir, "nst"), args: []string{"nst.yang", "-t", "getconfig"}, top: "nst:nst", list: true}
				j.read(t, "nst", "nst")
			}
			j.judgeAll(t, kind.files)
		})
	}
}

func need(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("yanglint"); err != nil {
		t.Skip("yanglint is not here: deploy/setup.sh run test installs it")
	}
}

// modules copies the public modules, adapted, and returns the augments. The
// template's are of an older model, whose names clash with the others'.
func modules(t *testing.T, dir string) (augments []string) {
	t.Helper()
	if err := os.Mkdir(filepath.Join(dir, "nst"), 0o700); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(*yang, func(name string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(name) != ".yang" {
			return err
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		base, to := filepath.Base(name), dir
		switch {
		case strings.HasPrefix(base, "etsi-nfv-"):
		case filepath.Base(filepath.Dir(name)) == "augments":
			augments = append(augments, base)
		default:
			to = filepath.Join(dir, "nst")
		}
		return os.WriteFile(filepath.Join(to, base), adapt(data), 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	return augments
}

// lint runs yanglint and returns what it says.
func (j *judge) lint(t *testing.T, args ...string) (stdout, stderr string, ok bool) {
	t.Helper()
	var out, faults bytes.Buffer
	cmd := exec.CommandContext(context.Background(), "yanglint", args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = j.dir, &out, &faults
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), faults.String(), err == nil
}

// read has yanglint print the tree of a module, and remembers the node at a
// path in it.
func (j *judge) read(t *testing.T, module, path string) {
	t.Helper()
	var files []string
	for _, a := range j.args {
		if filepath.Ext(a) == ".yang" {
			files = append(files, a)
		}
	}
	out, faults, ok := j.lint(t, append([]string{"-Q", "-f", "tree", "-L", "500"}, files...)...)
	i := strings.Index(out, "module: "+module+"\n")
	if !ok || i < 0 {
		t.Fatalf("yanglint does not take the modules: %s", faults)
	}
	_, top, err := parse(strings.NewReader(out[i:]))
	if err != nil {
		t.Fatal(err)
	}
	if j.tree = find(top, path); j.tree != nil && path == "nsd" && j.tree.mark != "*" {
		j.tree = find(top, "nsd/nsd")
	}
	if j.tree == nil {
		t.Fatalf("module %s has no %s", module, path)
	}
}

// judgeAll gives the judge every descriptor as it is, and once each with every
// key changed and every value that is not text.
func (j *judge) judgeAll(t *testing.T, pattern string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("../..", pattern))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %v, %v", pattern, files, err)
	}
	seen := map[string]bool{}
	faults := 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if ours, theirs := j.both(t, data); len(ours) > 0 || theirs != "" {
			t.Errorf("%s\nwe say: %v\nyanglint says: %s", file, ours, theirs)
			continue
		}
		for _, wrong := range j.wrong(t, data, seen) {
			faults++
			if ours, theirs := j.both(t, wrong.yaml); len(ours) == 0 || theirs == "" {
				t.Errorf("%s: %s\nwe say: %v\nyanglint says: %q", file, wrong.what, ours, theirs)
			}
		}
	}
	if faults < 10 {
		t.Errorf("only %d faults", faults)
	}
	t.Logf("%d descriptors, %d faults", len(files), faults)
}

// both returns what we and what yanglint have against a descriptor.
func (j *judge) both(t *testing.T, data []byte) (descriptor.Problems, string) {
	t.Helper()
	doc, err := descriptor.Read("f", data, descriptor.Limits{})
	if err != nil {
		t.Fatalf("%v\n%s", err, data)
	}
	body, _ := doc.Body()
	value := j.convert(j.tree, body)
	if j.list {
		value = []any{value}
	}
	top := map[string]any{j.top: value}
	if j.top == "etsi-nfv-nsd:nsd" {
		top = map[string]any{j.top: map[string]any{"nsd": value}}
	}
	text, err := json.Marshal(top)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "data.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	_, faults, ok := j.lint(t, append(append([]string{}, j.args...), file)...)
	switch faults = strings.TrimSpace(onlyErrors(faults)); {
	case ok:
		faults = ""
	case faults == "":
		faults = "refused"
	}
	return doc.Structure(), faults
}

// onlyErrors leaves out what yanglint warns of in the modules.
func onlyErrors(text string) string {
	var kept []string
	for _, l := range strings.Split(text, "\n") {
		if !strings.HasPrefix(l, "libyang warn") {
			kept = append(kept, l)
		}
	}
	return strings.Join(kept, "\n")
}

// convert writes a value as RFC 7951 has it: names with the module where it
// changes, 64-bit numbers as text.
func (j *judge) convert(n *node, v descriptor.Node) any {
	switch v.Form() {
	case descriptor.FormMapping:
		out := map[string]any{}
		for _, e := range v.Entries() {
			name, child := e.Key, &node{}
			for _, c := range n.nodes {
				if c.name == e.Key {
					child = c
				}
			}
			if child.prefix != "" {
				name = child.prefix + ":" + name
			}
			out[name] = j.convert(child, e.Value)
		}
		return out
	case descriptor.FormList:
		out := []any{}
		for _, item := range v.Items() {
			out = append(out, j.convert(n, item))
		}
		return out
	default:
		if n.typ == "identityref" {
			return j.ids + v.Text()
		}
		return scalar(n.typ, v)
	}
}

// scalar writes a leaf of a type.
func scalar(typ string, v descriptor.Node) any {
	switch typ {
	case "boolean":
		if v.Text() == "true" || v.Text() == "false" {
			return v.Bool()
		}
	case "uint8", "uint16", "uint32", "yang:timeticks", "inet:port-number":
		if _, ok := v.Uint(); ok {
			return json.Number(v.Text())
		}
	}
	return v.Text()
}

// A mistake is a descriptor with one fault.
type mistake struct {
	what string
	yaml []byte
}

// wrong makes mistakes of a descriptor, one for each place of the model.
func (j *judge) wrong(t *testing.T, data []byte, seen map[string]bool) []mistake {
	t.Helper()
	doc, err := descriptor.Read("f", data, descriptor.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	body, _ := doc.Body()
	var all []mistake
	var visit func(n *node, v descriptor.Node, path string)
	visit = func(n *node, v descriptor.Node, path string) {
		for _, e := range v.Entries() {
			here := path + "/" + e.Key
			child := find(n.nodes, e.Key)
			if child == nil {
				t.Fatalf("%s is not in the tree", here)
			}
			if !seen[here] {
				seen[here] = true
				all = append(all, mistake{here + " is called otherwise", put(data, e.Value.KeyAt(), e.Key, "zz-"+e.Key)})
				if typed(child) && e.Value.Text() != "" {
					all = append(all, mistake{here + " is zz", put(data, e.Value.At(), "", "zz")})
				}
			}
			visit(child, e.Value, here)
		}
		for _, item := range v.Items() {
			visit(n, item, path)
		}
	}
	visit(j.tree, body, "")
	return all
}

// typed reports whether a leaf takes less than any text.
func typed(n *node) bool {
	return n.typ != "" && n.typ != "string" && n.typ != "inet:uri" && !strings.HasPrefix(n.typ, "->")
}

// put writes a text at a place, in the stead of a key or, without one, of a
// plain scalar.
func put(data []byte, at descriptor.Position, old, text string) []byte {
	lines := bytes.SplitAfter(data, []byte("\n"))
	line := lines[at.Line-1]
	end := at.Column - 1 + len(old)
	if old == "" {
		if i := bytes.IndexAny(line[end:], ",}]\n"); i >= 0 {
			end += i
		} else {
			end = len(line)
		}
	}
	out := append([]byte{}, bytes.Join(lines[:at.Line-1], nil)...)
	out = append(append(append(out, line[:at.Column-1]...), text...), line[end:]...)
	return append(out, bytes.Join(lines[at.Line:], nil)...)
}
