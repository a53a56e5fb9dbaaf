package nbi_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/nbi"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/web"
)

func TestHealthAndReadiness(t *testing.T) {
	var ready atomic.Bool
	get := serve(t, nbi.Config{
		Version: "v1.2.3",
		Ready: func() error {
			if ready.Load() {
				return nil
			}
			return errors.New("2 of 3 switches have not connected")
		},
	})

	status, body, _ := get("/healthz")
	if want := `{"status":"ok","version":"v1.2.3"}`; status != 200 || strings.TrimSpace(body) != want {
		t.Errorf("/healthz: %d %s, want 200 %s", status, body, want)
	}

	status, body, kind := get("/readyz")
	var got map[string]any
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"type": "about:blank", "title": "Service Unavailable", "status": 503.0,
		"detail": "2 of 3 switches have not connected",
	}
	if diff := cmp.Diff(want, got); status != 503 || kind != "application/problem+json" || diff != "" {
		t.Errorf("/readyz: %d %s (-want +got):\n%s", status, kind, diff)
	}

	ready.Store(true)
	if status, body, _ := get("/readyz"); status != 200 {
		t.Errorf("/readyz when ready: %d %s", status, body)
	}
}

func TestMetrics(t *testing.T) {
	get := serve(t, nbi.Config{Version: "v1.2.3", Metrics: func() []nbi.Sample {
		return []nbi.Sample{
			{Name: "l2sces_test_flow_mods_total", Help: "Flow-mods sent.", Type: nbi.Counter, Labels: map[string]string{"domain": "fire", "dpid": "0a"}, Value: 7},
			{Name: "l2sces_test_flow_mods_total", Help: "Flow-mods sent.", Type: nbi.Counter, Labels: map[string]string{"domain": "field", "dpid": "0b"}, Value: 0},
			{Name: "l2sces_test_switches", Help: "Switches connected.", Value: 2},
			{Name: "not a name", Help: "Wrong on purpose.", Value: 1},
		}
	}})
	status, body, _ := get("/metrics")
	if status != 200 {
		t.Fatalf("/metrics: %d %s", status, body)
	}
	for _, want := range []string{
		"# TYPE l2sces_test_flow_mods_total counter",
		`l2sces_test_flow_mods_total{domain="field",dpid="0b"} 0`,
		`l2sces_test_flow_mods_total{domain="fire",dpid="0a"} 7`,
		"# TYPE l2sces_test_switches gauge",
		"l2sces_test_switches 2",
		`l2sces_build_info{version="v1.2.3"} 1`,
		"go_goroutines ",
		"process_open_fds ",
	} {
		if !strings.Contains(body, "\n"+want) && !strings.HasPrefix(body, want) {
			t.Errorf("no line %q in\n%s", want, body)
		}
	}
}

func TestErrorsAreProblems(t *testing.T) {
	get := serve(t, nbi.Config{Ready: func() error { panic("on purpose") }})
	for path, want := range map[string]int{"/nothing": 404, "/readyz": 500} {
		status, body, kind := get(path)
		if status != want || kind != "application/problem+json" {
			t.Errorf("%s: %d %s %s, want %d as a problem", path, status, kind, body, want)
		}
		if strings.Contains(body, "on purpose") {
			t.Errorf("%s tells what is inside: %s", path, body)
		}
	}
}

func TestServeEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	path := filepath.Join(t.TempDir(), "s")
	ended := make(chan error, 1)
	go func() { ended <- nbi.Serve(ctx, "unix:"+path, nbi.Config{}) }()
	waitFor(t, path)
	cancel()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("still serving")
	}
}

func TestListenOnASocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run", "s")
	l := listen(t, "unix:"+path)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o600 {
		t.Errorf("mode %o, want 600", got)
	}
	if _, err := web.Listen(t.Context(), "unix:"+path); slice.KindOf(err) != slice.Conflict {
		t.Errorf("a second listener: %v, want a conflict", err)
	}

	// A process that dies leaves its socket behind.
	u, ok := l.(*net.UnixListener)
	if !ok {
		t.Fatalf("listener is a %T", l)
	}
	u.SetUnlinkOnClose(false)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	listen(t, "unix:"+path)
}

func TestListenRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		addr string
		want slice.Kind
	}{
		{"", slice.Invalid},
		{"7001", slice.Invalid},
		{"unix:", slice.Invalid},
		{"unix:/tmp/" + strings.Repeat("x", 103), slice.Invalid},
		{"unix:" + file, slice.Conflict},
	}
	for _, tt := range tests {
		t.Run(tt.addr, func(t *testing.T) {
			if _, err := web.Listen(t.Context(), tt.addr); err == nil || slice.KindOf(err) != tt.want {
				t.Errorf("got %v, want it %s", err, tt.want)
			}
		})
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "mine" {
		t.Errorf("the file is now %q, %v", text, err)
	}
}

// serve starts the door on a socket and returns a function that asks it.
func serve(t *testing.T, c nbi.Config) func(path string) (status int, body, kind string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- nbi.Serve(ctx, "unix:"+path, c) }()
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	waitFor(t, path)
	client := &http.Client{Transport: transport, Timeout: 5 * time.Second}
	return func(path string) (int, string, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }() // read to its end
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(body), res.Header.Get("Content-Type")
	}
}

func listen(t *testing.T, addr string) net.Listener {
	t.Helper()
	l, err := web.Listen(t.Context(), addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() }) // closed before by some tests
	return l
}

// waitFor waits until something listens on a socket.
func waitFor(t *testing.T, path string) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(5 * time.Second)
	for {
		if conn, err := new(net.Dialer).DialContext(t.Context(), "unix", path); err == nil {
			_ = conn.Close() // nothing was sent
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("nobody listens on %s", path)
		}
	}
}
