package pki_test

import (
	"strings"
	"testing"

	"github.com/l2sces/l2sces/pkg/pki"
	"github.com/l2sces/l2sces/pkg/slice"
)

func TestClientTLSOf(t *testing.T) {
	ours, theirs := t.TempDir(), t.TempDir()
	for _, dir := range []string{ours, theirs} {
		initialise(t, dir)
		issue(t, pki.Authority{Dir: dir}, "sco", pki.SCO)
		issue(t, pki.Authority{Dir: dir}, "sdnc", pki.SDNC("fire"))
	}
	cert, key, ca := read(t, ours, "sco.crt"), read(t, ours, "sco.key"), read(t, ours, "ca.crt")
	tests := map[string]struct {
		server string
		ca     []byte
		want   pki.Identity
		ok     bool
	}{
		"wanted identity":             {ours, ca, pki.SDNC("fire"), true},
		"another identity":            {ours, ca, pki.SDNC("field"), false},
		"server of another authority": {theirs, ca, pki.SDNC("fire"), false},
		"another authority to trust":  {ours, read(t, theirs, "ca.crt"), pki.SDNC("fire"), false},
		"refused by the server":       {theirs, read(t, theirs, "ca.crt"), pki.SDNC("fire"), false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			client, err := pki.ClientTLSOf(cert, key, test.ca, test.want)
			if err != nil {
				t.Fatal(err)
			}
			fromClient, fromServer, err := handshake(t, serverTLS(t, test.server, "sdnc"), client)
			if (err == nil) != test.ok {
				t.Fatalf("error %v, want success: %t", err, test.ok)
			}
			if test.ok && (fromClient != test.want || fromServer != pki.SCO) {
				t.Errorf("the client sees %s, the server %s", fromClient, fromServer)
			}
		})
	}
	for name, texts := range map[string][3][]byte{
		"no key":          {cert, nil, ca},
		"another key":     {cert, read(t, theirs, "sco.key"), ca},
		"no certificate":  {key, key, ca},
		"no authority":    {cert, key, nil},
		"key for the CAs": {cert, key, key},
	} {
		if _, err := pki.ClientTLSOf(texts[0], texts[1], texts[2]); slice.KindOf(err) != slice.Invalid || strings.Contains(err.Error(), "BEGIN") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
