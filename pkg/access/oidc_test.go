package access_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/access"
	"github.com/l2sces/l2sces/pkg/slice"
)

// issuer is a small OpenID Connect issuer: a document, a set of keys, and
// whoever signs with them.
type issuer struct {
	*testing.T
	url   string
	asked atomic.Int32 // for keys
	down  atomic.Bool

	mu   sync.Mutex
	id   string
	keys map[string]*ecdsa.PrivateKey
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	i := &issuer{T: t, keys: map[string]*ecdsa.PrivateKey{}}
	i.rotate("k1")
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		if i.down.Load() {
			http.Error(w, "down", http.StatusServiceUnavailable)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{ // the client reads it, or fails
			"issuer": i.url, "jwks_uri": i.url + "/keys", "authorization_endpoint": i.url, "token_endpoint": i.url,
			"id_token_signing_alg_values_supported": []string{"ES256", "none", "HS256"},
		})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		i.asked.Add(1)
		i.mu.Lock()
		defer i.mu.Unlock()
		var all []any
		for id, key := range i.keys {
			point, err := key.PublicKey.Bytes()
			if err != nil {
				i.Error(err)
			}
			all = append(all, map[string]string{
				"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": id,
				"x": text(point[1:33]), "y": text(point[33:]),
			})
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": all}) // as above
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	i.url = s.URL
	return i
}

// rotate has another key from now on, and forgets the ones before.
func (i *issuer) rotate(id string) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		i.Fatal(err)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.id, i.keys = id, map[string]*ecdsa.PrivateKey{id: key}
}

func text(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// sign makes a token (RFC 7519) of some claims.
func (i *issuer) sign(header, claims map[string]any) string {
	i.Helper()
	i.mu.Lock()
	defer i.mu.Unlock()
	h := map[string]any{"alg": "ES256", "kid": i.id, "typ": "JWT"}
	maps.Copy(h, header)
	head, err := json.Marshal(h)
	if err != nil {
		i.Fatal(err)
	}
	body, err := json.Marshal(claims)
	if err != nil {
		i.Fatal(err)
	}
	signed := text(head) + "." + text(body)
	sum := sha256.Sum256([]byte(signed))
	der, err := i.keys[i.id].Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		i.Fatal(err)
	}
	return signed + "." + text(flat(der))
}

// flat turns a signature from ASN.1 into two numbers of 32 bytes (RFC 7518,
// section 3.4).
func flat(der []byte) []byte {
	out := make([]byte, 64)
	rest := der[2:]
	for n := range 2 {
		number := rest[2 : 2+rest[1]]
		rest = rest[2+rest[1]:]
		for len(number) > 32 {
			number = number[1:]
		}
		copy(out[32*(n+1)-len(number):], number)
	}
	return out
}

// claims are those of a good token, with changes.
func (i *issuer) claims(now time.Time, change map[string]any) map[string]any {
	c := map[string]any{
		"iss": i.url, "aud": "l2sces", "sub": "ann", "exp": now.Add(time.Hour).Unix(), "iat": now.Unix(),
		"tenant": "red", "role": "tenant",
	}
	maps.Copy(c, change)
	return c
}

func TestOIDC(t *testing.T) {
	i := newIssuer(t)
	now := time.Now()
	g := gate(t, newHouse(), func(c *access.Config) {
		c.OIDC, c.Now = &access.OIDC{Issuer: i.url, Audience: "l2sces"}, func() time.Time { return now }
	})
	red := access.Caller{Name: "oidc/ann", Tenant: "red", Role: access.Tenant}
	tests := map[string]struct {
		header, claims map[string]any
		want           access.Caller // of no name: refused
	}{
		"good":                   {nil, nil, red},
		"several audiences":      {nil, map[string]any{"aud": []string{"other", "l2sces"}}, red},
		"several roles":          {nil, map[string]any{"role": []any{"offline_access", "viewer", "tenant", 7}}, red},
		"an operator":            {nil, map[string]any{"role": "operator", "tenant": nil}, access.Caller{Name: "oidc/ann", Role: access.Operator}},
		"no role":                {nil, map[string]any{"role": "boss"}, access.Caller{Name: "oidc/ann", Tenant: "red"}},
		"no tenant":              {nil, map[string]any{"tenant": nil}, access.Caller{Name: "oidc/ann"}},
		"two tenants":            {nil, map[string]any{"tenant": []string{"red", "blue"}}, access.Caller{Name: "oidc/ann"}},
		"just expired":           {nil, map[string]any{"exp": now.Add(-20 * time.Second).Unix()}, red},
		"begins in a moment":     {nil, map[string]any{"nbf": now.Add(20 * time.Second).Unix(), "iat": now.Add(20 * time.Second).Unix()}, red},
		"expired":                {nil, map[string]any{"exp": now.Add(-40 * time.Second).Unix()}, access.Caller{}},
		"no end":                 {nil, map[string]any{"exp": nil}, access.Caller{}},
		"begins later":           {nil, map[string]any{"nbf": now.Add(40 * time.Second).Unix()}, access.Caller{}},
		"made later":             {nil, map[string]any{"iat": now.Add(40 * time.Second).Unix()}, access.Caller{}},
		"another audience":       {nil, map[string]any{"aud": "other"}, access.Caller{}},
		"another issuer":         {nil, map[string]any{"iss": "https://id.example.org"}, access.Caller{}},
		"no subject":             {nil, map[string]any{"sub": nil}, access.Caller{}},
		"an odd subject":         {nil, map[string]any{"sub": "ann\nuser/root"}, access.Caller{}},
		"unknown key":            {map[string]any{"kid": "k9"}, nil, access.Caller{}},
		"no algorithm":           {map[string]any{"alg": "none"}, nil, access.Caller{}},
		"a symmetric algorithm":  {map[string]any{"alg": "HS256"}, nil, access.Caller{}},
		"an algorithm of others": {map[string]any{"alg": "RS256"}, nil, access.Caller{}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			ctx, err := g.Admit(t.Context(), "", "Bearer "+i.sign(test.header, i.claims(now, test.claims)))
			if test.want.Name == "" {
				if !access.IsStranger(err) {
					t.Errorf("got %v", err)
				}
				return
			}
			must(t, err)
			if diff := cmp.Diff(test.want, access.From(ctx)); diff != "" {
				t.Error(diff)
			}
		})
	}
	good := i.sign(nil, i.claims(now, nil))
	parts := strings.Split(good, ".")
	forged := parts[0] + "." + text(fmt.Appendf(nil, `{"iss":%q,"aud":"l2sces","sub":"ann","exp":%d,"role":"admin"}`, i.url, now.Add(time.Hour).Unix())) + "." + parts[2]
	if _, err := g.Admit(t.Context(), "", "Bearer "+forged); !access.IsStranger(err) {
		t.Errorf("a forged token: %v", err)
	}
}

func TestOIDCClaims(t *testing.T) {
	i := newIssuer(t)
	now := time.Now()
	p := access.Policy{OIDC: &access.OIDC{
		Issuer: i.url, Audience: "l2sces", NameClaim: "preferred_username", TenantClaim: "https://example.org/tenant", RoleClaim: "realm_access.roles",
		Roles: map[string]access.Role{"net-admins": access.Admin, "net-users": access.Viewer},
	}}
	g := gate(t, newHouse(), func(c *access.Config) { c.Policy = policy(t, p) })
	for roles, want := range map[string]access.Role{"net-users": access.Viewer, "net-users net-admins": access.Admin, "admin": access.Nobody} {
		ctx, err := g.Admit(t.Context(), "", "Bearer "+i.sign(nil, i.claims(now, map[string]any{
			"preferred_username": "ann@example.org", "https://example.org/tenant": "blue", "role": "admin",
			"realm_access": map[string]any{"roles": strings.Fields(roles)},
		})))
		must(t, err)
		if diff := cmp.Diff(access.Caller{Name: "oidc/ann@example.org", Tenant: "blue", Role: want}, access.From(ctx)); diff != "" {
			t.Errorf("%s: %s", roles, diff)
		}
	}
}

// TestOIDCKeys has keys that change, and an issuer that is away.
func TestOIDCKeys(t *testing.T) {
	i := newIssuer(t)
	now := time.Now()
	g := gate(t, newHouse(), func(c *access.Config) {
		c.OIDC, c.Now = &access.OIDC{Issuer: i.url, Audience: "l2sces"}, func() time.Time { return now }
	})
	admit := func(token string) error { _, err := g.Admit(t.Context(), "", "Bearer "+token); return err }
	i.down.Store(true)
	if err := admit(i.sign(nil, i.claims(now, nil))); slice.KindOf(err) != slice.Unavailable {
		t.Errorf("without an issuer: %v", err)
	}
	i.down.Store(false)
	now = now.Add(6 * time.Second)
	old := i.sign(nil, i.claims(now, nil))
	must(t, admit(old))

	i.rotate("k2")
	now = now.Add(6 * time.Second)
	must(t, admit(i.sign(nil, i.claims(now, nil))))

	// Tokens with keys that nobody has do not make us ask without end.
	before := i.asked.Load()
	for range 50 {
		if err := admit(i.sign(map[string]any{"kid": "k9"}, i.claims(now, nil))); !access.IsStranger(err) {
			t.Fatal(err)
		}
	}
	if asked := i.asked.Load() - before; asked > 2 {
		t.Errorf("the issuer was asked %d times", asked)
	}

	// Keys that are known stay good while the issuer is away, but what it has
	// withdrawn is forgotten when it is there.
	i.down.Store(true)
	now = now.Add(11 * time.Minute)
	must(t, admit(i.sign(nil, i.claims(now, nil))))
	i.down.Store(false)
	i.rotate("k3")
	now = now.Add(11 * time.Minute)
	must(t, admit(i.sign(nil, i.claims(now, nil))))
	if err := admit(old); !access.IsStranger(err) {
		t.Errorf("a token of a key that is gone: %v", err)
	}
}
