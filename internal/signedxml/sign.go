// Signing.
package signedxml

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"errors"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

// Place is where the schema wants the signature among the root's children.
type Place int

// The places.
const (
	AfterIssuer Place = iota // SAML 2.0 (Core section 2.3.3); first where there is no Issuer, as in metadata
	Last                     // SAML 1.1 (Core section 2.3.2)
)

// MinBits is the least length of an RSA key, ours or others'.
const MinBits = 2048

// Sign puts an enveloped signature into root: RSA with SHA-256, exclusive canonical form, one reference to root's id,
// the certificate in KeyInfo. Root must declare every namespace that it uses, and is not to be changed afterwards.
//
// RSA only: goxmldsig writes ECDSA signatures as DER, which XML Signature (section 6.4.3) does not, and others refuse.
func Sign(root *etree.Element, idAttribute string, place Place, key crypto.Signer, cert *x509.Certificate) error {
	public, is := key.Public().(*rsa.PublicKey)
	if !is || public.N.BitLen() < MinBits || !public.Equal(cert.PublicKey) {
		return errors.New("XML is signed with an RSA key of 2048 bits or more, and its own certificate")
	}
	if root.SelectAttrValue(idAttribute, "") == "" {
		return errors.New("what is to be signed has no id") // without one the reference would be to any document around it
	}
	signer, err := dsig.NewSigningContext(key, [][]byte{cert.Raw})
	if err != nil {
		return err
	}
	signer.IdAttribute = idAttribute
	signer.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	signature, err := signer.ConstructSignature(root.Copy(), true) // a copy, because the canonical form is made in place
	if err != nil {
		return err
	}
	at := len(root.Child)
	if place == AfterIssuer {
		at = 0
		if issuer := root.SelectElement("Issuer"); issuer != nil {
			at = issuer.Index() + 1
		}
	}
	root.InsertChildAt(at, signature)
	return nil
}
