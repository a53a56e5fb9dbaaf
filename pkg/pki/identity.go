package pki

import (
	"crypto/tls"
	"crypto/x509"
	"strings"

	"github.com/l2sces/l2sces/pkg/slice"
)

const scheme = "l2sces://"

// An Identity says who holds a certificate. It is a URI and stands in the
// certificate's subject alternative name (RFC 5280, section 4.2.1.6), so that
// it does not depend on host names or addresses.
type Identity string

// The identities that exist once.
const (
	SCO    Identity = scheme + "sco"
	Plugin Identity = scheme + "plugin"
)

// SDNC returns the identity of the SDN controller of a domain.
func SDNC(d slice.Domain) Identity {
	return Identity(scheme + "domain/" + string(d) + "/sdnc")
}

// Node returns the identity of a node: of its switch and its agents.
func Node(d slice.Domain, n slice.Node) Identity {
	return Identity(scheme + "domain/" + string(d) + "/node/" + string(n))
}

// User returns the identity of a person.
func User(name string) Identity {
	return Identity(scheme + "user/" + name)
}

// ParseIdentity reads an identity and refuses what none of the constructors
// makes.
func ParseIdentity(s string) (Identity, error) {
	rest, ok := strings.CutPrefix(s, scheme)
	parts := strings.Split(rest, "/")
	for _, p := range parts {
		ok = ok && isName(p)
	}
	switch {
	case !ok:
	case len(parts) == 1 && (rest == "sco" || rest == "plugin"),
		len(parts) == 2 && parts[0] == "user",
		len(parts) == 3 && parts[0] == "domain" && parts[2] == "sdnc",
		len(parts) == 4 && parts[0] == "domain" && parts[2] == "node":
		return Identity(s), nil
	}
	return "", slice.Errorf(slice.Invalid,
		"identity %q is none of %[2]ssco, %[2]splugin, %[2]sdomain/D/sdnc, %[2]sdomain/D/node/N, %[2]suser/NAME", s, scheme)
}

// isName reports whether s can be a part of an identity. Letters that a URI
// would escape are not among them: two spellings of one identity would differ.
func isName(s string) bool {
	if s == "" || len(s) > 63 {
		return false
	}
	for _, c := range s {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !letter && !strings.ContainsRune("-_.", c) {
			return false
		}
	}
	return true
}

// Node returns the domain and the name of a node's identity, and false for any
// other identity.
func (id Identity) Node() (slice.Domain, slice.Node, bool) {
	parts := strings.Split(strings.TrimPrefix(string(id), scheme), "/")
	if len(parts) != 4 || parts[0] != "domain" || parts[2] != "node" {
		return "", "", false
	}
	return slice.Domain(parts[1]), slice.Node(parts[3]), true
}

// PeerIdentity tells a server who its client is. Whoever the configuration of
// ServerTLS did not verify has no identity. A client has no use for it: it
// names the servers that it wants to ClientTLS.
func PeerIdentity(state tls.ConnectionState) (Identity, error) {
	if len(state.VerifiedChains) == 0 || len(state.VerifiedChains[0]) == 0 {
		return "", slice.Errorf(slice.Denied, "the peer has shown no certificate of our authority")
	}
	return identityOf(state.VerifiedChains[0][0])
}

func identityOf(cert *x509.Certificate) (Identity, error) {
	if len(cert.URIs) != 1 {
		return "", slice.Errorf(slice.Denied, "the certificate of %s has %d identities instead of one", cert.Subject, len(cert.URIs))
	}
	id, err := ParseIdentity(cert.URIs[0].String())
	if err != nil {
		return "", slice.Errorf(slice.Denied, "certificate of %s: %w", cert.Subject, err)
	}
	return id, nil
}
