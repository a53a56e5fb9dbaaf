package main

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/l2sces/l2sces/cmd/internal/program"
)

// replayRun runs the command as a shell would.
func replayRun(args ...string) (status int, stdout, stderr string) {
	root := &cobra.Command{Use: "osm"}
	root.PersistentFlags().StringP("output", "o", "table", "")
	root.AddCommand(replayCommand())
	var out, faults bytes.Buffer
	root.SetArgs(append([]string{"replay"}, args...))
	root.SetOut(&out)
	root.SetErr(&faults)
	status = program.Execute(root, &faults)
	return status, out.String(), faults.String()
}

const recording = "## check\n\n### 1\nGET /config HTTP/1.1\nAuthorization: Basic b25vczpyb2Nrcw==\n\nHTTP 200\n\n{\"ports\": {}}\n\n" +
	"## create\n\n### 2\nPOST /config HTTP/1.1\nContent-Type: application/json\nAuthorization: Basic b25vczpyb2Nrcw==\n\n{\"ports\": {\"ep-1\": {}}}\n\nHTTP 200\n\n" +
	"### 3\nGET /config HTTP/1.1\n\nHTTP 200\n\n{\"ports\": {\"ep-1\": {}}, \"lastUpdateTime\": \"2\"}\n\n" +
	"## POST answered 500\n\n### 4\nPOST /config HTTP/1.1\n\n{}\n\nHTTP 500\n"

// replayFile writes a file for a test.
func replayFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReplay(t *testing.T) {
	status, document, seen := http.StatusOK, `{}`, ""
	web := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Method == http.MethodPost {
			document, seen = string(body), r.Header.Get("Authorization")
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, document)
	}))
	defer web.Close()
	ca := replayFile(t, "ca.crt", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw})))
	text := replayFile(t, "http.txt", recording)
	password, token := replayFile(t, "password", "hush\n"), replayFile(t, "token", "hush.hush\n")

	for _, c := range []struct {
		name     string
		args     []string
		answered int
		want     int
		out, err string
		sent     string
	}{
		{"fine", nil, 200, 0, "3 as recorded, 0 differ, 1 left out\n", "", "Basic b25vczpyb2Nrcw=="},
		{"told", nil, 200, 0, text + ":31: request 4: skipped: the recorded server was told to answer so", "", "Basic b25vczpyb2Nrcw=="},
		{"password", []string{"--user=me", "--password-file=" + password}, 200, 0, "3 as recorded", "", "Basic bWU6aHVzaA=="},
		{"token", []string{"--token-file=" + token}, 200, 0, "3 as recorded", "", "Bearer hush.hush"},
		{"replaced", []string{"--replace", "ep-1=ep-9"}, 200, 0, "3 as recorded", "", "Basic b25vczpyb2Nrcw=="},
		{"another status", nil, 201, 1, text + ":3: request 1: got 201, want 200: ", "3 of 3 answers differ", "Basic b25vczpyb2Nrcw=="},
		{"all bodies", []string{"--bodies=all"}, 200, 1, "", "1 of 3 answers differ", "Basic b25vczpyb2Nrcw=="},
		{"json", []string{"-o", "json"}, 200, 0, `"verdict": "skipped"`, "", "Basic b25vczpyb2Nrcw=="},
		{"yaml", []string{"-o", "yaml"}, 200, 0, "verdict: skipped", "", "Basic b25vczpyb2Nrcw=="},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, document, seen = c.answered, `{}`, ""
			got, out, faults := replayRun(append([]string{text, "--to=" + web.URL, "--tls-ca=" + ca}, c.args...)...)
			if got != c.want || !strings.Contains(out, c.out) || !strings.Contains(faults, c.err) || (c.err == "") != (faults == "") {
				t.Errorf("status %d, want %d\n%s\n%s", got, c.want, out, faults)
			}
			if seen != c.sent {
				t.Errorf("%q was sent, want %q", seen, c.sent)
			}
			if strings.Contains(out+faults, "hush") {
				t.Errorf("a secret is shown:\n%s%s", out, faults)
			}
			if want := "ep-1"; c.name == "replaced" && strings.Contains(document, want) {
				t.Errorf("%s was sent as %s", want, document)
			}
		})
	}
	_, out, _ := replayRun(text, "--to="+web.URL, "--tls-ca="+ca, "--output=json")
	var r replayed
	if err := json.Unmarshal([]byte(out), &r); err != nil || len(r.Exchanges) != 4 || r.File != text {
		t.Errorf("%v: %s", err, out)
	}
}

func TestReplayRefuses(t *testing.T) {
	text, empty := replayFile(t, "http.txt", recording), replayFile(t, "empty", "")
	const nobody = "--to=http://127.0.0.1:1"
	for _, c := range []struct {
		name string
		args []string
		want int
		err  string
	}{
		{"no server", []string{text}, 2, "--to is required"},
		{"no file", []string{nobody}, 2, "arg"},
		{"absent file", []string{"/absent", nobody}, 2, "/absent"},
		{"a folder", []string{t.TempDir(), nobody}, 2, "directory"},
		{"no transcript", []string{empty, nobody}, 2, empty + ":1:1: there is no exchange"},
		{"no address", []string{text, "--to=127.0.0.1"}, 2, "is not http://HOST:PORT"},
		{"bodies", []string{text, nobody, "--bodies=some"}, 2, "--bodies"},
		{"user alone", []string{text, nobody, "--user=me"}, 2, "go together"},
		{"two ways", []string{text, nobody, "--user=me", "--password-file=" + text, "--token-file=" + text}, 2, "choose one"},
		{"empty secret", []string{text, nobody, "--token-file=" + empty}, 2, "does not hold one line"},
		{"absent secret", []string{text, nobody, "--token-file=/absent"}, 2, "/absent"},
		{"no authority", []string{text, nobody, "--tls-ca=" + empty}, 2, "holds no certificate"},
		{"replace nothing", []string{text, nobody, "--replace", "=x"}, 2, "OLD=NEW"},
		{"nobody listens", []string{text, nobody}, 1, `request "1"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, out, faults := replayRun(c.args...)
			if got != c.want || !strings.Contains(faults, c.err) || out != "" {
				t.Errorf("status %d, want %d, with %s\n%s%s", got, c.want, c.err, out, faults)
			}
		})
	}
}

// What was played before a server went away is shown with the error.
func TestReplayEndsEarly(t *testing.T) {
	n := 0
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if n++; n == 2 {
			panic(http.ErrAbortHandler)
		}
		_, _ = fmt.Fprint(w, `{}`)
	}))
	defer web.Close()
	status, out, faults := replayRun(replayFile(t, "http.txt", recording), "--to="+web.URL)
	if status != 1 || !strings.Contains(out, "1 as recorded, 0 differ, 0 left out") || !strings.Contains(faults, `request "2"`) {
		t.Errorf("status %d\n%s%s", status, out, faults)
	}
}
