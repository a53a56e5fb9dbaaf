package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/cmd/internal/program"
)

var update = flag.Bool("update", false, "write the golden files anew")

// house is the root of the repository.
const house = "../../"

// typed runs the program as a shell would.
func typed(args ...string) (status int, stdout, stderr string) {
	var out, faults bytes.Buffer
	cmd := rootCommand()
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(&faults)
	status = program.Execute(cmd, &faults)
	return status, out.String(), faults.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func TestTranslate(t *testing.T) {
	fire := house + "descriptors/nst/fire-emergency"
	params := "--params=" + house + "descriptors/params/fire-emergency.yaml"
	tests := []struct {
		golden string
		args   []string
	}{
		{"fire.yaml", []string{fire, params, "--nsd=" + house + "nsd"}},
		{"fire.yaml", []string{fire, params, "--nsd=" + house + "nsd", "--output=yaml"}},
		{"fire.json", []string{fire, params, "--nsd=" + house + "nsd", "--output=json"}},
		{"bare.yaml", []string{fire + "/nst.yaml", "--slice=mine", "--tenant=blue"}},
	}
	for _, tt := range tests {
		status, stdout, stderr := typed(append([]string{"nst", "translate"}, tt.args...)...)
		if status != 0 {
			t.Errorf("%v: status %d, %s", tt.args, status, stderr)
		}
		golden(t, tt.golden, stdout)
	}
}

func TestTranslateWarns(t *testing.T) {
	_, _, stderr := typed("nst", "translate", house+"descriptors/nst/press/nst.yaml")
	if !regexp.MustCompile(`(?m)^warning: \S+/press/nst\.yaml:\d+:\d+: .*press-field-ns`).MatchString(stderr) {
		t.Errorf("no warning about the absent service descriptor in %q", stderr)
	}
}

func TestWrongInput(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	cut := write("cut.yaml", "nst:\n- id: [a\n")
	legacy := write("legacy.yaml", "nsd:nsd-catalog:\n  nsd:\n  - id: a\n")
	unknown := write("unknown.yaml", "nst:\n- id: a\n  colour: red\n  shape: round\n")
	tests := []struct {
		name string
		args []string
		want int
		says string // a pattern that every line has
	}{
		{"truncated", []string{"nst", "translate", cut}, 2, `^\S+cut\.yaml:\d+:\d+: `},
		{"old descriptor", []string{"nst", "translate", legacy}, 2, `^\S+legacy\.yaml:1:1: `},
		{"unknown keys", []string{"nst", "translate", unknown}, 2, `^\S+unknown\.yaml:\d:\d: .*\(.*\)$`},
		{"no file", []string{"nst", "translate", dir + "/absent"}, 2, `absent`},
		{"no parameters", []string{"nst", "translate", house + "descriptors/nst/press", "--params=" + dir + "/absent"}, 2, `absent`},
		{"nothing to translate", []string{"nst", "translate"}, 2, `accepts 1 arg`},
		{"unknown command", []string{"slic"}, 2, `no command "slic", but slice`},
		{"unknown command below", []string{"nst", "x"}, 2, `no command "x".*l2sces nst --help`},
		{"unknown flag", []string{"nst", "translate", "--x"}, 2, `unknown flag`},
		{"unknown output", []string{"version", "--output=xml"}, 2, `"xml" is none of table, json, yaml`},
		{"a plugin without certificates", []string{"slice", "list", "--plugin=192.0.2.1:1"}, 2, `needs --tls-cert`},
		{"apply what is truncated", []string{"slice", "apply", cut, "--plugin=192.0.2.1:1"}, 2, `^\S+cut\.yaml:\d+:\d+: `},
		{"apply nothing", []string{"slice", "apply", dir + "/absent"}, 2, `absent`},
		{"no lab file", []string{"slice", "list", "--lab=" + dir + "/absent"}, 2, `absent`},
		{"no identity", []string{"pki", "issue", dir, "x", "ann"}, 2, `identity "ann" is none of`},
		{"no certificate", []string{"pki", "show", cut}, 2, `holds no certificate`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, stdout, stderr := typed(tt.args...)
			if status != tt.want || stdout != "" {
				t.Errorf("status %d, stdout %q, want %d and nothing", status, stdout, tt.want)
			}
			for line := range strings.Lines(stderr) {
				if !regexp.MustCompile(tt.says).MatchString(strings.TrimSpace(line)) {
					t.Errorf("%q does not match %q", line, tt.says)
				}
			}
			if stderr == "" {
				t.Error("no complaint")
			}
		})
	}
}

func TestPKI(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "pki")
	for _, args := range [][]string{
		{"pki", "init", dir},
		{"pki", "issue", dir, "ann", "l2sces://user/ann"},
		{"pki", "issue", dir, "n1", "l2sces://domain/a/node/n1", "192.0.2.1", "n1.example"},
	} {
		if status, _, stderr := typed(args...); status != 0 {
			t.Fatalf("%v: %s", args, stderr)
		}
	}
	status, stdout, _ := typed("pki", "show", dir)
	stdout = strings.ReplaceAll(stdout, dir, "DIR")
	stdout = regexp.MustCompile(`\d{4}-\d\d-\d\dT\S+`).ReplaceAllString(stdout, "DATE")
	stdout = regexp.MustCompile(` +`).ReplaceAllString(stdout, " ")
	want := "FILE IDENTITY HOSTS UNTIL\n" +
		"DIR/ann.crt l2sces://user/ann - DATE\n" +
		"DIR/ca.crt - - DATE\n" +
		"DIR/n1.crt l2sces://domain/a/node/n1 n1.example,192.0.2.1 DATE\n"
	if status != 0 || stdout != want {
		t.Errorf("%d %s, want %s", status, stdout, want)
	}
}

func TestCompletionKnowsFormats(t *testing.T) {
	if status, stdout, _ := typed("__complete", "version", "--output", ""); status != 0 || !strings.HasPrefix(stdout, "table\njson\nyaml\n") {
		t.Errorf("%d %q", status, stdout)
	}
	if status, stdout, _ := typed("completion", "bash"); status != 0 || !strings.Contains(stdout, "__start_l2sces") {
		t.Errorf("%d: no script for the shell", status)
	}
}
