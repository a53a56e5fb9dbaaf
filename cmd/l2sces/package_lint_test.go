package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/l2sces/l2sces/cmd/internal/program"
)

// lintRun runs the command and returns what it says and its exit status.
func lintRun(t *testing.T, args ...string) (out string, status int) {
	t.Helper()
	c := rootCommand()
	var b bytes.Buffer
	c.SetOut(&b)
	c.SetErr(io.Discard)
	c.SetArgs(append([]string{"package"}, args...))
	status = program.Execute(c, io.Discard)
	return b.String(), status
}

// lintFolder makes a folder with a template that has a warning, and in a bare
// file beside it one that has an error.
func lintFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	text, err := os.ReadFile("../../pkg/lint/testdata/good/nst/town/nst.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, edit := range map[string][2]string{
		"town/nst.yaml": {"    name: video\n", "    name: Video\n"},
		"bad.yaml":      {"type: ELINE", "type: ETREE"},
		"README.md":     {"", ""},
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(strings.Replace(string(text), edit[0], edit[1], 1)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const against = "../../pkg/lint/testdata/good/nsd"

func TestPackageLint(t *testing.T) {
	dir := lintFolder(t)
	for _, row := range []struct {
		name   string
		args   []string
		status int
		says   string
	}{
		{"a warning", []string{dir + "/town"}, 0, "warning: " + dir + "/town/nst.yaml:26:11: nst-link-dropped: name \"Video\" is not the id"},
		{"strict", []string{dir + "/town", "--strict"}, 2, "1 package: 0 errors, 1 warning, 0 notes"},
		{"waived", []string{dir + "/town", "--strict", "--waive", "nst-link-dropped"}, 0, "0 warnings, 0 notes; 1 waived"},
		{"an error in a bare file", []string{dir + "/bad.yaml"}, 2, dir + "/bad.yaml:27:11: schema-enum: "},
		{"a page beside it", []string{dir + "/README.md", dir + "/town"}, 0, "1 package:"},
		{"no such file", []string{dir + "/none"}, 2, ""},
		{"no such rule", []string{dir + "/town", "--waive", "all"}, 2, ""},
		{"no such format", []string{dir + "/town", "-o", "xml"}, 2, ""},
		{"a folder of packages", []string{against}, 0, "2 packages:"},
		{"neither package nor archive", []string{"package_lint_test.go"}, 2, "archive-format"},
	} {
		t.Run(row.name, func(t *testing.T) {
			out, status := lintRun(t, append([]string{"lint", "--against", against}, row.args...)...)
			if status != row.status || !strings.Contains(out, row.says) {
				t.Errorf("status %d:\n%s", status, out)
			}
		})
	}
}

func TestPackageLintFormats(t *testing.T) {
	dir := lintFolder(t)
	for format, key := range map[string]string{"json": "findings", "sarif": "runs"} {
		out, status := lintRun(t, "lint", "-o", format, "--against", against, dir+"/bad.yaml")
		var v map[string]any
		if err := json.Unmarshal([]byte(out), &v); err != nil || v[key] == nil || status != 2 {
			t.Errorf("%s: status %d, %v:\n%s", format, status, err, out)
		}
	}
}

func TestPackageRules(t *testing.T) {
	if out, status := lintRun(t, "rules"); status != 0 || !strings.Contains(out, "nst-link-dropped") {
		t.Errorf("status %d:\n%s", status, out)
	}
	out, status := lintRun(t, "rules", "nst-link-dropped")
	if status != 0 || !strings.Contains(out, "+    name: Video") || !strings.Contains(out, "Remedy: make name equal to id.") {
		t.Errorf("status %d:\n%s", status, out)
	}
	if _, status := lintRun(t, "rules", "none"); status != 2 {
		t.Errorf("status %d for a rule that is not there", status)
	}
}
