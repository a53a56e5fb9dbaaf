//go:build lab

package node_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/l2sces/l2sces/cmd/internal/node"
	"github.com/l2sces/l2sces/cmd/internal/program"
)

// prepare runs ovs-init and returns its exit status and complaint.
func prepare(args ...string) (int, string) {
	var complaint strings.Builder
	cmd := node.DatabaseCommand()
	cmd.SetArgs(args)
	return program.Execute(cmd, &complaint), complaint.String()
}

// ask asks a database offline.
func ask(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "ovsdb-tool", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("ovsdb-tool %v: %v: %s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

const (
	schema = "/usr/share/openvswitch/vswitch.ovsschema"
	rows   = `["Open_vSwitch",{"op":"select","table":"Open_vSwitch","where":[],"columns":["external_ids"]}]`
)

func TestOVSInitMakesADatabaseOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "conf.db")
	for range 2 {
		if status, says := prepare("--node=n1", "--database="+file); status != 0 {
			t.Fatalf("status %d: %s", status, says)
		}
		if got := ask(t, "query", file, rows); strings.Count(got, `["system-id","n1"]`) != 1 {
			t.Errorf("rows = %s, want one with the name of the node", got)
		}
	}
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	prepare("--node=n1", "--database="+file)
	if after, err := os.ReadFile(file); err != nil || string(after) != string(before) {
		t.Errorf("another run changed the file (%v)", err)
	}
}

func TestOVSInitConvertsAnOlderDatabase(t *testing.T) {
	dir := t.TempDir()
	file, older := filepath.Join(dir, "conf.db"), filepath.Join(dir, "older.ovsschema")
	text, err := os.ReadFile(schema)
	if err != nil {
		t.Fatal(err)
	}
	want := ask(t, "schema-version", schema)
	old := strings.Replace(string(text), `"`+want+`"`, `"8.0.0"`, 1)
	if err := os.WriteFile(older, []byte(old), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, says := prepare("--node=n1", "--database="+file, "--schema="+older); status != 0 {
		t.Fatalf("status %d: %s", status, says)
	}
	if got := ask(t, "db-version", file); got != "8.0.0" {
		t.Fatalf("version %s before the upgrade", got)
	}
	if status, says := prepare("--node=n1", "--database="+file); status != 0 {
		t.Fatalf("status %d: %s", status, says)
	}
	if got := ask(t, "db-version", file); got != want {
		t.Errorf("version %s, want %s", got, want)
	}
}

func TestOVSInitRefuses(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "conf.db")
	if err := os.WriteFile(broken, []byte("not a database"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		args []string
		want int
		says string
	}{
		{"no node", nil, 2, "--node is required"},
		{"a broken database", []string{"--node=n1", "--database=" + broken}, 2, "filled by its controllers"},
		{"no schema", []string{"--node=n1", "--database=" + broken + ".other", "--schema=/absent"}, 1, "/absent"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if status, says := prepare(c.args...); status != c.want || !strings.Contains(says, c.says) {
				t.Errorf("status %d, %q, want %d and %q", status, says, c.want, c.says)
			}
		})
	}
}
