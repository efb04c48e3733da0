// What is registered of an app, and what is made of it.
package saml

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"woggle/internal/app"
	"woggle/internal/samltoken"
	"woggle/internal/signedxml"
)

// Settings are an app's own in [app.saml]. With metadata, the other settings say what the metadata does not.
type Settings struct {
	Metadata           string          `json:"metadata,omitempty"`             // the app's metadata, XML; see Inline for a file
	EntityID           string          `json:"entity_id,omitempty"`            // the name by which the app goes
	ACS                many[Endpoint]  `json:"acs,omitempty"`                  // where answers go; the first is meant if none is named
	SLO                many[Endpoint]  `json:"slo,omitempty"`                  // where it is told of sign-out; empty: it is not
	Certificates       many[string]    `json:"certificates,omitempty"`         // PEM, of the keys that sign its requests
	WantSignedRequests bool            `json:"want_signed_requests,omitempty"` // others are refused
	SignResponse       bool            `json:"sign_response,omitempty"`        // besides the assertion, which always is
	Encrypt            bool            `json:"encrypt,omitempty"`              // assertions are, besides the TLS that carries them
	EncryptCertificate string          `json:"encrypt_certificate,omitempty"`  // PEM, of the app's key for that
	NameID             string          `json:"name_id,omitempty"`              // persistent, transient, email or username
	NameIDFormat       string          `json:"name_id_format,omitempty"`       // how the name is called, where it is not as usual
	Attributes         many[Attribute] `json:"attributes,omitempty"`           // empty: name and address, and what the app is told besides
	IDPInitiated       bool            `json:"idp_initiated,omitempty"`        // people may begin at /saml/start/{app}
	OwnIssuer          bool            `json:"own_issuer,omitempty"`           // we go by a name of its own for the app
}

// many is a list in which one may stand alone.
type many[T any] []T

// UnmarshalJSON reads a list, or one that makes a list.
func (m *many[T]) UnmarshalJSON(raw []byte) error {
	if bytes.HasPrefix(raw, []byte("[")) {
		return app.ReadSettings(raw, (*[]T)(m))
	}
	*m = make(many[T], 1)
	return app.ReadSettings(raw, &(*m)[0])
}

// Endpoint is an address of the app. It may be written as the address alone.
type Endpoint struct {
	URL      string `json:"url"`
	Binding  string `json:"binding,omitempty"`      // of a SLO address: redirect (usual) or post
	Response string `json:"response_url,omitempty"` // of a SLO address: where answers go, if elsewhere
	Index    *int   `json:"index,omitempty"`        // of an ACS address
}

// UnmarshalJSON reads an endpoint.
func (e *Endpoint) UnmarshalJSON(raw []byte) error {
	if bytes.HasPrefix(raw, []byte(`"`)) {
		return json.Unmarshal(raw, &e.URL)
	}
	type plain Endpoint
	return app.ReadSettings(raw, (*plain)(e))
}

// Attribute is one thing that the app is told, and how it calls it.
type Attribute struct {
	Name     string `json:"name"`
	Friendly string `json:"friendly,omitempty"`
	Format   string `json:"format,omitempty"` // basic (usual) or uri; uri for names that are addresses or begin with urn:
	Value    string `json:"value"`            // username, email, name, given_name, family_name, groups, or the id of a detail
}

// Bindings of SLO addresses.
const (
	redirect = "redirect"
	post     = "post"
)

// party is an app as the protocol works with it.
type party struct {
	Settings
	certs   []*x509.Certificate // of its signatures
	encrypt *x509.Certificate   // or nil
	format  string              // URI of the usual name's
}

// Name is what apps of the protocol carry.
const Name = "saml"

// Name is the protocol's.
func (p *Provider) Name() string { return Name }

// Read parses the settings.
func (p *Provider) Read(a *app.App) error {
	var s Settings
	if err := app.ReadSettings(a.Settings, &s); err != nil {
		return fmt.Errorf("the SAML settings: %w", err)
	}
	if s.Metadata != "" {
		told, err := FromMetadata([]byte(s.Metadata))
		if err != nil {
			return fmt.Errorf("the metadata: %w", err)
		}
		if s, err = s.over(told); err != nil {
			return err
		}
	}
	made, err := s.read(a.Tell)
	if err != nil {
		return err
	}
	a.Audience, a.Parsed = s.EntityID, made
	return nil
}

// over puts the settings over those that the app's metadata gives.
func (s Settings) over(told Settings) (Settings, error) {
	// Metadata of another app in its place, by mistake or malice, would get this app's people.
	if s.EntityID != "" && s.EntityID != told.EntityID {
		return s, fmt.Errorf("the metadata is of %s, and entity_id says %s", told.EntityID, s.EntityID)
	}
	s.EntityID = told.EntityID
	if len(s.ACS) == 0 {
		s.ACS = told.ACS
	}
	if len(s.SLO) == 0 {
		s.SLO = told.SLO
	}
	if len(s.Certificates) == 0 {
		s.Certificates = told.Certificates
	}
	if s.EncryptCertificate == "" {
		s.EncryptCertificate = told.EncryptCertificate
	}
	if s.NameID == "" {
		s.NameID = told.NameID
	}
	s.WantSignedRequests = s.WantSignedRequests || told.WantSignedRequests
	return s, nil
}

func (s Settings) read(tell []string) (*party, error) {
	p := &party{Settings: s}
	switch {
	case s.EntityID == "" || len(s.EntityID) > 1024:
		return nil, errors.New("entity_id is missing: it is the name that the app calls itself, most often an address")
	case len(s.ACS) == 0:
		return nil, errors.New("acs is missing: it is the address at the app that takes the answer")
	}
	var numbers []int
	for _, e := range s.ACS {
		if err := webAddress(e.URL); err != nil {
			return nil, fmt.Errorf("acs: %w", err)
		}
		if e.Binding != "" && e.Binding != post || e.Response != "" {
			return nil, errors.New("acs: answers are posted; there is no other binding")
		}
		if e.Index != nil {
			if slices.Contains(numbers, *e.Index) {
				return nil, fmt.Errorf("acs: the index %d stands twice", *e.Index)
			}
			numbers = append(numbers, *e.Index)
		}
	}
	for i, e := range s.SLO {
		if e.Binding == "" {
			p.SLO[i].Binding = redirect
		} else if e.Binding != redirect && e.Binding != post {
			return nil, fmt.Errorf("slo: there is no binding %q: write redirect or post", e.Binding)
		}
		if e.Response != "" {
			if err := webAddress(e.Response); err != nil {
				return nil, fmt.Errorf("slo: %w", err)
			}
		}
		if err := webAddress(e.URL); err != nil {
			return nil, fmt.Errorf("slo: %w", err)
		}
	}
	if err := p.readCertificates(); err != nil {
		return nil, err
	}
	if err := p.readName(); err != nil {
		return nil, err
	}
	return p, p.readAttributes(tell)
}

func (p *party) readCertificates() (err error) {
	for _, text := range p.Certificates {
		certs, err := certificates(text)
		if err != nil {
			return fmt.Errorf("certificates: %w", err)
		}
		p.certs = append(p.certs, certs...)
	}
	for _, cert := range p.certs {
		if key, is := cert.PublicKey.(*rsa.PublicKey); !is || key.N.BitLen() < signedxml.MinBits {
			return errors.New("certificates: only RSA keys of 2048 bits or more are believed")
		}
	}
	if p.WantSignedRequests && len(p.certs) == 0 {
		return errors.New("want_signed_requests needs the app's certificates")
	}
	if !p.Encrypt {
		return nil
	}
	certs, err := certificates(p.EncryptCertificate)
	if err == nil {
		p.encrypt = certs[0]
		err = samltoken.CanRead(p.encrypt)
	}
	if err != nil {
		return fmt.Errorf("encrypt needs encrypt_certificate: %w", err)
	}
	return nil
}

// certificates reads one or more certificates in PEM.
func certificates(text string) (all []*x509.Certificate, err error) {
	rest := []byte(text)
	for len(bytes.TrimSpace(rest)) > 0 {
		block, after := pem.Decode(rest)
		if block == nil || block.Type != "CERTIFICATE" {
			return nil, errors.New("this is no certificate: it begins with -----BEGIN CERTIFICATE-----")
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		all, rest = append(all, cert), after
	}
	if len(all) == 0 {
		return nil, errors.New("there is no certificate")
	}
	return all, nil
}

// webAddress refuses what a browser must not be sent to (threat T71). Plain http is for this computer only.
func webAddress(address string) error {
	u, err := url.Parse(address)
	if err == nil && u.Host != "" && u.User == nil && u.Fragment == "" && !strings.ContainsAny(address, " \t\r\n\\<>\"") && len(address) <= 1024 {
		ip := net.ParseIP(u.Hostname())
		if u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()) {
			return nil
		}
	}
	return fmt.Errorf("%q is no address that people can be sent to: it has to begin with https://", address)
}

// Facts are what has to be typed into the app, whose settings may not have been read yet; none if they cannot be.
func Facts(base string, a *app.App) []app.Fact {
	p := &Provider{Deps{Base: base}}
	if a.Parsed == nil && p.Read(a) != nil {
		return nil
	}
	entity := p.issuer(a)
	facts := []app.Fact{{Name: "Metadata", Value: entity}, {Name: "Entity ID", Value: entity}, {Name: "Sign-in address (Redirect, POST)", Value: base + "/saml/sso"},
		{Name: "Sign-out address (Redirect, POST)", Value: base + "/saml/slo"}}
	if a.Parsed.(*party).IDPInitiated {
		facts = append(facts, app.Fact{Name: "To begin here", Value: base + "/saml/start/" + a.ID})
	}
	return facts
}
