package pki

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/l2sces/l2sces/pkg/slice"
)

// A State says what is to be done about a certificate.
type State string

// The states.
const (
	Good    State = "good"
	Due     State = "due"     // less than a third of its life is left: renew it
	Expired State = "expired" // nobody takes it any more
	Alien   State = "alien"   // the authority beside it has not signed it
)

// A Holder is a certificate in the folder of an authority.
type Holder struct {
	Name     string    `json:"name"`               // of the files, without their ending
	Identity Identity  `json:"identity,omitempty"` // none: the authority
	Hosts    []string  `json:"hosts,omitempty"`
	Until    time.Time `json:"until"`
	Days     int       `json:"days"` // that are left; negative: since when it has expired
	State    State     `json:"state"`
}

// authority is the name of the authority's own certificate.
const authority = "ca"

// Holders returns all certificates of the folder, by name.
func (a Authority) Holders() ([]Holder, error) {
	files, err := filepath.Glob(a.file("*.crt"))
	if err != nil {
		return nil, err
	}
	parent, err := readCert(a.file(authority + ".crt"))
	if err != nil {
		return nil, fmt.Errorf("read the authority in %s: %w", a.Dir, err)
	}
	var all []Holder
	for _, file := range files {
		c, err := readCert(file)
		if err != nil {
			return nil, err
		}
		all = append(all, a.holderOf(strings.TrimSuffix(filepath.Base(file), ".crt"), c, parent))
	}
	return all, nil
}

func (a Authority) holderOf(name string, c, parent *x509.Certificate) Holder {
	const day = 24 * time.Hour
	left := c.NotAfter.Sub(a.now())
	h := Holder{Name: name, Hosts: slices.Clone(c.DNSNames), Until: c.NotAfter.UTC(), Days: int(left / day), State: Good}
	for _, ip := range c.IPAddresses {
		h.Hosts = append(h.Hosts, ip.String())
	}
	if len(c.URIs) > 0 {
		h.Identity = Identity(c.URIs[0].String())
	}
	switch {
	case c.CheckSignatureFrom(parent) != nil:
		h.State = Alien
	case left <= 0:
		h.State, h.Days = Expired, int((left-day+1)/day)
	case left <= c.NotAfter.Sub(c.NotBefore)/3:
		h.State = Due
	}
	return h
}

// Renew gives a certificate of the folder a new life, for the same identity and
// hosts: with a new key, or with the same one, which leaves the file of the key
// alone. The authority's own certificate, called ca, keeps its key, so that what
// it has signed stays good.
func (a Authority) Renew(name string, sameKey bool) error {
	if !isName(name) {
		return slice.Errorf(slice.Invalid, "certificate name %q: use letters, digits, dots and dashes", name)
	}
	parent, parentKey, err := readPair(a.file(authority+".crt"), a.file(authority+".key"))
	if err != nil {
		return fmt.Errorf("read the authority in %s: %w", a.Dir, err)
	}
	if name == authority {
		return a.resign(name, parent, parent, parentKey, &parentKey.PublicKey, authorityLife)
	}
	have, key, err := readPair(a.file(name+".crt"), a.file(name+".key"))
	if err != nil {
		return fmt.Errorf("read what is to be renewed: %w", err)
	}
	id, err := identityOf(have)
	if err != nil {
		return slice.Errorf(slice.Invalid, "%s cannot be renewed: %w", a.file(name+".crt"), err)
	}
	if have.CheckSignatureFrom(parent) != nil {
		return slice.Errorf(slice.Invalid, "%s was not signed by the authority beside it: issue a new one", a.file(name+".crt"))
	}
	if sameKey {
		return a.resign(name, have, parent, parentKey, &key.PublicKey, holderLife)
	}
	template, err := a.holder(name, id, hostsOf(have))
	if err != nil {
		return err
	}
	if err := makePair(template, parent, parentKey, a.file(name+".crt"), a.file(name+".key")); err != nil {
		return fmt.Errorf("renew %s: %w", name, err)
	}
	return nil
}

// resign signs what stands in a certificate again, for a life from now on.
func (a Authority) resign(name string, have, parent *x509.Certificate, parentKey *ecdsa.PrivateKey, key *ecdsa.PublicKey, life time.Duration) error {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return err
	}
	next := &x509.Certificate{
		SerialNumber: serial, Subject: have.Subject, NotBefore: a.now().Add(-clockSkew), NotAfter: a.now().Add(life),
		IsCA: have.IsCA, BasicConstraintsValid: have.BasicConstraintsValid, MaxPathLenZero: have.MaxPathLenZero,
		KeyUsage: have.KeyUsage, ExtKeyUsage: have.ExtKeyUsage, SubjectKeyId: have.SubjectKeyId,
		URIs: have.URIs, DNSNames: have.DNSNames, IPAddresses: have.IPAddresses,
	}
	der, err := x509.CreateCertificate(rand.Reader, next, parent, key, parentKey)
	if err != nil {
		return fmt.Errorf("renew %s: %w", name, err)
	}
	return replace(a.file(name+".crt"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644)
}

func hostsOf(c *x509.Certificate) []string {
	hosts := slices.Clone(c.DNSNames)
	for _, ip := range c.IPAddresses {
		hosts = append(hosts, ip.String())
	}
	return hosts
}

var errNoCertificate = errors.New("it holds no certificate")

// readCert reads the first certificate of a file.
func readCert(file string) (*x509.Certificate, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, slice.Errorf(slice.Invalid, "%s: %w", file, errNoCertificate)
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, slice.Errorf(slice.Invalid, "%s: %w", file, err)
	}
	return c, nil
}
