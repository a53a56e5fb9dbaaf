package pack

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"io"

	"github.com/smallstep/pkcs7"

	"github.com/l2sces/l2sces/pkg/slice"
)

// A Key signs packages: RSA of 2048 bits or more, or ECDSA.
type Key struct {
	key   crypto.Signer
	certs []*x509.Certificate // the signer's first
}

// ReadKey reads key and certificates in PEM. Certificates behind the signer's
// own go into the signature, for those who know only their authority.
func ReadKey(keyPEM, certPEM []byte) (*Key, error) {
	certs, err := Certificates("certificate", certPEM)
	if err != nil {
		return nil, err
	}
	key, err := parseKey(keyPEM)
	if err != nil {
		return nil, err
	}
	const fewestBits = 2048
	switch k := key.(type) {
	case *rsa.PrivateKey:
		if k.N.BitLen() < fewestBits {
			return nil, slice.Errorf(slice.Invalid, "the key has %d bits; sign with 2048 or more", k.N.BitLen())
		}
	case *ecdsa.PrivateKey:
	default:
		return nil, slice.Errorf(slice.Invalid, "the key is neither RSA nor ECDSA: CMS libraries in use read nothing else")
	}
	public, ok := certs[0].PublicKey.(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !public.Equal(key.Public()) {
		return nil, slice.Errorf(slice.Invalid, "key and certificate do not belong together")
	}
	if !signs(certs[0]) {
		return nil, slice.Errorf(slice.Invalid, "the certificate of %s is not for digital signatures", name(certs[0]))
	}
	return &Key{key, certs}, nil
}

// parseKey reads a private key in any of its usual forms.
func parseKey(text []byte) (crypto.Signer, error) {
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			return nil, slice.Errorf(slice.Invalid, "there is no private key in the file")
		}
		for _, parse := range []func([]byte) (any, error){
			x509.ParsePKCS8PrivateKey,
			func(der []byte) (any, error) { return x509.ParseECPrivateKey(der) },
			func(der []byte) (any, error) { return x509.ParsePKCS1PrivateKey(der) },
		} {
			if key, err := parse(block.Bytes); err == nil {
				if signer, ok := key.(crypto.Signer); ok {
					return signer, nil
				}
			}
		}
	}
}

// signed returns the text of a manifest with a signature at its end, if there
// is a key.
func (m Manifest) signed(k *Key) ([]byte, error) {
	text := m.Text()
	if k == nil {
		return text, nil
	}
	return k.append(append(text, '\n'))
}

// append returns a text with the signature of it behind it.
func (k *Key) append(text []byte) ([]byte, error) {
	cms, err := k.Sign(bytes.NewReader(text))
	return append(text, cms...), err
}

// Sign returns the detached signature of what it reads, in PEM.
func (k *Key) Sign(r io.Reader) ([]byte, error) {
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return nil, err
	}
	der, err := k.signDigest(h.Sum(nil))
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CMS", Bytes: der}), nil
}

// signDigest makes a CMS over a digest. It has no signed attributes: they would
// hold the time, and the same package would be signed otherwise every time. The
// library wants the whole content in memory; it gets none, and a signer that
// knows the digest already.
func (k *Key) signDigest(digest []byte) ([]byte, error) {
	cms, err := pkcs7.NewSignedData(nil)
	if err != nil {
		return nil, err
	}
	cms.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256) // the default is SHA-1
	if err := cms.SignWithoutAttr(k.certs[0], digested{k.key, digest}, pkcs7.SignerInfoConfig{}); err != nil {
		return nil, err
	}
	for _, c := range k.certs[1:] {
		cms.AddCertificate(c)
	}
	cms.Detach()
	return cms.Finish()
}

// digested is a key that signs one digest, whatever it is asked to sign. An
// ECDSA key without chance signs as RFC 6979 has it, so that signatures can be
// made again.
type digested struct {
	crypto.Signer
	digest []byte
}

// Sign signs the digest.
func (d digested) Sign(random io.Reader, _ []byte, opts crypto.SignerOpts) ([]byte, error) {
	if _, ok := d.Signer.(*ecdsa.PrivateKey); ok {
		random = nil
	}
	return d.Signer.Sign(random, d.digest, opts)
}

// certificates returns the signer's certificates in PEM.
func (k *Key) certificates() []byte {
	var text []byte
	for _, c := range k.certs {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return text
}
