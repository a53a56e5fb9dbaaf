package openflow_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"testing"
	"time"
)

// makeTLS returns a listener that demands a certificate of its authority, and
// what clients need: the first name has such a certificate, the second one of
// another authority.
func makeTLS(t *testing.T, friend, stranger string) (net.Listener, map[string]*tls.Config) {
	t.Helper()
	ca, caKey := issue(t, "ca", nil, nil)
	pool := x509.NewCertPool()
	pool.AddCert(ca)
	other, otherKey := issue(t, "other ca", nil, nil)
	pair := func(name string, ca *x509.Certificate, key *ecdsa.PrivateKey) []tls.Certificate {
		c, k := issue(t, name, ca, key)
		return []tls.Certificate{{Certificate: [][]byte{c.Raw}, PrivateKey: k}}
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &tls.Config{
		Certificates: pair("controller", ca, caKey), MinVersion: tls.VersionTLS12,
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool,
	}
	client := func(c []tls.Certificate) *tls.Config {
		return &tls.Config{RootCAs: pool, ServerName: "127.0.0.1", Certificates: c, MinVersion: tls.VersionTLS12}
	}
	return tls.NewListener(l, server), map[string]*tls.Config{
		friend: client(pair(friend, ca, caKey)), stranger: client(pair(stranger, other, otherKey)),
	}
}

// issue makes a certificate. Without a parent it is an authority.
func issue(t *testing.T, name string, parent *x509.Certificate, parentKey *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}, KeyUsage: x509.KeyUsageDigitalSignature,
	}
	if parent == nil {
		c.IsCA, c.BasicConstraintsValid, c.KeyUsage, c.ExtKeyUsage = true, true, x509.KeyUsageCertSign, nil
		parent, parentKey = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, parentKey)
	if err != nil {
		t.Fatal(err)
	}
	if c, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return c, key
}
