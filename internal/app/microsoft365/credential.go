// What proves to Microsoft that we are the application.
package microsoft365

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"time"

	"woggle/internal/app/microsoft365/graph"
	"woggle/internal/db"
	"woggle/internal/keys"
)

// certificateLife is for how long a certificate is made. It has to be uploaded by hand, so not too short; a lost one is to
// end some day.
const certificateLife = 2 * 365 * 24 * time.Hour

// warning is how long before its end a certificate is spoken of.
const warning = 60 * 24 * time.Hour

// credential is a row: the proof, sealed.
type credential struct {
	ID          string
	Tenant      string
	Sealed      []byte
	Certificate []byte // DER; empty: it is a secret
	EndsAt      time.Time
	CreatedAt   time.Time
}

// place is where the proof stands, so that nobody can move it to another tenant (threat T90).
func (c credential) place() []string {
	return []string{"microsoft365_credentials", "sealed", c.ID, c.Tenant}
}

// newCertificate makes a key, and a certificate of it that its owner signed: Microsoft compares it, and trusts no signer.
func newCertificate(ring *keys.Ring, tenant, organisation string, now time.Time) (credential, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return credential{}, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return credential{}, err
	}
	leaf := x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: "Woggle to Microsoft Graph", Organization: []string{organisation}},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(certificateLife), KeyUsage: x509.KeyUsageDigitalSignature}
	der, err := x509.CreateCertificate(rand.Reader, &leaf, &leaf, &key.PublicKey, key)
	if err != nil {
		return credential{}, err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return credential{}, err
	}
	c := credential{ID: db.NewID(), Tenant: tenant, Certificate: der, EndsAt: leaf.NotAfter}
	c.Sealed = ring.Seal(secret, c.place()...)
	return c, nil
}

// newSecret keeps a secret that Microsoft made.
func newSecret(ring *keys.Ring, tenant, secret string) credential {
	c := credential{ID: db.NewID(), Tenant: tenant, Certificate: []byte{}}
	c.Sealed = ring.Seal([]byte(secret), c.place()...)
	return c
}

// open is the credential as Graph needs it.
func (c credential) open(ring *keys.Ring) (graph.Credential, error) {
	secret, err := ring.Open(c.Sealed, c.place()...)
	if err != nil {
		return graph.Credential{}, fmt.Errorf("the proof for Microsoft cannot be opened: %w", err)
	}
	if len(c.Certificate) == 0 {
		return graph.Credential{Secret: string(secret)}, nil
	}
	certificate, err := x509.ParseCertificate(c.Certificate)
	if err != nil {
		return graph.Credential{}, err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(secret)
	if err != nil {
		return graph.Credential{}, err
	}
	key, is := parsed.(*rsa.PrivateKey)
	if !is {
		return graph.Credential{}, errors.New("the key for Microsoft is of another kind than its certificate")
	}
	return graph.Credential{Key: key, Certificate: certificate}, nil
}

// fingerprint names a certificate.
func fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
