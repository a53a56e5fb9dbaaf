package charts_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

// environment is the chart that OSM installs for itself. It is none of a
// function, and needs no certificates of its own.
const environment = "l2sces-ee"

func TestEnvironmentSharesTemplates(t *testing.T) {
	for _, file := range []string{"_lib.tpl", "serviceaccount.yaml"} {
		want := read(t, filepath.Join(functions[0], "templates", file))
		if diff := cmp.Diff(want, read(t, filepath.Join(environment, "templates", file))); diff != "" {
			t.Errorf("%s differs:\n%s", file, diff)
		}
	}
}

func TestEnvironmentValues(t *testing.T) {
	var schema, values object
	if err := json.Unmarshal([]byte(read(t, filepath.Join(environment, "values.schema.json"))), &schema); err != nil {
		t.Fatal(err)
	}
	text := read(t, filepath.Join(environment, "values.yaml"))
	if err := yaml.Unmarshal([]byte(text), &values); err != nil {
		t.Fatal(err)
	}
	free, keys := []string{"affinity", "global"}, map[string]bool{}
	allow(t, schema, schema, "", keys, free)
	for _, path := range paths(values, "", free) {
		if !keys[path] {
			t.Errorf("the schema does not know %s", path)
		}
		delete(keys, path)
	}
	for path := range keys {
		t.Errorf("%s has no default", path)
	}
	const begin, end = "<!-- values -->\n", "<!-- end of values -->"
	file := filepath.Join(environment, "README.md")
	before, rest, _ := strings.Cut(read(t, file), begin)
	_, after, ok := strings.Cut(rest, end)
	if !ok {
		t.Fatalf("%s has no place for the table", file)
	}
	golden(t, file, before+begin+table(t, text)+end+after)
}

// OSM calls a Service that is called like the release, at port 50050, and the
// pod behind it has what OSM's namespaces allow.
func TestEnvironmentIsWhatOSMCalls(t *testing.T) {
	for _, variant := range []string{"defaults", "plain", "full"} {
		services, pods := 0, 0
		for _, o := range objects(t, read(t, filepath.Join("testdata", environment+"-"+variant+".golden.yaml"))) {
			switch o["kind"] {
			case "Service":
				services++
				ports, _ := at(o, "spec", "ports").([]any)
				if at(o, "metadata", "name") != release || len(ports) != 1 || at(ports[0], "port") != 50050 {
					t.Errorf("%s: service %v, ports %v", variant, at(o, "metadata", "name"), ports)
				}
			case "Deployment":
				pods++
				spec := at(o, "spec", "template", "spec")
				if at(spec, "automountServiceAccountToken") != false || at(spec, "securityContext", "runAsNonRoot") != true {
					t.Errorf("%s: %v", variant, spec)
				}
			}
		}
		if services != 1 || pods != 1 {
			t.Errorf("%s: %d services, %d deployments", variant, services, pods)
		}
	}
}

// release is one as OSM calls them.
const release = "eechart-0012345678"
