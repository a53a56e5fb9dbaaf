package lint

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/l2sces/l2sces/pkg/descriptor"
)

// nested writes a value below a path of keys, every one of them a list.
func nested(path, value string) string {
	var b strings.Builder
	indent := ""
	keys := strings.Split(path, ".")
	for i, key := range keys {
		b.WriteString(key + ":")
		if i == len(keys)-1 {
			b.WriteString(" " + value + "\n")
			break
		}
		indent += "  "
		b.WriteString("\n" + indent + "- ")
		indent += "  "
	}
	return b.String()
}

func within(scope, path string) string { // of the descriptor
	if scope == "" {
		return path
	}
	return scope + "." + path
}

// findingsOf are the findings of one rule in a descriptor that holds nothing
// but what is given.
func findingsOf(kind descriptor.Kind, rule, body string) []Finding {
	begin := map[descriptor.Kind]string{descriptor.KindVNFD: "vnfd:\n  ", descriptor.KindNSD: "nsd:\n  nsd:\n  - ", descriptor.KindNST: "nst:\n- "}[kind]
	indent := strings.Repeat(" ", len(begin)-strings.LastIndex(begin, "\n")-1)
	text := begin + "id: x\n" + indent + strings.ReplaceAll(strings.TrimSpace(body), "\n", "\n"+indent) + "\n"
	files := fstest.MapFS{"x.yaml": &fstest.MapFile{Data: []byte(text)}}
	var found []Finding
	for _, f := range Check([]Package{{Name: "p", Files: files, Bare: "x.yaml"}}, Options{}).Findings {
		if f.Rule == rule && strings.Contains(f.Message, `"gone"`) && strings.Contains(f.Message, " names no ") {
			found = append(found, f)
		}
	}
	return found
}

// TestEveryReference makes each leafref of the tables dangle, and mends it.
func TestEveryReference(t *testing.T) {
	for kind, all := range references {
		for _, r := range all {
			t.Run(string(kind)+"/"+within(r.scope, r.from), func(t *testing.T) {
				if _, ok := find(r.rule); !ok {
					t.Fatalf("there is no rule %s", r.rule)
				}
				body := nested(within(r.scope, r.from), "gone")
				found := findingsOf(kind, r.rule, body)
				if len(found) != 1 || !strings.HasSuffix(found[0].Path, key(r.from)) || found[0].Line < 3 {
					t.Fatalf("dangling: %v", found)
				}
				for _, to := range r.to {
					mended := mend(body, within(r.scope, r.from), within(r.scope, to))
					for _, again := range findingsOf(kind, r.rule, mended) {
						if again.Path == found[0].Path {
							t.Errorf("mended by %s: %v in\n%s", to, again, mended)
						}
					}
				}
			})
		}
	}
}

func key(path string) string { _, key := parent(path); return key }

// mend adds the value at a second path, sharing the folders that both lie in.
func mend(body, from, to string) string {
	a, b := strings.Split(from, "."), strings.Split(to, ".")
	same := 0
	for same < min(len(a), len(b))-1 && a[same] == b[same] {
		same++
	}
	indent := strings.Repeat("    ", same)
	rest := strings.ReplaceAll(strings.TrimSpace(nested(strings.Join(b[same:], "."), "gone")), "\n", "\n"+indent)
	if same == len(b)-1 && same == len(a)-1 && a[same] == b[same] {
		return body
	}
	return body + indent + rest + "\n"
}

// TestEveryChoice does the same for the leafrefs that go by way of another.
func TestEveryChoice(t *testing.T) {
	for kind, all := range choices {
		for _, c := range all {
			above, last := parent(c.from)
			body := nested(above+"."+c.by, "e") + strings.Repeat("    ", strings.Count(above, ".")+1) + last + ": gone\n"
			list := fmt.Sprintf("%s:\n- id: e\n  %s", c.list, strings.ReplaceAll(strings.TrimSpace(nested(c.to, "%s")), "\n", "\n  "))
			if found := findingsOf(kind, c.rule, body+fmt.Sprintf(list, "other")); len(found) != 1 {
				t.Errorf("%s: dangling: %v", c.from, found)
			}
			if found := findingsOf(kind, c.rule, body+fmt.Sprintf(list, "gone")); len(found) != 0 {
				t.Errorf("%s: mended: %v", c.from, found)
			}
		}
	}
}

// TestDistance counts the letters that differ.
func TestDistance(t *testing.T) {
	for _, row := range []struct {
		a, b string
		want int
	}{{"mgmt", "mgmt", 0}, {"mgmt", "mgnt", 1}, {"data", "date-x", 3}, {"", "ab", 2}, {"abc", "xyz", 3}, {"kitten", "sitting", 3}} {
		if got := distance(row.a, row.b, 4); got != row.want {
			t.Errorf("%s to %s: %d, want %d", row.a, row.b, got, row.want)
		}
	}
}
