// Package charts holds no code: its folders are the Helm charts of the house,
// one for each function. Its tests look at them as files. Those with the tag
// kube render them with helm, and package charttest installs them.
//
//	go test ./deploy/charts
//	go test -tags kube ./deploy/charts -update
package charts_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

var update = flag.Bool("update", false, "write the golden files and the tables of the READMEs anew")

// functions are the charts that this package tests.
var functions = []string{"sco", "sdnc", "sps", "ned"}

type object = map[string]any

func read(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// golden compares a text with a file, or writes it.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(read(t, file), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

// objects are the documents of a text.
func objects(t *testing.T, text string) []object {
	t.Helper()
	var all []object
	d := yaml.NewDecoder(strings.NewReader(text))
	for {
		var o object
		err := d.Decode(&o)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		if o != nil {
			all = append(all, o)
		}
	}
}

// at follows names into an object; nil where there is nothing.
func at(v any, names ...string) any {
	for _, name := range names {
		o, _ := v.(object)
		v = o[name]
	}
	return v
}

// What several charts share is the same text in each of them: a chart has to be
// whole, as OSM's packages have no place for one that others lean on.
func TestSharedTemplates(t *testing.T) {
	for file, charts := range map[string][]string{
		"_lib.tpl": functions, "serviceaccount.yaml": functions, "issuer.yaml": functions,
		"_controller.tpl": {"sco", "sdnc"}, "poddisruptionbudget.yaml": {"sco", "sdnc"},
		"_switch.tpl": {"sps", "ned"}, "metrics-service.yaml": {"sps", "ned"}, "networkpolicy.yaml": {"sps", "ned"}, "certificates.yaml": {"sps", "ned"},
	} {
		for _, c := range charts[1:] {
			first, other := filepath.Join(charts[0], "templates", file), filepath.Join(c, "templates", file)
			if diff := cmp.Diff(read(t, first), read(t, other)); diff != "" {
				t.Errorf("%s and %s differ:\n%s", first, other, diff)
			}
		}
	}
}

// Each value has a default and a place in the schema, and the schema knows
// nothing else; an object without a list of keys is one whose form Kubernetes
// or the policy of the SCO has.
func TestSchemaKnowsValues(t *testing.T) {
	free := []string{"affinity", "policy.content", "global"}
	for _, c := range functions {
		t.Run(c, func(t *testing.T) {
			var schema, values object
			if err := json.Unmarshal([]byte(read(t, filepath.Join(c, "values.schema.json"))), &schema); err != nil {
				t.Fatal(err)
			}
			if err := yaml.Unmarshal([]byte(read(t, filepath.Join(c, "values.yaml"))), &values); err != nil {
				t.Fatal(err)
			}
			if schema["$schema"] != "http://json-schema.org/draft-07/schema#" {
				t.Errorf("the schema is %v, not draft-07", schema["$schema"])
			}
			keys := map[string]bool{}
			allow(t, schema, schema, "", keys, free)
			for _, path := range paths(values, "", free) {
				if !keys[path] {
					t.Errorf("the schema does not know %s", path)
				}
				delete(keys, path)
			}
			delete(keys, "global") // of the charts around this one
			for path := range keys {
				t.Errorf("%s has no default", path)
			}
		})
	}
}

// allow collects the paths that a schema allows, as far as objects go.
func allow(t *testing.T, root, schema object, path string, keys map[string]bool, free []string) {
	t.Helper()
	if ref, ok := schema["$ref"].(string); ok {
		schema, _ = at(root, "definitions", strings.TrimPrefix(ref, "#/definitions/")).(object)
	}
	properties, ok := schema["properties"].(object)
	if !ok || slices.Contains(free, path) || strings.HasSuffix(path, "resources") {
		keys[path] = true
		return
	}
	if schema["additionalProperties"] != false {
		t.Errorf("%s takes unknown keys", path)
	}
	for name, property := range properties {
		p, _ := property.(object)
		allow(t, root, p, strings.TrimPrefix(path+"."+name, "."), keys, free)
	}
}

// paths are those of values that are no objects, and of objects that are free.
func paths(values object, path string, free []string) []string {
	var all []string
	for name, v := range values {
		p := strings.TrimPrefix(path+"."+name, ".")
		o, ok := v.(object)
		if !ok || slices.Contains(free, p) || strings.HasSuffix(p, "resources") {
			all = append(all, p)
			continue
		}
		all = append(all, paths(o, p, free)...)
	}
	return all
}

// OSM takes no parameter whose name has a dot or a dollar sign, so no value may
// need one.
func TestValuesHaveNamesForOSM(t *testing.T) {
	for _, c := range functions {
		files, err := filepath.Glob(filepath.Join(c, "ci", "*.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range append(files, filepath.Join(c, "values.yaml")) {
			for _, o := range objects(t, read(t, file)) {
				for _, key := range names(o) {
					if strings.ContainsAny(key, ".$") {
						t.Errorf("%s: %s cannot be given by additionalParamsForKdu", file, key)
					}
				}
			}
		}
	}
}

func names(v any) []string {
	var all []string
	switch v := v.(type) {
	case object:
		for key, inner := range v {
			all = append(append(all, key), names(inner)...)
		}
	case []any:
		for _, inner := range v {
			all = append(all, names(inner)...)
		}
	}
	return all
}

// Each chart says in its README what its values are: the table is made of
// values.yaml.
func TestReadmes(t *testing.T) {
	const begin, end = "<!-- values -->\n", "<!-- end of values -->"
	for _, c := range functions {
		t.Run(c, func(t *testing.T) {
			file := filepath.Join(c, "README.md")
			before, rest, ok := strings.Cut(read(t, file), begin)
			_, after, closed := strings.Cut(rest, end)
			if !ok || !closed {
				t.Fatalf("%s has no place for the table", file)
			}
			golden(t, file, before+begin+table(t, read(t, filepath.Join(c, "values.yaml")))+end+after)
		})
	}
}

func table(t *testing.T, values string) string {
	t.Helper()
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(values), &document); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("| value | default | meaning |\n|---|---|---|\n")
	rows(t, &b, document.Content[0], "")
	return b.String()
}

// rows writes a row for each value that has a comment, and complains of those
// that have none.
func rows(t *testing.T, b *strings.Builder, mapping *yaml.Node, path string) {
	t.Helper()
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		key, value := mapping.Content[i], mapping.Content[i+1]
		name := strings.TrimPrefix(path+"."+key.Value, ".")
		comment := strings.Join(strings.Fields(strings.ReplaceAll(key.HeadComment, "#", "")), " ")
		switch {
		case comment != "":
			fmt.Fprintf(b, "| `%s` | `%s` | %s |\n", name, flow(t, value), strings.ReplaceAll(comment, "|", `\|`))
		case value.Kind == yaml.MappingNode && len(value.Content) > 0:
			rows(t, b, value, name)
		default:
			t.Errorf("%s has no comment", name)
		}
	}
}

// flow is a value in one line.
func flow(t *testing.T, value *yaml.Node) string {
	t.Helper()
	var v any
	if err := value.Decode(&v); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(out.String())
}

// The custom resources keep their form: structural schemas without free parts,
// a status of its own, and the columns that people look at.
func TestCustomResources(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("*", "crds", "*.yaml"))
	if err != nil || len(files) != 6 {
		t.Fatalf("%d definitions, %v, want six", len(files), err)
	}
	for _, file := range files {
		o := objects(t, read(t, file))[0]
		versions, _ := at(o, "spec", "versions").([]any)
		if len(versions) != 1 || at(o, "spec", "group") != "l2sces.io" || at(versions[0], "name") != "v1alpha1" {
			t.Fatalf("%s: want one version, l2sces.io/v1alpha1", file)
		}
		if at(versions[0], "subresources", "status") == nil {
			t.Errorf("%s: the status is no subresource", file)
		}
		schema := at(versions[0], "schema", "openAPIV3Schema")
		for _, want := range []any{
			at(schema, "properties", "spec", "properties"),
			at(schema, "properties", "status", "properties", "observedGeneration"), at(schema, "properties", "status", "properties", "conditions"),
		} {
			if want == nil {
				t.Errorf("%s: spec, observedGeneration or conditions are missing", file)
			}
		}
		for _, key := range names(schema) {
			if key == "x-kubernetes-preserve-unknown-fields" || key == "additionalProperties" {
				t.Errorf("%s: %s lets everything in", file, key)
			}
		}
	}
}
