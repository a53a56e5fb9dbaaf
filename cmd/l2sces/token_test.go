package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/l2sces/l2sces/pkg/access"
	"github.com/l2sces/l2sces/pkg/pki"
)

func TestToken(t *testing.T) {
	args := []string{"token", "new", "ci", "--tenant", "blue", "--policy"}
	policies := map[string]string{
		"empty":    "{}\n",
		"comments": "# who may do what\nusers:\n  ada: {role: admin} # the boss\n",
		"no end":   "users:\n  ada: {role: admin}",
		"indented": "tokens: # of programs\n  - name: old\n    role: admin\n    sha256: " + strings.Repeat("0a", 32) + "\n    expires: 2030-01-01T00:00:00Z\nusers:\n  ada: {role: admin}\n",
		"flush":    "tokens:\n- {name: old, role: admin, sha256: " + strings.Repeat("0a", 32) + ", expires: 2030-01-01T00:00:00Z}\n",
	}
	for name, text := range policies {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "policy.yaml")
			if err := os.WriteFile(file, []byte(text), 0o640); err != nil {
				t.Fatal(err)
			}
			status, secret, stderr := typed(append(args, file)...)
			if status != 0 || stderr != "" || !strings.HasPrefix(secret, "l2sces_") || len(secret) != 51 {
				t.Fatalf("status %d, %q, %s", status, secret, stderr)
			}
			after, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			p, err := access.ReadPolicy(file, after)
			if err != nil {
				t.Fatal(err)
			}
			info, err := os.Stat(file)
			if err != nil || info.Mode().Perm() != 0o640 {
				t.Errorf("the mode is %s, %v", info.Mode(), err)
			}
			have := map[string]bool{}
			for _, one := range p.Tokens {
				have[one.Name] = true
			}
			if !have["ci"] || have["old"] != strings.Contains(text, "old") || strings.Contains(string(after), strings.TrimSpace(secret)) {
				t.Errorf("the policy is now\n%s", after)
			}
			for line := range strings.Lines(text) {
				if line != "{}\n" && !strings.Contains(string(after), strings.TrimSpace(line)) {
					t.Errorf("%q is lost", line)
				}
			}
			if status, _, stderr := typed(append(args, file)...); status != 2 || !strings.Contains(stderr, "cannot be the name of a token") {
				t.Errorf("the same name again: status %d, %s", status, stderr)
			}
		})
	}
	for _, wrong := range [][]string{
		{"token", "new", "ci"},
		{"token", "new", "c i", "--tenant", "blue"},
		{"token", "new", "ci", "--role", "root"},
		{"token", "new", "ci", "--role", "admin", "--expires", "1s"},
		{"token", "new", "ci", "--role", "admin", "--policy", "/absent"},
	} {
		if status, stdout, _ := typed(wrong...); status != 2 || stdout != "" {
			t.Errorf("%v: status %d, %s", wrong, status, stdout)
		}
	}
	if status, stdout, stderr := typed("token", "new", "ci", "--role", "admin"); status != 0 || !strings.Contains(stderr, "sha256: ") || strings.Contains(stderr, strings.TrimSpace(stdout)) {
		t.Errorf("without a policy: status %d, %s", status, stderr)
	}
}

func TestPKIRenew(t *testing.T) {
	dir := t.TempDir()
	for _, args := range [][]string{{"init", dir}, {"issue", dir, "ann", string(pki.User("ann"))}} {
		if status, _, stderr := typed(append([]string{"pki"}, args...)...); status != 0 {
			t.Fatal(stderr)
		}
	}
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	cert, key := read("ann.crt"), read("ann.key")
	if status, stdout, stderr := typed("pki", "status", dir, "--check"); status != 0 || stderr != "" || !strings.Contains(stdout, "l2sces://user/ann") || !strings.Contains(stdout, "good") {
		t.Errorf("status %d, %s%s", status, stdout, stderr)
	}
	renew := func(args ...string) {
		t.Helper()
		if status, _, stderr := typed(append([]string{"pki", "renew", dir}, args...)...); status != 0 {
			t.Fatal(stderr)
		}
	}
	if renew(); read("ann.crt") != cert {
		t.Error("a certificate that is good was renewed")
	}
	if renew("ann", "--same-key"); read("ann.crt") == cert || read("ann.key") != key {
		t.Error("with the same key")
	}
	ca := read("ca.crt")
	if renew("--all"); read("ann.key") == key || read("ca.crt") != ca {
		t.Error("all of them")
	}
	for _, args := range [][]string{{"pki", "renew", dir, "bob"}, {"pki", "status", "/absent"}} {
		if status, _, _ := typed(args...); status == 0 {
			t.Errorf("%v is taken", args)
		}
	}
}
