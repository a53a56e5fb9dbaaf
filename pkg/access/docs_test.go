package access_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/access"
)

var update = flag.Bool("update", false, "write the table of docs/access.md")

// TestTableInDocs keeps the table that people read at what callers meet.
func TestTableInDocs(t *testing.T) {
	const page, begin, end = "../../docs/access.md", "<!-- rules -->\n", "<!-- end of rules -->\n"
	text, err := os.ReadFile(page)
	must(t, err)
	head, rest, _ := strings.Cut(string(text), begin)
	_, tail, ok := strings.Cut(rest, end)
	if !ok {
		t.Fatalf("%s has no place for the table", page)
	}
	want := head + begin + table() + end + tail
	if *update {
		must(t, os.WriteFile(page, []byte(want), 0o644)) //nolint:gosec // a page that everybody reads
	}
	if diff := cmp.Diff(want, string(text)); diff != "" && !*update {
		t.Errorf("%s (-want +got), write it with -update:\n%s", page, diff)
	}
}

func table() string {
	var b strings.Builder
	roles := []access.Role{access.Viewer, access.Tenant, access.Operator, access.Admin}
	b.WriteString("| verb | viewer | tenant | operator | admin | recorded | remark |\n|---|---|---|---|---|---|---|\n")
	for _, r := range access.Rules {
		fmt.Fprintf(&b, "| `%s` |", r.Verb)
		for _, role := range roles {
			switch {
			case role < r.Least:
				b.WriteString(" – |")
			case role < access.Operator:
				fmt.Fprintf(&b, " %s |", r.Scope)
			default:
				b.WriteString(" all |")
			}
		}
		recorded := "if refused"
		if r.Changes {
			recorded = "yes"
		}
		fmt.Fprintf(&b, " %s | %s |\n", recorded, r.Note)
	}
	return b.String()
}

// The policy that the page shows is one.
func TestPolicyInDocs(t *testing.T) {
	text, err := os.ReadFile("../../docs/access.md")
	must(t, err)
	_, rest, _ := strings.Cut(string(text), "```yaml\n")
	example, _, _ := strings.Cut(rest, "```")
	p, err := access.ReadPolicy("docs/access.md", []byte(example))
	must(t, err)
	if p.Users["bob"].Tenant != "fire-dept" || p.OIDC.Roles["net-admins"] != access.Admin || p.Tenants["fire-dept"].Quota.Slices != 20 {
		t.Errorf("%+v", p)
	}
}
