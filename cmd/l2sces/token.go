package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/l2sces/l2sces/pkg/access"
	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/slice"
)

// The shortest and the longest life of a token.
const (
	shortToken = time.Minute
	longToken  = 366 * 24 * time.Hour
)

// tokenCommand makes tokens for callers without a certificate.
func tokenCommand() *cobra.Command {
	c := &cobra.Command{Use: "token", Short: "Make tokens for callers of an SCO"}
	var role, tenant, policy string
	var life time.Duration
	add := &cobra.Command{
		Use: "new NAME", Short: "Make a token, and its line in the policy of the SCO", Args: cobra.ExactArgs(1),
		Long: "The token is shown once and kept nowhere: the policy has its hash only. With --policy the line is added to that file, which\n" +
			"the SCO reads again; without, put it there yourself, below the key tokens.",
		Example: "  l2sces token new ci --role tenant --tenant fire-dept --expires 720h --policy /etc/l2sces/policy.yaml > ci.token",
		RunE: func(cmd *cobra.Command, args []string) error {
			var r access.Role
			if err := r.UnmarshalText([]byte(role)); err != nil {
				return slice.Errorf(slice.Invalid, "--role %q: %w", role, err)
			}
			if life < shortToken || life > longToken {
				return slice.Errorf(slice.Invalid, "--expires: %s is not between 1m and 8784h", life)
			}
			secret, line, err := access.NewToken(args[0], access.Grant{Role: r, Tenant: slice.Tenant(tenant)}, time.Now().Add(life))
			if err != nil {
				return err
			}
			if policy != "" {
				if err := addToken(policy, line); err != nil {
					return wrongFile(err)
				}
			}
			return showToken(cmd, secret, line, policy)
		},
	}
	f := add.Flags()
	f.StringVar(&role, "role", "tenant", "viewer, tenant, operator or admin")
	f.StringVar(&tenant, "tenant", "", "whose slices it sees (viewers and tenants need one)")
	f.DurationVar(&life, "expires", 30*24*time.Hour, "time after which it is good for nothing, 1m to 8784h")
	f.StringVar(&policy, "policy", "", "policy of the SCO that the line is added to; none: it is shown")
	c.AddCommand(add)
	return c
}

func showToken(cmd *cobra.Command, secret string, line access.Token, policy string) error {
	v := struct {
		Token string       `json:"token"`
		Line  access.Token `json:"line"`
	}{secret, line}
	text, err := descriptor.YAML([]access.Token{line})
	if err != nil {
		return err
	}
	if policy == "" {
		_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "add to the policy of the SCO:\ntokens:\n%s", text) // nobody is there to read: go on
	}
	return show(cmd, v, func(w *strings.Builder) { fmt.Fprintln(w, secret) })
}

// addToken adds a line to a policy, whose comments stay. The file is replaced
// in one step, and only by a good one.
func addToken(file string, t access.Token) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if _, err := access.ReadPolicy(file, text); err != nil {
		return err
	}
	line, err := descriptor.YAML([]access.Token{t})
	if err != nil {
		return err
	}
	next, err := withToken(file, string(text), string(line))
	if err != nil {
		return err
	}
	if _, err := access.ReadPolicy(file, []byte(next)); err != nil {
		return slice.Errorf(slice.Invalid, "the policy would be wrong with this token, and stays: %w", err)
	}
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	return putFile(file, next, info.Mode().Perm())
}

// withToken puts a line below the key tokens, which is made at the end if it is
// not there.
func withToken(file, text, line string) (string, error) {
	doc, err := descriptor.Read(file, []byte(text), descriptor.Limits{})
	if err != nil {
		return "", err
	}
	if !doc.Has("tokens") {
		if strings.TrimSpace(text) == "{}" {
			text = ""
		}
		if text != "" && !strings.HasSuffix(text, "\n") {
			text += "\n"
		}
		return text + "tokens:\n" + line, nil
	}
	var out strings.Builder
	found := false
	for one := range strings.Lines(text) {
		out.WriteString(one)
		if key, _, _ := strings.Cut(one, "#"); !found && strings.TrimRight(key, " \r\n") == "tokens:" {
			found = true
			if !strings.HasSuffix(one, "\n") {
				out.WriteString("\n")
			}
			out.WriteString(indented(text, line))
		}
	}
	if !found {
		return "", slice.Errorf(slice.Invalid, "%s: write the list of tokens with one token a line, or add the line yourself", doc.At("tokens"))
	}
	return out.String(), nil
}

// indented moves a line as far in as the ones that are there.
func indented(text, line string) string {
	_, below, _ := strings.Cut("\n"+text, "\ntokens:")
	in := ""
	for one := range strings.Lines(below) {
		if body := strings.TrimLeft(one, " "); strings.HasPrefix(body, "- ") {
			in = one[:len(one)-len(body)]
			break
		}
	}
	return in + strings.ReplaceAll(strings.TrimSuffix(line, "\n"), "\n", "\n"+in) + "\n"
}

func putFile(file, text string, mode os.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(file), ".new-*")
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	for _, next := range []func() error{func() error { return f.Chmod(mode) }, f.Sync, f.Close} {
		if failed := next(); err == nil {
			err = failed
		}
	}
	if err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // the other error counts
	}
	return err
}
