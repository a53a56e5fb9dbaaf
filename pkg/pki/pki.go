// Package pki makes the certificates of a lab or a bare site and the TLS
// configurations in which every channel of the house is kept. In Kubernetes
// cert-manager makes the certificates; the configurations are the same. It
// decides nothing about what a peer may do: it only says who the peer is.
//
//	err := pki.Init(dir)
//	err = pki.Issue(dir, "field-1", pki.Node("field", "field-1"))
//	conf, err := pki.ServerTLS(cert, key, ca)
package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/l2sces/l2sces/pkg/slice"
)

const (
	authorityLife = 10 * 365 * 24 * time.Hour
	holderLife    = 365 * 24 * time.Hour
	// clockSkew is how far the clock of another machine may lag behind ours.
	clockSkew = time.Hour
)

// An Authority signs certificates in a folder. The zero Now is the system's
// clock.
type Authority struct {
	Dir string
	Now func() time.Time
}

// Init makes a certificate authority in dir (ca.crt, ca.key). One that is
// there stays.
func Init(dir string) error { return Authority{Dir: dir}.Init() }

// Issue writes dir/name.crt and dir/name.key for an identity, good for both
// ends of a connection. A certificate for the same identity and hosts that has
// more than a third of its life left stays.
func Issue(dir, name string, id Identity, hosts ...string) error {
	return Authority{Dir: dir}.Issue(name, id, hosts...)
}

// Init makes the authority unless it is there.
func (a Authority) Init() error {
	certFile, keyFile := a.file("ca.crt"), a.file("ca.key")
	_, _, err := readPair(certFile, keyFile)
	if err == nil {
		return nil
	}
	if !absent(certFile) || !absent(keyFile) {
		return fmt.Errorf("there is an authority in %s already, but it cannot be used: %w", a.Dir, err)
	}
	if err := os.MkdirAll(a.Dir, 0o755); err != nil {
		return err
	}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "l2sces authority"},
		NotBefore:             a.now().Add(-clockSkew),
		NotAfter:              a.now().Add(authorityLife),
		IsCA:                  true,
		BasicConstraintsValid: true,
		MaxPathLenZero:        true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	return makePair(template, nil, nil, certFile, keyFile)
}

// Issue makes or renews a certificate.
func (a Authority) Issue(name string, id Identity, hosts ...string) error {
	if !isName(name) || name == "ca" {
		return slice.Errorf(slice.Invalid, "certificate name %q: use letters, digits, dots, dashes, and not ca", name)
	}
	if _, err := ParseIdentity(string(id)); err != nil {
		return err
	}
	parent, parentKey, err := readPair(a.file("ca.crt"), a.file("ca.key"))
	if err != nil {
		return fmt.Errorf("read the authority in %s: %w", a.Dir, err)
	}
	template, err := a.holder(name, id, hosts)
	if err != nil {
		return err
	}
	certFile, keyFile := a.file(name+".crt"), a.file(name+".key")
	if have, _, err := readPair(certFile, keyFile); err == nil && a.stays(have, template, parent) {
		return nil
	}
	if err := makePair(template, parent, parentKey, certFile, keyFile); err != nil {
		return fmt.Errorf("issue %s: %w", id, err)
	}
	return nil
}

func (a Authority) holder(name string, id Identity, hosts []string) (*x509.Certificate, error) {
	uri, err := url.Parse(string(id))
	if err != nil {
		return nil, slice.Errorf(slice.Invalid, "identity %q: %w", id, err)
	}
	c := &x509.Certificate{
		Subject:     pkix.Name{CommonName: name},
		NotBefore:   a.now().Add(-clockSkew),
		NotAfter:    a.now().Add(holderLife),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		URIs:        []*url.URL{uri},
	}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			c.IPAddresses = append(c.IPAddresses, ip)
		} else {
			c.DNSNames = append(c.DNSNames, h)
		}
	}
	return c, nil
}

// stays reports whether a certificate still is what is wanted.
func (a Authority) stays(have, want, parent *x509.Certificate) bool {
	life := have.NotAfter.Sub(have.NotBefore)
	sameURI := func(x, y *url.URL) bool { return x.String() == y.String() }
	return have.CheckSignatureFrom(parent) == nil &&
		have.NotAfter.Sub(a.now()) > life/3 &&
		slices.EqualFunc(have.URIs, want.URIs, sameURI) &&
		slices.Equal(have.DNSNames, want.DNSNames) &&
		slices.EqualFunc(have.IPAddresses, want.IPAddresses, net.IP.Equal)
}

func (a Authority) file(name string) string { return filepath.Join(a.Dir, name) }

func (a Authority) now() time.Time {
	if a.Now == nil {
		return time.Now()
	}
	return a.Now()
}

// makePair writes a new key and its certificate, signed by the parent or, if
// there is none, by itself.
func makePair(template, parent *x509.Certificate, parentKey *ecdsa.PrivateKey, certFile, keyFile string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	if template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)); err != nil {
		return err
	}
	if parent == nil {
		parent, parentKey = template, key
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), parentKey)
	if err != nil {
		return err
	}
	return writePair(cert, key, certFile, keyFile)
}

func absent(file string) bool {
	_, err := os.Lstat(file)
	return errors.Is(err, fs.ErrNotExist)
}
