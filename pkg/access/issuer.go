package access

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"maps"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/time/rate"

	"github.com/l2sces/l2sces/pkg/slice"
)

// What an issuer has: time for an answer, bytes for it, and how long its keys
// are good without asking, so that one that it has withdrawn is forgotten.
const (
	fetchTimeout = 5 * time.Second
	fetchSize    = 1 << 20
	keyLife      = 10 * time.Minute
)

// issuer verifies the tokens of one issuer at a time: that of the policy.
type issuer struct {
	now func() time.Time

	fetch sync.Mutex // held by who asks the issuer

	mu       sync.Mutex
	conf     OIDC
	verifier *oidc.IDTokenVerifier
	asked    time.Time // when the issuer was asked, with or without success
	got      time.Time // when it has answered
	fault    error     // of the last time
	free     func()    // lets go of the connections to the issuer
}

// verifierOf returns the verifier of an issuer, whom it asks for its keys first.
// Where there are older keys, nobody waits for newer ones.
func (i *issuer) verifierOf(ctx context.Context, conf OIDC) (*oidc.IDTokenVerifier, error) {
	v, err, good := i.have(conf)
	if good {
		return v, err
	}
	if v == nil {
		i.fetch.Lock()
	} else if !i.fetch.TryLock() {
		return v, nil
	}
	defer i.fetch.Unlock()
	if v, err, good = i.have(conf); good {
		return v, err // somebody else has asked meanwhile
	}
	fresh, free, err := i.discover(ctx, conf)
	i.mu.Lock()
	defer i.mu.Unlock()
	now := i.now()
	if err != nil {
		i.fault = slice.Errorf(slice.Unavailable, "ask the issuer %s for its keys: %w", conf.Issuer, err)
		if !i.conf.same(conf) {
			i.verifier = nil
		}
	} else {
		if i.free != nil {
			i.free()
		}
		i.verifier, i.free, i.got, i.fault = fresh, free, now, nil
	}
	i.conf, i.asked = conf, now
	if i.verifier != nil {
		return i.verifier, nil
	}
	return nil, i.fault
}

// have returns the verifier that is there, and whether it will do without
// asking the issuer, which is not asked again at once.
func (i *issuer) have(conf OIDC) (*oidc.IDTokenVerifier, error, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if !i.conf.same(conf) {
		return nil, nil, false
	}
	now := i.now()
	young := i.verifier != nil && now.Sub(i.got) < keyLife
	just := now.Sub(i.asked) < conf.refresh()
	switch {
	case young, just && i.verifier != nil:
		return i.verifier, nil, true
	case just && i.fault != nil:
		return nil, i.fault, true
	}
	return i.verifier, nil, false
}

func (o OIDC) same(p OIDC) bool {
	x, y := o, p
	x.Roles, y.Roles = nil, nil
	return maps.Equal(o.Roles, p.Roles) && x.Issuer == y.Issuer && x.Audience == y.Audience && x.CA == y.CA && x.Refresh == y.Refresh
}

func (o OIDC) refresh() time.Duration { return cmp.Or(time.Duration(o.Refresh), 5*time.Second) }

// discover asks an issuer for itself (OpenID Connect Discovery 1.0, section 4).
func (i *issuer) discover(ctx context.Context, conf OIDC) (*oidc.IDTokenVerifier, func(), error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if conf.CA != "" {
		text, err := os.ReadFile(conf.CA)
		if err != nil {
			return nil, nil, err
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(text) {
			return nil, nil, slice.Errorf(slice.Invalid, "%s holds no certificate", conf.CA)
		}
	}
	web := &http.Transport{TLSClientConfig: config, IdleConnTimeout: fetchTimeout}
	// The caller may give up; others wait for the same answer.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeout)
	defer cancel()
	few := &frugal{below: web, now: i.now, limit: rate.NewLimiter(rate.Every(conf.refresh()), 2)}
	ctx = oidc.ClientContext(ctx, &http.Client{Transport: few, Timeout: fetchTimeout})
	p, err := oidc.NewProvider(ctx, conf.Issuer)
	if err != nil {
		web.CloseIdleConnections()
		return nil, nil, err
	}
	// Times are compared here, with leeway.
	return p.VerifierContext(ctx, &oidc.Config{ClientID: conf.Audience, SkipExpiryCheck: true}), web.CloseIdleConnections, nil
}

var errAskedJustNow = errors.New("the issuer was asked just now")

// frugal asks an issuer seldom, whatever tokens callers show, and takes only so
// much of what it says.
type frugal struct {
	below http.RoundTripper
	now   func() time.Time
	limit *rate.Limiter
}

// RoundTrip implements http.RoundTripper.
func (f *frugal) RoundTrip(r *http.Request) (*http.Response, error) {
	if !f.limit.AllowN(f.now(), 1) {
		return nil, errAskedJustNow
	}
	answer, err := f.below.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	answer.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(answer.Body, fetchSize), answer.Body}
	return answer, nil
}
