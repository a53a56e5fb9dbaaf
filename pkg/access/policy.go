package access

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A Policy says who has which role, and what limits hold.
type Policy struct {
	// Plugin is what OSM's door may do. Empty: it is an operator.
	Plugin *Grant `json:"plugin,omitempty"`
	// Users are people with certificates, by name. The one called * stands for
	// all that have no line of their own; without it they may do nothing.
	Users   map[string]Grant             `json:"users,omitempty"`
	Tokens  []Token                      `json:"tokens,omitempty"`
	OIDC    *OIDC                        `json:"oidc,omitempty"`
	Tenants map[slice.Tenant]TenantTerms `json:"tenants,omitempty"`
	Rate    Rate                         `json:"rate,omitzero"` // of each caller
}

// A Grant gives a role, and a tenant to those that are bound to one.
type Grant struct {
	Role   Role         `json:"role"`
	Tenant slice.Tenant `json:"tenant,omitempty"`
}

// TenantTerms are what holds for one tenant.
type TenantTerms struct {
	// Prefix is what the ids of its slices begin with; nobody else may have such
	// an id. Where all tenants have one, nobody learns even by trying to create
	// a slice which ids others have.
	Prefix string `json:"prefix,omitempty"`
	// Quota holds unless an administrator has set another.
	Quota intent.Capacity `json:"quota,omitzero"`
}

// A Rate limits the calls of a caller. The zero rate limits nothing.
type Rate struct {
	PerSecond float64 `json:"perSecond,omitempty"`
	Burst     int     `json:"burst,omitempty"` // 0: twice as many as in a second
}

// open is the policy where there is no file: the plugin is an operator, and who
// has a user's certificate is an administrator.
func open() *Policy {
	return &Policy{Users: map[string]Grant{everyone: {Role: Admin}}}
}

// everyone stands for users without a line of their own.
const everyone = "*"

// ReadPolicy reads a policy. Faults name their line and column.
func ReadPolicy(file string, text []byte) (*Policy, error) {
	p := &Policy{}
	if err := descriptor.FromYAML(file, text, p); err != nil {
		return nil, slice.Errorf(slice.Invalid, "%w", err)
	}
	doc, err := descriptor.Read(file, text, descriptor.Limits{})
	if err != nil {
		return nil, slice.Errorf(slice.Invalid, "%w", err)
	}
	c := checker{doc: doc}
	if p.Plugin != nil {
		c.grant("plugin", *p.Plugin)
	}
	for _, name := range slices.Sorted(maps.Keys(p.Users)) {
		c.grant("users."+name, p.Users[name])
	}
	c.tokens(p.Tokens)
	c.oidc(p.OIDC)
	c.tenants(p.Tenants)
	if p.Rate.PerSecond < 0 || p.Rate.Burst < 0 {
		c.fault("rate", "leave it out for no limit", "the rate is less than nothing")
	}
	if err := c.problems.Err(); err != nil {
		return nil, slice.Errorf(slice.Invalid, "%w", err)
	}
	return p, nil
}

// checker collects what is wrong with a policy.
type checker struct {
	doc      *descriptor.Document
	problems descriptor.Problems
}

func (c *checker) fault(path, remedy, format string, args ...any) {
	c.problems = append(c.problems, c.doc.Problem(path, remedy, format, args...))
}

func (c *checker) grant(path string, g Grant) {
	switch {
	case g.Role == Nobody:
		c.fault(path, "add role: viewer, tenant, operator or admin", "the role is missing")
	case g.Role < Operator && g.Tenant == "":
		c.fault(path, "add tenant: NAME", "a %s sees one tenant only, and none is named", g.Role)
	case g.Tenant != "" && !slice.IsLabel(string(g.Tenant)):
		c.fault(path+".tenant", "use lower-case letters, digits and inner hyphens", "%q is not the name of a tenant", g.Tenant)
	}
}

func (c *checker) tokens(all []Token) {
	seen := map[string]bool{}
	for i, t := range all {
		path := fmt.Sprintf("tokens[%d]", i)
		c.grant(path, t.Grant)
		if hash, err := hex.DecodeString(t.SHA256); err != nil || len(hash) != hashSize {
			c.fault(path+".sha256", "make it with l2sces token new", "this is not the SHA-256 of a token: %d hexadecimal digits are wanted", 2*hashSize)
		}
		if !isName(t.Name) || seen[t.Name] {
			c.fault(path+".name", "give each token a name of its own, of letters, digits, dots and hyphens", "%q cannot be the name of a token", t.Name)
		}
		if t.Expires.IsZero() {
			c.fault(path, "add expires: 2030-01-31T00:00:00Z", "the token would last for ever")
		}
		seen[t.Name] = true
	}
}

func (c *checker) oidc(o *OIDC) {
	if o == nil {
		return
	}
	for _, f := range o.faults() {
		c.fault(f.Path, f.Remedy, "%s", f.Message)
	}
}

func (c *checker) tenants(all map[slice.Tenant]TenantTerms) {
	names := slices.Sorted(maps.Keys(all))
	for _, t := range names {
		path := "tenants." + string(t)
		if !slice.IsLabel(string(t)) {
			c.fault(path, "use lower-case letters, digits and inner hyphens", "%q is not the name of a tenant", t)
		}
		prefix := all[t].Prefix
		if prefix != "" && !slice.IsLabel(prefix+"x") {
			c.fault(path+".prefix", "write it like "+string(t)+"-", "no slice can have an id that begins with %q", prefix)
		}
		for _, other := range names {
			if p := all[other].Prefix; prefix != "" && p != "" && other != t && strings.HasPrefix(p, prefix) {
				c.fault(path+".prefix", "end each prefix with a hyphen", "the prefix of tenant %s begins with it", other)
			}
		}
	}
}

// isName reports whether a token or a person can be called so.
func isName(s string) bool {
	odd := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-_.@+:", r)
	}
	return s != "" && len(s) <= 128 && !strings.ContainsFunc(s, odd)
}

// user returns what a person with a certificate may do.
func (p *Policy) user(name string) Grant {
	if g, ok := p.Users[name]; ok {
		return g
	}
	return p.Users[everyone]
}

func (p *Policy) plugin() Grant { return *cmp.Or(p.Plugin, &Grant{Role: Operator}) }

// free says why a tenant cannot give a slice an id, or nothing.
func (p *Policy) free(t slice.Tenant, id slice.ID) error {
	if own := p.Tenants[t].Prefix; own != "" {
		if !strings.HasPrefix(string(id), own) {
			return slice.Errorf(slice.Invalid, "slice.id: ids of tenant %s begin with %s", t, own)
		}
		return nil
	}
	for other, terms := range p.Tenants {
		if other != t && terms.Prefix != "" && strings.HasPrefix(string(id), terms.Prefix) {
			return notFree(id)
		}
	}
	return nil
}
