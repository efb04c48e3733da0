// Believing a signature.
package signedxml

import (
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

// ErrNotSigned means that there is no signature at all. Every other error means that there is a bad one.
var ErrNotSigned = errors.New("the XML is not signed")

// Signed tells whether there is anything in the document that looks like a signature. What looks like one must be one.
func Signed(root *etree.Element) bool { return len(signatures(root)) > 0 }

// What may be used to sign. SHA-1 collisions are bought, and an HMAC with our public key as its secret is a classic.
var (
	exclusive   = string(dsig.CanonicalXML10ExclusiveAlgorithmId)
	transforms  = []string{string(dsig.EnvelopedSignatureAltorithmId), exclusive}
	methods     = []string{dsig.RSASHA256SignatureMethod, dsig.RSASHA384SignatureMethod, dsig.RSASHA512SignatureMethod}
	digests     = []string{"http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2001/04/xmldsig-more#sha384", "http://www.w3.org/2001/04/xmlenc#sha512"}
	idSyntax    = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]{0,255}$`)
	errNoneSuit = errors.New("the signature fits none of the certificates that are known of the sender")
)

// Verify gives the verified part of root, parsed from the bytes that were signed: callers must read that and not root.
// The certificates are the keys that the caller trusts; their dates are not looked at, because a certificate in SAML
// metadata is only a box around a key (SAML Metadata Interoperability Profile section 2.6.1).
func Verify(root *etree.Element, idAttribute string, certs []*x509.Certificate) (verified *etree.Element, err error) {
	defer func() {
		if r := recover(); r != nil {
			verified, err = nil, fmt.Errorf("the signature could not be read: %v", r)
		}
	}()
	id, err := shape(root, idAttribute)
	if err != nil {
		return nil, err
	}
	bare := root.Copy() // of goxmldsig's findings about KeyInfo we want none: the sender chooses what stands there
	signature := signatures(bare)[0]
	if info := signature.SelectElement("KeyInfo"); info != nil {
		signature.RemoveChild(info)
	}
	value := signature.SelectElement("SignatureValue") // which is not itself signed; line breaks go (XML Signature section 4.1)
	value.SetText(strings.Join(strings.Fields(value.Text()), ""))
	for _, cert := range certs {
		if key, is := cert.PublicKey.(*rsa.PublicKey); !is || key.N.BitLen() < MinBits {
			continue
		}
		context := dsig.ValidationContext{IdAttribute: idAttribute, Clock: dsig.NewFakeClockAt(cert.NotBefore),
			CertificateStore: &dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{cert}}}
		found, err := context.Validate(bare)
		if err != nil {
			continue
		}
		if found == nil || found.SelectAttrValue(idAttribute, "") != id || found.Tag != root.Tag || Signed(found) {
			return nil, errors.New("what was signed is not what was sent")
		}
		return found, nil
	}
	return nil, errNoneSuit
}

// shape demands the one form of a signature that SAML allows (Core section 5.4), before anything is computed. Wrapping
// attacks live in all other forms (threat T68).
func shape(root *etree.Element, idAttribute string) (id string, err error) {
	all := signatures(root)
	if len(all) == 0 {
		return "", ErrNotSigned
	}
	signature := all[0]
	if len(all) > 1 || signature.Parent() != root || signature.NamespaceURI() != dsig.Namespace {
		return "", errors.New("there is more than one signature, or it does not stand in the root")
	}
	if id = root.SelectAttrValue(idAttribute, ""); !idSyntax.MatchString(id) {
		return "", errors.New("the root has no id that can be signed")
	}
	info := signature.SelectElement("SignedInfo")
	if !children(signature, "SignedInfo", "SignatureValue") && !children(signature, "SignedInfo", "SignatureValue", "KeyInfo") ||
		!children(info, "CanonicalizationMethod", "SignatureMethod", "Reference") {
		return "", errors.New("the signature has more or less in it than it should")
	}
	reference := info.SelectElement("Reference")
	if !children(reference, "Transforms", "DigestMethod", "DigestValue") || reference.SelectAttrValue("URI", "") != "#"+id {
		return "", errors.New("the signature is of something else than the root")
	}
	steps := reference.SelectElement("Transforms")
	if !children(steps, "Transform", "Transform") {
		return "", errors.New("the signature has other transforms than SAML allows")
	}
	for i, step := range steps.ChildElements() {
		if algorithm(step) != transforms[i] || i == 0 && len(step.ChildElements()) > 0 || len(step.ChildElements()) > 1 {
			return "", errors.New("the signature has other transforms than SAML allows")
		}
	}
	for name, allowed := range map[string][]string{"CanonicalizationMethod": {exclusive}, "SignatureMethod": methods} {
		if el := info.SelectElement(name); !slices.Contains(allowed, algorithm(el)) || len(el.ChildElements()) > 0 {
			return "", fmt.Errorf("the signature's %s %q is not taken", name, algorithm(el))
		}
	}
	if method := algorithm(reference.SelectElement("DigestMethod")); !slices.Contains(digests, method) {
		return "", fmt.Errorf("the signature's DigestMethod %q is not taken", method)
	}
	return id, nil
}

func algorithm(el *etree.Element) string { return el.SelectAttrValue("Algorithm", "") }

// children tells whether the element's child elements are these, in this order, all of XML Signature's namespace.
func children(el *etree.Element, names ...string) bool {
	if el == nil {
		return false
	}
	return slices.EqualFunc(el.ChildElements(), names, func(child *etree.Element, name string) bool {
		return child.Tag == name && child.NamespaceURI() == dsig.Namespace
	})
}

// signatures are all elements below root that are called so in any namespace.
func signatures(root *etree.Element) (all []*etree.Element) {
	for _, child := range root.ChildElements() {
		if child.Tag == "Signature" {
			all = append(all, child)
		}
		all = append(all, signatures(child)...)
	}
	return all
}
