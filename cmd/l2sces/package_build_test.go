package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// repository is the folder of this repository.
const repository = "../.."

// ours returns the folders of the packages of the house.
func ours(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, pattern := range []string{"vnfd/*/*.yaml", "nsd/*/*.yaml", "descriptors/nst/*/*.yaml"} {
		found, err := filepath.Glob(filepath.Join(repository, pattern))
		if err != nil || len(found) == 0 {
			t.Fatalf("nothing in %s, %v", pattern, err)
		}
		for _, file := range found {
			all = append(all, filepath.Dir(file))
		}
	}
	return all
}

// TestPackagesTwice builds all packages of the house in both formats, twice,
// and wants the same bytes, which verify takes.
func TestPackagesTwice(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1700000000")
	var outs []string
	for range 2 {
		out := t.TempDir()
		args := append([]string{"package", "build", "--no-lint", "--format", "osm,csar", "--out", out}, ours(t)...)
		if status, _, stderr := typed(args...); status != 0 {
			t.Fatalf("status %d: %s", status, stderr)
		}
		outs = append(outs, out)
	}
	files, err := filepath.Glob(filepath.Join(outs[0], "*"))
	if err != nil || len(files) != 2*len(ours(t)) {
		t.Fatalf("got %d packages, %v", len(files), err)
	}
	for _, file := range files {
		again := filepath.Join(outs[1], filepath.Base(file))
		if !bytes.Equal(read(t, file), read(t, again)) {
			t.Errorf("%s has other bytes the second time", filepath.Base(file))
		}
	}
	status, stdout, stderr := typed(append([]string{"package", "verify"}, files...)...)
	if status != 0 || stderr != "" || strings.Count(stdout, "\n") != len(files) {
		t.Errorf("status %d, %s%s", status, stdout, stderr)
	}
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// signingKey writes a key and a certificate that vouches for itself.
func signingKey(t *testing.T) (key, cert string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Ann"}, KeyUsage: x509.KeyUsageDigitalSignature,
		NotBefore: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	key, cert = filepath.Join(dir, "ann.key"), filepath.Join(dir, "ann.crt")
	for name, block := range map[string]*pem.Block{key: {Type: "PRIVATE KEY", Bytes: keyDER}, cert: {Type: "CERTIFICATE", Bytes: der}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return key, cert
}

// TestPackageLife goes from a folder to a signed package and what is said of
// it.
func TestPackageLife(t *testing.T) {
	key, cert := signingKey(t)
	out := t.TempDir()
	folder := filepath.Join(repository, "descriptors/nst/press")
	name := func(file string) string { return filepath.Join(out, file) }
	ok := func(want string, args ...string) string {
		t.Helper()
		status, stdout, stderr := typed(append([]string{"package"}, args...)...)
		if status != 0 || !strings.Contains(stdout, want) {
			t.Errorf("%v: status %d, %s%s; want %q", args, status, stdout, stderr, want)
		}
		return stdout
	}
	refused := func(want string, args ...string) {
		t.Helper()
		status, _, stderr := typed(append([]string{"package"}, args...)...)
		if status != 2 || !strings.Contains(stderr, want) {
			t.Errorf("%v: status %d, %s; want %q", args, status, stderr, want)
		}
	}
	ok("would have", "build", folder, "--out", out, "--dry-run", "--no-lint")
	if left, err := os.ReadDir(out); err != nil || len(left) > 0 {
		t.Errorf("a dry run wrote %v, %v", left, err)
	}
	ok("press.csar", "build", folder, "--out", out, "--format", "osm,csar", "--no-lint")
	ok("not signed", "verify", name("press.csar"))
	refused("sig-unsigned", "verify", name("press.csar"), "--ca", cert)
	refused("sig-unsigned", "verify", name("press.tar.gz"), "--require-signature")
	ok("press.csar", "sign", name("press.csar"), "--sign-key", key, "--sign-cert", cert)
	ok("press.zip", "sign", name("press.csar"), "--sign-key", key, "--sign-cert", cert, "--option", "2", "--out", name("press.zip"))
	ok("press.tar.gz.cms", "sign", name("press.tar.gz"), "--sign-key", key, "--sign-cert", cert)
	at := []string{"--ca", cert, "--at", "2026-06-01T00:00:00Z"}
	for _, file := range []string{"press.csar", "press.zip", "press.tar.gz"} {
		ok("signed by CN=Ann, trusted through CN=Ann", append([]string{"verify", name(file)}, at...)...)
		refused("sig-expired", "verify", name(file), "--ca", cert, "--at", "2027-06-01T00:00:00Z")
		refused("sig-not-yet-valid", "verify", name(file), "--ca", cert, "--at", "1700000000")
	}
	ok("no difference", "diff", name("press.csar"), name("press.tar.gz"))
	ok("option 1", append([]string{"inspect", name("press.csar")}, at...)...)
	var i struct {
		ID, Kind, Version, Format string
		Entries                   []struct{ Name, SHA256 string }
		Signer                    struct{ Subject string }
	}
	if err := json.Unmarshal([]byte(ok("{", append([]string{"inspect", name("press.zip"), "--output", "json"}, at...)...)), &i); err != nil {
		t.Fatal(err)
	}
	if i.ID != "press" || i.Kind != "network slice template" || i.Format != "csar" || i.Signer.Subject != "CN=Ann" || len(i.Entries) != 7 {
		t.Errorf("got %+v", i)
	}
}

// TestPackageWrongInput ends with status 2 and writes nothing.
func TestPackageWrongInput(t *testing.T) {
	key, cert := signingKey(t)
	out := t.TempDir()
	folder := filepath.Join(repository, "descriptors/nst/press")
	bad := filepath.Join(t.TempDir(), "bad_nst")
	if err := os.CopyFS(bad, os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(bad, "nst.yaml"), []byte("nst:\n- id: bad\n  nonsense: true\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		want string
		args []string
	}{
		{"--format", []string{"build", folder, "--format", "rpm"}},
		{"--with", []string{"build", folder, "--with", "charms"}},
		{"no place in a package", []string{"build", folder, "--with", "../x=" + folder}},
		{"--time", []string{"build", folder, "--time", "yesterday"}},
		{"both the key and its certificate", []string{"build", folder, "--sign-key", key}},
		{"no such file", []string{"build", folder, "--sign-key", "/absent", "--sign-cert", cert}},
		{"does not lie below", []string{"build", folder, "--root", out}},
		{"no such file", []string{"build", folder + "/absent"}},
		{"nothing is built", []string{"build", bad}},
		{"no certificate", []string{"sign", "x", "--sign-key", key, "--sign-cert", key}},
		{"--option", []string{"sign", "x", "--sign-key", key, "--sign-cert", cert, "--option", "3"}},
		{"no such file", []string{"verify", "/absent"}},
		{"archive-format", []string{"verify", cert}},
		{"archive-format", []string{"inspect", cert}},
		{"archive-format", []string{"diff", cert, cert}},
		{"no certificate", []string{"verify", cert, "--ca", key}},
		{"--at", []string{"verify", cert, "--at", "now"}},
	} {
		args := append([]string{"package"}, c.args...)
		if c.args[0] == "build" {
			args = append(args, "--out", out)
		}
		if status, stdout, stderr := typed(args...); status != 2 || stdout != "" || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: status %d, %s%s; want %q", c.args, status, stdout, stderr, c.want)
		}
	}
	if left, err := os.ReadDir(out); err != nil || len(left) > 0 {
		t.Errorf("%v was written, %v", left, err)
	}
}
