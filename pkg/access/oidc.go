package access

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// OIDC lets those in for whom an issuer speaks (OpenID Connect Core 1.0). The
// issuer's keys are fetched when they are first needed, and again when a token
// has another key.
type OIDC struct {
	Issuer   string `json:"issuer"`
	Audience string `json:"audience"`     // as which the issuer knows the SCO
	CA       string `json:"ca,omitempty"` // file of the authority of the issuer's certificate; empty: the system's
	// Claims are named with dots between the steps into an object.
	NameClaim   string `json:"nameClaim,omitempty"`   // empty: sub
	TenantClaim string `json:"tenantClaim,omitempty"` // empty: tenant
	RoleClaim   string `json:"roleClaim,omitempty"`   // text or a list; empty: role
	// Roles turns what stands in the claim into roles, of which the greatest
	// counts; empty: roles are called as here.
	Roles   map[string]Role `json:"roles,omitempty"`
	Leeway  Span            `json:"leeway,omitempty"`  // between the clocks; 0: 30 s
	Refresh Span            `json:"refresh,omitempty"` // between two fetches of keys at least; 0: 5 s
}

// Check says what is wrong with it, or nil.
func (o OIDC) Check() error {
	for _, f := range o.faults() {
		return slice.Errorf(slice.Invalid, "%s: %s: %s", f.Path, f.Message, f.Remedy)
	}
	return nil
}

func (o OIDC) faults() (all intent.Faults) {
	u, err := url.Parse(o.Issuer)
	local := err == nil && u.Scheme == "http" && (u.Hostname() == "127.0.0.1" || u.Hostname() == "::1")
	if err != nil || u.Host == "" || u.Scheme != "https" && !local {
		all = append(all, intent.Fault{Path: "oidc.issuer", Message: fmt.Sprintf("%q is not the URL of an issuer", o.Issuer), Remedy: "write it as its own documents have it, https://..."})
	}
	if o.Audience == "" {
		all = append(all, intent.Fault{Path: "oidc.audience", Message: "tokens that were made for others would be taken", Remedy: "add the name by which the issuer knows the SCO"})
	}
	for _, d := range []struct {
		name string
		time.Duration
	}{{"leeway", time.Duration(o.Leeway)}, {"refresh", time.Duration(o.Refresh)}} {
		if d.Duration < 0 || d.Duration > time.Hour {
			all = append(all, intent.Fault{Path: "oidc." + d.name, Message: d.String() + " is not between 0 and 1h", Remedy: "leave it out for the default"})
		}
	}
	return all
}

// A Span is a time, written like 30s.
type Span time.Duration

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Span) UnmarshalText(text []byte) error {
	d, err := time.ParseDuration(string(text))
	*s = Span(d)
	return err
}

// MarshalText implements encoding.TextMarshaler.
func (s Span) MarshalText() ([]byte, error) { return []byte(time.Duration(s).String()), nil }

// caller returns for whom a token speaks.
func (i *issuer) caller(ctx context.Context, conf OIDC, token string) (Caller, error) {
	v, err := i.verifierOf(ctx, conf)
	if err != nil {
		return Caller{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	t, err := v.Verify(ctx, token)
	if err != nil {
		return Caller{}, stranger("the token is not good: %w", err)
	}
	leeway := cmp.Or(time.Duration(conf.Leeway), 30*time.Second)
	now := i.now()
	var claims map[string]any
	if err := t.Claims(&claims); err != nil {
		return Caller{}, stranger("the token has no claims: %w", err)
	}
	switch begin, dated := claims["nbf"].(float64); {
	case now.After(t.Expiry.Add(leeway)):
		return Caller{}, stranger("the token has expired at %s", t.Expiry.UTC().Format(time.RFC3339))
	case dated && now.Add(leeway).Before(time.Unix(int64(begin), 0)), now.Add(leeway).Before(t.IssuedAt):
		return Caller{}, stranger("the token is not good yet: compare the clocks")
	}
	return conf.grant(claims)
}

// grant reads from claims who a caller is.
func (o OIDC) grant(claims map[string]any) (Caller, error) {
	name := strings.Join(texts(claims, cmp.Or(o.NameClaim, "sub")), "")
	if !isName(name) {
		return Caller{}, stranger("claim %s of the token is no name", cmp.Or(o.NameClaim, "sub"))
	}
	c := Caller{Name: "oidc/" + name}
	for _, word := range texts(claims, cmp.Or(o.RoleClaim, "role")) {
		var r Role
		if len(o.Roles) > 0 {
			r = o.Roles[word]
		} else if r.UnmarshalText([]byte(word)) != nil {
			continue // a word that is meant for others
		}
		c.Role = max(c.Role, r)
	}
	if tenant := texts(claims, cmp.Or(o.TenantClaim, "tenant")); len(tenant) == 1 && slice.IsLabel(tenant[0]) {
		c.Tenant = slice.Tenant(tenant[0])
	}
	if c.Bound() && c.Tenant == "" {
		c.Role = Nobody // of no tenant, it sees nothing
	}
	return c, nil
}

// texts returns what stands in a claim.
func texts(claims map[string]any, path string) []string {
	var v any = claims
	if whole, ok := claims[path]; ok { // a name with dots of its own, as some issuers have it
		v = whole
	} else {
		for step := range strings.SplitSeq(path, ".") {
			m, _ := v.(map[string]any)
			v = m[step]
		}
	}
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var all []string
		for _, one := range v {
			if s, ok := one.(string); ok {
				all = append(all, s)
			}
		}
		return all
	}
	return nil
}
