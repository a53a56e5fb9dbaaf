//go:build kube

package charttest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// allRights tells what the service accounts of a namespace may do there and in
// another, as `kubectl auth can-i --list` does.
func allRights(t *testing.T, ns, other string) string {
	t.Helper()
	var text strings.Builder
	for _, account := range list(t, "/api/v1/namespaces/"+ns+"/serviceaccounts") {
		name, _ := nested(account, "metadata", "name").(string)
		fmt.Fprintf(&text, "%s may in its namespace:\n%s", name, rights(t, ns, name, ns))
		fmt.Fprintf(&text, "%s may elsewhere:\n%s", name, rights(t, ns, name, other))
	}
	if text.Len() == 0 {
		return "no service account\n"
	}
	return text.String()
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
