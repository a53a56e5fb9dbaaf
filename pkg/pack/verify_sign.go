package pack

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/smallstep/pkcs7"
)

// inside judges the signature at the end of a manifest (option 1).
func (v *verifier) inside(z *zipFile, m Manifest, manifest string) error {
	if v.trust.blind {
		return nil
	}
	if m.CMS == nil {
		if v.trust.Required && v.report.Option == 0 {
			return v.stop("sig-unsigned", manifest, "the manifest is not signed")
		}
		return nil
	}
	beside, err := z.certificate()
	if err != nil {
		return err
	}
	s, f := readCMS(m.CMS, beside)
	if f != (fault{}) {
		return v.stop(f.rule, manifest, "%s", f.what)
	}
	if v.report.Option == 0 {
		v.report.Option = 1
	}
	// OpenSSL without -binary signs text with the line ends of mail.
	mail := bytes.ReplaceAll(bytes.ReplaceAll(m.Signed, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
	return v.judge(s, manifest, s.sum(m.Signed), s.sum(mail))
}

// certificate reads the certificate that the metadata of a CSAR names.
func (z *zipFile) certificate() ([]*x509.Certificate, error) {
	meta, err := z.metadata()
	if err != nil || meta["ETSI-Entry-Certificate"] == "" {
		return nil, err
	}
	e := z.find(meta["ETSI-Entry-Certificate"])
	if e == nil {
		return nil, z.s.stop("archive-metadata", metadataFile, "ETSI-Entry-Certificate names no file of the package")
	}
	return z.certificatesOf(e)
}

func (z *zipFile) certificatesOf(e *zipEntry) ([]*x509.Certificate, error) {
	text, err := z.small(e, maxCMS)
	if err != nil {
		return nil, err
	}
	certs, err := Certificates(e.Name, text)
	if err != nil {
		return nil, z.s.stop("sig-certificate", e.Name, "there is no certificate in it")
	}
	return certs, nil
}

// outside judges the signature beside a CSAR (option 2).
func (v *verifier) outside(z *zipFile, c *container) error {
	if v.trust.blind {
		return nil
	}
	sig, err := z.small(c.cms, maxCMS)
	if err != nil {
		return err
	}
	var beside []*x509.Certificate
	if c.cert != nil {
		if beside, err = z.certificatesOf(c.cert); err != nil {
			return err
		}
	}
	return v.detached(sig, beside, c.cms.Name, c.within)
}

// beside judges the signature that lies beside a tar.gz, which has no place
// for one.
func (v *verifier) beside() error {
	if v.trust.blind {
		return nil
	}
	name := v.file.name + ".cms"
	f, err := os.Open(name) //nolint:gosec // beside what the user names
	if errors.Is(err, os.ErrNotExist) {
		if v.trust.Required {
			return v.stop("sig-unsigned", "", "there is no signature beside it, in %s", name)
		}
		return nil
	}
	if err != nil {
		return err
	}
	sig, err := io.ReadAll(io.LimitReader(f, maxCMS+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	return v.detached(sig, nil, name, io.NewSectionReader(v.file, 0, v.file.size))
}

// detached judges a signature over a whole file.
func (v *verifier) detached(sig []byte, beside []*x509.Certificate, at string, content io.Reader) error {
	s, f := readCMS(sig, beside)
	if f != (fault{}) {
		return v.stop(f.rule, at, "%s", f.what)
	}
	h := s.hash.New()
	if _, err := io.Copy(h, reading{v.ctx, content}); err != nil {
		return err
	}
	return v.judge(s, at, h.Sum(nil))
}

// judge says whether a signature is of the content, and whose it is.
func (v *verifier) judge(s *signature, at string, digests ...[]byte) error {
	f := s.covers(digests...)
	if f == (fault{}) {
		f = s.trusted(v.trust)
	}
	if f != (fault{}) {
		return v.stop(f.rule, at, "%s", f.what)
	}
	signer := &Signer{
		Subject: s.cert.Subject.String(), Issuer: s.cert.Issuer.String(), Serial: fmt.Sprintf("%x", s.cert.SerialNumber),
		Until: s.cert.NotAfter.UTC(), Verified: v.trust.Roots != nil,
	}
	_ = s.cms.UnmarshalSignedAttribute(pkcs7.OIDAttributeSigningTime, &signer.Signed) // not every signature says it
	v.report.Signer = signer
	return nil
}

// checksums holds the files of OSM's own form against its list. OSM itself
// never looks at it.
func (v *verifier) checksums(top string, list []byte, sums map[string]string) {
	if list == nil {
		v.warn("archive-checksum", "", "there is no "+checksumsFile+" in the package")
		return
	}
	at, listed := top+"/"+checksumsFile, map[string]bool{}
	for line := range strings.Lines(string(list)) {
		line = strings.TrimRight(line, "\r\n")
		sum, name, ok := strings.Cut(line, "\t")
		if !ok {
			sum, name, ok = strings.Cut(line, "  ") // as md5sum writes it
		}
		name = inTop(top, name)
		got, there := sums[name]
		switch {
		case !ok:
			v.add("archive-checksum", at, "a line is no checksum and a name")
		case !there:
			v.add("archive-checksum", at, "%s is listed and not in the package", show(name))
		case !strings.EqualFold(got, sum):
			v.add("archive-checksum", name, "its checksum is %s, %s says %s", got, checksumsFile, show(sum))
		}
		listed[name] = true
		v.report.Checked++
	}
	for name := range sums {
		if !listed[name] {
			v.unlisted(name)
		}
	}
}

// unlisted complains of a file without checksum. OSM's own client passes over
// those without a dot in their name.
func (v *verifier) unlisted(name string) {
	if base := name[strings.LastIndex(name, "/")+1:]; strings.Contains(base, ".") {
		v.add("archive-checksum", name, "%s does not list it", checksumsFile)
	}
}

// inTop returns the name of an entry as a list of checksums may give it: from
// the top folder on, from within it, or from where the client was started.
func inTop(top, name string) string {
	if i := strings.Index("/"+name, "/"+top+"/"); i >= 0 {
		return name[i:]
	}
	return top + "/" + name
}
