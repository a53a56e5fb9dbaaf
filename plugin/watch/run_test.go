package watch_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/l2sces/l2sces/pkg/osm/osmtest"
	"github.com/l2sces/l2sces/pkg/web"
	"github.com/l2sces/l2sces/plugin/watch"
)

func polls(w *world) (n int) {
	for _, r := range w.nbi.Requests() {
		if r.Path == "/nsilcm/v1/netslice_instances" {
			n++
		}
	}
	return n
}

// The watcher polls by and by, less often when OSM is in trouble, at once when it
// is called, and ends when it is told to.
func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.cfg.Jitter = func() float64 { return 0 }
		w.cfg.Callback = watch.Callback{URL: "http://plugin/osm", User: "osm", Password: "callback-secret"}
		w.newWatcher()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- w.watcher.Run(ctx) }()
		at := func(d time.Duration, want int) {
			t.Helper()
			time.Sleep(d)
			synctest.Wait()
			if got := polls(w); got != want {
				t.Errorf("%d polls, want %d", got, want)
			}
		}
		at(time.Second, 1)
		at(13*time.Second, 1)
		at(2*time.Second, 2)
		w.watcher.Hint()
		at(2*time.Second, 3)
		at(14*time.Second, 4)
		w.nbi.Disturb(func(osmtest.Request) osmtest.Trouble { return osmtest.Trouble{Status: 409} })
		at(15*time.Second, 5)
		at(28*time.Second, 5)
		at(2*time.Second, 6)
		at(20*time.Minute, 6+10) // 60 s, and then every 120 s
		w.nbi.Disturb(nil)
		w.running("s", "two", ab, nil)
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		w.have("press/s video[alpha beta]")
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		c := w.watcher.Counts()
		if c.Polls < 16 || c.Failed < 10 || c.Changed != 1 || c.Followed != 1 || c.Last.IsZero() {
			t.Errorf("%+v", c)
		}
		var subscribed int
		for _, r := range w.nbi.Requests() {
			if r.Method == http.MethodPost && r.Path == "/nslcm/v1/subscriptions" && r.Status < 300 {
				subscribed++
			}
		}
		if subscribed != 1 {
			t.Errorf("%d subscriptions", subscribed)
		}
	})
}

func TestCallback(t *testing.T) {
	w := watch.New(nil, nil, watch.Config{Callback: watch.Callback{User: "osm", Password: "callback-secret"}})
	open := watch.New(nil, nil, watch.Config{})
	for name, tc := range map[string]struct {
		w              *watch.Watcher
		method         string
		user, password string
		body           string
		want           int
		hints          uint64
	}{
		"a look":          {w, http.MethodGet, "osm", "callback-secret", "", 204, 0},
		"a call":          {w, http.MethodPost, "osm", "callback-secret", `{"nsInstanceId":"x"}`, 204, 1},
		"no JSON":         {w, http.MethodPost, "osm", "callback-secret", `<x>`, 204, 1},
		"a large one":     {w, http.MethodPost, "osm", "callback-secret", strings.Repeat("x", web.MaxBody+1), 413, 0},
		"wrong password":  {w, http.MethodPost, "osm", "no", "{}", 401, 0},
		"wrong user":      {w, http.MethodPost, "no", "callback-secret", "{}", 401, 0},
		"none":            {w, http.MethodPost, "", "", "{}", 401, 0},
		"a look, unknown": {w, http.MethodGet, "", "", "", 401, 0},
		"no password set": {open, http.MethodPost, "", "", "{}", 401, 0},
		"another method":  {w, http.MethodPut, "osm", "callback-secret", "{}", 405, 0},
	} {
		e := web.NewEcho(slog.New(slog.DiscardHandler), web.MaxBody)
		tc.w.Mount(e.Group("/osm/callback"))
		req := httptest.NewRequestWithContext(t.Context(), tc.method, "/osm/callback", strings.NewReader(tc.body))
		if tc.user != "" {
			req.SetBasicAuth(tc.user, tc.password)
		}
		before, rec := tc.w.Counts().Hints, httptest.NewRecorder()
		e.ServeHTTP(rec, req)
		if rec.Code != tc.want || tc.w.Counts().Hints-before != tc.hints {
			t.Errorf("%s: %d, %d hints", name, rec.Code, tc.w.Counts().Hints-before)
		}
		if rec.Code == 401 && rec.Header().Get(echo.HeaderWWWAuthenticate) == "" {
			t.Errorf("%s: says not how", name)
		}
	}
}

// Nothing secret gets into logs and faults.
func TestSecrets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var out bytes.Buffer
		w.cfg.Logger = slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
		w.cfg.Callback = watch.Callback{URL: "http://plugin/osm", User: "osm", Password: "callback-secret"}
		w.newWatcher()
		w.running("s", "two", ab, nil)
		w.running("bad", "two", ab, map[string]any{"additionalParamsForNsi": map[string]any{"l2sces": map[string]any{"x": 1}}})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- w.watcher.Run(ctx) }()
		time.Sleep(time.Minute)
		for _, secret := range []string{osmtest.Password, "callback-secret"} {
			w.nbi.Disturb(func(osmtest.Request) osmtest.Trouble {
				return osmtest.Trouble{Change: func(int, []byte) (int, []byte) { return 422, []byte(`{"code":"X","detail":"` + secret + `"}`) }}
			})
			time.Sleep(15 * time.Minute)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		for _, secret := range []string{osmtest.Password, "secret-of-a-vim"} {
			if strings.Contains(out.String(), secret) {
				t.Errorf("the log holds %s", secret)
			}
		}
		if !strings.Contains(out.String(), "nsi=") {
			t.Error("nothing is logged")
		}
	})
}
