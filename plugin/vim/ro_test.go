package vim_test

import (
	"bufio"
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const rovim = "../rovim"

// python is Debian's, if there is one. Whoever wants short tests does not wait
// for it.
func python(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("Python is left out of short tests")
	}
	if _, err := os.Stat("/usr/bin/python3"); err == nil {
		return "/usr/bin/python3"
	}
	path, err := exec.LookPath("python3")
	if err != nil {
		t.Fatal("python3 is not installed: deploy/setup.sh test installs it")
	}
	return path
}

// sources reads what Python will read, so that the cache of tests sees it change.
func sources(t *testing.T) {
	t.Helper()
	err := filepath.WalkDir(rovim, func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			_, err = os.ReadFile(name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// run runs Python and returns what it prints.
func run(t *testing.T, env []string, args ...string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), python(t), args...)
	c.Env = append(os.Environ(), env...)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("python3 %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// A ro is a process that calls the connector as RO does.
type ro struct {
	t       *testing.T
	account map[string]any
	in      io.Writer
	out     *bufio.Reader
}

// An answer is what a call gave.
type answer struct {
	Result json.RawMessage `json:"result"`
	Error  string          `json:"error"`
	Code   int             `json:"code"`
	Text   string          `json:"text"`
}

// startRO starts a process with an account. A base class of RO's own that
// PYTHONPATH leads to comes before the double.
func startRO(t *testing.T, account map[string]any) *ro {
	t.Helper()
	sources(t)
	dist := t.TempDir()
	run(t, nil, filepath.Join(rovim, "testdata/dist.py"), filepath.Join(rovim, "setup.cfg"), dist)
	return startROWith(t, account, dist, rovim)
}

func startROWith(t *testing.T, account map[string]any, path ...string) *ro {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	text, err := json.Marshal(account)
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(ctx, python(t), filepath.Join(rovim, "testdata/drive.py"), string(text))
	path = append(append(filepath.SplitList(os.Getenv("PYTHONPATH")), path...), filepath.Join(rovim, "testdata"))
	c.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1", "PYTHONPATH="+strings.Join(path, string(filepath.ListSeparator)))
	c.Stderr = os.Stderr
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); _ = c.Wait() }) // it was killed
	return &ro{t, account, in, bufio.NewReader(out)}
}

// call calls a method with arguments by name.
func (r *ro) call(method string, arguments map[string]any) answer {
	r.t.Helper()
	if arguments == nil {
		arguments = map[string]any{}
	}
	line, err := json.Marshal(map[string]any{"method": method, "arguments": arguments})
	if err != nil {
		r.t.Fatal(err)
	}
	if _, err := fmt.Fprintf(r.in, "%s\n", line); err != nil {
		r.t.Fatal(err)
	}
	text, err := r.out.ReadBytes('\n')
	if err != nil {
		r.t.Fatalf("%s: no answer: %v", method, err)
	}
	var a answer
	if err := json.Unmarshal(text, &a); err != nil {
		r.t.Fatalf("%s: %v: %s", method, err, text)
	}
	return a
}

// must is a call that works, with its result read into v.
func (r *ro) must(v any, method string, arguments map[string]any) {
	r.t.Helper()
	a := r.call(method, arguments)
	if a.Error != "" {
		r.t.Fatalf("%s: %s %d: %s", method, a.Error, a.Code, a.Text)
	}
	if v != nil {
		if err := json.Unmarshal(a.Result, v); err != nil {
			r.t.Fatalf("%s: %v: %s", method, err, a.Result)
		}
	}
}

// refuses wants an exception.
func (r *ro) refuses(class string, code int, text, method string, arguments map[string]any) {
	r.t.Helper()
	a := r.call(method, arguments)
	if a.Error != class || a.Code != code || !strings.Contains(a.Text, text) {
		r.t.Errorf("%s: got %s %d %q (result %s), want %s %d with %q", method, a.Error, a.Code, a.Text, a.Result, class, code, text)
	}
	if strings.Contains(a.Text, password) {
		r.t.Errorf("%s: the text shows the password: %s", method, a.Text)
	}
}

// change gives the calls that follow another account.
func (r *ro) change(with map[string]any) { r.t.Helper(); r.must(nil, "account", with) }

// new makes a network and returns its id.
func (r *ro) new(arguments map[string]any) string {
	r.t.Helper()
	var got []json.RawMessage // a tuple in Python
	r.must(&got, "new_network", arguments)
	var id string
	if err := json.Unmarshal(got[0], &id); err != nil || len(got) != 2 {
		r.t.Fatalf("new_network returned %s", got)
	}
	return id
}

// secure serves the house over TLS and returns the account of RO for it.
func (h *house) secure(handler http.Handler, config map[string]any) map[string]any {
	h.t.Helper()
	web := quiet(handler)
	h.t.Cleanup(web.Close)
	return vimAccount(h.t, web, config)
}

// quiet serves over TLS, and does not log clients that do not trust it.
func quiet(handler http.Handler) *httptest.Server {
	web := httptest.NewUnstartedServer(handler)
	web.Config.ErrorLog = log.New(io.Discard, "", 0)
	web.StartTLS()
	return web
}

func vimAccount(tb testing.TB, web *httptest.Server, config map[string]any) map[string]any {
	tb.Helper()
	all := map[string]any{"ca_cert": pemFile(tb, "CERTIFICATE", web.Certificate().Raw), "timeout": 5}
	for k, v := range config {
		all[k] = v
	}
	return map[string]any{
		"uuid": "0cf2a2ea-3d3b-4a4f-8f0a-0d6f9b1f2a11", "name": "field-vim", "tenant_id": nil, "tenant_name": "field",
		"url": web.URL, "user": "ro", "passwd": password, "config": all, "persistent_info": map[string]any{},
	}
}

func pemFile(tb testing.TB, kind string, der []byte) string {
	tb.Helper()
	name := filepath.Join(tb.TempDir(), "x.pem")
	if err := os.WriteFile(name, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		tb.Fatal(err)
	}
	return name
}
