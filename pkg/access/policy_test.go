package access_test

import (
	"bytes"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/access"
	"github.com/l2sces/l2sces/pkg/slice"
)

func TestPolicyFaults(t *testing.T) {
	const hash = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	tests := map[string]struct{ text, want string }{
		"empty":            {"{}\n", ""},
		"good":             {"users:\n  ada: {role: admin}\n  bob: {role: tenant, tenant: red}\nrate: {perSecond: 5}\n", ""},
		"unknown key":      {"users:\n  ada: {role: admin, tennant: red}\n", "p.yaml:2:22: "},
		"unknown role":     {"users:\n  ada: {role: root}\n", "p.yaml:2:15: "},
		"no role":          {"users:\n  ada: {tenant: red}\n", "p.yaml:2:8: "},
		"no tenant":        {"users:\n  ada: {role: viewer}\n", "p.yaml:2:8: "},
		"odd tenant":       {"plugin: {role: tenant, tenant: Red}\n", "p.yaml:1:32: "},
		"short hash":       {"tokens:\n- {name: a, role: admin, sha256: abc, expires: 2030-01-01T00:00:00Z}\n", "p.yaml:2:34: "},
		"endless":          {"tokens:\n- {name: a, role: admin, sha256: " + hash + "}\n", "would last for ever"},
		"name twice":       {"tokens:\n- {name: a, role: admin, sha256: " + hash + ", expires: 2030-01-01T00:00:00Z}\n- {name: a, role: admin, sha256: " + hash + ", expires: 2030-01-01T00:00:00Z}\n", "p.yaml:3:"},
		"plain issuer":     {"oidc: {issuer: 'http://id.example.org', audience: l2sces}\n", "p.yaml:1:16: "},
		"no audience":      {"oidc: {issuer: 'https://id.example.org'}\n", "tokens that were made for others"},
		"odd leeway":       {"oidc: {issuer: 'https://id.example.org', audience: a, leeway: 2h}\n", "p.yaml:1:63: "},
		"odd prefix":       {"tenants:\n  red: {prefix: Red-}\n", "p.yaml:2:17: "},
		"prefixes overlap": {"tenants:\n  red: {prefix: r}\n  rust: {prefix: rust-}\n", "p.yaml:2:17: "},
		"negative rate":    {"rate: {perSecond: -1}\n", "p.yaml:1:7: "},
		"two documents":    {"{}\n---\n{}\n", "p.yaml:2:"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := access.ReadPolicy("p.yaml", []byte(test.text))
			if test.want == "" {
				must(t, err)
				return
			}
			if slice.KindOf(err) != slice.Invalid || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func FuzzPolicy(f *testing.F) {
	f.Add([]byte("users:\n  ada: {role: admin}\ntokens:\n- {name: a, role: admin, sha256: abc, expires: 2030-01-01T00:00:00Z}\n"))
	f.Add([]byte("oidc: {issuer: 'https://id.example.org', audience: a, roles: {x: admin}}\ntenants: {red: {prefix: red-, quota: {slices: 1}}}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if _, err := access.ReadPolicy("p.yaml", text); err != nil && slice.KindOf(err) != slice.Invalid {
			t.Errorf("kind %s of %v", slice.KindOf(err), err)
		}
	})
}

// Without a policy the plugin and people can do what they could before there
// was one.
func TestCallersByCertificate(t *testing.T) {
	p := access.Policy{Users: map[string]access.Grant{"ada": {Role: access.Admin}, "bob": {Role: access.Tenant, Tenant: "red"}}}
	tests := map[string]struct {
		policy bool
		id     string
		want   access.Caller
	}{
		"a user without a policy":       {false, "l2sces://user/ann", access.Caller{Name: "user/ann", Role: access.Admin}},
		"the plugin without a policy":   {false, "l2sces://plugin", access.Caller{Name: "plugin", Role: access.Operator}},
		"a node without a policy":       {false, "l2sces://domain/d/node/n", access.Caller{Name: "domain/d/node/n"}},
		"another controller":            {false, "l2sces://domain/d/sdnc", access.Caller{Name: "domain/d/sdnc"}},
		"a user of the policy":          {true, "l2sces://user/bob", access.Caller{Name: "user/bob", Tenant: "red", Role: access.Tenant}},
		"a user the policy has not":     {true, "l2sces://user/ann", access.Caller{Name: "user/ann"}},
		"the plugin that is not in it":  {true, "l2sces://plugin", access.Caller{Name: "plugin", Role: access.Operator}},
		"a node is no user of its name": {true, "l2sces://domain/user/node/ada", access.Caller{Name: "domain/user/node/ada"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			g := gate(t, newHouse(), func(c *access.Config) {
				if test.policy {
					c.Policy = policy(t, p)
				}
			})
			ctx, err := g.Admit(t.Context(), test.id, "")
			must(t, err)
			if diff := cmp.Diff(test.want, access.From(ctx)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTokens(t *testing.T) {
	now := time.Now()
	secret, line := token(t, "ci", "red", access.Tenant)
	g := gate(t, newHouse(), func(c *access.Config) {
		c.Policy, c.Now = policy(t, access.Policy{Tokens: []access.Token{line}}), func() time.Time { return now }
	})
	ctx, err := g.Admit(t.Context(), "l2sces://user/ada", "bearer "+secret)
	must(t, err)
	if diff := cmp.Diff(access.Caller{Name: "token/ci", Tenant: "red", Role: access.Tenant}, access.From(ctx)); diff != "" {
		t.Error(diff)
	}
	for _, wrong := range []string{"Bearer " + secret + "x", "Bearer " + secret[:20], "Bearer ", "Bearer", "Basic " + secret, "Bearer l2sces_" + line.SHA256, "Bearer a.b.c", "Bearer " + strings.Repeat("x", 1<<16)} {
		_, err := g.Admit(t.Context(), "l2sces://user/ada", wrong)
		if !access.IsStranger(err) || slice.KindOf(err) != slice.Denied {
			t.Errorf("%.40s: %v", wrong, err)
		} else if strings.Contains(err.Error(), secret) {
			t.Errorf("A21: the token is in %v", err)
		}
	}
	now = line.Expires
	if _, err := g.Admit(t.Context(), "", "Bearer "+secret); !access.IsStranger(err) {
		t.Errorf("an expired token: %v", err)
	}
	if again, _ := token(t, "ci", "red", access.Tenant); again == secret || len(secret) < 40 {
		t.Errorf("the token is no secret: %s", secret)
	}
	if _, _, err := access.NewToken("x", access.Grant{Role: access.Viewer}, now); slice.KindOf(err) != slice.Invalid {
		t.Errorf("a viewer of no tenant: %v", err)
	}
}

// TestPolicyIsReadAgain takes a user away while it watches.
func TestPolicyIsReadAgain(t *testing.T) {
	var log bytes.Buffer
	file := policy(t, access.Policy{Users: map[string]access.Grant{"bob": {Role: access.Tenant, Tenant: "red"}}})
	h := newHouse(intents("red", "mine", 1))
	g := gate(t, h, func(c *access.Config) { c.Policy, c.Logger = file, slog.New(slog.NewTextHandler(&log, nil)) })
	ctx, err := g.Admit(t.Context(), "l2sces://user/bob", "")
	must(t, err)
	s := g.Slices(h)
	must(t, s.Watch(ctx, query(), nothing))

	must(t, os.WriteFile(file, []byte("users: ["), 0o600))
	must(t, s.Watch(ctx, query(), nothing)) // the last good policy holds
	if !strings.Contains(log.String(), "last good one holds") {
		t.Errorf("a broken policy is not told: %s", log.String())
	}
	write(t, file, access.Policy{Users: map[string]access.Grant{"bob": {Role: access.Tenant, Tenant: "blue"}}})
	if err := s.Watch(ctx, query(), nothing); slice.KindOf(err) != slice.Denied {
		t.Errorf("a watcher whose tenant has changed: %v", err)
	}
	if ctx, err = g.Admit(t.Context(), "l2sces://user/bob", ""); err != nil || access.From(ctx).Tenant != "blue" {
		t.Errorf("got %v, %v", access.From(ctx), err)
	}
}

func TestRates(t *testing.T) {
	now := time.Unix(1e9, 0)
	g := gate(t, newHouse(), func(c *access.Config) {
		c.Policy = policy(t, access.Policy{Users: map[string]access.Grant{"*": {Role: access.Admin}}, Rate: access.Rate{PerSecond: 2, Burst: 3}})
		c.Now = func() time.Time { return now }
	})
	admit := func(name string) error { _, err := g.Admit(t.Context(), "l2sces://user/"+name, ""); return err }
	for range 3 {
		must(t, admit("ann"))
	}
	err := admit("ann")
	wait, ok := access.RetryAfter(err)
	if slice.KindOf(err) != slice.Exhausted || !ok || wait != 500*time.Millisecond {
		t.Fatalf("the fourth call: %v, wait %s", err, wait)
	}
	must(t, admit("bob")) // others are not held up
	now = now.Add(wait)
	must(t, admit("ann"))
	if err := admit("ann"); err == nil {
		t.Error("a call too early")
	}
}
