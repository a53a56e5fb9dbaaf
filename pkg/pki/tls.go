package pki

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"slices"
	"sync"

	"github.com/l2sces/l2sces/pkg/slice"
)

// ServerTLS returns the configuration of a server that speaks only to holders
// of certificates of the authority. The files are read again when they change.
func ServerTLS(certFile, keyFile, caFile string) (*tls.Config, error) {
	f := &files{cert: certFile, key: keyFile, ca: caFile}
	if _, err := f.load(); err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS12, // what older builds of Open vSwitch speak
		ClientAuth: tls.RequireAndVerifyClientCert,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			p, err := f.load()
			if err != nil {
				return nil, err
			}
			return &tls.Config{
				MinVersion:   tls.VersionTLS12,
				Certificates: []tls.Certificate{p.cert},
				ClientAuth:   tls.RequireAndVerifyClientCert,
				ClientCAs:    p.roots,
				NextProtos:   []string{"h2", "http/1.1"},
				// A ticket would carry a peer past a change of the authority.
				SessionTicketsDisabled: true,
			}, nil
		},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			p, err := f.load()
			return &p.cert, err
		},
		NextProtos: []string{"h2", "http/1.1"},
	}, nil
}

// WithTokens returns the configuration of a server that also speaks to those who
// show no certificate: they have to say in each call who they are. A certificate
// that is shown has to be good.
func WithTokens(server *tls.Config) *tls.Config {
	c := server.Clone()
	c.ClientAuth = tls.VerifyClientCertIfGiven
	if inner := server.GetConfigForClient; inner != nil {
		c.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			now, err := inner(hello)
			if err != nil {
				return nil, err
			}
			now = now.Clone()
			now.ClientAuth = tls.VerifyClientCertIfGiven
			return now, nil
		}
	}
	return c
}

// ClientTLS returns the configuration of a client that speaks only to the
// wanted identities, or to any identity of the authority if none is wanted.
// The name of the host plays no part: a server may move. The files are read
// again when they change. A client with neither certificate nor key shows none.
func ClientTLS(certFile, keyFile, caFile string, want ...Identity) (*tls.Config, error) {
	f := &files{cert: certFile, key: keyFile, ca: caFile, bare: certFile == "" && keyFile == ""}
	if _, err := f.load(); err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			p, err := f.load()
			return &p.cert, err
		},
		// The standard verification goes by host name; VerifyConnection below
		// does all of it by authority and identity instead.
		InsecureSkipVerify: true,
		VerifyConnection: func(state tls.ConnectionState) error {
			p, err := f.load()
			if err != nil {
				return err
			}
			return verifyServer(state.PeerCertificates, p.roots, want)
		},
	}, nil
}

func verifyServer(certs []*x509.Certificate, roots *x509.CertPool, want []Identity) error {
	if len(certs) == 0 {
		return slice.Errorf(slice.Denied, "the server has shown no certificate")
	}
	between := x509.NewCertPool()
	for _, c := range certs[1:] {
		between.AddCert(c)
	}
	_, err := certs[0].Verify(x509.VerifyOptions{
		Roots:         roots,
		Intermediates: between,
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	if err != nil {
		return slice.Errorf(slice.Denied, "verify the server: %w", err)
	}
	id, err := identityOf(certs[0])
	if err != nil {
		return err
	}
	if len(want) > 0 && !slices.Contains(want, id) {
		return slice.Errorf(slice.Denied, "the server is %s, wanted %v", id, want)
	}
	return nil
}

// files are the three files behind a configuration.
type files struct {
	cert, key, ca string
	bare          bool // there is only the authority

	mu   sync.Mutex
	seen [3]os.FileInfo
	last *pair
}

type pair struct {
	cert  tls.Certificate
	roots *x509.CertPool
}

// load returns what the files hold. While they are being changed, and when
// they have become unusable, it returns what they held before: a controller
// must not go deaf because somebody else writes a file badly.
func (f *files) load() (*pair, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	// Looked at before they are read: a change in between is seen next time.
	now, err := f.look()
	if err == nil && f.last != nil && same(now, f.seen) {
		return f.last, nil
	}
	fresh, err := f.read()
	if err == nil {
		f.last, f.seen = fresh, now
		return fresh, nil
	}
	if f.last != nil {
		return f.last, nil // as said above
	}
	return &pair{}, err
}

func (f *files) look() ([3]os.FileInfo, error) {
	var out [3]os.FileInfo
	for i, name := range []string{f.cert, f.key, f.ca} {
		if f.bare {
			name = f.ca
		}
		info, err := os.Stat(name)
		if err != nil {
			return out, err
		}
		out[i] = info
	}
	return out, nil
}

func same(x, y [3]os.FileInfo) bool {
	for i := range x {
		if x[i] == nil || y[i] == nil || !os.SameFile(x[i], y[i]) ||
			!x[i].ModTime().Equal(y[i].ModTime()) || x[i].Size() != y[i].Size() {
			return false
		}
	}
	return true
}

func (f *files) read() (*pair, error) {
	var cert tls.Certificate
	if !f.bare {
		var err error
		if cert, err = tls.LoadX509KeyPair(f.cert, f.key); err != nil {
			return nil, fmt.Errorf("load %s and %s: %w", f.cert, f.key, err)
		}
	}
	roots, err := readRoots(f.ca)
	if err != nil {
		return nil, fmt.Errorf("load the authorities: %w", err)
	}
	return &pair{cert, roots}, nil
}

// HostTLS returns the configuration of a client that shows its certificate to a
// server that is not of this house, such as etcd: the server is known by the
// name or address of its host. The authority is read once, the client's own
// files again when they change.
func HostTLS(certFile, keyFile, caFile string) (*tls.Config, error) {
	f := &files{cert: certFile, key: keyFile, ca: caFile}
	p, err := f.load()
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		RootCAs:    p.roots,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			p, err := f.load()
			return &p.cert, err
		},
	}, nil
}
