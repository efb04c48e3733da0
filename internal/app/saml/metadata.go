// Our metadata: what an app needs to know of us (SAML Metadata).
package saml

import (
	"encoding/base64"
	"net/http"
	"time"

	"github.com/beevik/etree"

	"woggle/internal/keys/signing"
	"woggle/internal/samltoken"
	"woggle/internal/signedxml"
)

// Bindings (Bindings section 3).
const (
	bindingRedirect = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
	bindingPost     = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
)

// How long metadata is good. Small organisations' apps keep the copy that somebody pasted into them, and stop when it is
// over: a year leaves time. Programs that fetch it should do so daily, because a next key is shown three days ahead.
const (
	metadataLife  = 365 * 24 * time.Hour
	metadataCache = "PT12H"
)

// metadata shows us as all apps know us, or as the one that has an issuer of its own.
func (p *Provider) metadata(w http.ResponseWriter, r *http.Request) {
	raw, err := p.describe(r)
	header := w.Header()
	switch {
	case err != nil:
		header.Set("Cache-Control", "no-store")
		http.Error(w, "The metadata cannot be shown now. Please try again.", http.StatusServiceUnavailable)
		return
	case raw == nil:
		http.NotFound(w, r)
		return
	}
	header.Set("Content-Type", "application/samlmetadata+xml")
	header.Set("Content-Disposition", `inline; filename="woggle-metadata.xml"`)
	header.Set("Cache-Control", "public, max-age=300")
	w.Write(raw)
}

// describe is the signed metadata, or nil for an app that has none of its own.
func (p *Provider) describe(r *http.Request) ([]byte, error) {
	entity := p.Entity()
	if id := r.PathValue("app"); id != "" {
		apps, err := p.Desk.Catalogue.Current(r.Context())
		if err != nil {
			return nil, err
		}
		a, known := apps.ByID(id)
		if !known || a.Protocol != Name || !a.Parsed.(*party).OwnIssuer {
			return nil, nil
		}
		entity = p.issuer(a)
	}
	by, err := p.signer(r.Context())
	if err != nil {
		return nil, err
	}
	published, err := p.Signing.Published(r.Context(), signing.Federation)
	if err != nil {
		return nil, err
	}
	root := p.descriptor(entity, published, p.DB.Now())
	if err := signedxml.Sign(root, "ID", signedxml.AfterIssuer, by.Key, by.Certificate); err != nil {
		return nil, err
	}
	return signedxml.Bytes(root)
}

func (p *Provider) descriptor(entity string, published []signing.Key, now time.Time) *etree.Element {
	root := etree.NewElement("md:EntityDescriptor")
	root.CreateAttr("xmlns:md", samltoken.MetadataSpace)
	root.CreateAttr("ID", samltoken.NewID())
	root.CreateAttr("entityID", entity)
	root.CreateAttr("validUntil", samltoken.Stamp(now.Add(metadataLife)))
	root.CreateAttr("cacheDuration", metadataCache)
	role := root.CreateElement("md:IDPSSODescriptor")
	role.CreateAttr("WantAuthnRequestsSigned", "false")
	role.CreateAttr("protocolSupportEnumeration", samltoken.Protocol)
	for _, key := range published {
		if key.Alg != signing.RS256 {
			continue
		}
		descriptor := role.CreateElement("md:KeyDescriptor")
		descriptor.CreateAttr("use", "signing")
		info := descriptor.CreateElement("ds:KeyInfo")
		info.CreateAttr("xmlns:ds", "http://www.w3.org/2000/09/xmldsig#")
		info.CreateElement("ds:X509Data").CreateElement("ds:X509Certificate").SetText(base64.StdEncoding.EncodeToString(key.Certificate.Raw))
	}
	service := func(tag, binding, path string) {
		el := role.CreateElement("md:" + tag)
		el.CreateAttr("Binding", binding)
		el.CreateAttr("Location", p.Base+path)
	}
	service("SingleLogoutService", bindingRedirect, "/saml/slo")
	service("SingleLogoutService", bindingPost, "/saml/slo")
	for _, format := range []string{samltoken.Persistent, samltoken.Transient, samltoken.Email, samltoken.Unspecified} {
		role.CreateElement("md:NameIDFormat").SetText(format)
	}
	service("SingleSignOnService", bindingRedirect, "/saml/sso")
	service("SingleSignOnService", bindingPost, "/saml/sso")
	return root
}
