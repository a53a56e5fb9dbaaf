package pki_test

import (
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

func TestRenew(t *testing.T) {
	dir := t.TempDir()
	now := time.Now()
	a := pki.Authority{Dir: dir, Now: func() time.Time { return now }}
	if err := a.Init(); err != nil {
		t.Fatal(err)
	}
	if err := a.Issue("sco", pki.SCO, "sco.example.org", "192.0.2.1"); err != nil {
		t.Fatal(err)
	}
	first, key := certOf(t, dir, "sco"), textOf(t, dir, "sco.key")

	now = now.Add(200 * 24 * time.Hour)
	if err := a.Renew("sco", true); err != nil {
		t.Fatal(err)
	}
	second := certOf(t, dir, "sco")
	if textOf(t, dir, "sco.key") != key || !second.NotAfter.After(first.NotAfter) || second.SerialNumber.Cmp(first.SerialNumber) == 0 {
		t.Errorf("with the same key: until %s, was %s", second.NotAfter, first.NotAfter)
	}
	if err := a.Renew("sco", false); err != nil {
		t.Fatal(err)
	}
	third := certOf(t, dir, "sco")
	if textOf(t, dir, "sco.key") == key {
		t.Error("the key is the same")
	}
	for _, c := range []*x509.Certificate{second, third} {
		got := []any{c.Subject.CommonName, c.URIs[0].String(), c.DNSNames, c.IPAddresses[0].String(), c.ExtKeyUsage, c.KeyUsage}
		want := []any{"sco", string(pki.SCO), []string{"sco.example.org"}, "192.0.2.1", first.ExtKeyUsage, first.KeyUsage}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}

	// The authority keeps its key, so that what it has signed stays good.
	old := certOf(t, dir, "ca")
	if err := a.Renew("ca", false); err != nil {
		t.Fatal(err)
	}
	fresh := certOf(t, dir, "ca")
	if !fresh.NotAfter.After(old.NotAfter) || third.CheckSignatureFrom(fresh) != nil || third.CheckSignatureFrom(old) != nil || !fresh.IsCA {
		t.Error("the authority has become another one")
	}
	if err := pki.Init(dir); err != nil {
		t.Error(err)
	}
}

func TestRenewRefuses(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	initialise(t, dir)
	initialise(t, other)
	issue(t, pki.Authority{Dir: other}, "alien", pki.SCO)
	copyFile(t, filepath.Join(other, "alien.crt"), filepath.Join(dir, "alien.crt"))
	copyFile(t, filepath.Join(other, "alien.key"), filepath.Join(dir, "alien.key"))
	for _, name := range []string{"alien", "absent", "../sco", ""} {
		if err := (pki.Authority{Dir: dir}).Renew(name, false); err == nil {
			t.Errorf("%q was renewed", name)
		} else if name == "alien" && slice.KindOf(err) != slice.Invalid {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestHolders(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	now := time.Now()
	a := pki.Authority{Dir: dir, Now: func() time.Time { return now }}
	initialise(t, dir)
	initialise(t, other)
	issue(t, a, "sco", pki.SCO)
	issue(t, pki.Authority{Dir: other}, "alien", pki.Plugin)
	copyFile(t, filepath.Join(other, "alien.crt"), filepath.Join(dir, "alien.crt"))
	for _, test := range []struct {
		after time.Duration
		days  int
		state pki.State
	}{
		{0, 364, pki.Good},
		{200 * 24 * time.Hour, 164, pki.Good},
		{300 * 24 * time.Hour, 64, pki.Due},
		{366 * 24 * time.Hour, -2, pki.Expired},
	} {
		now = time.Now().Add(test.after)
		all, err := a.Holders()
		if err != nil {
			t.Fatal(err)
		}
		if len(all) != 3 || all[0].State != pki.Alien || all[1].Name != "ca" || all[1].Identity != "" || all[1].State != pki.Good {
			t.Fatalf("%+v", all)
		}
		got := all[2]
		if got.Name != "sco" || got.Identity != pki.SCO || got.State != test.state || got.Days < test.days || got.Days > test.days+1 {
			t.Errorf("after %s: %+v", test.after, got)
		}
	}
}

func textOf(t *testing.T, dir, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func certOf(t *testing.T, dir, name string) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode([]byte(textOf(t, dir, name+".crt")))
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
