// Package account knows who may use OSM's doors, and for which tenant: by a name
// with a password (as the connectors of OSM send it, RFC 7617), a bearer token
// (RFC 6750) or a client certificate.
//
//	group.Use(accounts.Admit(service.VPLS))
//	who := account.Of(c)
package account

import (
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/web"
)

// An Account is somebody who orders: a WIM, SDN or VIM account of OSM.
type Account struct {
	Name   string       `json:"name"`
	Tenant slice.Tenant `json:"tenant"`
	Doors  []string     `json:"doors,omitempty"` // that it may use; none: all
	Reads  bool         `json:"reads,omitempty"` // it may only look
}

// A Caller names who holds the certificate of a connection, or says why nobody does.
type Caller func(tls.ConnectionState) (string, error)

// A Config is what accounts can do without.
type Config struct {
	// Caller is asked for the holder of a certificate. nil: certificates do not count.
	Caller Caller
	Logger *slog.Logger
	Now    func() time.Time
}

// Accounts are those who may come in.
type Accounts struct {
	conf Config
	file string

	mu    sync.Mutex
	known []credential
	seen  string // state of the files when they were read
	looks time.Time
	fails map[string]fail
}

// A credential is an account with what it can show.
type credential struct {
	Account
	password, token secret
	certificate     string
}

// A secret is kept as its sum: the comparison takes the same time for all.
type secret struct {
	sum [sha256.Size]byte
	set bool
}

func secretOf(text string) secret {
	return secret{sha256.Sum256([]byte(text)), text != ""}
}

func (s secret) is(other secret) bool {
	return subtle.ConstantTimeCompare(s.sum[:], other.sum[:]) == 1 && s.set && other.set
}

// The names under which a request keeps its account.
const key = "account"

// Of returns the account that Admit has let in.
func Of(c echo.Context) Account {
	a, _ := c.Get(key).(Account)
	return a
}

// Admit turns away, with 401, whoever is no account, and with 403 an account that
// may not use the door, or may only look and wants to change. An empty door is open
// to all accounts.
func (a *Accounts) Admit(door string) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			who, err := a.admit(c)
			if err != nil {
				return err
			}
			r := c.Request()
			switch {
			case door != "" && len(who.Doors) > 0 && !slices.Contains(who.Doors, door):
				return web.Errorf(http.StatusForbidden, "account %s may not use this interface: add %s to its doors", who.Name, door)
			case who.Reads && r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodOptions:
				return web.Errorf(http.StatusForbidden, "account %s may only look", who.Name)
			}
			c.Set(key, who)
			return next(c)
		}
	}
}

// admit finds the account of a request.
func (a *Accounts) admit(c echo.Context) (Account, error) {
	known, err := a.fresh()
	if err != nil {
		return Account{}, err
	}
	is, who := a.shown(c)
	if is == nil {
		return Account{}, unknown(c)
	}
	if wait := a.blocked(who); wait > 0 {
		c.Response().Header().Set("Retry-After", "60")
		return Account{}, web.Errorf(http.StatusTooManyRequests, "too many wrong passwords: wait %d s", int(wait.Seconds())+1)
	}
	found := match(known, is)
	if found == nil {
		a.failed(who)
		return Account{}, unknown(c)
	}
	a.forgive(who)
	return found.Account, nil
}

// shown returns what a request shows of its account, nil if that is nothing, and
// whose attempt it is. Attempts count by where they come from as well, so that
// nobody can shut another out. A certificate is no guess, and does not count.
func (a *Accounts) shown(c echo.Context) (is func(credential) bool, who string) {
	r := c.Request()
	header := r.Header.Get("Authorization")
	kind, token, _ := strings.Cut(header, " ")
	name, password, basic := r.BasicAuth()
	switch {
	case basic && len(name) <= maxName:
		sum := secretOf(password)
		return func(k credential) bool { return k.password.is(sum) && k.Name == name }, name + " at " + c.RealIP()
	case strings.EqualFold(kind, "Bearer"):
		sum := secretOf(token)
		return func(k credential) bool { return k.token.is(sum) }, "a token at " + c.RealIP()
	case header == "" && r.TLS != nil && len(r.TLS.PeerCertificates) > 0 && a.conf.Caller != nil:
		if holder, err := a.conf.Caller(*r.TLS); err == nil {
			return func(k credential) bool { return k.certificate != "" && k.certificate == holder }, ""
		}
	}
	return nil, ""
}

// match looks at all credentials, so that the time tells nothing.
func match(known []credential, is func(credential) bool) *credential {
	var found *credential
	for i := range known {
		if is(known[i]) && found == nil {
			found = &known[i]
		}
	}
	return found
}

// unknown is the same for a name that is not there and a password that is wrong.
func unknown(c echo.Context) error {
	h := c.Response().Header()
	h.Add("WWW-Authenticate", `Basic realm="l2sces", charset="UTF-8"`)
	h.Add("WWW-Authenticate", `Bearer realm="l2sces"`)
	return web.Errorf(http.StatusUnauthorized, "show an account: a name with its password, a token, or a certificate")
}

// The bounds of wrong attempts: how many in a row, how long nobody of that name and
// address is heard then, and how many of them are remembered.
const (
	maxFails  = 20
	blockTime = time.Minute
	maxNames  = 4096
)

type fail struct {
	count int
	last  time.Time
}

// blocked returns how long somebody has to wait.
func (a *Accounts) blocked(who string) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	f := a.fails[who]
	if f.count < maxFails {
		return 0
	}
	return max(0, f.last.Add(blockTime).Sub(a.conf.Now()))
}

// failed counts an attempt. After a pause the count begins anew.
func (a *Accounts) failed(who string) {
	if who == "" {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	f, now := a.fails[who], a.conf.Now()
	if now.Sub(f.last) > blockTime {
		f.count = 0
	}
	f.count, f.last = f.count+1, now
	if len(a.fails) >= maxNames {
		for name, old := range a.fails {
			if now.Sub(old.last) > blockTime || len(a.fails) >= maxNames {
				delete(a.fails, name)
			}
		}
	}
	a.fails[who] = f
	a.conf.Logger.Warn("an account was not let in", "account", who, "attempts", f.count)
}

func (a *Accounts) forgive(who string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.fails, who)
}
