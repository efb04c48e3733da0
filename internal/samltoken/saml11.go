// The SAML 1.1 assertion (OASIS Standard, 2 September 2003), which Microsoft 365 takes over WS-Federation.
package samltoken

import (
	"time"

	"github.com/beevik/etree"
)

const (
	namespace11 = "urn:oasis:names:tc:SAML:1.0:assertion" // of 1.1 as well
	bearer11    = "urn:oasis:names:tc:SAML:1.0:cm:bearer"
)

// Assertion11 is all that an assertion of SAML 1.1 says.
type Assertion11 struct {
	ID             string // an NCName, never used before
	Issuer         string
	Audience       string // the relying party
	Subject        NameID
	Claims         []Claim
	Authentication Authentication
	IssuedAt       time.Time
}

// Element is the assertion without its signature, which goes last (SAML 1.1 core, section 5.4).
func (a Assertion11) Element() *etree.Element {
	root := etree.NewElement("saml:Assertion")
	set(root, "xmlns:saml", namespace11, "MajorVersion", "1", "MinorVersion", "1", "AssertionID", a.ID, "Issuer", a.Issuer,
		"IssueInstant", Stamp(a.IssuedAt))

	conditions := with(root.CreateElement("saml:Conditions"),
		"NotBefore", Stamp(a.IssuedAt.Add(-Early)), "NotOnOrAfter", Stamp(a.IssuedAt.Add(Late)))
	conditions.CreateElement("saml:AudienceRestrictionCondition").CreateElement("saml:Audience").SetText(a.Audience)

	if len(a.Claims) > 0 { // an attribute statement without attributes is none (section 2.4.4)
		attributes := root.CreateElement("saml:AttributeStatement")
		a.subject(attributes)
		for _, claim := range a.Claims {
			namespace, name := split(claim.Type)
			attribute := with(attributes.CreateElement("saml:Attribute"), "AttributeName", name, "AttributeNamespace", namespace)
			for _, value := range claim.Values {
				attribute.CreateElement("saml:AttributeValue").SetText(value)
			}
		}
	}
	authentication := with(root.CreateElement("saml:AuthenticationStatement"),
		"AuthenticationMethod", a.Authentication.method11(), "AuthenticationInstant", Stamp(a.Authentication.At))
	a.subject(authentication)
	return root
}

func (a Assertion11) subject(statement *etree.Element) {
	subject := statement.CreateElement("saml:Subject")
	with(subject.CreateElement("saml:NameIdentifier"), "Format", a.Subject.Format).SetText(a.Subject.Value)
	subject.CreateElement("saml:SubjectConfirmation").CreateElement("saml:ConfirmationMethod").SetText(bearer11)
}

// with gives an element attributes, in this order.
func with(e *etree.Element, pairs ...string) *etree.Element {
	set(e, pairs...)
	return e
}
