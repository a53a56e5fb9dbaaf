package pki

import (
	"crypto/tls"
	"crypto/x509"

	"github.com/l2sces/l2sces/pkg/slice"
)

// ClientTLSOf is ClientTLS with a certificate, its key and the authorities as
// PEM texts, which stay what they are. No error tells any of them.
func ClientTLSOf(cert, key, ca []byte, want ...Identity) (*tls.Config, error) {
	own, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, slice.Errorf(slice.Invalid, "the certificate and its key cannot be used: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca) {
		return nil, slice.Errorf(slice.Invalid, "the authorities hold no certificate")
	}
	return &tls.Config{
		MinVersion:           tls.VersionTLS12,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &own, nil },
		InsecureSkipVerify:   true, // as in ClientTLS
		VerifyConnection: func(state tls.ConnectionState) error {
			return verifyServer(state.PeerCertificates, roots, want)
		},
	}, nil
}
