// Makers of keys: roots, and the certificates with which keys say who made them (section 8.2).
package softkey

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"time"
)

// Maker is a maker of keys, or one of its factories.
type Maker struct {
	Root  *x509.Certificate
	key   crypto.Signer
	below [][]byte // certificates between it and the root, the nearest first
}

// The time in which certificates are good, unless a test says otherwise.
var (
	notBefore = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	notAfter  = time.Date(2049, 1, 1, 0, 0, 0, 0, time.UTC)
)

// NewMaker makes a maker with a root of its own.
func NewMaker(name string, change ...func(*x509.Certificate)) (*Maker, error) {
	key, err := generate(ES256)
	if err != nil {
		return nil, err
	}
	t := authority(name, change)
	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	if err != nil {
		return nil, err
	}
	root, err := x509.ParseCertificate(der)
	return &Maker{Root: root, key: key}, err
}

// Factory is a part of the maker that signs below it.
func (m *Maker) Factory(name string) (*Maker, error) {
	key, err := generate(ES256)
	if err != nil {
		return nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, authority(name, nil), m.Root, key.Public(), m.key)
	if err != nil {
		return nil, err
	}
	own, err := x509.ParseCertificate(der)
	return &Maker{Root: own, key: key, below: append([][]byte{der}, m.below...)}, err
}

func authority(name string, change []func(*x509.Certificate)) *x509.Certificate {
	t := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: notBefore, NotAfter: notAfter,
		BasicConstraintsValid: true, IsCA: true, KeyUsage: x509.KeyUsageCertSign}
	for _, c := range change {
		c(t)
	}
	return t
}

// ModelExtension is id-fido-gen-ce-aaguid, for the model.
func ModelExtension(model [16]byte) pkix.Extension {
	value, err := asn1.Marshal(model[:])
	if err != nil {
		panic(err) // bytes can always be marshalled
	}
	return pkix.Extension{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 45724, 1, 1, 4}, Value: value}
}

// Batch is what the keys of one batch have in common: a certificate of their maker's, and its key.
type Batch struct {
	Chain     [][]byte // certificates, its own first
	Algorithm int
	key       crypto.Signer
}

// Batch makes the batch of a model. A test may change its certificate before it is signed.
func (m *Maker) Batch(algorithm int, model [16]byte, change ...func(*x509.Certificate)) (*Batch, error) {
	key, err := generate(algorithm)
	if err != nil {
		return nil, err
	}
	t := &x509.Certificate{SerialNumber: big.NewInt(2), NotBefore: notBefore, NotAfter: notAfter, BasicConstraintsValid: true,
		Subject: pkix.Name{Country: []string{"GB"}, Organization: []string{"Acme"}, OrganizationalUnit: []string{"Authenticator Attestation"},
			CommonName: "Acme Key"},
		ExtraExtensions: []pkix.Extension{ModelExtension(model)}}
	for _, c := range change {
		c(t)
	}
	der, err := x509.CreateCertificate(rand.Reader, t, m.Root, key.Public(), m.key)
	return &Batch{append([][]byte{der}, m.below...), algorithm, key}, err
}

// Statement is an attestation statement of an answer. A test may change it after it is signed.
type Statement struct {
	Format string
	Parts  map[string]any
}

// vouch is the statement of the batch, or none.
func (b *Batch) vouch(data, seen []byte) (Statement, error) {
	if b == nil {
		return Statement{"none", map[string]any{}}, nil
	}
	signature, err := sign(b.key, data, seen)
	return Statement{"packed", map[string]any{"alg": b.Algorithm, "sig": signature, "x5c": b.Chain}}, err
}

func generate(algorithm int) (key crypto.Signer, err error) {
	switch algorithm {
	case ES256:
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case EdDSA:
		_, key, err = ed25519.GenerateKey(rand.Reader)
	case RS256:
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	default:
		err = fmt.Errorf("no algorithm %d", algorithm)
	}
	return key, err
}

// sign signs authenticator data and the hash of client data.
func sign(key crypto.Signer, data, seen []byte) ([]byte, error) {
	hash := sha256.Sum256(seen)
	signed := append(append([]byte{}, data...), hash[:]...)
	if _, edwards := key.(ed25519.PrivateKey); edwards {
		return key.Sign(rand.Reader, signed, crypto.Hash(0))
	}
	sum := sha256.Sum256(signed)
	return key.Sign(rand.Reader, sum[:], crypto.SHA256)
}
