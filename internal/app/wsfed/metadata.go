// The federation metadata (WS-Federation 1.2 section 3.1), from which other parties set themselves up and learn of the
// next key before it signs.
package wsfed

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"maps"
	"net/http"
	"slices"

	"github.com/beevik/etree"

	"woggle/internal/keys/signing"
	"woggle/internal/samltoken"
	"woggle/internal/signedxml"
)

// description is the metadata as it was last made. It is the same for everybody until the keys change, so a stranger
// who asks often costs no signatures.
type description struct {
	id  string // of what it was made from
	xml []byte
}

func (p *Provider) metadata(w http.ResponseWriter, r *http.Request) {
	body, err := p.describe(r)
	if err != nil {
		p.Pages.Fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/samlmetadata+xml; charset=utf-8") // SAML Metadata appendix A
	w.Header().Set("Cache-Control", "public, max-age=300")
	w.Write(body)
}

func (p *Provider) describe(r *http.Request) ([]byte, error) {
	active, err := p.Signing.Active(r.Context(), signing.Federation, signing.RS256)
	if err != nil {
		return nil, err
	}
	published, err := p.Signing.Published(r.Context(), signing.Federation)
	if err != nil {
		return nil, err
	}
	certificates := []*x509.Certificate{active.Certificate} // first: some parties read only the first
	hash := sha256.New()
	hash.Write([]byte(active.ID))
	for _, key := range published {
		if key.ID != active.ID && key.Certificate != nil {
			certificates = append(certificates, key.Certificate)
		}
		hash.Write([]byte(key.ID))
	}
	id := "_" + hex.EncodeToString(hash.Sum(nil))
	if made := p.described.Load(); made != nil && made.id == id {
		return made.xml, nil
	}
	root := describe(id, p.Base, p.Brand, certificates)
	if err := signedxml.Sign(root, "ID", signedxml.AfterIssuer, active.Private, active.Certificate); err != nil {
		return nil, err
	}
	body, err := signedxml.Bytes(root)
	if err == nil {
		p.described.Store(&description{id, body})
	}
	return body, err
}

// describe makes the metadata without its signature.
func describe(id, base, name string, certificates []*x509.Certificate) *etree.Element {
	root := etree.NewElement("EntityDescriptor")
	attributes(root, "xmlns", "urn:oasis:names:tc:SAML:2.0:metadata", "ID", id, "entityID", issuerOf(base))
	role := attributes(root.CreateElement("RoleDescriptor"),
		"xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance", "xmlns:fed", "http://docs.oasis-open.org/wsfed/federation/200706",
		"xsi:type", "fed:SecurityTokenServiceType",
		"protocolSupportEnumeration", "http://docs.oasis-open.org/wsfed/federation/200706 http://schemas.xmlsoap.org/ws/2005/02/trust",
		"ServiceDisplayName", name)
	for _, certificate := range certificates {
		info := attributes(role.CreateElement("KeyDescriptor"), "use", "signing").CreateElement("KeyInfo")
		attributes(info, "xmlns", "http://www.w3.org/2000/09/xmldsig#").CreateElement("X509Data").CreateElement("X509Certificate").
			SetText(base64.StdEncoding.EncodeToString(certificate.Raw))
	}
	offered := role.CreateElement("fed:TokenTypesOffered")
	for _, kind := range []string{samltoken.SAML11, samltoken.SAML20} {
		attributes(offered.CreateElement("fed:TokenType"), "Uri", kind)
	}
	claims := role.CreateElement("fed:ClaimTypesOffered")
	for _, claim := range slices.Sorted(maps.Keys(usual)) {
		attributes(claims.CreateElement("auth:ClaimType"), "xmlns:auth", "http://docs.oasis-open.org/wsfed/authorization/200706",
			"Uri", claim, "Optional", "true")
	}
	for _, endpoint := range []struct{ name, path string }{
		{"fed:SecurityTokenServiceEndpoint", activePath}, {"fed:PassiveRequestorEndpoint", passivePath}} {
		reference := role.CreateElement(endpoint.name).CreateElement("wsa:EndpointReference")
		attributes(reference, "xmlns:wsa", "http://www.w3.org/2005/08/addressing").CreateElement("wsa:Address").SetText(base + endpoint.path)
	}
	return root
}

// issuerOf is who we are to parties that have no domain at Microsoft.
func issuerOf(base string) string { return base + passivePath }

func attributes(e *etree.Element, pairs ...string) *etree.Element {
	for i := 0; i < len(pairs); i += 2 {
		e.CreateAttr(pairs[i], pairs[i+1])
	}
	return e
}
