package account_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/l2sces/l2sces/pkg/web"
	"github.com/l2sces/l2sces/plugin/account"
	"github.com/l2sces/l2sces/plugin/service"
)

const file = `
accounts:
- {name: osm, tenant: blue, passwordFile: osm.password}
- {name: robot, tenant: green, doors: [vim], tokenFile: robot.token}
- {name: looker, tenant: blue, reads: true, passwordFile: looker.password}
- {name: ann, tenant: red, certificate: 'l2sces://user/ann'}
`

// A house is a server with accounts, whose clock the test has.
type house struct {
	dir     string
	now     time.Time
	handler http.Handler
	log     strings.Builder
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{dir: t.TempDir(), now: time.Unix(1_000_000, 0)}
	for name, text := range map[string]string{"accounts.yaml": file, "osm.password": "hush\n", "robot.token": "r2d2", "looker.password": "look"} {
		must(t, os.WriteFile(filepath.Join(h.dir, name), []byte(text), 0o600))
	}
	log := slog.New(slog.NewTextHandler(&h.log, nil))
	a, err := account.Read(filepath.Join(h.dir, "accounts.yaml"), account.Config{
		Logger: log, Now: func() time.Time { return h.now },
		Caller: func(s tls.ConnectionState) (string, error) {
			if len(s.PeerCertificates[0].URIs) > 0 {
				return "", errors.New("not ours")
			}
			return "l2sces://user/" + s.PeerCertificates[0].Subject.CommonName, nil
		},
	})
	must(t, err)
	e := web.NewEcho(log, 1000)
	for _, door := range []string{service.VPLS, service.VIM} {
		e.Group("/"+door, a.Admit(door)).Any("", func(c echo.Context) error {
			who := account.Of(c)
			return c.String(http.StatusOK, who.Name+" of "+string(who.Tenant))
		})
	}
	h.handler = e
	return h
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (h *house) ask(method, door string, show func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(context.Background(), method, "/"+door, nil)
	show(r)
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	return w
}

func basic(name, password string) func(*http.Request) {
	return func(r *http.Request) { r.SetBasicAuth(name, password) }
}

func bearer(token string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Authorization", "bearer "+token) }
}

func holder(name string) func(*http.Request) {
	return func(r *http.Request) {
		c := &x509.Certificate{}
		c.Subject.CommonName = name
		r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{c}}
	}
}

func TestAdmit(t *testing.T) {
	h := newHouse(t)
	for _, tc := range []struct {
		name, method, door string
		show               func(*http.Request)
		status             int
		body               string
	}{
		{"password", "POST", "vpls", basic("osm", "hush"), 200, "osm of blue"},
		{"token", "POST", "vim", bearer("r2d2"), 200, "robot of green"},
		{"certificate", "GET", "vim", holder("ann"), 200, "ann of red"},
		{"another door", "GET", "vpls", bearer("r2d2"), 403, "doors"},
		{"looks", "GET", "vpls", basic("looker", "look"), 200, "looker"},
		{"only looks", "POST", "vpls", basic("looker", "look"), 403, "only look"},
		{"wrong password", "GET", "vpls", basic("osm", "hus"), 401, "account"},
		{"password of another", "GET", "vpls", basic("osm", "look"), 401, "account"},
		{"no password set", "GET", "vpls", basic("ann", ""), 401, "account"},
		{"unknown", "GET", "vpls", basic("nobody", "hush"), 401, "account"},
		{"wrong token", "GET", "vim", bearer("c3po"), 401, "account"},
		{"empty token", "GET", "vim", bearer(""), 401, "account"},
		{"another holder", "GET", "vim", holder("bob"), 401, "account"},
		{"nothing", "GET", "vim", func(*http.Request) {}, 401, "account"},
		{"another scheme", "GET", "vim", func(r *http.Request) { r.Header.Set("Authorization", "Digest x") }, 401, "account"},
	} {
		w := h.ask(tc.method, tc.door, tc.show)
		if w.Code != tc.status || !strings.Contains(w.Body.String(), tc.body) {
			t.Errorf("%s: %d %s", tc.name, w.Code, w.Body)
		}
		if w.Code == http.StatusUnauthorized && len(w.Header().Values("WWW-Authenticate")) != 2 {
			t.Errorf("%s: how to show an account is not told: %v", tc.name, w.Header())
		}
	}
	if log := h.log.String(); strings.Contains(log, "hush") || strings.Contains(log, "c3po") {
		t.Errorf("a secret is in the log: %s", log)
	}
}

func TestWrongPasswordsAreSlowed(t *testing.T) {
	h := newHouse(t)
	for range 20 {
		h.ask("GET", "vpls", basic("osm", "guess"))
	}
	if w := h.ask("GET", "vpls", basic("osm", "hush")); w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") == "" {
		t.Errorf("after 20 guesses: %d %v", w.Code, w.Header())
	}
	if w := h.ask("GET", "vpls", basic("looker", "look")); w.Code != http.StatusOK {
		t.Errorf("somebody else: %d", w.Code)
	}
	elsewhere := func(r *http.Request) {
		r.SetBasicAuth("osm", "hush")
		r.RemoteAddr = "192.0.2.77:1234"
	}
	if w := h.ask("GET", "vpls", elsewhere); w.Code != http.StatusOK {
		t.Errorf("the same account elsewhere: %d", w.Code)
	}
	h.now = h.now.Add(2 * time.Minute)
	if w := h.ask("GET", "vpls", basic("osm", "hush")); w.Code != http.StatusOK {
		t.Errorf("later: %d", w.Code)
	}
}

// Who guesses from elsewhere, or shows something else, shuts nobody out.
func TestNobodyIsShutOut(t *testing.T) {
	h := newHouse(t)
	from := func(address string, show func(*http.Request)) func(*http.Request) {
		return func(r *http.Request) { r.RemoteAddr = address; show(r) }
	}
	for range 30 {
		h.ask("GET", "vpls", from("192.0.2.66:1", basic("osm", "guess")))
		h.ask("GET", "vpls", from("192.0.2.1:1", bearer("guess")))
		h.ask("GET", "vpls", from("192.0.2.1:1", holder("mallory")))
	}
	for name, show := range map[string]func(*http.Request){"password": basic("osm", "hush"), "certificate": holder("ann")} {
		if w := h.ask("GET", "vpls", from("192.0.2.1:2", show)); w.Code != http.StatusOK {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	if w := h.ask("GET", "vpls", from("192.0.2.66:2", basic("osm", "hush"))); w.Code != http.StatusTooManyRequests {
		t.Errorf("who guessed: %d", w.Code)
	}
}

// Names that nobody has, of any length, are neither kept nor logged without end.
func TestLongNames(t *testing.T) {
	h := newHouse(t)
	for range 30 {
		if w := h.ask("GET", "vpls", basic(strings.Repeat("x", 10_000), "hush")); w.Code != http.StatusUnauthorized {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
	if n := h.log.Len(); n > 10_000 {
		t.Errorf("the log has %d bytes", n)
	}
}

// A certificate does not stand in for what is shown and cannot be read.
func TestCertificateBesideNonsense(t *testing.T) {
	h := newHouse(t)
	for _, header := range []string{"Digest x", "Basic", "Basic !!!", "Bearer", "bearer c3po"} {
		w := h.ask("GET", "vim", func(r *http.Request) { holder("ann")(r); r.Header.Set("Authorization", header) })
		if w.Code != http.StatusUnauthorized {
			t.Errorf("%q: %d %s", header, w.Code, w.Body)
		}
	}
}

func TestSecretsAreReadAgain(t *testing.T) {
	h := newHouse(t)
	must(t, os.WriteFile(filepath.Join(h.dir, "osm.password"), []byte("another"), 0o600))
	h.now = h.now.Add(2 * time.Second)
	if w := h.ask("GET", "vpls", basic("osm", "another")); w.Code != http.StatusOK {
		t.Errorf("the new password: %d", w.Code)
	}
	if w := h.ask("GET", "vpls", basic("osm", "hush")); w.Code != http.StatusUnauthorized {
		t.Errorf("the old password: %d", w.Code)
	}
	must(t, os.WriteFile(filepath.Join(h.dir, "accounts.yaml"), []byte("accounts: ["), 0o600))
	h.now = h.now.Add(2 * time.Second)
	if w := h.ask("GET", "vpls", basic("osm", "another")); w.Code != http.StatusOK {
		t.Errorf("while the file is at fault: %d", w.Code)
	}
}

func TestFileAtFault(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		{"accounts: []", "0 accounts"},
		{"accounts: [{tenant: blue, tokenFile: t}]", "name"},
		{"accounts: [{name: 'a:b', tenant: blue, tokenFile: t}]", "colon"},
		{"accounts: [{name: a, tenant: Blue, tokenFile: t}]", "tenant"},
		{"accounts: [{name: a, tenant: blue}]", "can show nothing"},
		{"accounts: [{name: a, tenant: blue, certificate: ann}]", "l2sces://user/NAME"},
		{"accounts: [{name: a, tenant: blue, tokenFile: t, doors: [back]}]", "back"},
		{"accounts: [{name: a, tenant: blue, tokenFile: t}, {name: a, tenant: blue, tokenFile: t}]", "there already"},
		{"accounts: [{name: a, tenant: blue, password: hush}]", "password"},
	} {
		dir := t.TempDir()
		must(t, os.WriteFile(filepath.Join(dir, "a.yaml"), []byte(tc.text), 0o600))
		must(t, os.WriteFile(filepath.Join(dir, "t"), []byte("token"), 0o600))
		if _, err := account.Read(filepath.Join(dir, "a.yaml"), account.Config{}); err == nil || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), "a.yaml:1:") {
			t.Errorf("%s: %v, want something of %q", tc.text, err, tc.want)
		}
	}
	for _, what := range []string{"tokenFile: t", "certificate: 'l2sces://user/x'"} {
		dir := t.TempDir()
		must(t, os.WriteFile(filepath.Join(dir, "t"), []byte("token"), 0o600))
		text := strings.ReplaceAll("accounts: [{name: a, tenant: blue, WHAT}, {name: b, tenant: green, WHAT}]", "WHAT", what)
		must(t, os.WriteFile(filepath.Join(dir, "a.yaml"), []byte(text), 0o600))
		if _, err := account.Read(filepath.Join(dir, "a.yaml"), account.Config{}); err == nil || !strings.Contains(err.Error(), "a and b show the same") {
			t.Errorf("two accounts with one %s: %v", what, err)
		}
	}
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "a.yaml"), []byte("accounts: [{name: a, tenant: blue, tokenFile: gone}]"), 0o600))
	if _, err := account.Read(filepath.Join(dir, "a.yaml"), account.Config{}); err == nil || !strings.Contains(err.Error(), "gone") {
		t.Errorf("a secret that is not there: %v", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(file)
	f.Fuzz(func(t *testing.T, text string) {
		dir := t.TempDir()
		must(t, os.WriteFile(filepath.Join(dir, "a.yaml"), []byte(text), 0o600))
		a, err := account.Read(filepath.Join(dir, "a.yaml"), account.Config{})
		if err != nil {
			return
		}
		e := web.NewEcho(slog.New(slog.DiscardHandler), 1000)
		e.Group("/x", a.Admit(service.VIM)).GET("", func(c echo.Context) error { return c.NoContent(http.StatusOK) })
		w := httptest.NewRecorder()
		e.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/x", nil))
		if w.Code != http.StatusUnauthorized {
			t.Errorf("nobody is let in: %d", w.Code)
		}
	})
}
