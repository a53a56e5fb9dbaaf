package osm

import (
	"crypto/tls"
	"crypto/x509"
	"os"

	"github.com/l2sces/l2sces/pkg/slice"
)

// Files name what a connection is secured with. All may be empty.
type Files struct {
	CA       string // whom to trust in the place of what the machine trusts
	Cert     string // of the client
	Key      string
	Insecure bool // trust anybody: for a trial only
}

// TLS reads the files.
func (f Files) TLS() (*tls.Config, error) {
	out := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: f.Insecure} //nolint:gosec // only if somebody says so
	if f.CA != "" {
		text, err := os.ReadFile(f.CA)
		if err != nil {
			return nil, err
		}
		out.RootCAs = x509.NewCertPool()
		if !out.RootCAs.AppendCertsFromPEM(text) {
			return nil, slice.Errorf(slice.Invalid, "%s: no certificate in PEM", f.CA)
		}
	}
	if (f.Cert == "") != (f.Key == "") {
		return nil, slice.Errorf(slice.Invalid, "a certificate and its key are given both or not at all")
	}
	if f.Cert != "" {
		// Read at every handshake, so that a renewed pair counts.
		if _, err := tls.LoadX509KeyPair(f.Cert, f.Key); err != nil {
			return nil, slice.Errorf(slice.Invalid, "%s: %w", f.Cert, err)
		}
		out.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			pair, err := tls.LoadX509KeyPair(f.Cert, f.Key)
			return &pair, err
		}
	}
	return out, nil
}
