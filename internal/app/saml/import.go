// Reading an app's metadata, from a file or pasted.
package saml

import (
	"bytes"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/beevik/etree"

	"woggle/internal/samltoken"
	"woggle/internal/signedxml"
)

// FromMetadata turns an app's metadata (one EntityDescriptor with an SPSSODescriptor) into the settings that it tells. What
// cannot be used is left out, such as answers by SOAP. Its validity and signature are not looked at: whoever registers
// the app vouches for what they paste.
func FromMetadata(raw []byte) (s Settings, err error) {
	raw = bytes.TrimSpace(bytes.TrimPrefix(raw, []byte("\ufeff"))) // Windows puts a mark in front
	doc, err := signedxml.Parse(withoutComments(raw))
	if err != nil {
		return s, err
	}
	root := doc.Root()
	if !isMetadata(root, "EntityDescriptor") {
		return s, errors.New("it has to be about one app: its first element is EntityDescriptor")
	}
	s.EntityID = root.SelectAttrValue("entityID", "")
	var role *etree.Element
	for _, child := range root.ChildElements() {
		if isMetadata(child, "SPSSODescriptor") && strings.Contains(child.SelectAttrValue("protocolSupportEnumeration", ""), samltoken.Protocol) {
			role = child
		}
	}
	if s.EntityID == "" || role == nil {
		return s, errors.New("it is not about an app that people sign in to with SAML 2.0: it has no SPSSODescriptor")
	}
	s.WantSignedRequests = isTrue(role, "AuthnRequestsSigned")
	for _, child := range role.ChildElements() {
		if child.NamespaceURI() == samltoken.MetadataSpace {
			if err := s.take(child); err != nil {
				return s, err
			}
		}
	}
	usualFirst(s.ACS, role)
	if len(s.ACS) == 0 {
		return s, errors.New("the app takes no posted answers (AssertionConsumerService with HTTP-POST)")
	}
	return s, nil
}

func (s *Settings) take(el *etree.Element) error {
	location, binding := el.SelectAttrValue("Location", ""), el.SelectAttrValue("Binding", "")
	switch el.Tag {
	case "KeyDescriptor":
		return s.takeKey(el)
	case "NameIDFormat":
		for short, full := range formats {
			if s.NameID == "" && short != "unspecified" && strings.TrimSpace(el.Text()) == full {
				s.NameID = short
			}
		}
	case "SingleLogoutService":
		e := Endpoint{URL: location, Response: el.SelectAttrValue("ResponseLocation", "")}
		switch binding {
		case bindingRedirect:
			e.Binding = redirect
		case bindingPost:
			e.Binding = post
		default:
			return nil
		}
		s.SLO = append(s.SLO, e)
	case "AssertionConsumerService":
		if binding != bindingPost {
			return nil
		}
		index, err := strconv.ParseUint(el.SelectAttrValue("index", "0"), 10, 16)
		if err != nil {
			return fmt.Errorf("the index of %s is no number", location)
		}
		number := int(index)
		s.ACS = append(s.ACS, Endpoint{URL: location, Index: &number})
	}
	return nil
}

// takeKey takes a certificate for what it is there for; without use it is there for both.
func (s *Settings) takeKey(el *etree.Element) error {
	value := el.FindElement("KeyInfo/X509Data/X509Certificate")
	if value == nil {
		return nil // a bare key is of no use to us; the certificate is only a box around one
	}
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(value.Text()), ""))
	if err != nil {
		return errors.New("a certificate in it cannot be read")
	}
	text := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	use := el.SelectAttrValue("use", "")
	if use != "encryption" && !slices.Contains(s.Certificates, text) {
		s.Certificates = append(s.Certificates, text)
	}
	if use != "signing" && s.EncryptCertificate == "" {
		s.EncryptCertificate = text
	}
	return nil
}

// usualFirst puts the address in front that the app means when it names none (Metadata section 2.2.3): the one that says so,
// or else the first that does not say that it is not.
func usualFirst(all []Endpoint, role *etree.Element) {
	best, says := -1, map[string]string{}
	for _, el := range role.ChildElements() {
		if isMetadata(el, "AssertionConsumerService") {
			says[el.SelectAttrValue("Location", "")] = el.SelectAttrValue("isDefault", "")
		}
	}
	for i, e := range all {
		if is := says[e.URL]; is == "true" || is == "1" {
			best = i
			break
		} else if is == "" && best < 0 {
			best = i
		}
	}
	if best > 0 {
		usual := all[best]
		copy(all[1:best+1], all[:best])
		all[0] = usual
	}
}

func isMetadata(el *etree.Element, tag string) bool {
	return el.Tag == tag && el.NamespaceURI() == samltoken.MetadataSpace
}

func isTrue(el *etree.Element, name string) bool {
	value := el.SelectAttrValue(name, "")
	return value == "true" || value == "1"
}

var comment = regexp.MustCompile(`(?s)<!--.*?-->`)

// withoutComments takes the remarks out that people write into such files. In messages, which are signed, none are taken.
func withoutComments(raw []byte) []byte { return comment.ReplaceAll(raw, nil) }
