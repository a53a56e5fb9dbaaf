package pack

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	_ "crypto/sha256" // hashes are asked for by name
	_ "crypto/sha512"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"strings"

	"github.com/smallstep/pkcs7"
)

// hashes are those that are strong enough, by the names that manifests use.
var hashes = map[string]crypto.Hash{"SHA256": crypto.SHA256, "SHA384": crypto.SHA384, "SHA512": crypto.SHA512}

// weak are those that are not.
var weak = []string{"MD5", "SHA1", "SHA", "MD4", "MD2"}

// digestOIDs are the strong hashes by their numbers in a signature.
var digestOIDs = map[string]crypto.Hash{
	pkcs7.OIDDigestAlgorithmSHA256.String(): crypto.SHA256,
	pkcs7.OIDDigestAlgorithmSHA384.String(): crypto.SHA384,
	pkcs7.OIDDigestAlgorithmSHA512.String(): crypto.SHA512,
}

// weakOIDs are numbers of hashes, and of signatures over them, that are broken.
var weakOIDs = map[string]string{
	"1.2.840.113549.2.5": "MD5", "1.2.840.113549.1.1.4": "MD5",
	pkcs7.OIDDigestAlgorithmSHA1.String():        "SHA-1",
	pkcs7.OIDDigestAlgorithmECDSASHA1.String():   "SHA-1",
	pkcs7.OIDEncryptionAlgorithmRSASHA1.String(): "SHA-1",
}

// maxCMS bounds a signature, and its certificates.
const maxCMS = 256 << 10

// A fault is a rule that a signature breaks, and how. The zero value is none.
type fault struct{ rule, what string }

// A signature is a CMS whose content stands elsewhere. The library reads it;
// what it says is checked here, because the library takes SHA-1, keeps the
// whole content in memory, and tells its faults apart by text alone.
type signature struct {
	cms  *pkcs7.PKCS7
	hash crypto.Hash
	cert *x509.Certificate // of the signer
}

// readCMS reads a signature, in PEM or DER, made by exactly one signer. Other
// certificates may come from beside it.
func readCMS(data []byte, beside []*x509.Certificate) (*signature, fault) {
	der, f := derOf(data)
	if f != (fault{}) {
		return nil, f
	}
	cms, err := pkcs7.Parse(der)
	if err != nil {
		return nil, fault{"sig-malformed", "the signature is no CMS: " + err.Error()}
	}
	if len(cms.Signers) != 1 {
		return nil, fault{"sig-malformed", "the signature names no signer by issuer and number, or more than one"}
	}
	s := &signature{cms: cms}
	digest, algorithm := cms.Signers[0].DigestAlgorithm.Algorithm.String(), cms.Signers[0].DigestEncryptionAlgorithm.Algorithm.String()
	for _, oid := range []string{digest, algorithm} {
		if name, broken := weakOIDs[oid]; broken {
			return nil, fault{"sig-weak-hash", "the signature is made over " + name + ", which can be forged"}
		}
	}
	var known bool
	if s.hash, known = digestOIDs[digest]; !known {
		return nil, fault{"sig-algorithm", "the signature is made over a hash that is not known"}
	}
	cms.Certificates = append(cms.Certificates, beside...)
	if s.cert = cms.GetOnlySigner(); s.cert == nil {
		return nil, fault{"sig-certificate", "the certificate of the signer is neither in the signature nor beside it"}
	}
	return s, fault{}
}

// derOf returns the DER of a signature, whose nesting is bounded: the library
// follows it with its own stack.
func derOf(data []byte) ([]byte, fault) {
	malformed := func(what string) ([]byte, fault) { return nil, fault{"sig-malformed", what} }
	if len(data) > maxCMS {
		return malformed("the signature is too large")
	}
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("-----BEGIN")) {
		block, rest := pem.Decode(data)
		switch {
		case block == nil || block.Type != "CMS" && block.Type != "PKCS7":
			return malformed("the signature is no PEM of a CMS")
		case len(bytes.TrimSpace(rest)) > 0:
			return malformed("something follows the signature")
		}
		data = block.Bytes
	}
	if !shallow(data) {
		return malformed("the signature is no BER, or nested too deeply")
	}
	return data, fault{}
}

// shallow reports whether BER is whole and not nested more deeply than any
// signature is.
func shallow(data []byte) bool {
	rest, ok := elements(data, 0, false)
	return ok && len(rest) == 0
}

// elements reads elements and all that is in them, to the end of the data or to
// the mark that ends an indefinite one. It returns what follows that.
func elements(data []byte, depth int, toMark bool) ([]byte, bool) {
	const deepest = 24
	for len(data) > 0 {
		if toMark && len(data) >= 2 && data[0] == 0 && data[1] == 0 {
			return data[2:], true
		}
		e, ok := element(data)
		if !ok || depth > deepest {
			return nil, false
		}
		content, rest := data[e.head:], data[e.head+e.size:]
		if e.indefinite {
			if rest, ok = elements(content, depth+1, true); !ok {
				return nil, false
			}
		} else if e.constructed {
			if _, ok := elements(content[:e.size], depth+1, false); !ok {
				return nil, false
			}
		}
		data = rest
	}
	return data, !toMark
}

// berElement is the head of a BER element.
type berElement struct {
	head, size              int
	constructed, indefinite bool
}

// element reads the head of a BER element. Tags above 30 have no place in a
// signature.
func element(data []byte) (berElement, bool) {
	const multibyte, longest = 0x1f, 4
	if len(data) < 2 || data[0]&multibyte == multibyte {
		return berElement{}, false
	}
	e := berElement{head: 2, size: int(data[1]), constructed: data[0]&0x20 != 0}
	if data[1] == 0x80 {
		e.size, e.indefinite = 0, true
		return e, e.constructed
	}
	if n := int(data[1] & 0x7f); data[1] > 0x80 {
		if n > longest || len(data) < 2+n {
			return berElement{}, false
		}
		e.size = 0
		for _, b := range data[2 : 2+n] {
			e.size = e.size<<8 | int(b)
		}
		e.head += n
	}
	return e, e.size <= len(data)-e.head
}

// covers says whether the signature is of the content with a digest, made by
// the key of the certificate. Several digests are readings of one content.
func (s *signature) covers(digests ...[]byte) fault {
	signer := s.cms.Signers[0]
	if len(signer.AuthenticatedAttributes) == 0 {
		for _, d := range digests {
			if s.made(d, signer.EncryptedDigest) == (fault{}) {
				return fault{}
			}
		}
		f := s.made(digests[0], signer.EncryptedDigest)
		if f.rule == "sig-key" {
			return fault{"sig-content", "the signature is not of this content, or was made by another key"}
		}
		return f
	}
	var digest []byte
	var kind asn1.ObjectIdentifier
	if s.cms.UnmarshalSignedAttribute(pkcs7.OIDAttributeMessageDigest, &digest) != nil ||
		s.cms.UnmarshalSignedAttribute(pkcs7.OIDAttributeContentType, &kind) != nil || !kind.Equal(pkcs7.OIDData) {
		return fault{"sig-malformed", "the signature does not say of what it is"}
	}
	same := false
	for _, d := range digests {
		same = same || bytes.Equal(d, digest)
	}
	if !same {
		return fault{"sig-content", "the signature is of other content"}
	}
	attributes, err := asn1.MarshalWithParams(signer.AuthenticatedAttributes, "set")
	if err != nil {
		return fault{"sig-malformed", "what the signature says of itself cannot be read"}
	}
	return s.made(s.sum(attributes), signer.EncryptedDigest)
}

// sum returns the digest of content.
func (s *signature) sum(content []byte) []byte {
	h := s.hash.New()
	h.Write(content)
	return h.Sum(nil)
}

// made says whether the key of the certificate made a signature of a digest.
func (s *signature) made(digest, sig []byte) fault {
	const fewestBits = 2048
	good := false
	oid := s.cms.Signers[0].DigestEncryptionAlgorithm.Algorithm.String()
	switch key := s.cert.PublicKey.(type) {
	case *rsa.PublicKey:
		if key.N.BitLen() < fewestBits || !rsaOID(oid) {
			return fault{"sig-algorithm", "the key is RSA with less than 2048 bits, or used in a way that is not known"}
		}
		good = rsa.VerifyPKCS1v15(key, s.hash, digest, sig) == nil
	case *ecdsa.PublicKey:
		good = ecdsa.VerifyASN1(key, digest, sig)
	default:
		return fault{"sig-algorithm", "the key is neither RSA nor ECDSA"}
	}
	if !good {
		return fault{"sig-key", "the signature was not made by the key of its certificate, or was changed"}
	}
	return fault{}
}

// rsaOID reports whether a signature is RSA with the padding of PKCS #1 v1.5.
func rsaOID(oid string) bool {
	const pss, oaep = "1.2.840.113549.1.1.10", "1.2.840.113549.1.1.7"
	return strings.HasPrefix(oid, "1.2.840.113549.1.1.") && oid != pss && oid != oaep
}
