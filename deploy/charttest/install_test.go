//go:build kube

package charttest

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/kube/kubetest"
)

// Each chart with each of its values is installed, looked at, upgraded to the
// next values, and removed. The server is strict and has nothing to say, and
// afterwards it holds what it held before. What the pods of a chart may do is in
// testdata/rights and testdata/security.
func TestCharts(t *testing.T) {
	conform := conformer(t)
	places := places(t)
	for _, c := range charts(t) {
		t.Run(c.name, func(t *testing.T) {
			h := newHelm(t)
			var rights, security strings.Builder
			for i, values := range c.values {
				t.Run(title(values), func(t *testing.T) {
					ns := namespace(t, c.level)
					before := objects(t)
					manifest := h.install(t, c, ns, values)
					if said, err := conform(t, manifest); err != nil {
						t.Errorf("kubeconform: %v: %s", err, said)
					}
					fmt.Fprintf(&rights, "# %s\n%s", title(values), allRights(t, ns, places["restricted"]))
					fmt.Fprintf(&security, "# %s\n%s", title(values), admitted(t, ns, c.level, places))
					next := c.values[(i+1)%len(c.values)]
					if _, err := h.run(t, h.arguments("upgrade", c, ns, next)...); err != nil {
						t.Errorf("upgrade to %s: %v", title(next), err)
					}
					if _, err := h.run(t, "uninstall", c.name, "--namespace", ns); err != nil {
						t.Error(err)
					}
					for _, w := range h.door.Warnings() {
						t.Error("warning:", w)
					}
					if diff := cmp.Diff(before, objects(t)); diff != "" {
						t.Errorf("before and after (-before +after):\n%s", diff)
					}
				})
			}
			golden(t, filepath.Join("rights", c.name+".txt"), rights.String())
			golden(t, filepath.Join("security", c.name+".txt"), security.String())
		})
	}
}

// Each chart as it is, on a cluster that knows no custom resource but the
// chart's own.
func TestInstallBare(t *testing.T) {
	s := kubetest.Run(t, kubetest.Config{})
	h := helmFor(t, s)
	for _, c := range charts(t) {
		t.Run(c.name, func(t *testing.T) {
			if _, err := h.run(t, append(h.arguments("install", c, c.name, ""), "--create-namespace")...); err != nil {
				t.Fatal(err)
			}
			for _, w := range h.door.Warnings() {
				t.Error("warning:", w)
			}
		})
	}
}

// title names values in a subtest.
func title(values string) string {
	if values == "" {
		return "defaults"
	}
	return strings.TrimSuffix(filepath.Base(values), ".yaml")
}

// crds installs the custom resource definitions of a chart, which helm makes
// with the first release and never removes.
func crds(t *testing.T, c chart) {
	t.Helper()
	for _, file := range glob(t, filepath.Join(c.folder, "crds", "*.yaml")) {
		if _, err := server(t).Kubectl(t.Context(), "apply", "--server-side", "--validate=strict", "-f", file); err != nil {
			t.Fatal(err)
		}
		if _, err := server(t).Kubectl(t.Context(), "wait", "--for=condition=Established", "--timeout=60s", "-f", file); err != nil {
			t.Fatal(err)
		}
	}
}

func objects(t *testing.T) []string {
	t.Helper()
	all, err := server(t).Objects(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// What TestCharts would not let pass.
func TestInstallRefuses(t *testing.T) {
	tests := []struct {
		chart string
		want  string // in helm's error, or in a warning
	}{
		{"typo", `unknown field "spec.template.spec.containers[0].imagePullPolcy"`},
		{"gone", `no matches for kind "PodDisruptionBudget" in version "policy/v1beta1"`},
		{"deprecated", "v1 Endpoints is deprecated"},
		{"rootly", `violate PodSecurity "restricted:latest": allowPrivilegeEscalation != false`},
		{"leaver", "configmaps"},
	}
	for _, tt := range tests {
		t.Run(tt.chart, func(t *testing.T) {
			h := newHelm(t)
			ns := namespace(t, "restricted")
			c := chart{name: tt.chart, folder: filepath.Join("testdata", "bad", tt.chart)}
			before := objects(t)
			_, err := h.run(t, h.arguments("install", c, ns, "")...)
			if err == nil {
				_, err = h.run(t, "uninstall", c.name, "--namespace", ns)
			}
			found := strings.Join(h.door.Warnings(), "\n") + cmp.Diff(before, objects(t))
			if err != nil {
				found += err.Error()
			}
			if !strings.Contains(found, tt.want) {
				t.Errorf("want %q in\n%s", tt.want, found)
			}
		})
	}
}
