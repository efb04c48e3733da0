// The SAML 1.1 assertion (OASIS Standard, 2 September 2003), which Microsoft 365 takes over WS-Federation.
package samltoken

import (
	"time"

	"github.com/beevik/etree"
)

// How long a token may be handed in. The minute before is for the receiver's clock.
const (
	Early = time.Minute
	Life  = 5 * time.Minute
)

// Unspecified11 is the format of a name that is whatever the two parties agreed on.
const Unspecified11 = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"

const (
	namespace11 = "urn:oasis:names:tc:SAML:1.0:assertion" // of 1.1 as well
	bearer11    = "urn:oasis:names:tc:SAML:1.0:cm:bearer"
)

// Assertion11 is all that an assertion of SAML 1.1 says.
type Assertion11 struct {
	ID             string // an NCName, never used before
	Issuer         string
	Audience       string // the relying party
	NameID         string
	NameIDFormat   string
	Claims         []Claim
	Authentication Authentication
	IssuedAt       time.Time
}

// Element is the assertion without its signature, which goes last (SAML 1.1 core, section 5.4).
func (a Assertion11) Element() *etree.Element {
	root := etree.NewElement("saml:Assertion")
	set(root, "xmlns:saml", namespace11, "MajorVersion", "1", "MinorVersion", "1", "AssertionID", a.ID, "Issuer", a.Issuer,
		"IssueInstant", instant(a.IssuedAt))

	conditions := set(root.CreateElement("saml:Conditions"),
		"NotBefore", instant(a.IssuedAt.Add(-Early)), "NotOnOrAfter", instant(a.IssuedAt.Add(Life)))
	conditions.CreateElement("saml:AudienceRestrictionCondition").CreateElement("saml:Audience").SetText(a.Audience)

	if len(a.Claims) > 0 { // an attribute statement without attributes is none (section 2.4.4)
		attributes := root.CreateElement("saml:AttributeStatement")
		a.subject(attributes)
		for _, claim := range a.Claims {
			namespace, name := split(claim.Type)
			attribute := set(attributes.CreateElement("saml:Attribute"), "AttributeName", name, "AttributeNamespace", namespace)
			for _, value := range claim.Values {
				attribute.CreateElement("saml:AttributeValue").SetText(value)
			}
		}
	}
	authentication := set(root.CreateElement("saml:AuthenticationStatement"),
		"AuthenticationMethod", a.Authentication.method11(), "AuthenticationInstant", instant(a.Authentication.At))
	a.subject(authentication)
	return root
}

func (a Assertion11) subject(statement *etree.Element) {
	subject := statement.CreateElement("saml:Subject")
	set(subject.CreateElement("saml:NameIdentifier"), "Format", a.NameIDFormat).SetText(a.NameID)
	subject.CreateElement("saml:SubjectConfirmation").CreateElement("saml:ConfirmationMethod").SetText(bearer11)
}

// set gives an element attributes, in this order.
func set(e *etree.Element, pairs ...string) *etree.Element {
	for i := 0; i < len(pairs); i += 2 {
		e.CreateAttr(pairs[i], pairs[i+1])
	}
	return e
}
