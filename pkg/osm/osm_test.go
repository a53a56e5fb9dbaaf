package osm_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/l2sces/l2sces/pkg/osm"
	"github.com/l2sces/l2sces/pkg/osm/osmtest"
	"github.com/l2sces/l2sces/pkg/slice"
)

const vnfd = "vnfd:\n  id: any-knf\n  product-name: any-knf\n"

// open starts an NBI and a client of it.
func open(t *testing.T, change func(*osm.Config)) (*osmtest.NBI, *osm.Client) {
	t.Helper()
	nbi := osmtest.New()
	server := httptest.NewUnstartedServer(nbi)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	cfg := osm.Config{
		URL: server.URL, User: osmtest.User, Password: osmtest.Password, Project: osmtest.Project,
		TLS: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, Pause: time.Microsecond, Timeout: 5 * time.Second,
	}
	if change != nil {
		change(&cfg)
	}
	c, err := osm.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return nbi, c
}

func logins(nbi *osmtest.NBI) (count int) {
	for _, r := range nbi.Requests() {
		if r.Method == http.MethodPost && r.Path == "/admin/v1/tokens" {
			count++
		}
	}
	return count
}

func TestConfig(t *testing.T) {
	for name, cfg := range map[string]osm.Config{
		"no address":    {User: "u", Password: "p"},
		"no scheme":     {URL: "osm:9999", User: "u", Password: "p"},
		"other scheme":  {URL: "ftp://osm", User: "u", Password: "p"},
		"with secrets":  {URL: "https://u:geheim@osm", User: "u", Password: "p"},
		"with a query":  {URL: "https://osm?x=geheim", User: "u", Password: "p"},
		"no user":       {URL: "https://osm", Password: "p"},
		"no password":   {URL: "https://osm", User: "u"},
		"not parseable": {URL: "https://geheim\x7f", User: "u", Password: "p"},
	} {
		_, err := osm.New(cfg)
		if slice.KindOf(err) != slice.Invalid || err == nil || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestToken(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	nbi, c := open(t, func(cfg *osm.Config) { cfg.Now = func() time.Time { return now } })
	nbi.Now = func() time.Time { return now.Add(-5 * time.Hour) } // clocks that differ
	get := func(want int) {
		t.Helper()
		if _, err := c.Packages(t.Context(), osm.NST); err != nil {
			t.Error(err)
		}
		if got := logins(nbi); got != want {
			t.Errorf("%d logins, want %d", got, want)
		}
	}
	get(1)
	get(1)
	nbi.Restart()
	get(2) // 401 once, and then a new one
	now = now.Add(58 * time.Minute)
	get(2)
	now = now.Add(2 * time.Minute) // before NBI ends it
	get(3)
	if err := c.Logout(t.Context()); err != nil {
		t.Error(err)
	}
	if err := c.Logout(t.Context()); err != nil {
		t.Errorf("again: %v", err)
	}
	get(4)
}

func TestOneLoginForMany(t *testing.T) {
	nbi, c := open(t, nil)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if _, err := c.Packages(t.Context(), osm.NST); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := logins(nbi); got != 1 {
		t.Errorf("%d logins", got)
	}
}

func TestWrongPassword(t *testing.T) {
	nbi, c := open(t, func(cfg *osm.Config) { cfg.Password = "wrong-password" })
	_, err := c.Packages(t.Context(), osm.NST)
	if slice.KindOf(err) != slice.Denied || len(nbi.Requests()) != 1 {
		t.Errorf("%v after %d requests", err, len(nbi.Requests()))
	}
}

func TestAlways401(t *testing.T) {
	nbi, c := open(t, nil)
	nbi.Disturb(func(r osmtest.Request) osmtest.Trouble {
		if r.Method == http.MethodGet {
			return osmtest.Trouble{Status: http.StatusUnauthorized}
		}
		return osmtest.Trouble{}
	})
	_, err := c.Packages(t.Context(), osm.NST)
	if slice.KindOf(err) != slice.Denied || len(nbi.Requests()) != 4 {
		t.Errorf("%v after %d requests, want two logins and two tries", err, len(nbi.Requests()))
	}
}

func TestRetry(t *testing.T) {
	for name, tc := range map[string]struct {
		method string
		call   func(context.Context, *osm.Client) error
		wants  map[int]bool // status: whether it is tried again
		lost   bool
	}{
		"get": {http.MethodGet, func(ctx context.Context, c *osm.Client) error {
			_, err := c.Packages(ctx, osm.NST)
			return err
		}, map[int]bool{429: true, 500: true, 502: true, 503: true, 404: false, 409: false, 422: false, 403: false, 501: false, 302: false}, true},
		"create": {http.MethodPost, func(ctx context.Context, c *osm.Client) error {
			_, err := c.CreateAccount(ctx, osm.SDNs, map[string]string{"name": "n", "type": "onos_vpls"})
			return err
		}, map[int]bool{429: true, 500: false, 503: false, 409: false}, false},
	} {
		for status, again := range tc.wants {
			nbi, c := open(t, nil)
			if err := c.Login(t.Context()); err != nil {
				t.Fatal(err)
			}
			nbi.Next(tc.method, "/", osmtest.Trouble{Status: status, RetryAfter: "0"})
			if err := tc.call(t.Context(), c); (err == nil) != again {
				t.Errorf("%s %d: %v, want it again: %v", name, status, err, again)
			}
		}
		for what, trouble := range map[string]osmtest.Trouble{"lost": {Lost: true}, "cut": {Cut: true}} {
			nbi, c := open(t, nil)
			if err := c.Login(t.Context()); err != nil {
				t.Fatal(err)
			}
			nbi.Next(tc.method, "/", trouble)
			if err := tc.call(t.Context(), c); (err == nil) != tc.lost || err != nil && slice.KindOf(err) != slice.Unavailable {
				t.Errorf("%s %s: %v", name, what, err)
			}
		}
	}
}

func TestRetryEnds(t *testing.T) {
	nbi, c := open(t, func(cfg *osm.Config) { cfg.Tries = 3 })
	nbi.Disturb(func(osmtest.Request) osmtest.Trouble { return osmtest.Trouble{Status: 503} })
	if err := c.Login(t.Context()); slice.KindOf(err) != slice.Unavailable || len(nbi.Requests()) != 3 {
		t.Errorf("%v after %d requests", err, len(nbi.Requests()))
	}
}

func TestRetryAfterWaits(t *testing.T) {
	nbi, c := open(t, nil)
	nbi.Disturb(func(osmtest.Request) osmtest.Trouble { return osmtest.Trouble{Status: 429, RetryAfter: "20"} })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := c.Login(ctx); slice.KindOf(err) != slice.Unavailable || len(nbi.Requests()) != 1 {
		t.Errorf("%v after %d requests: it did not wait", err, len(nbi.Requests()))
	}
}

func TestSlow(t *testing.T) {
	nbi, c := open(t, func(cfg *osm.Config) { cfg.Timeout, cfg.Tries = 20*time.Millisecond, 2 })
	never := make(chan struct{})
	defer close(never)
	nbi.Disturb(func(osmtest.Request) osmtest.Trouble { return osmtest.Trouble{Slow: never} })
	if err := c.Login(t.Context()); slice.KindOf(err) != slice.Unavailable || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

func TestAnswerLimit(t *testing.T) {
	nbi, c := open(t, func(cfg *osm.Config) { cfg.Bytes = 2000 })
	nbi.Next(http.MethodGet, "/nst", osmtest.Trouble{Change: func(int, []byte) (int, []byte) {
		return 200, []byte(`["` + strings.Repeat("x", 2000) + `"]`)
	}})
	if _, err := c.Packages(t.Context(), osm.NST); slice.KindOf(err) != slice.Exhausted {
		t.Errorf("%v", err)
	}
}

func TestBrokenAnswers(t *testing.T) {
	for name, body := range map[string]string{
		"no JSON": "<html>", "YAML": "- _id: x", "another form": `{"a":1}`, "cut": `[{"_id":`, "a number as id": `[{"_id":1}]`, "nothing": "",
	} {
		nbi, c := open(t, nil)
		nbi.Next(http.MethodGet, "/nst", osmtest.Trouble{Change: func(int, []byte) (int, []byte) { return 200, []byte(body) }})
		if _, err := c.Packages(t.Context(), osm.NST); slice.KindOf(err) != slice.Unavailable {
			t.Errorf("%s: %v", name, err)
		}
		nbi.Restart()
		nbi.Next(http.MethodPost, "/admin/v1/tokens", osmtest.Trouble{Change: func(int, []byte) (int, []byte) { return 200, []byte(body) }})
		if err := c.Logout(t.Context()); err != nil {
			t.Error(err)
		}
		if err := c.Login(t.Context()); slice.KindOf(err) != slice.Unavailable {
			t.Errorf("%s as a token: %v", name, err)
		}
	}
}

// What NBI says is told, without secrets and without what would break a log.
func TestErrors(t *testing.T) {
	nbi, c := open(t, nil)
	nbi.Next(http.MethodGet, "/nst", osmtest.Trouble{Change: func(int, []byte) (int, []byte) {
		return 409, []byte(`{"code":"CONFLICT","status":409,"detail":"bad\n\u0000line ` + osmtest.Password + " " + strings.Repeat("x", 5000) + `"}`)
	}})
	_, err := c.Packages(t.Context(), osm.NST)
	var e *osm.Error
	if !errors.As(err, &e) || e.Code != "CONFLICT" || e.Status != 409 || slice.KindOf(err) != slice.Conflict {
		t.Fatalf("%v", err)
	}
	if text := err.Error(); strings.ContainsAny(text, "\n\x00") || len(text) > 1000 || strings.Contains(text, osmtest.Password) || !strings.Contains(text, "bad line") {
		t.Errorf("%q", text)
	}
	nbi.Next(http.MethodPost, "/admin/v1/vim_accounts", osmtest.Trouble{Change: func(int, []byte) (int, []byte) {
		return 422, []byte(`{"code":"UNPROCESSABLE_ENTITY","status":422,"detail":"Format error 'vim-secret' is too short"}`)
	}})
	_, err = c.CreateAccount(t.Context(), osm.VIMs, map[string]any{"name": "a", "vim_password": "vim-secret"})
	if err == nil || strings.Contains(err.Error(), "vim-secret") {
		t.Errorf("%v", err)
	}
}

func TestNoRedirect(t *testing.T) {
	nbi, c := open(t, nil)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { t.Errorf("came: %v", r.Header) }))
	defer elsewhere.Close()
	nbi.Next(http.MethodGet, "/nst", osmtest.Trouble{Status: http.StatusFound})
	if _, err := c.Packages(t.Context(), osm.NST); err == nil {
		t.Error("a redirect is taken for an answer")
	}
}

func TestTLS(t *testing.T) {
	server := httptest.NewTLSServer(osmtest.New())
	defer server.Close()
	dir := t.TempDir()
	ca := filepath.Join(dir, "ca.crt")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(ca, text, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		files osm.Files
		good  bool
	}{
		"trusted":        {osm.Files{CA: ca}, true},
		"not trusted":    {osm.Files{}, false},
		"anybody":        {osm.Files{Insecure: true}, true},
		"no such file":   {osm.Files{CA: filepath.Join(dir, "none")}, false},
		"key alone":      {osm.Files{CA: ca, Key: ca}, false},
		"not a key pair": {osm.Files{CA: ca, Key: ca, Cert: ca}, false},
	} {
		conf, err := tc.files.TLS()
		if err == nil {
			var c *osm.Client
			if c, err = osm.New(osm.Config{URL: server.URL, User: osmtest.User, Password: osmtest.Password, TLS: conf, Tries: 1}); err != nil {
				t.Fatal(err)
			}
			err = c.Login(t.Context())
			c.Close()
		}
		if (err == nil) != tc.good {
			t.Errorf("%s: %v", name, err)
		}
	}
}
