//go:build kube

// Package charttest installs every chart of the house into a real API server
// (pkg/kube/kubetest) and looks at what comes of it: that nothing is refused or
// warned of, that nothing is left, what the pods may do, and what the server
// makes of custom resources. It runs no pod.
//
//	go test -tags kube ./deploy/charttest -run TestCharts/sco
package charttest

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/kube/kubetest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// One server serves all tests, each in namespaces of its own.
var shared struct {
	once       sync.Once
	server     *kubetest.Server
	err        error
	namespaces atomic.Int32
}

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	if shared.server != nil {
		shared.server.Stop()
	}
	_ = os.RemoveAll(schemas.dir) // the system clears it away otherwise
	os.Exit(code)
}

func server(t *testing.T) *kubetest.Server {
	t.Helper()
	shared.once.Do(func() {
		ctx := context.Background()
		if shared.server, shared.err = kubetest.Start(ctx, kubetest.Config{}); shared.err == nil {
			shared.err = teach(ctx, shared.server)
		}
	})
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.server
}

// A chart that is tested.
type chart struct {
	name   string // of its folder
	folder string
	level  string   // of pod security that its namespace has
	values []string // files, "" for none
}

// powerful names the charts whose pods do what the level restricted forbids, and
// the level that their namespaces need.
var powerful = map[string]string{"sps": "privileged", "ned": "privileged"}

// charts returns the charts of deploy/charts, and those that lie in a package.
// Their values are the defaults and the files of ci/, and those of testdata.
func charts(t *testing.T) []chart {
	t.Helper()
	var all []chart
	for _, pattern := range []string{"../charts/*/Chart.yaml", "../../vnfd/*/helm-chart-v3s/*/Chart.yaml", "../../vnfd/*/helm-charts/*/Chart.yaml"} {
		for _, file := range glob(t, pattern) {
			folder := filepath.Dir(file)
			if link, err := os.Lstat(folder); err != nil || link.Mode().Type() == os.ModeSymlink {
				continue // the same chart again
			}
			c := chart{name: filepath.Base(folder), folder: folder, level: "restricted", values: []string{""}}
			if level, ok := powerful[c.name]; ok {
				c.level = level
			}
			c.values = append(c.values, glob(t, filepath.Join(folder, "ci", "*.yaml"))...)
			c.values = append(c.values, glob(t, filepath.Join("testdata", "values", c.name, "*.yaml"))...)
			all = append(all, c)
		}
	}
	if len(all) == 0 {
		t.Fatal("there are no charts")
	}
	return all
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// namespace makes a namespace with a level of pod security. The server warns of
// what would violate it, so that a warning shows already at the Deployment.
func namespace(t *testing.T, level string) string {
	t.Helper()
	name := fmt.Sprintf("test-%d", shared.namespaces.Add(1))
	const label = "pod-security.kubernetes.io/"
	call(t, kubetest.Request{Method: http.MethodPost, Path: "/api/v1/namespaces", Body: object{"metadata": object{
		"name": name, "labels": object{label + "enforce": level, label + "warn": level},
	}}})
	return name
}

type object = map[string]any

// call sends a request that the server must not refuse.
func call(t *testing.T, q kubetest.Request) kubetest.Answer {
	t.Helper()
	a, err := server(t).Call(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	if refused := a.Refusal(); refused != "" {
		t.Fatalf("%s %s: %s", q.Method, q.Path, refused)
	}
	return a
}

// list returns the objects at a path.
func list(t *testing.T, path string) []object {
	t.Helper()
	var l struct{ Items []object }
	if err := json.Unmarshal(call(t, kubetest.Request{Path: path}).Body, &l); err != nil {
		t.Fatal(err)
	}
	return l.Items
}

// A helm talks to the shared server through a door of its own.
type helm struct {
	door *kubetest.Door
	home string
}

func newHelm(t *testing.T) helm {
	t.Helper()
	return helmFor(t, server(t))
}

func helmFor(t *testing.T, s *kubetest.Server) helm {
	t.Helper()
	return helm{door: s.Door(t), home: t.TempDir()}
}

// run runs helm; it returns what helm prints and an error with what it says.
func (h helm) run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	c := exec.CommandContext(t.Context(), tool(t, "helm"), args...) //nolint:gosec // arguments of the test
	c.Env = []string{"KUBECONFIG=" + h.door.Kubeconfig, "HOME=" + h.home, "PATH=/usr/bin:/bin"}
	var out, said bytes.Buffer
	c.Stdout, c.Stderr = &out, &said
	err := c.Run()
	if err != nil {
		return out.String(), fmt.Errorf("helm %s: %w: %s", strings.Join(args, " "), err, said.String())
	}
	if said.Len() > 0 {
		return out.String(), fmt.Errorf("helm %s says: %s", strings.Join(args, " "), said.String())
	}
	return out.String(), nil
}

// install installs a chart under its own name, for as long as the test lasts, and
// returns what it sent to the server.
func (h helm) install(t *testing.T, c chart, namespace, values string) string {
	t.Helper()
	// The numbers of ports on nodes are for the next test too.
	t.Cleanup(func() {
		// The context of the test has ended by then.
		_, _ = server(t).Kubectl(context.Background(), "delete", "service", "--all", "--namespace", namespace)
	})
	out, err := h.run(t, append(h.arguments("install", c, namespace, values), "--output", "json")...)
	if err != nil {
		t.Fatal(err)
	}
	var release struct{ Manifest string }
	if err := json.Unmarshal([]byte(out), &release); err != nil {
		t.Fatal(err)
	}
	return release.Manifest
}

func (h helm) arguments(verb string, c chart, namespace, values string) []string {
	args := []string{verb, c.name, c.folder, "--namespace", namespace}
	if values != "" {
		args = append(args, "--values", values)
	}
	return args
}

// tool returns a program of bin/tools. The Makefile says which version; by hand
// it is the newest that is there.
func tool(t *testing.T, name string) string {
	t.Helper()
	if path := os.Getenv(strings.ToUpper(name)); path != "" {
		return path
	}
	root, err := kubetest.Root()
	if err != nil {
		t.Fatal(err)
	}
	found := glob(t, filepath.Join(root, "bin", "tools", name+"-v*"))
	if len(found) == 0 {
		t.Fatalf("there is no %s in bin/tools: make kube builds it", name)
	}
	return found[len(found)-1]
}

// golden compares a text with a file of testdata.
func golden(t *testing.T, file, got string) {
	t.Helper()
	file = filepath.Join("testdata", file)
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}
