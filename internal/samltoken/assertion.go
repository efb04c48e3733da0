// The assertion of SAML 2.0 (Core section 2).
package samltoken

import (
	"crypto"
	"crypto/x509"
	"errors"
	"strings"
	"time"
	"unicode"

	"github.com/beevik/etree"

	"woggle/internal/db"
	"woggle/internal/signedxml"
)

// The namespaces.
const (
	Protocol        = "urn:oasis:names:tc:SAML:2.0:protocol"
	AssertionSpace  = "urn:oasis:names:tc:SAML:2.0:assertion"
	MetadataSpace   = "urn:oasis:names:tc:SAML:2.0:metadata"
	bearer          = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
	encryptionSpace = "http://www.w3.org/2001/04/xmlenc#"
)

// Formats of names (Core section 8.3).
const (
	Persistent  = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
	Transient   = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
	Email       = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
	Unspecified = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
)

// Classes of authentication (Authentication Context section 3.4, and those of others).
const (
	MultipleAuthn     = "http://schemas.microsoft.com/claims/multipleauthn" // Microsoft's for several factors
	RefedsMFA         = "https://refeds.org/profile/mfa"
	RefedsSFA         = "https://refeds.org/profile/sfa"
	PasswordTransport = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
	PlainPassword     = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password"
	AnyClass          = "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified"
)

// Formats of attribute names (Core section 8.2).
const (
	Basic = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"
	URI   = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
)

// How long what we give is good. Clocks of others are a minute behind at times.
const (
	Early = time.Minute
	Late  = 5 * time.Minute
)

// Signer is whose word an assertion is.
type Signer struct {
	Key         crypto.Signer
	Certificate *x509.Certificate
}

// NameID is the name by which somebody is known at one app.
type NameID struct {
	Format     string `json:"format"`
	Value      string `json:"value"`
	Qualifier  string `json:"qualifier,omitempty"`   // who gave the name: NameQualifier
	ReceivedBy string `json:"received_by,omitempty"` // who knows it: SPNameQualifier
}

// Attribute is one thing that is told of somebody. One without values is left out.
type Attribute struct {
	Name     string
	Format   string // of the name: Basic, URI or empty
	Friendly string
	Values   []string
}

// Assertion says to one app who somebody is.
type Assertion struct {
	ID           string // made if empty
	Issuer       string
	Subject      NameID
	Audience     string    // entity id of the app
	Recipient    string    // address that it goes to
	InResponseTo string    // id of the request, or empty
	At           time.Time // now
	AuthAt       time.Time // when the proofs were made
	Session      string    // SessionIndex, or empty
	SessionEnds  time.Time // or zero
	Class        string    // AuthnContextClassRef
	Attributes   []Attribute
}

// NewID makes an id that nobody guesses (Core section 1.3.4), as XML wants it: it begins with no digit.
func NewID() string { return "_" + db.NewToken() }

// Stamp writes a time as SAML wants it (Core section 1.3.3).
func Stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// Element is the assertion, not yet signed.
func (a Assertion) Element() (*etree.Element, error) {
	if err := a.Subject.check(); err != nil {
		return nil, err
	}
	id := a.ID
	if id == "" {
		id = NewID()
	}
	root := etree.NewElement("saml:Assertion")
	root.CreateAttr("xmlns:saml", AssertionSpace)
	set(root, "ID", id, "Version", "2.0", "IssueInstant", Stamp(a.At))
	root.CreateElement("saml:Issuer").SetText(a.Issuer)

	subject := root.CreateElement("saml:Subject")
	a.Subject.addTo(subject)
	confirmation := subject.CreateElement("saml:SubjectConfirmation")
	set(confirmation, "Method", bearer)
	// No NotBefore here (Profiles section 4.1.4.2).
	set(confirmation.CreateElement("saml:SubjectConfirmationData"), "NotOnOrAfter", Stamp(a.At.Add(Late)), "Recipient", a.Recipient, "InResponseTo", a.InResponseTo)

	conditions := root.CreateElement("saml:Conditions")
	set(conditions, "NotBefore", Stamp(a.At.Add(-Early)), "NotOnOrAfter", Stamp(a.At.Add(Late)))
	conditions.CreateElement("saml:AudienceRestriction").CreateElement("saml:Audience").SetText(a.Audience)

	statement := root.CreateElement("saml:AuthnStatement")
	set(statement, "AuthnInstant", Stamp(a.AuthAt), "SessionIndex", a.Session)
	if !a.SessionEnds.IsZero() {
		set(statement, "SessionNotOnOrAfter", Stamp(a.SessionEnds))
	}
	statement.CreateElement("saml:AuthnContext").CreateElement("saml:AuthnContextClassRef").SetText(a.Class)
	a.addAttributes(root)
	return root, nil
}

func (a Assertion) addAttributes(root *etree.Element) {
	var statement *etree.Element
	for _, one := range a.Attributes {
		if len(one.Values) == 0 {
			continue
		}
		if statement == nil {
			statement = root.CreateElement("saml:AttributeStatement") // which may not be empty
		}
		attribute := statement.CreateElement("saml:Attribute")
		set(attribute, "Name", one.Name, "NameFormat", one.Format, "FriendlyName", one.Friendly)
		for _, value := range one.Values {
			attribute.CreateElement("saml:AttributeValue").SetText(value)
		}
	}
}

// Signed is the assertion with its signature.
func (a Assertion) Signed(by Signer) (*etree.Element, error) {
	root, err := a.Element()
	if err != nil {
		return nil, err
	}
	return root, signedxml.Sign(root, "ID", signedxml.AfterIssuer, by.Key, by.Certificate)
}

// check refuses names that a receiver could read in two ways (threat T69): the name is who somebody is.
func (n NameID) check() error {
	if n.Value == "" || len(n.Value) > 256 || strings.ContainsAny(n.Value, `<>&"`) || strings.ContainsFunc(n.Value, unicode.IsControl) {
		return errors.New("the name of somebody cannot be told to an app: it is empty, too long, or has characters in it that it must not have")
	}
	return nil
}

func (n NameID) addTo(parent *etree.Element) {
	name := parent.CreateElement("saml:NameID")
	set(name, "Format", n.Format, "NameQualifier", n.Qualifier, "SPNameQualifier", n.ReceivedBy)
	name.SetText(n.Value)
}

// set sets attributes, in pairs of name and value; those with an empty value are left out.
func set(el *etree.Element, pairs ...string) {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			el.CreateAttr(pairs[i], pairs[i+1])
		}
	}
}
