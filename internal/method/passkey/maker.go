// Who made a key: the statement of its maker. It is asked for, and read, only where the policy takes the keys of some makers alone.
package passkey

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"slices"
	"time"

	"woggle/internal/signin"
)

// The faults of a maker's statement.
const (
	faultUnvouched fault = "no maker vouches for it"
	faultVoucher   fault = "its maker's certificate is not as it has to be"
	faultVouch     fault = "its maker's signature is wrong"
	faultNoModel   fault = "its maker's certificate is for another model, or names none"
	faultMaker     fault = "its maker's certificate leads to none of the makers in the policy, or is out of date"
	faultModel     fault = "its model is none of those in the policy"
)

// packed is a statement of the format of this name (section 8.2), the one that security keys have. Those of computers and phones
// (TPM, Android, Apple) are of no use here: nobody hands these out as keys.
type packed struct {
	Algorithm int      `cbor:"alg"`
	Signature []byte   `cbor:"sig"`
	Chain     [][]byte `cbor:"x5c"` // certificates, that of the signature first
}

// longestChain bounds the certificates that are looked at. Makers have one or two.
const longestChain = 5

// vouchers are the algorithms of makers' signatures.
var vouchers = map[int]x509.SignatureAlgorithm{es256: x509.ECDSAWithSHA256, edDSA: x509.PureEd25519, rs256: x509.SHA256WithRSA}

// vouched tells whether one of the makers vouches for what was made, by the steps of section 8.2. Whoever signs for themselves
// (self attestation has no certificate) vouches for nothing.
func (a attested) vouched(makers signin.Makers, client [sha256.Size]byte, now time.Time) error {
	var said packed
	if a.format != "packed" || strict.Unmarshal(a.proof, &said) != nil || len(said.Chain) == 0 {
		return faultUnvouched
	}
	chain, err := parse(said.Chain)
	if err != nil {
		return err
	}
	algorithm, known := vouchers[said.Algorithm]
	if !known || chain[0].CheckSignature(algorithm, slices.Concat(a.data, client[:]), said.Signature) != nil {
		return faultVouch
	}
	if !attests(chain[0]) {
		return faultVoucher
	}
	if model, named := modelIn(chain[0]); !named || model != a.aaguid {
		return faultNoModel
	}
	if err := leads(chain, makers, now); err != nil {
		return err
	}
	if len(makers.Models) > 0 && !slices.Contains(makers.Models, modelOf(a.aaguid)) {
		return faultModel
	}
	return nil
}

func parse(chain [][]byte) (all []*x509.Certificate, err error) {
	if len(chain) > longestChain {
		return nil, faultVoucher
	}
	for _, der := range chain {
		one, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, faultVoucher
		}
		all = append(all, one)
	}
	return all, nil
}

// attests tells whether the certificate is as section 8.2.1 wants one that signs for keys.
func attests(c *x509.Certificate) bool {
	s := c.Subject
	return c.Version == 3 && len(s.Country) == 1 && len(s.Country[0]) == 2 && len(s.Organization) == 1 && s.CommonName != "" &&
		slices.Equal(s.OrganizationalUnit, []string{"Authenticator Attestation"}) && c.BasicConstraintsValid && !c.IsCA
}

// modelExtension is id-fido-gen-ce-aaguid: for which model the certificate is.
var modelExtension = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 45724, 1, 1, 4}

// modelIn is the model that the certificate is for: 16 bytes in an octet string. The standard lets a maker of one single model
// leave it out; but whose roots are in the policy may have many.
func modelIn(c *x509.Certificate) (model [16]byte, named bool) {
	for _, e := range c.Extensions {
		if e.Id.Equal(modelExtension) {
			head := []byte{asn1.TagOctetString, byte(len(model))}
			if named = !e.Critical && len(e.Value) == len(head)+len(model) && bytes.HasPrefix(e.Value, head); named {
				copy(model[:], e.Value[len(head):])
			}
			return model, named
		}
	}
	return model, false
}

// leads tells whether the certificates lead to a maker's root, or are one (section 7.1, the step on the trust path). What they may
// be used for is no question: keys sign for no web site.
func leads(chain []*x509.Certificate, makers signin.Makers, now time.Time) error {
	roots, err := makers.Certificates()
	if err != nil {
		return err
	}
	o := x509.VerifyOptions{Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool(), CurrentTime: now,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}
	for _, root := range roots {
		o.Roots.AddCert(root)
	}
	for _, c := range chain[1:] {
		o.Intermediates.AddCert(c)
	}
	if _, err := chain[0].Verify(o); err != nil {
		return faultMaker
	}
	return nil
}
