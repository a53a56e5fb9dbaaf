//go:build kube

package charttest

import (
	"fmt"

	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// What the service accounts of a chart may do, in their own namespace and in
// another, as `kubectl auth can-i --list` tells it: that, and nothing that is
// not in testdata/rights.
func TestRights(t *testing.T) {
	other := ""
	for _, c := range charts(t) {
		t.Run(c.name, func(t *testing.T) {
			if other == "" {
				other = namespace(t, "restricted")
			}
			h := newHelm(t)
			var got strings.Builder
			for _, values := range c.values {
				ns := namespace(t, c.level)
				h.install(t, c, ns, values)
				fmt.Fprintf(&got, "# %s\n", title(values))
				accounts := list(t, "/api/v1/namespaces/"+ns+"/serviceaccounts")
				for _, account := range accounts {
					name := nested(account, "metadata", "name").(string) //nolint:errcheck,forcetypeassert // every object has one
					fmt.Fprintf(&got, "%s may in its namespace:\n%s", name, rights(t, ns, name, ns))
					fmt.Fprintf(&got, "%s may elsewhere:\n%s", name, rights(t, ns, name, other))
				}
				if len(accounts) == 0 {
					got.WriteString("no service account\n")
				}
				if _, err := h.run(t, "uninstall", c.name, "--namespace", ns); err != nil {
					t.Error(err)
				}
			}
			golden(t, filepath.Join("rights", c.name+".txt"), got.String())
		})
	}
}

// The table tells apart an account that may do something.
func TestRightsSeen(t *testing.T) {
	ns := namespace(t, "restricted")
	for _, args := range [][]string{
		{"create", "serviceaccount", "a", "-n", ns},
		{"create", "role", "r", "-n", ns, "--verb=get,list", "--resource=pods", "--resource-name=x"},
		{"create", "rolebinding", "r", "-n", ns, "--role=r", "--serviceaccount=" + ns + ":a"},
	} {
		if _, err := server(t).Kubectl(t.Context(), args...); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := rights(t, ns, "a", ns), "    pods [x] [get list]\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := rights(t, ns, "a", "default"), "    nothing\n"; got != want {
		t.Errorf("elsewhere: got %q, want %q", got, want)
	}
	if got, want := rights(t, ns, "b", ns), "    nothing\n"; got != want {
		t.Errorf("another account: got %q, want %q", got, want)
	}
}

var blanks = regexp.MustCompile(`\s+`)

// rights lists what an account may do in a namespace beyond what every account
// may do.
func rights(t *testing.T, home, account, namespace string) string {
	t.Helper()
	lines := func(user string) []string {
		out, err := server(t).Kubectl(t.Context(), "auth", "can-i", "--list", "--namespace", namespace, "--as", user)
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for line := range strings.Lines(out) {
			// The second column is of paths that are no resources.
			all = append(all, strings.Replace(strings.TrimSpace(blanks.ReplaceAllString(line, " ")), " [] ", " ", 1))
		}
		return all
	}
	everybody := lines("system:serviceaccount:" + home + ":nobody-at-all")
	var text strings.Builder
	mine := lines("system:serviceaccount:" + home + ":" + account)
	slices.Sort(mine)
	for _, line := range mine {
		if !slices.Contains(everybody, line) {
			text.WriteString("    " + line + "\n")
		}
	}
	if text.Len() == 0 {
		return "    nothing\n"
	}
	return text.String()
}

// nested returns what lies in an object under these keys, or nil.
func nested(o any, keys ...string) any {
	for _, key := range keys {
		m, _ := o.(object)
		o = m[key]
	}
	return o
}
