//go:build lab

package openflow_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"os"
	"testing"
)

// makeCertificates gives the switch a certificate and returns what the
// controller needs to demand it.
func makeCertificates(t *testing.T, d *dummy) *tls.Config {
	t.Helper()
	ca, caKey := issue(t, "ca", nil, nil)
	sw, swKey := issue(t, "switch", ca, caKey)
	ctl, ctlKey := issue(t, "controller", ca, caKey)
	der, err := x509.MarshalPKCS8PrivateKey(swKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{
		"ca.pem": {Type: "CERTIFICATE", Bytes: ca.Raw}, "sw.pem": {Type: "CERTIFICATE", Bytes: sw.Raw}, "sw.key": {Type: "PRIVATE KEY", Bytes: der},
	} {
		if err := os.WriteFile(d.file(name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d.vsctl(t, "set-ssl", d.file("sw.key"), d.file("sw.pem"), d.file("ca.pem"))
	pool := x509.NewCertPool()
	pool.AddCert(ca)
	return &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{ctl.Raw}, PrivateKey: ctlKey}},
		ClientAuth:   tls.RequireAndVerifyClientCert, ClientCAs: pool, MinVersion: tls.VersionTLS12,
	}
}
