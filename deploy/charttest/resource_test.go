//go:build kube

package charttest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The custom resources of the charts, as the server knows them: each definition
// is established, each kind has a good object that is taken, and every bad one
// of testdata is refused for the reason that stands in its first line.
func TestCustomResources(t *testing.T) {
	h := newHelm(t)
	for _, c := range charts(t) {
		crds(t, h, c)
	}
	ns := namespace(t, "restricted")
	taken := map[string]bool{}
	for _, file := range glob(t, "testdata/objects/*.yaml") {
		t.Run(title(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			first, rest, _ := strings.Cut(string(text), "\n---\n")
			why, refused := strings.CutPrefix(strings.SplitN(first, "\n", 2)[0], "# refused: ")
			_, err = server(t).KubectlWith(t.Context(), first, "create", "--validate=strict", "-n", ns, "-f", "-")
			if rest != "" { // a second document changes the first
				if err != nil {
					t.Fatal(err)
				}
				_, err = server(t).KubectlWith(t.Context(), rest, "apply", "--server-side", "--force-conflicts", "--validate=strict", "-n", ns, "-f", "-")
			}
			switch {
			case refused && err == nil:
				t.Errorf("taken, want a refusal: %s", why)
			case refused && !strings.Contains(err.Error(), why):
				t.Errorf("refused, but not because of %q: %v", why, err)
			case !refused && err != nil:
				t.Errorf("refused: %v", err)
			case !refused:
				taken[kindIn(first)] = true
			}
		})
	}
	for _, d := range definitions(t, "l2sces.io") {
		if !taken[d.kind] {
			t.Errorf("no good object of kind %s in testdata/objects", d.kind)
		}
		if d.established != "True" {
			t.Errorf("%s is established: %q", d.kind, d.established)
		}
	}
}

func kindIn(text string) string {
	for line := range strings.Lines(text) {
		if kind, ok := strings.CutPrefix(line, "kind: "); ok {
			return strings.TrimSpace(kind)
		}
	}
	return ""
}

type definition struct{ kind, established string }

// definitions lists the definitions of a group on the server.
func definitions(t *testing.T, group string) []definition {
	t.Helper()
	out, err := server(t).Kubectl(t.Context(), "get", "customresourcedefinitions", "-o", "json")
	if err != nil {
		t.Fatal(err)
	}
	var l struct {
		Items []struct {
			Spec struct {
				Group string
				Names struct{ Kind string }
			}
			Status struct {
				Conditions []struct{ Type, Status string }
			}
		}
	}
	if err := json.Unmarshal([]byte(out), &l); err != nil {
		t.Fatal(err)
	}
	var all []definition
	for _, item := range l.Items {
		if item.Spec.Group != group {
			continue
		}
		d := definition{kind: item.Spec.Names.Kind}
		for _, c := range item.Status.Conditions {
			if c.Type == "Established" {
				d.established = c.Status
			}
		}
		all = append(all, d)
	}
	return all
}

// Folders of values name charts that there are.
func TestValuesOfCharts(t *testing.T) {
	names := map[string]bool{}
	for _, c := range charts(t) {
		names[c.name] = true
	}
	for _, pattern := range []string{"testdata/values/*", "testdata/rights/*", "testdata/security/*"} {
		for _, file := range glob(t, pattern) {
			if name := strings.TrimSuffix(filepath.Base(file), ".txt"); !names[name] {
				t.Errorf("%s: there is no chart %s", file, name)
			}
		}
	}
}
