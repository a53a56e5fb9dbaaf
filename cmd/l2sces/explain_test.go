package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// explained runs explain in the root of the repository, as its README says.
func explained(t *testing.T, args ...string) string {
	t.Helper()
	var out string
	t.Run(strings.Join(args, " "), func(t *testing.T) {
		t.Chdir(house)
		status, stdout, stderr := typed(append([]string{"explain"}, args...)...)
		if status != 0 {
			t.Fatalf("status %d, %s", status, stderr)
		}
		out = stdout
	})
	return out
}

func TestExplain(t *testing.T) {
	golden(t, "explain-fire-emergency.txt", explained(t, "descriptors/nst/fire-emergency"))
}

func TestExplainIsDeterministic(t *testing.T) {
	want := ""
	for i := range 20 {
		got := explained(t, "descriptors/nst/fire-emergency")
		if i == 0 {
			want = got
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("run %d differs from the first (-want +got)\n%s", i+1, diff)
		}
	}
}

// The rules stand in the order in which a frame meets them.
func TestExplainOrder(t *testing.T) {
	tables := []string{"Classify", "Guard", "Limit", "Mirror", "Forward", "Flood"}
	rule := regexp.MustCompile(`^cookie=\S+ table=(\w+), priority=(\d+)`)
	rules := 0
	var before []string
	for line := range strings.Lines(explained(t, "descriptors/nst/press", "--lab=deploy/lab/three-domains.yaml")) {
		m := rule.FindStringSubmatch(line)
		if m != nil && before != nil {
			was, is := slices.Index(tables, before[1]), slices.Index(tables, m[1])
			if is < was || is == was && fmt.Sprintf("%5s", m[2]) > fmt.Sprintf("%5s", before[2]) {
				t.Errorf("%s comes after %s", m[0], before[0])
			}
		}
		if before = m; m != nil {
			rules++
		}
	}
	if rules < 100 {
		t.Errorf("only %d rules", rules)
	}
}

func TestExplainJSON(t *testing.T) {
	var e explanation
	text := explained(t, "descriptors/nst/fire-emergency", "--lab=deploy/lab/three-domains.yaml", "--output=json")
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&e); err != nil {
		t.Fatal(err)
	}
	if e.Status.Phase != "Ready" || len(e.Segments) != 4 || len(e.Switches) != 11 || len(e.Intents.Slice.Networks) != 4 {
		t.Errorf("phase %s, %d domains, %d switches, %d networks", e.Status.Phase, len(e.Segments), len(e.Switches), len(e.Intents.Slice.Networks))
	}
	for _, n := range e.Status.Networks {
		for _, m := range n.Members {
			if m.Node == "" || m.MAC.IsZero() {
				t.Errorf("member %+v of %s", m, n.Name)
			}
		}
	}
}

// What the lab does not have, or the intents do not fit, is said.
func TestExplainFaults(t *testing.T) {
	lab := filepath.Join(t.TempDir(), "lab.yaml")
	text := "name: small\ndomains:\n- name: field\n  gateway: n1\n  nodes:\n  - name: n1\n"
	if err := os.WriteFile(lab, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	status, stdout, stderr := typed("explain", house+"descriptors/nst/press", "--lab="+lab)
	if status != 2 || stdout != "" || !strings.Contains(stderr, "domain fire is not known here") {
		t.Errorf("a lab without fire: %d, %q, %q", status, stdout, stderr)
	}
	if status, _, stderr := typed("explain", house+"descriptors/nst/press", "--lab="+lab+".absent"); status != 2 || !strings.Contains(stderr, "absent") {
		t.Errorf("no lab: %d, %q", status, stderr)
	}
}
