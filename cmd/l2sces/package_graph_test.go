package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPackageGraph draws our own packages: nothing of theirs is missing.
func TestPackageGraph(t *testing.T) {
	all := []string{"package", "graph", house + "vnfd", house + "nsd", house + "descriptors/nst"}
	for format, begin := range map[string]string{"svg": "<svg ", "dot": "digraph packages {", "json": "{\n"} {
		status, out, faults := typed(append(all, "--output="+format)...)
		if status != 0 || !strings.HasPrefix(out, begin) || faults != "" {
			t.Errorf("%s: status %d, %q, %s", format, status, out[:min(80, len(out))], faults)
		}
		if format == "svg" && strings.Contains(out, `class="edge vnfd-id missing"`) {
			t.Error("a function is missing")
		}
		if format == "json" && !json.Valid([]byte(out)) {
			t.Error("no JSON")
		}
	}
}

func TestPackageGraphRefuses(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "broken.yaml")
	if err := os.WriteFile(broken, []byte("vnfd: {id: [}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		args []string
		says string
	}{
		"format":  {[]string{house + "vnfd", "-o", "png"}, `--output "png" is none of svg, dot, json`},
		"no file": {[]string{filepath.Join(t.TempDir(), "none")}, "no such file"},
		"no YAML": {[]string{broken}, "broken.yaml:1:1: yaml-syntax: not YAML: "},
		"nothing": {nil, "requires at least 1 arg"},
	} {
		status, out, faults := typed(append([]string{"package", "graph"}, test.args...)...)
		if status != 2 || out != "" || !strings.Contains(faults, test.says) {
			t.Errorf("%s: status %d, %q, %s", name, status, out, faults)
		}
	}
}
