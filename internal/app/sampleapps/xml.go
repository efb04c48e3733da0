// Reading and writing the XML of SAML and WS-Federation. Signatures are believed by signedxml; all else is the apps' own.
package sampleapps

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/beevik/etree"

	"woggle/internal/signedxml"
)

const (
	assertionSpace = "urn:oasis:names:tc:SAML:2.0:assertion"
	protocolSpace  = "urn:oasis:names:tc:SAML:2.0:protocol"
	metadataSpace  = "urn:oasis:names:tc:SAML:2.0:metadata"
	assertion11    = "urn:oasis:names:tc:SAML:1.0:assertion"
)

// issuer is a sign-in as its metadata describes it.
type issuer struct {
	entity string
	certs  []*x509.Certificate
	places map[string]string // by tag: where its Redirect binding is
}

// readIssuer reads metadata. It came from the sign-in's own address, which the app was told, so that its signature would say
// nothing more.
func readIssuer(raw []byte) (i issuer, err error) {
	doc, err := signedxml.Parse(raw)
	if err != nil {
		return i, err
	}
	i.entity, i.places = doc.Root().SelectAttrValue("entityID", ""), map[string]string{}
	for _, el := range doc.FindElements("//X509Certificate") {
		if within(el, "Signature") {
			continue // that of the metadata itself
		}
		der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(el.Text()), ""))
		if err != nil {
			return i, err
		}
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return i, err
		}
		i.certs = append(i.certs, cert)
	}
	for _, tag := range []string{"SingleSignOnService", "SingleLogoutService"} {
		for _, el := range doc.FindElements("//" + tag) {
			if el.SelectAttrValue("Binding", "") == "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" {
				i.places[tag] = el.SelectAttrValue("Location", "")
			}
		}
	}
	if i.entity == "" || len(i.certs) == 0 {
		return i, errors.New("the metadata names nobody, or no keys")
	}
	return i, nil
}

func within(el *etree.Element, tag string) bool {
	for up := el.Parent(); up != nil; up = up.Parent() {
		if up.Tag == tag {
			return true
		}
	}
	return false
}

// child is the one child element of the name, or an empty element: what is missing reads as empty, and is then refused.
func child(el *etree.Element, space, tag string) *etree.Element {
	var found []*etree.Element
	for _, one := range el.ChildElements() {
		if one.Tag == tag && one.NamespaceURI() == space {
			found = append(found, one)
		}
	}
	if len(found) != 1 {
		return etree.NewElement("nothing")
	}
	return found[0]
}

func textOf(el *etree.Element) string { return strings.TrimSpace(el.Text()) }

// drift is how far the clocks of app and sign-in may differ.
const drift = 2 * time.Minute

// current tells whether the moment lies within the two attributes of the element, both of which have to be there.
func current(el *etree.Element, now time.Time) error {
	from, err1 := time.Parse(time.RFC3339, el.SelectAttrValue("NotBefore", ""))
	until, err2 := time.Parse(time.RFC3339, el.SelectAttrValue("NotOnOrAfter", ""))
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	if now.Before(from.Add(-drift)) || !now.Before(until.Add(drift)) {
		return errors.New("the assertion is not of now")
	}
	return nil
}

// assertion20 reads a verified assertion of SAML 2.0 (Profiles section 4.1.4.3).
func assertion20(el *etree.Element, by issuer, audience, recipient, answers string) (t told, name *etree.Element, err error) {
	conditions, statement := child(el, assertionSpace, "Conditions"), child(el, assertionSpace, "AuthnStatement")
	subject := child(el, assertionSpace, "Subject")
	name = child(subject, assertionSpace, "NameID")
	confirmation := child(subject, assertionSpace, "SubjectConfirmation")
	data := child(confirmation, assertionSpace, "SubjectConfirmationData")
	until, err := time.Parse(time.RFC3339, data.SelectAttrValue("NotOnOrAfter", ""))
	if err != nil {
		return t, nil, err
	}
	switch {
	case el.Tag != "Assertion" || el.NamespaceURI() != assertionSpace || textOf(child(el, assertionSpace, "Issuer")) != by.entity:
		return t, nil, errors.New("the assertion is of somebody else")
	case textOf(child(child(conditions, assertionSpace, "AudienceRestriction"), assertionSpace, "Audience")) != audience:
		return t, nil, errors.New("the assertion is for another app")
	case confirmation.SelectAttrValue("Method", "") != "urn:oasis:names:tc:SAML:2.0:cm:bearer", data.SelectAttrValue("Recipient", "") != recipient,
		data.SelectAttrValue("InResponseTo", "") != answers, !time.Now().Before(until.Add(drift)), textOf(name) == "":
		return t, nil, errors.New("the assertion does not answer this request")
	}
	if err := current(conditions, time.Now()); err != nil {
		return t, nil, err
	}
	if t.At, err = time.Parse(time.RFC3339, statement.SelectAttrValue("AuthnInstant", "")); err != nil {
		return t, nil, err
	}
	t.Subject, t.Session = textOf(name), statement.SelectAttrValue("SessionIndex", "")
	t.Said = textOf(child(child(statement, assertionSpace, "AuthnContext"), assertionSpace, "AuthnContextClassRef"))
	t.How, t.Level = inWords([]string{t.Said})
	for _, one := range el.FindElements("AttributeStatement/Attribute") {
		t.take(one.SelectAttrValue("FriendlyName", one.SelectAttrValue("Name", "")), values(one))
	}
	return t, name, nil
}

// assertionOf11 reads a verified assertion of SAML 1.1 (Core section 2.3).
func assertionOf11(el *etree.Element, by issuer, audience string) (t told, err error) {
	conditions, statement := child(el, assertion11, "Conditions"), child(el, assertion11, "AuthenticationStatement")
	name := child(child(statement, assertion11, "Subject"), assertion11, "NameIdentifier")
	switch {
	case el.Tag != "Assertion" || el.NamespaceURI() != assertion11 || el.SelectAttrValue("Issuer", "") != by.entity:
		return t, errors.New("the assertion is of somebody else")
	case textOf(child(child(conditions, assertion11, "AudienceRestrictionCondition"), assertion11, "Audience")) != audience:
		return t, errors.New("the assertion is for another app")
	case textOf(name) == "":
		return t, errors.New("the assertion is about nobody")
	}
	if err := current(conditions, time.Now()); err != nil {
		return t, err
	}
	if t.At, err = time.Parse(time.RFC3339, statement.SelectAttrValue("AuthenticationInstant", "")); err != nil {
		return t, err
	}
	t.Subject, t.Said = textOf(name), statement.SelectAttrValue("AuthenticationMethod", "")
	said := []string{t.Said}
	for _, one := range el.FindElements("AttributeStatement/Attribute") {
		attribute := one.SelectAttrValue("AttributeName", "")
		if attribute == "authnmethodsreferences" {
			said = append(said, values(one)...)
		}
		t.take(attribute, values(one))
	}
	t.How, t.Level = inWords(said)
	return t, nil
}

func values(attribute *etree.Element) (all []string) {
	for _, value := range attribute.SelectElements("AttributeValue") {
		all = append(all, textOf(value))
	}
	return all
}

// take notes an attribute, by the several names that one thing has.
func (t *told) take(name string, values []string) {
	if len(values) == 0 {
		return
	}
	switch name {
	case "displayName", "name":
		t.Name = values[0]
	case "mail", "emailaddress":
		t.Email = values[0]
	case "uid", "username":
		t.Username = values[0]
	case "groups", "role":
		t.Groups = slices.Clone(values)
	}
}

// message begins a message of SAML 2.0 (Core section 3.2).
func message(tag, id, issuer, destination string) *etree.Element {
	root := etree.NewElement("samlp:" + tag)
	for _, pair := range [][2]string{{"xmlns:samlp", protocolSpace}, {"xmlns:saml", assertionSpace}, {"ID", id}, {"Version", "2.0"},
		{"IssueInstant", time.Now().UTC().Format("2006-01-02T15:04:05Z")}, {"Destination", destination}} {
		root.CreateAttr(pair[0], pair[1])
	}
	root.CreateElement("saml:Issuer").SetText(issuer)
	return root
}

func newID() string { return "_" + rand.Text() }

// statusOf is the most telling status of a response, without what all of them begin with; "Success" if all is well.
func statusOf(root *etree.Element) string {
	code := child(child(root, protocolSpace, "Status"), protocolSpace, "StatusCode")
	for inner := child(code, protocolSpace, "StatusCode"); inner.Tag == "StatusCode"; inner = child(code, protocolSpace, "StatusCode") {
		code = inner
	}
	value := code.SelectAttrValue("Value", "")
	short, found := strings.CutPrefix(value, "urn:oasis:names:tc:SAML:2.0:status:")
	if !found {
		return fmt.Sprintf("%q", value)
	}
	return short
}
