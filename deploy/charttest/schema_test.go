//go:build kube

package charttest

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/l2sces/l2sces/pkg/kube/kubetest"
)

var schemas struct {
	once sync.Once
	dir  string
	err  error
}

// What kubeconform, another program by other people, would not let pass, by
// schemas made from the server's own documents.
func TestSchemasRefuse(t *testing.T) {
	conform := conformer(t)
	const good = `
apiVersion: apps/v1
kind: Deployment
metadata:
  name: a
spec:
  replicas: 1
  selector:
    matchLabels: {app: a}
  template:
    metadata:
      labels: {app: a}
    spec:
      containers:
      - name: a
        image: example.org/a:1
        ports:
        - containerPort: 80
        livenessProbe:
          httpGet: {path: /, port: http}
        resources:
          limits: {cpu: 1, memory: 64Mi}
`
	if said, err := conform(t, good); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	tests := []struct{ name, old, new, want string }{
		{"unknown field", "image:", "imagePullPolcy: Always\n        image:", "imagePullPolcy"},
		{"wrong type", "replicas: 1", `replicas: "1"`, "replicas"},
		{"missing field", "  selector:\n    matchLabels: {app: a}\n", "", "selector"},
		{"unknown version", "apps/v1", "apps/v1beta2", "could not find schema"},
		{"unknown kind", "kind: Deployment", "kind: Deploymint", "could not find schema"},
		{"deep down", "containerPort: 80", "containerPort: http", "containerPort"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bad := strings.Replace(good, tt.old, tt.new, 1)
			if said, err := conform(t, bad); err == nil || !strings.Contains(said, tt.want) {
				t.Errorf("got %v %q, want %q", err, said, tt.want)
			}
		})
	}
}

// conformer returns kubeconform with the schemas of the server, which knows the
// custom resources of the charts.
func conformer(t *testing.T) func(*testing.T, string) (string, error) {
	t.Helper()
	schemas.once.Do(func() {
		for _, c := range charts(t) {
			crds(t, c)
		}
		if schemas.dir, schemas.err = os.MkdirTemp("", "schemas-"); schemas.err == nil { //nolint:usetesting // for several tests
			schemas.err = server(t).WriteSchemas(t.Context(), schemas.dir)
		}
	})
	if schemas.err != nil {
		t.Fatal(schemas.err)
	}
	return func(t *testing.T, manifest string) (string, error) {
		t.Helper()
		//nolint:gosec // a program of ours
		c := exec.CommandContext(t.Context(), tool(t, "kubeconform"), "-strict", "-summary=false",
			"-schema-location", filepath.Join(schemas.dir, kubetest.SchemaName), "-")
		c.Stdin = strings.NewReader(manifest)
		var out bytes.Buffer
		c.Stdout, c.Stderr = &out, &out
		err := c.Run()
		return out.String(), err
	}
}
