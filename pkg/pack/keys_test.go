package pack_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"testing"
	"time"

	"github.com/l2sces/l2sces/pkg/pack"
)

// now is when the tests take place.
var now = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// identity is a certificate with its key.
type identity struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// issue makes a certificate of a name. A nil issuer makes one that vouches for
// itself.
func issue(tb testing.TB, name string, by *identity, key crypto.Signer, change func(*x509.Certificate)) *identity {
	tb.Helper()
	if key == nil {
		var err error
		if key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
			tb.Fatal(err)
		}
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<60))
	if err != nil {
		tb.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name, Organization: []string{"Example"}},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour), KeyUsage: x509.KeyUsageDigitalSignature,
	}
	if change != nil {
		change(c)
	}
	id, parent := &identity{key: key}, &identity{c, key}
	if by != nil {
		parent = by
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent.cert, key.Public(), parent.key)
	if err != nil {
		tb.Fatal(err)
	}
	if id.cert, err = x509.ParseCertificate(der); err != nil {
		tb.Fatal(err)
	}
	return id
}

// authority is a certificate that may sign others.
func authority(tb testing.TB, name string, by *identity) *identity {
	tb.Helper()
	return issue(tb, name, by, nil, func(c *x509.Certificate) {
		c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign
	})
}

func rsaKey(tb testing.TB, bits int) crypto.Signer {
	tb.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

func (i *identity) certPEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: i.cert.Raw})
}

func (i *identity) keyPEM(tb testing.TB) []byte {
	tb.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(i.key)
	if err != nil {
		tb.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// signer is the key that the package signs with. Certificates of others go
// along.
func (i *identity) signer(tb testing.TB, others ...*identity) *pack.Key {
	tb.Helper()
	certs := i.certPEM()
	for _, o := range others {
		certs = append(certs, o.certPEM()...)
	}
	k, err := pack.ReadKey(i.keyPEM(tb), certs)
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

// trust believes authorities.
func trust(roots ...*identity) pack.Trust {
	pool := x509.NewCertPool()
	for _, r := range roots {
		pool.AddCert(r.cert)
	}
	return pack.Trust{Roots: pool, At: now, Required: true}
}
