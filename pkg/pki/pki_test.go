package pki_test

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/pki"
	"github.com/l2sces/l2sces/pkg/slice"
)

func TestIdentities(t *testing.T) {
	tests := []struct {
		text string
		want pki.Identity // empty: refused
	}{
		{"l2sces://sco", pki.SCO},
		{"l2sces://plugin", pki.Plugin},
		{"l2sces://domain/fire/sdnc", pki.SDNC("fire")},
		{"l2sces://domain/fire/node/fire-1", pki.Node("fire", "fire-1")},
		{"l2sces://user/ada", pki.User("ada")},
		{"", ""},
		{"sco", ""},
		{"l2sces://", ""},
		{"l2sces://scO", ""},
		{"l2sces://sco/", ""},
		{"l2sces://domain//sdnc", ""},
		{"l2sces://domain/fire/node/", ""},
		{"l2sces://domain/fire/node/a/b", ""},
		{"l2sces://domain/fi%72e/sdnc", ""},
		{"l2sces://user/ada#x", ""},
		{"https://sco", ""},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			got, err := pki.ParseIdentity(tt.text)
			if got != tt.want || (err != nil) != (tt.want == "") {
				t.Errorf("got %q, %v; want %q", got, err, tt.want)
			}
			if err != nil && slice.KindOf(err) != slice.Invalid {
				t.Errorf("kind of %v is %s, want invalid", err, slice.KindOf(err))
			}
		})
	}
}

func TestNodeOfIdentity(t *testing.T) {
	d, n, ok := pki.Node("fire", "fire-1").Node()
	if d != "fire" || n != "fire-1" || !ok {
		t.Errorf("got %q, %q, %t; want fire, fire-1, true", d, n, ok)
	}
	if _, _, ok := pki.SDNC("fire").Node(); ok {
		t.Error("an SDN controller passes for a node")
	}
}

func TestInitKeepsWhatIsThere(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "pki")
	initialise(t, dir)
	before := read(t, dir, "ca.crt")
	initialise(t, dir)
	if !bytes.Equal(before, read(t, dir, "ca.crt")) {
		t.Error("a second Init made a new authority")
	}
	info, err := os.Stat(filepath.Join(dir, "ca.key"))
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o600 {
		t.Errorf("mode of the authority's key is %o, want 600", got)
	}
}

func TestInitRefusesHalfAnAuthority(t *testing.T) {
	dir := t.TempDir()
	initialise(t, dir)
	if err := os.Remove(filepath.Join(dir, "ca.key")); err != nil {
		t.Fatal(err)
	}
	before := read(t, dir, "ca.crt")
	if err := pki.Init(dir); err == nil {
		t.Error("Init wrote over an authority whose key is away")
	}
	if !bytes.Equal(before, read(t, dir, "ca.crt")) {
		t.Error("the certificate of the authority changed")
	}
}

func TestIssueKeepsOrRenews(t *testing.T) {
	const day = 24 * time.Hour
	tests := []struct {
		name  string
		id    pki.Identity
		hosts []string
		later time.Duration
		kept  bool
	}{
		{"nothing changed", pki.SCO, []string{"sco.example.org", "192.0.2.1"}, 0, true},
		{"two thirds not over", pki.SCO, []string{"sco.example.org", "192.0.2.1"}, 240 * day, true},
		{"two thirds over", pki.SCO, []string{"sco.example.org", "192.0.2.1"}, 250 * day, false},
		{"expired", pki.SCO, []string{"sco.example.org", "192.0.2.1"}, 400 * day, false},
		{"another identity", pki.Plugin, []string{"sco.example.org", "192.0.2.1"}, 0, false},
		{"another host", pki.SCO, []string{"sco.example.org", "192.0.2.2"}, 0, false},
		{"one host less", pki.SCO, []string{"sco.example.org"}, 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir, start := t.TempDir(), time.Now()
			a := pki.Authority{Dir: dir, Now: func() time.Time { return start }}
			initialise(t, dir)
			issue(t, a, "sco", pki.SCO, "sco.example.org", "192.0.2.1")
			before := read(t, dir, "sco.crt")

			a.Now = func() time.Time { return start.Add(tt.later) }
			issue(t, a, "sco", tt.id, tt.hosts...)
			if kept := bytes.Equal(before, read(t, dir, "sco.crt")); kept != tt.kept {
				t.Errorf("kept: %t, want %t", kept, tt.kept)
			}
		})
	}
}

func TestIssueAfterANewAuthority(t *testing.T) {
	dir := t.TempDir()
	initialise(t, dir)
	issue(t, pki.Authority{Dir: dir}, "sco", pki.SCO)
	before := read(t, dir, "sco.crt")
	for _, name := range []string{"ca.crt", "ca.key"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	initialise(t, dir)
	issue(t, pki.Authority{Dir: dir}, "sco", pki.SCO)
	if bytes.Equal(before, read(t, dir, "sco.crt")) {
		t.Error("a certificate of the old authority was kept")
	}
}

func TestIssuedNames(t *testing.T) {
	dir := t.TempDir()
	initialise(t, dir)
	issue(t, pki.Authority{Dir: dir}, "sco", pki.SCO, "sco.example.org", "192.0.2.1", "2001:db8::1")
	cert := parse(t, read(t, dir, "sco.crt"))
	got := []string{cert.URIs[0].String(), cert.DNSNames[0], cert.IPAddresses[0].String(), cert.IPAddresses[1].String()}
	want := []string{"l2sces://sco", "sco.example.org", "192.0.2.1", "2001:db8::1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
}

func TestIssueRefuses(t *testing.T) {
	dir := t.TempDir()
	if err := pki.Issue(dir, "sco", pki.SCO); err == nil {
		t.Error("issued without an authority")
	}
	initialise(t, dir)
	for _, name := range []string{"", "ca", "../x", "a b"} {
		if err := pki.Issue(dir, name, pki.SCO); slice.KindOf(err) != slice.Invalid {
			t.Errorf("name %q: %v, want an invalid name", name, err)
		}
	}
	if err := pki.Issue(dir, "x", "l2sces://root"); slice.KindOf(err) != slice.Invalid {
		t.Errorf("foreign identity: %v, want it refused", err)
	}
}

func initialise(t *testing.T, dir string) {
	t.Helper()
	if err := pki.Init(dir); err != nil {
		t.Fatal(err)
	}
}

func issue(t *testing.T, a pki.Authority, name string, id pki.Identity, hosts ...string) {
	t.Helper()
	if err := a.Issue(name, id, hosts...); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, dir, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func parse(t *testing.T, text []byte) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode(text)
	if block == nil {
		t.Fatal("no PEM block")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}
