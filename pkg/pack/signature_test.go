package pack_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha512"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/smallstep/pkcs7"

	"github.com/l2sces/l2sces/pkg/pack"
)

// csar is a signed CSAR as somebody may have changed it: the manifest of some
// files, signed, beside other files.
type csar struct {
	files  []zipItem
	listed []zipItem // nil: the files
	text   string    // of the manifest; empty: made of the list
	signed string    // what the signature is of; empty: the manifest
	by     *identity
	others []*identity
	cms    []byte // instead of the signature
	noCMS  bool
	noMF   bool
	behind string // the signature
}

func (c csar) bytes(tb testing.TB) []byte {
	tb.Helper()
	if c.files == nil {
		c.files = []zipItem{{name: "Definitions/sample_knf.yaml", data: vnfd}, {name: "Files/README.md", data: "sample\n"}}
	}
	if c.listed == nil {
		c.listed = c.files
	}
	if c.text == "" {
		c.text = string(manifest(c.listed).Text()) + "\n"
	}
	if c.signed == "" {
		c.signed = c.text
	}
	if c.cms == nil && !c.noCMS {
		cms, err := c.by.signer(tb, c.others...).Sign(strings.NewReader(c.signed))
		if err != nil {
			tb.Fatal(err)
		}
		c.cms = cms
	}
	if c.noMF {
		return zipSpec{items: c.files}.bytes()
	}
	return zipSpec{items: append(c.files, zipItem{name: "sample_knf.mf", data: c.text + string(c.cms) + c.behind})}.bytes()
}

// TestA16Signatures refuses every forged package, each by its own rule.
func TestA16Signatures(t *testing.T) {
	ca, foreign := authority(t, "CA", nil), authority(t, "Foreign CA", nil)
	middle := authority(t, "Between", ca)
	short := issue(t, "Short", ca, nil, func(c *x509.Certificate) {
		c.IsCA, c.BasicConstraintsValid, c.MaxPathLenZero, c.KeyUsage = true, true, true, x509.KeyUsageCertSign
	})
	below := authority(t, "Below", short)
	ann := issue(t, "Ann", ca, nil, nil)
	until := func(from, to time.Duration) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.NotBefore, c.NotAfter = now.Add(from), now.Add(to) }
	}
	usage := func(u x509.KeyUsage, e ...x509.ExtKeyUsage) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.KeyUsage, c.ExtKeyUsage = u, e }
	}
	yaml := zipItem{name: "Definitions/sample_knf.yaml", data: vnfd}
	readme := zipItem{name: "Files/README.md", data: "sample\n"}
	both := string(manifest([]zipItem{yaml, readme}).Text()) + "\n"
	digest := func(algorithm, hash string) string {
		return string(manifest([]zipItem{yaml}).Text()) + "\nSource: Files/README.md\nAlgorithm: " + algorithm + "\nHash: " + hash + "\n\n"
	}
	sha256of := manifest([]zipItem{readme}).Digests[0].Hash
	unusable := func(change func(*x509.Certificate)) []byte {
		return detachedBy(t, issue(t, "Ann", ca, nil, change), both)
	}
	const mf = "sample_knf.mf"
	for _, c := range []struct {
		name string
		of   csar
		rule string
		at   string
		says string
	}{
		{"good", csar{by: ann}, "", "", ""},
		{"good by a chain", csar{by: issue(t, "Ann", middle, nil, nil), others: []*identity{middle}}, "", "", ""},
		{"good by RSA", csar{by: issue(t, "Ann", ca, rsaKey(t, 2048), nil)}, "", "", ""},
		{"good with SHA-512", csar{by: ann, text: digest("SHA-512", fmt.Sprintf("%x", sha512.Sum512([]byte("sample\n"))))}, "", "", ""},
		{"one byte of a file", csar{by: ann, listed: []zipItem{yaml, {name: readme.name, data: "sampla\n"}}}, "sig-digest", readme.name, "SHA-256"},
		{"one byte of the manifest", csar{by: ann, text: strings.Replace(both, "sample-knf", "simple-knf", 1), signed: both}, "sig-content", mf, "not of this content"},
		{"missing file", csar{by: ann, files: []zipItem{yaml}, listed: []zipItem{yaml, readme}}, "sig-missing", mf, readme.name},
		{"extra file", csar{by: ann, listed: []zipItem{yaml}}, "sig-extra", readme.name, "does not list"},
		{"no manifest", csar{by: ann, noMF: true}, "sig-manifest", "TOSCA-Metadata/TOSCA.meta", "missing"},
		{"manifest without digests", csar{by: ann, text: "metadata:\n  vnfd_id: x\n\n"}, "sig-manifest", mf, "no digests"},
		{"manifest lists twice", csar{by: ann, listed: []zipItem{yaml, readme, readme}}, "sig-manifest", mf, "listed already"},
		{"manifest without hash", csar{by: ann, text: digest("SHA-256", "")}, "sig-manifest", mf, "needs"},
		{"manifest with short hash", csar{by: ann, text: digest("SHA-256", "abcd")}, "sig-manifest", mf, "not one of"},
		{"manifest without key", csar{by: ann, text: both + "nonsense\n"}, "sig-manifest", mf, "no key"},
		{"two algorithms", csar{by: ann, text: strings.Replace(both, "Hash:", "Algorithm: SHA-256\nHash:", 1)}, "sig-manifest", mf, "given twice"},
		{"MD5", csar{by: ann, text: digest("MD5", fmt.Sprintf("%x", md5.Sum([]byte("sample\n"))))}, "sig-weak-hash", mf, "MD5"},
		{"SHA-1", csar{by: ann, text: digest("SHA-1", fmt.Sprintf("%x", sha1.Sum([]byte("sample\n"))))}, "sig-weak-hash", mf, "SHA-1"},
		{"unknown hash", csar{by: ann, text: digest("CRC32", "00000000")}, "sig-algorithm", mf, "CRC32"},
		{"file elsewhere", csar{by: ann, text: strings.Replace(digest("SHA-256", sha256of), readme.name, "https://example.org/README.md", 1)}, "sig-external", mf, "elsewhere"},
		{"unsigned", csar{noCMS: true}, "sig-unsigned", mf, "not signed"},
		{"signature of other content", csar{by: ann, signed: "other\n"}, "sig-content", mf, "not of this content"},
		{"attributes of other content", csar{cms: attributed(t, ann, "other\n")}, "sig-content", mf, "of other content"},
		{"changed signature", csar{cms: damaged(t, attributed(t, ann, both))}, "sig-key", mf, "changed"},
		{"signed over SHA-1", csar{cms: library(t, both, pkcs7.OIDDigestAlgorithmSHA1, withAttributes(ann))}, "sig-weak-hash", mf, "SHA-1"},
		{"without certificate", csar{cms: bare(t, ann, both)}, "sig-certificate", mf, "neither in the signature"},
		{"no CMS", csar{cms: []byte("-----BEGIN CMS-----\nAAAA\n-----END CMS-----\n")}, "sig-malformed", mf, ""},
		{"cut CMS", csar{cms: []byte("-----BEGIN CMS-----\nAAAA\n")}, "sig-malformed", mf, "no PEM"},
		{"behind the CMS", csar{by: ann, behind: "Source: x\n"}, "sig-malformed", mf, "follows"},
		{"expired", csar{by: issue(t, "Ann", ca, nil, until(-48*time.Hour, -time.Hour))}, "sig-expired", mf, "expired on"},
		{"not yet valid", csar{by: issue(t, "Ann", ca, nil, until(time.Hour, 48*time.Hour))}, "sig-not-yet-valid", mf, "valid from"},
		{"of another CA", csar{by: issue(t, "Ann", foreign, nil, nil)}, "sig-foreign-ca", mf, "Foreign CA"},
		{"of a CA with the same name", csar{by: issue(t, "Ann", authority(t, "CA", nil), nil, nil)}, "sig-foreign-ca", mf, "CN=CA"},
		{"self-signed", csar{by: issue(t, "Ann", nil, nil, nil)}, "sig-self-signed", mf, "vouches for itself"},
		{"chain with a hole", csar{by: issue(t, "Ann", middle, nil, nil)}, "sig-foreign-ca", mf, "Between"},
		{"issuer is no CA", csar{by: issue(t, "Mallory", ann, nil, nil), others: []*identity{ann}}, "sig-foreign-ca", mf, "Mallory"},
		{"chain too long", csar{by: issue(t, "Ann", below, nil, nil), others: []*identity{below, short}}, "sig-chain", mf, "leads to no authority"},
		{"key for encryption", csar{cms: unusable(usage(x509.KeyUsageKeyEncipherment))}, "sig-usage", mf, "not for signing"},
		{"certificate of a server", csar{cms: unusable(usage(x509.KeyUsageDigitalSignature, x509.ExtKeyUsageServerAuth))}, "sig-usage", mf, "not for signing"},
		{"weak RSA", csar{cms: detachedBy(t, issue(t, "Ann", ca, rsaKey(t, 1024), nil), both)}, "sig-algorithm", mf, "2048"},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := put(t, "sample_knf.csar", c.of.bytes(t))
			report, err := pack.Verify(context.Background(), file, trust(ca), pack.Limits{})
			if c.rule == "" {
				if err != nil || report.Signer == nil || !report.Signer.Verified || report.Option != 1 || report.Checked != 2 {
					t.Errorf("got %+v, %v", report, err)
				}
				return
			}
			wantProblem(t, err, c.rule, c.at, file)
			if err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want it to say %q", err, c.says)
			}
		})
	}
}

// detachedBy signs with a certificate that our own signer refuses.
func detachedBy(tb testing.TB, by *identity, content string) []byte {
	tb.Helper()
	return library(tb, content, pkcs7.OIDDigestAlgorithmSHA256, func(cms *pkcs7.SignedData) error {
		return cms.SignWithoutAttr(by.cert, by.key, pkcs7.SignerInfoConfig{})
	})
}

// attributed signs with signed attributes.
func attributed(tb testing.TB, by *identity, content string) []byte {
	tb.Helper()
	return library(tb, content, pkcs7.OIDDigestAlgorithmSHA256, withAttributes(by))
}

func withAttributes(by *identity) func(*pkcs7.SignedData) error {
	return func(cms *pkcs7.SignedData) error { return cms.AddSigner(by.cert, by.key, pkcs7.SignerInfoConfig{}) }
}

// library signs as the library does by itself.
func library(tb testing.TB, content string, digest asn1.ObjectIdentifier, sign func(*pkcs7.SignedData) error) []byte {
	tb.Helper()
	cms, err := pkcs7.NewSignedData([]byte(content))
	if err != nil {
		tb.Fatal(err)
	}
	cms.SetDigestAlgorithm(digest)
	if err := sign(cms); err != nil {
		tb.Fatal(err)
	}
	cms.Detach()
	der, err := cms.Finish()
	if err != nil {
		tb.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CMS", Bytes: der})
}

// damaged changes the last byte of a signature.
func damaged(tb testing.TB, text []byte) []byte {
	tb.Helper()
	block, _ := pem.Decode(text)
	block.Bytes[len(block.Bytes)-1] ^= 1
	return pem.EncodeToMemory(block)
}

// TestA16Option2 refuses zips whose parts do not belong together.
func TestA16Option2(t *testing.T) {
	ca := authority(t, "CA", nil)
	ann, bob := issue(t, "Ann", ca, nil, nil), issue(t, "Bob", ca, nil, nil)
	inner := csar{noCMS: true}.bytes(t)
	other := csar{noCMS: true, files: []zipItem{{name: "Definitions/sample_knf.yaml", data: vnfd + "# other\n"}}}.bytes(t)
	sign := func(by *identity, data []byte) string {
		cms, err := by.signer(t).Sign(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		return string(cms)
	}
	cert := string(ann.certPEM())
	bareCMS := string(bare(t, ann, string(inner)))
	zipOf := func(items ...zipItem) []byte { return zipSpec{items: items}.bytes() }
	for _, c := range []struct {
		name string
		data []byte
		rule string
		at   string
	}{
		{"good", zipOf(zipItem{name: "s.csar", data: string(inner)}, zipItem{name: "s.cms", data: sign(ann, inner)}, zipItem{name: "s.cert", data: cert}), "", ""},
		{"good, packed", zipOf(zipItem{name: "s.csar", data: string(inner), deflate: true}, zipItem{name: "s.cms", data: sign(ann, inner)}), "", ""},
		{"good, certificate beside it", zipOf(zipItem{name: "s.csar", data: string(inner)}, zipItem{name: "s.cms", data: bareCMS}, zipItem{name: "s.cert", data: cert}), "", ""},
		{"swapped CSAR", zipOf(zipItem{name: "s.csar", data: string(other)}, zipItem{name: "s.cms", data: sign(ann, inner)}), "sig-content", "s.cms"},
		{"swapped signature", zipOf(zipItem{name: "s.csar", data: string(inner)}, zipItem{name: "s.cms", data: sign(ann, other)}), "sig-content", "s.cms"},
		{"swapped certificate", zipOf(zipItem{name: "s.csar", data: string(inner)}, zipItem{name: "s.cms", data: bareCMS}, zipItem{name: "s.cert", data: string(bob.certPEM())}), "sig-certificate", "s.cms"},
		{"signature of another name", zipOf(zipItem{name: "s.csar", data: string(inner)}, zipItem{name: "o.cms", data: sign(ann, inner)}), "sig-swapped", "o.cms"},
		{"no signature", zipOf(zipItem{name: "s.csar", data: string(inner)}), "sig-unsigned", "s.csar"},
		{"two CSARs", zipOf(zipItem{name: "s.csar", data: string(inner)}, zipItem{name: "t.csar", data: string(other)}, zipItem{name: "s.cms", data: sign(ann, inner)}), "sig-container", "t.csar"},
		{"more than belongs", zipOf(zipItem{name: "s.csar", data: string(inner)}, zipItem{name: "x.sh", data: "x"}, zipItem{name: "s.cms", data: sign(ann, inner)}), "sig-container", "x.sh"},
		{"certificate is none", zipOf(zipItem{name: "s.csar", data: string(inner)}, zipItem{name: "s.cms", data: sign(ann, inner)}, zipItem{name: "s.cert", data: "x"}), "sig-certificate", "s.cert"},
		{"CSAR is none", zipOf(zipItem{name: "s.csar", data: "x"}, zipItem{name: "s.cms", data: sign(ann, []byte("x"))}), "archive-truncated", "-"},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := put(t, "s.zip", c.data)
			report, err := pack.Verify(context.Background(), file, trust(ca), pack.Limits{})
			if c.rule == "" {
				if err != nil || report.Option != 2 || !report.Signer.Verified || report.Files != 3 {
					t.Errorf("got %+v, %v", report, err)
				}
				return
			}
			wantProblem(t, err, c.rule, c.at, file)
		})
	}
}

// bare signs without putting the certificate in.
func bare(tb testing.TB, by *identity, content string) []byte {
	tb.Helper()
	block, _ := pem.Decode(detachedBy(tb, by, content))
	var outer struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue `asn1:"explicit,tag:0"`
	}
	var signed asn1.RawValue
	_, err := asn1.Unmarshal(block.Bytes, &outer)
	if err == nil {
		_, err = asn1.Unmarshal(outer.Content.Bytes, &signed)
	}
	var kept []byte
	for rest := signed.Bytes; err == nil && len(rest) > 0; {
		var part asn1.RawValue
		if rest, err = asn1.Unmarshal(rest, &part); part.Class != asn1.ClassContextSpecific {
			kept = append(kept, part.FullBytes...)
		}
	}
	inner, err2 := asn1.Marshal(asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true, Bytes: kept})
	outer.Content = asn1.RawValue{Class: asn1.ClassContextSpecific, IsCompound: true, Bytes: inner}
	der, err3 := asn1.Marshal(struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue
	}{outer.Type, outer.Content})
	if err := errors.Join(err, err2, err3); err != nil {
		tb.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CMS", Bytes: der})
}

// TestSign signs in every way, and renews a signature.
func TestSign(t *testing.T) {
	ca := authority(t, "CA", nil)
	ann := issue(t, "Ann", ca, nil, nil).signer(t)
	bob := issue(t, "Bob", ca, rsaKey(t, 2048), nil).signer(t)
	for _, c := range []struct {
		name   string
		of     pack.Options
		option int
		want   string
	}{
		{"option 1", pack.Options{Format: pack.CSAR}, 1, "sample_knf.csar"},
		{"option 1 again", pack.Options{Format: pack.CSAR, Key: bob}, 1, "sample_knf.csar"},
		{"option 2", pack.Options{Format: pack.CSAR}, 2, "sample_knf.zip"},
		{"beside a tar.gz", pack.Options{Format: pack.OSM}, 1, "sample_knf.tar.gz.cms"},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := build(t, c.of)
			out := ""
			if c.option == 2 {
				out = filepath.Join(filepath.Dir(file), c.want)
			}
			written, err := pack.Sign(context.Background(), file, out, c.option, ann, pack.Limits{})
			if err != nil || filepath.Base(written) != c.want {
				t.Fatalf("got %s, %v", written, err)
			}
			if c.of.Format == pack.CSAR {
				file = written
			}
			report, err := pack.Verify(context.Background(), file, trust(ca), pack.Limits{})
			if err != nil || report.Signer == nil || !strings.Contains(report.Signer.Subject, "Ann") {
				t.Errorf("got %+v, %v", report.Signer, err)
			}
			changed := flipped(content(t, file), len(content(t, file))/2)
			if err := os.WriteFile(file, changed, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := pack.Verify(context.Background(), file, trust(ca), pack.Limits{}); err == nil {
				t.Error("a changed byte is taken")
			}
		})
	}
}
