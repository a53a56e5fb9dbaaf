package secret_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/secret"
	"github.com/l2sces/l2sces/pkg/slice"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func write(t *testing.T, name, text string, mode os.FileMode) string {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), mode); err != nil { //nolint:gosec // some are programs
		t.Fatal(err)
	}
	return name
}

func folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"tls.crt", "tls.key", "ca.crt"} {
		write(t, filepath.Join(dir, name), name+" one", 0o600)
	}
	return dir
}

// script returns a program of one line.
func script(t *testing.T, line string) string {
	t.Helper()
	return write(t, filepath.Join(t.TempDir(), "command"), "#!/bin/sh\n"+line+"\n", 0o700)
}

const good = `echo '{"tls.crt": "c", "tls.key": "k", "ca.crt": "a"}'`

func TestFolder(t *testing.T) {
	dir, own := folder(t), folder(t)
	k := &secret.Keeper{Own: secret.FilesOf(own)}
	pair := func(c intent.Credentials) secret.Pair {
		t.Helper()
		p, err := k.Pair(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	before := pair(intent.Credentials{File: dir})
	want := secret.Pair{Cert: []byte("tls.crt one"), Key: []byte("tls.key one"), CA: []byte("ca.crt one")}
	if diff := cmp.Diff(want, before); diff != "" {
		t.Errorf("pair (-want +got)\n%s", diff)
	}
	for _, name := range []string{"tls.crt", "tls.key", "ca.crt"} {
		was := pair(intent.Credentials{File: dir}).Mark()
		write(t, filepath.Join(dir, name), name+" two", 0o600)
		if pair(intent.Credentials{File: dir}).Mark() == was {
			t.Errorf("another %s has the same mark", name)
		}
	}
	if pair(intent.Credentials{}).Mark() != before.Mark() {
		t.Error("the same texts elsewhere have another mark")
	}
}

// What the parts of a pair are counts, not only what they are together.
func TestMarkKeepsPartsApart(t *testing.T) {
	x := secret.Pair{Cert: []byte("ab"), Key: []byte("c")}
	y := secret.Pair{Cert: []byte("a"), Key: []byte("bc")}
	if x.Mark() == y.Mark() {
		t.Error("two pairs have one mark")
	}
}

func TestRefused(t *testing.T) {
	empty, torn, large := t.TempDir(), folder(t), folder(t)
	if err := os.Remove(filepath.Join(torn, "tls.key")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(torn, "tls.key"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(large, "ca.crt"), strings.Repeat("x", 1<<20+1), 0o600)
	k := &secret.Keeper{Commands: map[string]string{
		"absent":  filepath.Join(empty, "nothing"),
		"fails":   script(t, "echo hidden; echo hidden >&2; exit 3"),
		"text":    script(t, "echo hidden"),
		"list":    script(t, `echo '["hidden"]'`),
		"partial": script(t, `echo '{"tls.crt": "hidden", "tls.key": "hidden"}'`),
		"numbers": script(t, `echo '{"tls.crt": 1, "tls.key": "hidden", "ca.crt": "hidden"}'`),
		"endless": script(t, "cat /dev/zero"),
	}}
	tests := map[string]struct {
		c    intent.Credentials
		kind slice.Kind
		text string
	}{
		"empty folder":  {intent.Credentials{File: empty}, slice.Unavailable, "tls.crt"},
		"no file":       {intent.Credentials{File: torn}, slice.Unavailable, "tls.key is not a file"},
		"too large":     {intent.Credentials{File: large}, slice.Unavailable, "more than 1048576 bytes"},
		"a Secret":      {intent.Credentials{Secret: "a/b"}, slice.Invalid, "credentials.secret"},
		"not allowed":   {intent.Credentials{Command: "/bin/sh"}, slice.Invalid, `"/bin/sh" is not allowed here; allowed are [absent`},
		"absent":        {intent.Credentials{Command: "absent"}, slice.Unavailable, "no such file"},
		"fails":         {intent.Credentials{Command: "fails"}, slice.Unavailable, "exit status 3"},
		"no JSON":       {intent.Credentials{Command: "text"}, slice.Unavailable, "prints no JSON object"},
		"a list":        {intent.Credentials{Command: "list"}, slice.Unavailable, "prints no JSON object"},
		"a key missing": {intent.Credentials{Command: "partial"}, slice.Unavailable, "with tls.crt, tls.key and ca.crt"},
		"numbers":       {intent.Credentials{Command: "numbers"}, slice.Unavailable, "prints no JSON object"},
		"endless":       {intent.Credentials{Command: "endless"}, slice.Unavailable, "prints too much"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p, err := k.Pair(t.Context(), test.c)
			if slice.KindOf(err) != test.kind || err == nil || !strings.Contains(err.Error(), test.text) {
				t.Errorf("got %v, want kind %s with %q", err, test.kind, test.text)
			}
			if p.Key != nil {
				t.Error("half a pair")
			}
			if err != nil && strings.Contains(err.Error(), "hidden") {
				t.Errorf("A21: the error tells what the command printed: %v", err)
			}
		})
	}
	if err := k.Check(intent.Credentials{Command: "sh"}); slice.KindOf(err) != slice.Invalid {
		t.Errorf("check: %v", err)
	}
	if err := k.Check(intent.Credentials{Command: "fails"}); err != nil {
		t.Errorf("check: %v", err)
	}
}

// A command that does not end is ended, with what it has started.
func TestSilentCommand(t *testing.T) {
	k := &secret.Keeper{Timeout: 50 * time.Millisecond, Commands: map[string]string{"silent": script(t, "sleep 60 & sleep 60")}}
	start := time.Now()
	_, err := k.Pair(t.Context(), intent.Credentials{Command: "silent"})
	if slice.KindOf(err) != slice.Unavailable || !strings.Contains(err.Error(), "does not end in time") {
		t.Errorf("got %v", err)
	}
	if took := time.Since(start); took > 30*time.Second {
		t.Errorf("it took %s", took)
	}
}

// A command is run once for many callers, and again when its time is over.
func TestCommandCounts(t *testing.T) {
	runs := filepath.Join(t.TempDir(), "runs")
	now, mu := time.Unix(0, 0), sync.Mutex{}
	k := &secret.Keeper{
		Commands: map[string]string{"vault": script(t, fmt.Sprintf("echo >>%s; %s", runs, good)), "bad": script(t, fmt.Sprintf("echo >>%s; exit 1", runs))},
		Now:      func() time.Time { mu.Lock(); defer mu.Unlock(); return now },
	}
	later := func(d time.Duration) { mu.Lock(); defer mu.Unlock(); now = now.Add(d) }
	count := func() int {
		text, err := os.ReadFile(runs)
		if err != nil {
			t.Fatal(err)
		}
		return bytes.Count(text, []byte("\n"))
	}
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			p, err := k.Pair(t.Context(), intent.Credentials{Command: "vault"})
			if err != nil || string(p.Cert)+string(p.Key)+string(p.CA) != "cka" {
				t.Errorf("%v, %v", p, err)
			}
		})
	}
	all.Wait()
	if n := count(); n != 1 {
		t.Errorf("%d runs for ten callers", n)
	}
	later(5 * time.Minute)
	_, _ = k.Pair(t.Context(), intent.Credentials{Command: "vault"})
	if n := count(); n != 2 {
		t.Errorf("%d runs after a while, want 2", n)
	}
	for range 3 {
		if _, err := k.Pair(t.Context(), intent.Credentials{Command: "bad"}); err == nil {
			t.Error("a command that fails succeeds")
		}
	}
	later(10 * time.Second)
	_, _ = k.Pair(t.Context(), intent.Credentials{Command: "bad"})
	if n := count(); n != 4 {
		t.Errorf("%d runs, want 4: a failure counts for a while as well", n)
	}
}

// A caller that gives up neither waits for the command nor spoils it for others.
func TestCallerGivesUp(t *testing.T) {
	k := &secret.Keeper{Commands: map[string]string{"slow": script(t, "sleep 0.2; "+good)}}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := k.Pair(ctx, intent.Credentials{Command: "slow"}); slice.KindOf(err) != slice.Unavailable {
		t.Errorf("got %v", err)
	}
	if _, err := k.Pair(t.Context(), intent.Credentials{Command: "slow"}); err != nil {
		t.Errorf("the next caller: %v", err)
	}
}

func TestA21PairIsNotLogged(t *testing.T) {
	p := secret.Pair{Cert: []byte("hidden"), Key: []byte("hidden"), CA: []byte("hidden")}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "pair", p)
	for _, text := range []string{log.String(), fmt.Sprint(p), fmt.Sprintf("%v %+v %#v %s", p, p, p, p)} {
		if strings.Contains(text, "hidden") || strings.Contains(text, "104") {
			t.Errorf("it is told: %s", text)
		}
	}
}
