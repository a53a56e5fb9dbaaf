package pki_test

import (
	"crypto/tls"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/l2sces/l2sces/pkg/pki"
)

func TestHandshake(t *testing.T) {
	ours, theirs, old := t.TempDir(), t.TempDir(), t.TempDir()
	now := pki.Authority{Dir: ours}
	initialise(t, ours)
	issue(t, now, "sco", pki.SCO)
	issue(t, now, "sdnc", pki.SDNC("fire"))
	initialise(t, theirs)
	issue(t, pki.Authority{Dir: theirs}, "sco", pki.SCO)
	issue(t, pki.Authority{Dir: theirs}, "sdnc", pki.SDNC("fire"))
	// The same authority, two years ago.
	for _, name := range []string{"ca.crt", "ca.key"} {
		copyFile(t, filepath.Join(ours, name), filepath.Join(old, name))
	}
	past := pki.Authority{Dir: old, Now: func() time.Time { return time.Now().AddDate(-2, 0, 0) }}
	issue(t, past, "sco", pki.SCO)
	issue(t, past, "sdnc", pki.SDNC("fire"))

	tests := []struct {
		name           string
		server, client string
		want           []pki.Identity
		ok             bool
	}{
		{"wanted identity", ours, ours, []pki.Identity{pki.SCO}, true},
		{"one of several", ours, ours, []pki.Identity{pki.Plugin, pki.SCO}, true},
		{"any identity", ours, ours, nil, true},
		{"another identity", ours, ours, []pki.Identity{pki.Plugin}, false},
		{"server of another authority", theirs, ours, nil, false},
		{"client of another authority", ours, theirs, nil, false},
		{"server expired", old, ours, nil, false},
		{"client expired", ours, old, nil, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := serverTLS(t, tt.server, "sco")
			client := clientTLS(t, tt.client, "sdnc", tt.want...)
			fromClient, fromServer, err := handshake(t, server, client)
			if (err == nil) != tt.ok {
				t.Fatalf("error %v, want success: %t", err, tt.ok)
			}
			if tt.ok && (fromClient != pki.SCO || fromServer != pki.SDNC("fire")) {
				t.Errorf("the client sees %s, the server %s", fromClient, fromServer)
			}
		})
	}
}

func TestServerRefusesTheNameless(t *testing.T) {
	dir := t.TempDir()
	initialise(t, dir)
	issue(t, pki.Authority{Dir: dir}, "sco", pki.SCO)
	_, _, err := handshake(t, serverTLS(t, dir, "sco"), &tls.Config{InsecureSkipVerify: true})
	if err == nil {
		t.Error("a client without a certificate was let in")
	}
}

func TestRotation(t *testing.T) {
	dir := t.TempDir()
	initialise(t, dir)
	issue(t, pki.Authority{Dir: dir}, "one", pki.SCO)
	issue(t, pki.Authority{Dir: dir}, "two", pki.SDNC("fire"))
	server, client := serverTLS(t, dir, "one"), clientTLS(t, dir, "two")
	if got, _, err := handshake(t, server, client); err != nil || got != pki.SCO {
		t.Fatalf("before: %s, %v", got, err)
	}

	issue(t, pki.Authority{Dir: dir}, "one", pki.Plugin)
	issue(t, pki.Authority{Dir: dir}, "two", pki.SDNC("field"))
	fromClient, fromServer, err := handshake(t, server, client)
	if err != nil || fromClient != pki.Plugin || fromServer != pki.SDNC("field") {
		t.Fatalf("after: the client sees %s, the server %s, %v", fromClient, fromServer, err)
	}

	// A broken file leaves the last good one in place.
	if err := os.WriteFile(filepath.Join(dir, "one.crt"), []byte("torn"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, _, err := handshake(t, server, client); err != nil || got != pki.Plugin {
		t.Errorf("with a torn file: %s, %v", got, err)
	}
}

func TestRotationOfTheAuthority(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	for _, d := range []string{dir, other} {
		initialise(t, d)
		issue(t, pki.Authority{Dir: d}, "sco", pki.SCO)
		issue(t, pki.Authority{Dir: d}, "sdnc", pki.SDNC("fire"))
	}
	server := serverTLS(t, dir, "sco")
	copyFile(t, filepath.Join(other, "ca.crt"), filepath.Join(dir, "ca.crt"))
	if _, _, err := handshake(t, server, clientTLS(t, dir, "sdnc")); err == nil {
		t.Error("a client of the old authority was let in")
	}
}

func TestMissingFiles(t *testing.T) {
	dir := t.TempDir()
	if _, err := pki.ServerTLS(dir+"/a.crt", dir+"/a.key", dir+"/ca.crt"); err == nil {
		t.Error("a server without files")
	}
	if _, err := pki.ClientTLS(dir+"/a.crt", dir+"/a.key", dir+"/ca.crt"); err == nil {
		t.Error("a client without files")
	}
}

func TestPeerIdentityOfAStranger(t *testing.T) {
	if id, err := pki.PeerIdentity(tls.ConnectionState{}); err == nil {
		t.Errorf("a connection without certificates is %q", id)
	}
}

// handshake joins a server and a client over loopback and returns whom each of
// them sees.
func handshake(t *testing.T, server, client *tls.Config) (fromClient, fromServer pki.Identity, err error) {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", server)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	answer := make(chan string, 1)
	go func() {
		defer close(answer)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		peer, ok := conn.(*tls.Conn)
		if !ok || peer.HandshakeContext(t.Context()) != nil {
			return
		}
		id, err := pki.PeerIdentity(peer.ConnectionState())
		if err != nil {
			return
		}
		answer <- string(id)
		_, _ = peer.Write([]byte("x")) // the client reads, or has gone: both are fine
	}()

	dialer := &tls.Dialer{NetDialer: &net.Dialer{Timeout: 5 * time.Second}, Config: client}
	conn, err := dialer.DialContext(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		return "", "", err
	}
	defer func() { _ = conn.Close() }()
	if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
		return "", "", err // in TLS 1.3 the server refuses after the client is done
	}
	peer, ok := conn.(*tls.Conn)
	if !ok {
		t.Fatal("not a TLS connection")
	}
	fromClient = pki.Identity(peer.ConnectionState().PeerCertificates[0].URIs[0].String())
	return fromClient, pki.Identity(<-answer), nil
}

func serverTLS(t *testing.T, dir, name string) *tls.Config {
	t.Helper()
	base := filepath.Join(dir, name)
	conf, err := pki.ServerTLS(base+".crt", base+".key", filepath.Join(dir, "ca.crt"))
	if err != nil {
		t.Fatal(err)
	}
	return conf
}

func clientTLS(t *testing.T, dir, name string, want ...pki.Identity) *tls.Config {
	t.Helper()
	base := filepath.Join(dir, name)
	conf, err := pki.ClientTLS(base+".crt", base+".key", filepath.Join(dir, "ca.crt"), want...)
	if err != nil {
		t.Fatal(err)
	}
	return conf
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, text, 0o600); err != nil {
		t.Fatal(err)
	}
}
