package access

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"time"

	"github.com/l2sces/l2sces/pkg/slice"
)

const (
	hashSize = sha256.Size
	// tokenPrefix marks a token of ours, also for those that look for secrets
	// where none should be.
	tokenPrefix = "l2sces_"
	tokenBytes  = 32
)

// A Token lets whoever shows it in. Only its hash is kept: it is random and as
// long as the hash, so that there is nothing to guess.
type Token struct {
	Name string `json:"name"`
	Grant
	SHA256  string    `json:"sha256"`
	Expires time.Time `json:"expires"`
}

// NewToken makes a token, and the line of the policy that lets it in. The secret
// is nowhere else.
func NewToken(name string, g Grant, expires time.Time) (secret string, t Token, err error) {
	if !isName(name) {
		return "", t, slice.Errorf(slice.Invalid, "%q cannot be the name of a token: use letters, digits, dots and hyphens", name)
	}
	if g.Role == Nobody || g.Role < Operator && g.Tenant == "" {
		return "", t, slice.Errorf(slice.Invalid, "a token needs a role, and viewers and tenants need a tenant")
	}
	random := make([]byte, tokenBytes)
	if _, err := rand.Read(random); err != nil {
		return "", t, err
	}
	secret = tokenPrefix + base64.RawURLEncoding.EncodeToString(random)
	sum := sha256.Sum256([]byte(secret))
	return secret, Token{Name: name, Grant: g, SHA256: hex.EncodeToString(sum[:]), Expires: expires.UTC().Truncate(time.Second)}, nil
}

// token returns who shows a secret. It compares with all tokens, each in
// constant time.
func (p *Policy) token(secret string, now time.Time) (Caller, error) {
	sum := sha256.Sum256([]byte(secret))
	shown := []byte(hex.EncodeToString(sum[:]))
	var found *Token
	for i := range p.Tokens {
		if subtle.ConstantTimeCompare(shown, []byte(strings.ToLower(p.Tokens[i].SHA256))) == 1 {
			found = &p.Tokens[i]
		}
	}
	switch {
	case found == nil:
		return Caller{}, stranger("the token is not known here")
	case !now.Before(found.Expires):
		return Caller{}, stranger("the token has expired")
	}
	return Caller{Name: "token/" + found.Name, Tenant: found.Tenant, Role: found.Role}, nil
}
