package kubetest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// Certificates for a server and for its administrator. Those of pkg/pki name
// people by URIs; Kubernetes wants a common name and organisations.
type certificates struct {
	ca, admin, adminKey []byte // PEM
	roots               *x509.CertPool
	pair                tls.Certificate
}

// An issuer signs certificates.
type issuer struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// issue writes what a server needs into its folder: ca.crt, server.crt and
// server.key, and accounts.key, which signs the tokens of service accounts.
func issue(dir string) (*certificates, error) {
	subject := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "kubetest"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	ca, caKey, err := sign(subject, issuer{certificate: subject})
	if err != nil {
		return nil, err
	}
	authority := issuer{certificate: subject, key: caKey}
	leaf := func(serial int64, name pkix.Name) *x509.Certificate {
		return &x509.Certificate{
			SerialNumber: big.NewInt(serial), Subject: name, NotBefore: subject.NotBefore, NotAfter: subject.NotAfter,
			KeyUsage:    x509.KeyUsageDigitalSignature,
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
			DNSNames:    []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		}
	}
	server, serverKey, err := sign(leaf(2, pkix.Name{CommonName: "kube-apiserver"}), authority)
	if err != nil {
		return nil, err
	}
	admin, adminKey, err := sign(leaf(3, pkix.Name{CommonName: "admin", Organization: []string{"system:masters"}}), authority)
	if err != nil {
		return nil, err
	}
	accounts, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	c := &certificates{ca: ca, admin: admin, roots: x509.NewCertPool()}
	c.roots.AppendCertsFromPEM(ca)
	files := map[string][]byte{"ca.crt": ca, "server.crt": server}
	for name, key := range map[string]*ecdsa.PrivateKey{"server.key": serverKey, "admin.key": adminKey, "accounts.key": accounts} {
		if files[name], err = encode(key); err != nil {
			return nil, err
		}
	}
	c.adminKey = files["admin.key"]
	if c.pair, err = tls.X509KeyPair(c.admin, c.adminKey); err != nil {
		return nil, err
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// sign makes a key and a certificate for it. An issuer without a key is the
// certificate itself.
func sign(subject *x509.Certificate, by issuer) ([]byte, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	if by.key == nil {
		by.key = key
	}
	der, err := x509.CreateCertificate(rand.Reader, subject, by.certificate, key.Public(), by.key)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), key, err
}

func encode(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalECPrivateKey(key)
	return pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), err
}

// client returns a client that is the administrator.
func (c *certificates) client() *http.Client {
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig:   &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.roots, Certificates: []tls.Certificate{c.pair}},
		ForceAttemptHTTP2: true,
	}}
}

// writeKubeconfig writes the file by which kubectl and others find a server.
// JSON is YAML. Without certificates the server is one that asks for none.
func writeKubeconfig(file, url string, c *certificates) error {
	cluster, user := map[string]any{"server": url}, map[string]any{}
	if c != nil {
		cluster["certificate-authority-data"] = c.ca // bytes become base64
		user["client-certificate-data"], user["client-key-data"] = c.admin, c.adminKey
	}
	text, err := json.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "Config", "current-context": "test",
		"clusters": []any{map[string]any{"name": "test", "cluster": cluster}},
		"users":    []any{map[string]any{"name": "test", "user": user}},
		"contexts": []any{map[string]any{"name": "test", "context": map[string]any{"cluster": "test", "user": "test"}}},
	})
	if err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o600)
}
