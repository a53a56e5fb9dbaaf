//go:build lab

package pack_test

import (
	"bytes"
	"context"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/l2sces/l2sces/pkg/pack"
)

// openssl runs the real one in a folder.
func openssl(t *testing.T, dir string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "openssl", args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// desk is a folder with keys and certificates for openssl.
func desk(t *testing.T, ca, ann *identity) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range map[string][]byte{"ca.pem": ca.certPEM(), "ann.pem": ann.certPEM(), "ann.key": ann.keyPEM(t)} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestOpenSSLAcceptsOurs has openssl verify what we sign, and refuse it when
// it was changed.
func TestOpenSSLAcceptsOurs(t *testing.T) {
	ca := authority(t, "CA", nil)
	for name, ann := range map[string]*identity{
		"ECDSA": issue(t, "Ann", ca, nil, nil),
		"RSA":   issue(t, "Ann", ca, rsaKey(t, 2048), nil),
	} {
		t.Run(name, func(t *testing.T) {
			dir := desk(t, ca, ann)
			file := build(t, pack.Options{Format: pack.CSAR, Key: ann.signer(t)})
			p, err := pack.Open(context.Background(), file, pack.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = p.Close() }() // read
			text, err := p.Read("sample_knf.mf")
			if err != nil {
				t.Fatal(err)
			}
			m, err := pack.ReadManifest("sample_knf.mf", text)
			if err != nil {
				t.Fatal(err)
			}
			write(t, dir, "content", m.Signed)
			write(t, dir, "sig.pem", m.CMS)
			verify := []string{
				"cms", "-verify", "-binary", "-inform", "PEM", "-in", "sig.pem", "-content", "content",
				"-CAfile", "ca.pem", "-attime", strconv.FormatInt(now.Unix(), 10), "-out", "/dev/null",
			}
			if out, err := openssl(t, dir, verify...); err != nil {
				t.Errorf("openssl refuses: %v\n%s", err, out)
			}
			write(t, dir, "content", append(m.Signed, 'x'))
			if out, err := openssl(t, dir, verify...); err == nil {
				t.Errorf("openssl takes other content: %s", out)
			}
		})
	}
}

func write(t *testing.T, dir, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestWeAcceptOpenSSLs verifies what openssl signs, in every form that it has.
func TestWeAcceptOpenSSLs(t *testing.T) {
	ca := authority(t, "CA", nil)
	for name, ann := range map[string]*identity{
		"ECDSA": issue(t, "Ann", ca, nil, nil),
		"RSA":   issue(t, "Ann", ca, rsaKey(t, 2048), nil),
	} {
		dir := desk(t, ca, ann)
		inner := csar{noCMS: true}.bytes(t)
		text := append(manifest([]zipItem{{name: "Definitions/sample_knf.yaml", data: vnfd}, {name: "Files/README.md", data: "sample\n"}}).Text(), '\n')
		write(t, dir, "csar", inner)
		write(t, dir, "text", text)
		for form, args := range map[string][]string{
			"PEM":                    {"-binary", "-outform", "PEM"},
			"DER":                    {"-binary", "-outform", "DER"},
			"PEM without attributes": {"-binary", "-noattr", "-outform", "PEM"},
			"DER without attributes": {"-binary", "-noattr", "-outform", "DER"},
			"BER as a stream":        {"-binary", "-stream", "-outform", "DER"},
			"SHA-512":                {"-binary", "-md", "sha512", "-outform", "PEM"},
			"no certificate":         {"-binary", "-nocerts", "-outform", "PEM"},
		} {
			t.Run(name+" "+form, func(t *testing.T) {
				cms := signed(t, dir, "csar", args...)
				items := []zipItem{{name: "s.csar", data: string(inner)}, {name: "s.cms", data: string(cms)}, {name: "s.cert", data: string(ann.certPEM())}}
				wantVerified(t, ca, "s.zip", zipSpec{items: items}.bytes(), 2)
			})
		}
		for form, args := range map[string][]string{
			"with -binary":       {"-binary", "-outform", "PEM"},
			"as mail":            {"-outform", "PEM"},
			"as bare mail":       {"-noattr", "-outform", "PEM"},
			"without attributes": {"-binary", "-noattr", "-outform", "PEM"},
		} {
			t.Run(name+" in the manifest "+form, func(t *testing.T) {
				wantVerified(t, ca, "s.csar", csar{cms: signed(t, dir, "text", args...)}.bytes(t), 1)
			})
		}
		t.Run(name+" SHA-1", func(t *testing.T) {
			file := put(t, "s.csar", csar{cms: signed(t, dir, "text", "-binary", "-md", "sha1", "-outform", "PEM")}.bytes(t))
			_, err := pack.Verify(context.Background(), file, trust(ca), pack.Limits{})
			wantProblem(t, err, "sig-weak-hash", "sample_knf.mf", file)
		})
	}
}

// signed has openssl sign a file.
func signed(t *testing.T, dir, file string, args ...string) []byte {
	t.Helper()
	args = append([]string{"cms", "-sign", "-in", file, "-signer", "ann.pem", "-inkey", "ann.key", "-out", "out"}, args...)
	if out, err := openssl(t, dir, args...); err != nil {
		t.Fatalf("openssl does not sign: %v\n%s", err, out)
	}
	cms := content(t, filepath.Join(dir, "out"))
	if block, _ := pem.Decode(cms); block != nil && !bytes.HasPrefix(cms, []byte("-----BEGIN CMS-----")) {
		t.Logf("openssl calls it %s", block.Type)
	}
	return cms
}

func wantVerified(t *testing.T, ca *identity, name string, data []byte, option int) {
	t.Helper()
	report, err := pack.Verify(context.Background(), put(t, name, data), trust(ca), pack.Limits{})
	if err != nil || report.Option != option || report.Signer == nil || !report.Signer.Verified {
		t.Errorf("got %+v, %v", report, err)
	}
}
