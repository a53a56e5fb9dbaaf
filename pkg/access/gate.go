package access

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// Store keeps quotas.
type Store interface {
	Put(bucket, key string, value []byte) error
	Delete(bucket, key string) error
	List(bucket string) (map[string][]byte, error)
}

// Holdings tell who has what.
type Holdings interface {
	// Owner returns the tenant of a slice, also of one that is being deleted.
	Owner(id slice.ID) (slice.Tenant, bool)
	// Each calls f with the intents of each slice.
	Each(f func(intent.Intents))
}

// A Config says what a gate goes by.
type Config struct {
	Policy   string // file; empty: the plugin is an operator, users are administrators
	OIDC     *OIDC  // of a policy that names no issuer; nil: none
	Audit    AuditConfig
	Store    Store
	Holdings Holdings
	Logger   *slog.Logger     // nil: none
	Now      func() time.Time // nil: time.Now
}

// A Gate decides who may do what.
type Gate struct {
	cfg    Config
	policy *policyFile
	issuer *issuer
	rates  *rates
	quotas *quotas
	audit  *audit
	turns  turns
}

// New returns a gate. The policy has to be good, and the audit log writable.
func New(cfg Config) (*Gate, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	policy, err := openPolicy(cfg.Policy, cfg.Logger)
	if err != nil {
		return nil, err
	}
	quotas, err := loadQuotas(cfg.Store, cfg.Holdings)
	if err != nil {
		return nil, err
	}
	log, err := openAudit(cfg.Audit, cfg.Logger, cfg.Now)
	if err != nil {
		return nil, err
	}
	return &Gate{
		cfg: cfg, policy: policy, issuer: &issuer{now: cfg.Now}, rates: &rates{now: cfg.Now},
		quotas: quotas, audit: log,
	}, nil
}

// Identities of certificates, as package pki has them.
const (
	ours   = "l2sces://"
	plugin = "plugin"
	people = "user/"
)

var errStranger = errors.New("the caller is not known")

// stranger makes the error of a caller that has not shown who it is.
func stranger(format string, args ...any) error {
	return &strange{slice.Errorf(slice.Denied, format, args...)}
}

type strange struct{ err error }

func (s *strange) Error() string        { return s.err.Error() }
func (s *strange) Unwrap() error        { return s.err }
func (s *strange) Is(target error) bool { return target == errStranger }

// IsStranger reports whether an error means that it is not known who calls: 401
// in HTTP, UNAUTHENTICATED in gRPC.
func IsStranger(err error) bool { return errors.Is(err, errStranger) }

// Admit finds out who calls and counts the call. What stands in the header
// Authorization goes before the identity in the certificate; either may be
// empty. A machine without a role here is admitted as Nobody.
func (g *Gate) Admit(ctx context.Context, identity, authorization string) (context.Context, error) {
	c, err := g.who(ctx, identity, authorization)
	if err != nil {
		return nil, err
	}
	if err := g.rates.admit(c.Name, g.policy.now().Rate); err != nil {
		return nil, err
	}
	ctx = context.WithValue(ctx, proofKey{}, proof{identity, authorization})
	return With(ctx, c), nil
}

// proof is what a caller has shown, to be looked at again while a long call
// goes on.
type proof struct{ identity, authorization string }

type proofKey struct{}

// still says why a caller may not go on with a long call: its token has expired,
// or the policy gives it less than it had.
func (g *Gate) still(ctx context.Context) error {
	p, ok := ctx.Value(proofKey{}).(proof)
	if !ok {
		return nil
	}
	now, err := g.who(ctx, p.identity, p.authorization)
	if err != nil {
		return err
	}
	if was := From(ctx); now != was {
		return slice.Errorf(slice.Denied, "what %s may do has changed: call again", was)
	}
	return nil
}

func (g *Gate) who(ctx context.Context, identity, authorization string) (Caller, error) {
	p := g.policy.now()
	if authorization != "" {
		return g.bearer(ctx, p, authorization)
	}
	name := strings.TrimPrefix(identity, ours)
	c := Caller{Name: name}
	person, isPerson := strings.CutPrefix(name, people)
	var grant Grant
	switch {
	case identity == "":
		return c, stranger("show a certificate or a token")
	case name == plugin:
		grant = p.plugin()
	case isPerson:
		grant = p.user(person)
	}
	c.Tenant, c.Role = grant.Tenant, grant.Role
	return c, nil
}

// bearer returns who shows a token (RFC 6750, section 2.1).
func (g *Gate) bearer(ctx context.Context, p *Policy, authorization string) (Caller, error) {
	scheme, secret, _ := strings.Cut(authorization, " ")
	secret = strings.TrimSpace(secret)
	issued := p.OIDC
	if issued == nil {
		issued = g.cfg.OIDC
	}
	switch {
	case !strings.EqualFold(scheme, "bearer") || secret == "" || len(secret) > maxToken:
		return Caller{}, stranger("authorization: show a token as Bearer TOKEN")
	case strings.HasPrefix(secret, tokenPrefix) || issued == nil:
		return p.token(secret, g.cfg.Now())
	}
	return g.issuer.caller(ctx, *issued, secret)
}

// maxToken is as long as a header may be with others beside it.
const maxToken = 8 << 10

// Run brings the audit log to the disk until ctx ends, and closes it.
func (g *Gate) Run(ctx context.Context) {
	g.audit.run(ctx)
	if err := g.audit.close(); err != nil {
		g.cfg.Logger.Error("audit log was not closed", "error", err.Error())
	}
}

// HTTP returns Admit for requests, whose certificates are read by identify.
func (g *Gate) HTTP(identify func(tls.ConnectionState) (string, error)) func(*http.Request) (context.Context, error) {
	return func(r *http.Request) (context.Context, error) {
		identity := ""
		if r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
			var err error
			if identity, err = identify(*r.TLS); err != nil {
				return nil, stranger("%w", err)
			}
		}
		return g.Admit(r.Context(), identity, r.Header.Get("Authorization"))
	}
}
