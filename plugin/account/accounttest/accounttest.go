// Package accounttest gives tests of doors accounts that may come in, and a client
// that speaks RESTCONF for them.
//
//	group := e.Group("", accounttest.New(t, map[string]slice.Tenant{"osm": "plant"}).Admit(service.TAPI))
//	body := accounttest.Client{Door: e}.Must(t, 200, "GET", path, "")
package accounttest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/account"
)

// Password is that of an account.
func Password(name string) string { return "password of " + name }

// New returns accounts of tenants, which may use all doors.
func New(tb testing.TB, tenants map[string]slice.Tenant) *account.Accounts {
	tb.Helper()
	dir := tb.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			tb.Fatal(err)
		}
		return file
	}
	text := "accounts:\n"
	for i, name := range slices.Sorted(maps.Keys(tenants)) {
		file := fmt.Sprintf("%d.password", i)
		write(file, Password(name))
		text += fmt.Sprintf("- {name: %q, tenant: %s, passwordFile: %s}\n", name, tenants[name], file)
	}
	all, err := account.Read(write("accounts.yaml", text), account.Config{})
	if err != nil {
		tb.Fatal(err)
	}
	return all
}

// A Client sends requests to a door.
type Client struct{ Door http.Handler }

// Ask sends a request of the account osm, with names and values of headers.
func (c Client) Ask(method, path, body string, header ...string) *httptest.ResponseRecorder {
	return c.AskAs("osm", method, path, body, header...)
}

// AskAs sends a request of an account.
func (c Client) AskAs(account, method, path, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(context.Background(), method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/yang-data+json")
	}
	r.SetBasicAuth(account, Password(account))
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	out := httptest.NewRecorder()
	c.Door.ServeHTTP(out, r)
	return out
}

// Must sends a request of the account osm, wants a status and returns the body.
func (c Client) Must(tb testing.TB, status int, method, path, body string) string {
	tb.Helper()
	out := c.Ask(method, path, body)
	if out.Code != status {
		tb.Fatalf("%s %s %s: got %d, want %d\n%s", method, path, body, out.Code, status, out.Body)
	}
	return out.Body.String()
}

// Faults reads an errors document (RFC 8040, section 7.1), which has to have one.
func Faults(tb testing.TB, body string) []map[string]string {
	tb.Helper()
	var doc map[string]map[string][]map[string]string
	if err := json.Unmarshal([]byte(body), &doc); err != nil {
		tb.Fatalf("%v: %s", err, body)
	}
	all := doc["ietf-restconf:errors"]["error"]
	if len(all) == 0 || all[0]["error-message"] == "" {
		tb.Fatalf("no error in %s", body)
	}
	return all
}

// Same compares JSON.
func Same(tb testing.TB, got, want string) {
	tb.Helper()
	var a, b any
	if json.Unmarshal([]byte(got), &a) != nil || json.Unmarshal([]byte(want), &b) != nil || !reflect.DeepEqual(a, b) {
		tb.Errorf("got  %s\nwant %s", got, want)
	}
}
