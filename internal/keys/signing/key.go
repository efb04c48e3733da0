// A signing key: its kinds, its states, and the certificate that goes with it.
package signing

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"math/big"
	"time"
)

// Use is what keys are for.
type Use string

// The uses.
const (
	OIDC        Use = "oidc"         // ID tokens, logout tokens
	Federation  Use = "federation"   // SAML and WS-Federation assertions: RSA only
	Assertion   Use = "assertion"    // what sites behind a proxy are told of a person
	ExternalMFA Use = "external-mfa" // answers to Microsoft Entra: RSA only
	Push        Use = "push"         // who sends, to push services: ES256 only (RFC 8292); browsers subscribe for this one key
)

// Uses are all uses.
var Uses = [...]Use{OIDC, Federation, Assertion, ExternalMFA, Push}

// Alg is a signature algorithm of JOSE (RFC 7518 section 3.1).
type Alg string

// The algorithms.
const (
	RS256 Alg = "RS256" // RSA of 2048 bits
	ES256 Alg = "ES256" // ECDSA on P-256
)

// State is where a key stands.
type State string

// The states.
const (
	Next     State = "next"
	Active   State = "active"
	Retiring State = "retiring"
	Gone     State = "gone"
)

// How a rotation goes. Microsoft keeps the keys of an external method for a day, and asks for two between steps.
const (
	Ahead  = 3 * 24 * time.Hour // a key is published before it signs
	Behind = 3 * 24 * time.Hour // and after it signed last: longer than anything that it signed, and every cache
	old    = 180 * 24 * time.Hour
	life   = 10 * 365 * 24 * time.Hour // of a certificate
)

// Key is one signing key. It is safe for many goroutines.
type Key struct {
	ID          string // kid: the fingerprint of the public key
	Use         Use
	Alg         Alg
	Private     crypto.Signer
	Certificate *x509.Certificate // self-signed
	ActiveAt    time.Time
	RetireAt    time.Time // zero: not known yet
	CreatedAt   time.Time
	state       State
}

// State is where the key stood when it was read, a few seconds ago at most.
func (k Key) State() State { return k.state }

// stateAt decides where a key stands. Of several that have begun to sign, the last one does: newer is when that began,
// zero for the newest.
func stateAt(active, retire, newer, now time.Time) State {
	switch {
	case now.Before(active):
		return Next
	case !retire.IsZero() && !now.Before(retire):
		return Gone
	case newer.IsZero() || now.Before(newer):
		return Active
	}
	return Retiring
}

// generate makes a key with a certificate in the name of the organisation.
func generate(use Use, alg Alg, subject string, now time.Time) (Key, error) {
	var private crypto.Signer
	var err error
	switch alg {
	case RS256:
		private, err = rsa.GenerateKey(rand.Reader, 2048)
	case ES256:
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	default:
		err = fmt.Errorf("there are no signing keys for %q", alg)
	}
	if err != nil {
		return Key{}, err
	}
	public, err := x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		return Key{}, err
	}
	fingerprint := sha256.Sum256(public)
	serial := new(big.Int).SetBytes(fingerprint[:16])
	template := &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: subject + " " + string(use)},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(life), KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		return Key{}, err
	}
	certificate, err := x509.ParseCertificate(der)
	return Key{ID: base64.RawURLEncoding.EncodeToString(fingerprint[:]), Use: use, Alg: alg, Private: private,
		Certificate: certificate, ActiveAt: now, CreatedAt: now}, err
}
