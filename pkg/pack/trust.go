package pack

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"slices"
	"time"

	"github.com/l2sces/l2sces/pkg/slice"
)

// Trust says whose signatures count. The zero value takes any signature that
// is sound, and none.
type Trust struct {
	Roots    *x509.CertPool // nil: signatures are checked, their authors are not
	At       time.Time      // when certificates must be valid
	Required bool           // a package without a signature is refused

	blind bool // signatures are not looked at
}

// A Signer is who signed a package.
type Signer struct {
	Subject  string    `json:"subject"`
	Issuer   string    `json:"issuer"`
	Serial   string    `json:"serial"`
	Until    time.Time `json:"until"`
	Signed   time.Time `json:"signed,omitzero"` // as the signature itself says
	Verified bool      `json:"verified"`        // an authority that is trusted vouches for it
}

// Certificates reads certificates in PEM. The name is what complaints call the
// file.
func Certificates(name string, data []byte) ([]*x509.Certificate, error) {
	var all []*x509.Certificate
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, slice.Errorf(slice.Invalid, "%s: %w", name, err)
		}
		all = append(all, cert)
	}
	if len(all) == 0 {
		return nil, slice.Errorf(slice.Invalid, "%s: there is no certificate in it", name)
	}
	return all, nil
}

// trusted says whether the signer may be believed.
func (s *signature) trusted(t Trust) fault {
	c := s.cert
	switch {
	case t.At.After(c.NotAfter):
		return fault{"sig-expired", "the certificate of " + name(c) + " expired on " + day(c.NotAfter)}
	case t.At.Before(c.NotBefore):
		return fault{"sig-not-yet-valid", "the certificate of " + name(c) + " is valid from " + day(c.NotBefore) + " on"}
	case !signs(c):
		return fault{"sig-usage", "the certificate of " + name(c) + " is not for signing packages"}
	case t.Roots == nil:
		return fault{}
	}
	between := x509.NewCertPool()
	for _, other := range s.cms.Certificates {
		between.AddCert(other)
	}
	_, err := c.Verify(x509.VerifyOptions{
		Roots: t.Roots, Intermediates: between, CurrentTime: t.At, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	return distrust(c, err)
}

// distrust says why nobody vouches for a certificate.
func distrust(c *x509.Certificate, err error) fault {
	var unknown x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	switch {
	case err == nil:
		return fault{}
	case bytes.Equal(c.RawIssuer, c.RawSubject):
		return fault{"sig-self-signed", name(c) + " vouches for itself, and no trusted authority does"}
	case errors.As(err, &unknown):
		return fault{"sig-foreign-ca", name(c) + " is vouched for by " + c.Issuer.String() + ", which is not trusted"}
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return fault{"sig-expired", "a certificate between " + name(c) + " and its authority is not valid now"}
	default:
		return fault{"sig-chain", "the certificate of " + name(c) + " leads to no authority: " + err.Error()}
	}
}

// signs reports whether a certificate is for signatures over what people send:
// by its usage, and by its extended usage if it has any.
func signs(c *x509.Certificate) bool {
	if c.KeyUsage != 0 && c.KeyUsage&(x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment) == 0 {
		return false
	}
	if len(c.ExtKeyUsage) == 0 {
		return len(c.UnknownExtKeyUsage) == 0
	}
	return slices.ContainsFunc(c.ExtKeyUsage, func(u x509.ExtKeyUsage) bool {
		return u == x509.ExtKeyUsageAny || u == x509.ExtKeyUsageCodeSigning || u == x509.ExtKeyUsageEmailProtection
	})
}

func name(c *x509.Certificate) string { return show(c.Subject.String()) }

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }
