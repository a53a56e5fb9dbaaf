//go:build kube

package kubetest_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/kube/kubetest"
)

func TestServer(t *testing.T) {
	s := kubetest.Run(t, kubetest.Config{})
	door := s.Door(t)

	out, err := s.Kubectl(t.Context(), "version", "--output", "json")
	if err != nil || strings.Count(out, `"gitVersion": "v1.`) != 2 {
		t.Errorf("client and server do not tell their versions: %v\n%s", err, out)
	}
	if _, err := s.KubectlWith(t.Context(), `{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "one"}}`, "create", "-f", "-"); err != nil {
		t.Error(err)
	}
	if out, err = s.Kubectl(t.Context(), "get", "namespace", "one", "-o", "name"); out != "namespace/one\n" {
		t.Errorf("the namespace is not there: %v %s", err, out)
	}
	if _, err := s.Kubectl(t.Context(), "get", "namespace", "two"); err == nil || !strings.Contains(err.Error(), "not found") {
		t.Errorf("another namespace: %v, want not found", err)
	}

	const stray = `{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "dada": {}}`
	if _, err := s.KubectlWith(t.Context(), stray, "create", "-n", "one", "--validate=ignore", "-f", "-"); err != nil {
		t.Errorf("an unknown field is ignored by whoever wants it so: %v", err)
	}
	_, err = s.KubectlWith(t.Context(), strings.Replace(stray, `"a"`, `"b"`, 1),
		"create", "--kubeconfig", door.Kubeconfig, "-n", "one", "--validate=ignore", "-f", "-")
	if err == nil || !strings.Contains(err.Error(), `unknown field "dada"`) {
		t.Errorf("through the door: %v, want a refusal of the field", err)
	}

	const old = `{"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "a"}}`
	if _, err := s.KubectlWith(t.Context(), old, "create", "--kubeconfig", door.Kubeconfig, "-n", "one", "-f", "-"); err != nil {
		t.Error(err)
	}
	warned := strings.Join(door.Warnings(), "\n")
	if !strings.Contains(warned, "Endpoints is deprecated") {
		t.Errorf("warnings: %q, want one of Endpoints", warned)
	}
	want := []string{"POST /api/v1/namespaces/one/endpoints 201"}
	if diff := cmp.Diff(want, door.Written()); diff != "" {
		t.Errorf("written (-want +got):\n%s", diff)
	}
	if again := door.Warnings(); len(again) > 0 {
		t.Errorf("said twice: %q", again)
	}
}

func TestCall(t *testing.T) {
	s := kubetest.Run(t, kubetest.Config{Flags: []string{"--anonymous-auth=false"}})
	namespace := map[string]any{"metadata": map[string]any{"name": "one"}}
	tests := []struct {
		name    string
		request kubetest.Request
		code    int
		refusal string
	}{
		{"make", kubetest.Request{Method: http.MethodPost, Path: "/api/v1/namespaces", Body: namespace}, http.StatusCreated, ""},
		{"make again", kubetest.Request{Method: http.MethodPost, Path: "/api/v1/namespaces", Body: namespace}, http.StatusConflict, "already exists"},
		{"look", kubetest.Request{Path: "/api/v1/namespaces/one"}, http.StatusOK, ""},
		{"look for another", kubetest.Request{Path: "/api/v1/namespaces/two"}, http.StatusNotFound, "not found"},
		{"look as another", kubetest.Request{Path: "/api/v1/namespaces/one", As: "system:serviceaccount:one:a"}, http.StatusForbidden, "cannot get"},
		{
			"change", kubetest.Request{
				Method: http.MethodPatch, Path: "/api/v1/namespaces/one", Type: "application/merge-patch+json",
				Body: []byte(`{"metadata": {"labels": {"a": "b"}}}`),
			}, http.StatusOK, "",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, err := s.Call(t.Context(), tt.request)
			if err != nil {
				t.Fatal(err)
			}
			if a.Code != tt.code || !strings.Contains(a.Refusal(), tt.refusal) || (a.Refusal() == "") != (tt.refusal == "") {
				t.Errorf("got %d %q, want %d %q", a.Code, a.Refusal(), tt.code, tt.refusal)
			}
		})
	}
}

// A server that is stopped leaves no process and no folder.
func TestStop(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	s, err := kubetest.Start(t.Context(), kubetest.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if got := processes(t, tmp); len(got) != 2 {
		t.Errorf("it runs %q, want etcd and kube-apiserver", got)
	}
	s.Stop()
	if got := processes(t, tmp); len(got) != 0 {
		t.Errorf("left: %q", got)
	}
	left, err := os.ReadDir(tmp)
	if err != nil || len(left) != 0 {
		t.Errorf("left: %v %v", left, err)
	}
	if a, err := s.Call(context.WithoutCancel(t.Context()), kubetest.Request{Path: "/readyz"}); err == nil {
		t.Errorf("it still answers: %d", a.Code)
	}
}

// processes returns the command lines that name a folder.
func processes(t *testing.T, folder string) []string {
	t.Helper()
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, file := range lines {
		text, _ := os.ReadFile(file) // it may have ended
		if strings.Contains(string(text), folder) {
			found = append(found, strings.ReplaceAll(string(text), "\x00", " "))
		}
	}
	return found
}

func TestStartRefused(t *testing.T) {
	tests := []struct {
		name   string
		config kubetest.Config
		want   string
	}{
		{"no programs", kubetest.Config{Programs: "/nowhere"}, "make kube"},
		{"a flag that there is not", kubetest.Config{Flags: []string{"--no-such-flag"}}, "unknown flag"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := kubetest.Start(t.Context(), tt.config)
			if err == nil {
				s.Stop()
				t.Fatal("it started")
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}
