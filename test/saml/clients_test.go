package saml

import (
	"encoding/base64"
	"encoding/xml"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	crewjam "github.com/crewjam/saml"
	gosaml2 "github.com/russellhaering/gosaml2"
	dsig "github.com/russellhaering/goxmldsig"

	"crypto/x509"

	"woggle/internal/samltoken"
)

// ourCertificate is the one in our metadata.
func (w *Woggle) ourCertificate() *x509.Certificate {
	w.t.Helper()
	der, err := base64.StdEncoding.DecodeString(w.Certificate())
	if err != nil {
		w.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		w.t.Fatal(err)
	}
	return cert
}

// forged is a message with somebody else's address in it.
func forged(t *testing.T, encoded string) string {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(raw), "aisha@", "admin@", 1)
	if changed == string(raw) {
		t.Fatal("nothing to forge")
	}
	return base64.StdEncoding.EncodeToString([]byte(changed))
}

// gosaml2 signs its requests, by redirect and within, and takes our answers.
func TestGosaml2(t *testing.T) {
	w := Start(t)
	keys := newPair(t)
	sp := &gosaml2.SAMLServiceProvider{IdentityProviderSSOURL: w.Base + "/saml/sso", IdentityProviderSSOBinding: gosaml2.BindingHttpRedirect,
		IdentityProviderIssuer: w.Base + "/saml/metadata", AssertionConsumerServiceURL: "https://app.example/acs", ServiceProviderIssuer: "https://app.example/",
		AudienceURI: "https://app.example/", NameIdFormat: samltoken.Persistent, SignAuthnRequests: true,
		SignAuthnRequestsCanonicalizer: dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList(""),
		IDPCertificateStore:            &dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{w.ourCertificate()}}}
	if err := sp.SetSPKeyStore(&gosaml2.KeyStore{Signer: keys.private, Cert: keys.der}); err != nil {
		t.Fatal(err)
	}
	w.Register("app", map[string]any{"entity_id": "https://app.example/", "acs": "https://app.example/acs", "certificates": keys.cert, "want_signed_requests": true})
	b := w.member("aisha")
	ask := func(binding string) url.Values {
		t.Helper()
		if binding == "redirect" {
			document, err := sp.BuildAuthRequestDocumentNoSig()
			if err != nil {
				t.Fatal(err)
			}
			address, err := sp.BuildAuthURLRedirect("state", document)
			if err != nil {
				t.Fatal(err)
			}
			return b.brought(address)
		}
		document, err := sp.BuildAuthRequestDocument()
		if err != nil {
			t.Fatal(err)
		}
		text, err := document.WriteToBytes()
		if err != nil {
			t.Fatal(err)
		}
		page, err := b.Post("/saml/sso", url.Values{"SAMLRequest": {base64.StdEncoding.EncodeToString(text)}, "RelayState": {"state"}})
		if err != nil {
			t.Fatal(err)
		}
		form := sending(page)
		if form == nil {
			t.Fatalf("status %d: %s", page.Status, page.Text)
		}
		return form.Values
	}
	for _, binding := range []string{"redirect", "post"} {
		got := ask(binding)
		info, err := sp.RetrieveAssertionInfo(got.Get("SAMLResponse"))
		if err != nil {
			t.Fatalf("%s: %v", binding, err)
		}
		if info.WarningInfo.InvalidTime || info.WarningInfo.NotInAudience || info.Values.Get("urn:oid:0.9.2342.19200300.100.1.3") != "aisha@northwold.example" ||
			got.Get("RelayState") != "state" || info.SessionIndex == "" || time.Since(*info.AuthnInstant) > time.Minute {
			t.Errorf("%s: %+v", binding, info)
		}
		if _, err := sp.RetrieveAssertionInfo(forged(t, got.Get("SAMLResponse"))); err == nil {
			t.Errorf("%s: a forgery is taken", binding)
		}
	}
}

// crewjam/saml reads our metadata, and we read what it publishes; it takes our answers, encrypted too, and no forgery.
func TestCrewjam(t *testing.T) {
	for _, encrypted := range []bool{false, true} {
		w := Start(t)
		keys := newPair(t)
		cert, err := x509.ParseCertificate(keys.der)
		if err != nil {
			t.Fatal(err)
		}
		var metadata crewjam.EntityDescriptor
		if err := xml.Unmarshal([]byte(w.Metadata()), &metadata); err != nil {
			t.Fatal(err)
		}
		address := func(path string) url.URL { return url.URL{Scheme: "https", Host: "app.example", Path: path} }
		sp := &crewjam.ServiceProvider{EntityID: "https://app.example/", Key: keys.private, Certificate: cert, MetadataURL: address("/metadata"),
			AcsURL: address("/acs"), SloURL: address("/slo"), IDPMetadata: &metadata}
		if encrypted {
			sp.EncryptionKey, sp.EncryptionCertificate = keys.private, cert
		}
		told, err := xml.Marshal(sp.Metadata())
		if err != nil {
			t.Fatal(err)
		}
		w.Register("app", map[string]any{"metadata": string(told), "encrypt": encrypted})
		b := w.member("aisha")
		request, err := sp.MakeAuthenticationRequest(sp.GetSSOBindingLocation(crewjam.HTTPRedirectBinding), crewjam.HTTPRedirectBinding, crewjam.HTTPPostBinding)
		if err != nil {
			t.Fatal(err)
		}
		where, err := request.Redirect("state", sp)
		if err != nil {
			t.Fatal(err)
		}
		got := b.brought(where.String())
		read := func(encoded string, ids ...string) (*crewjam.Assertion, error) {
			form := url.Values{"SAMLResponse": {encoded}, "RelayState": {got.Get("RelayState")}}
			r, err := http.NewRequest(http.MethodPost, "https://app.example/acs", strings.NewReader(form.Encode()))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			if err := r.ParseForm(); err != nil {
				t.Fatal(err)
			}
			return sp.ParseResponse(r, ids)
		}
		assertion, err := read(got.Get("SAMLResponse"), request.ID)
		if err != nil {
			t.Fatalf("encrypted %t: %v", encrypted, hidden(err))
		}
		if assertion.AuthnStatements[0].AuthnContext.AuthnContextClassRef.Value != samltoken.RefedsMFA || assertion.Subject.NameID.Value == "" {
			t.Errorf("%+v", assertion)
		}
		if _, err := read(got.Get("SAMLResponse"), "another"); err == nil {
			t.Error("an answer to another request is taken")
		}
		if !encrypted {
			if _, err := read(forged(t, got.Get("SAMLResponse")), request.ID); err == nil {
				t.Error("a forgery is taken")
			}
		}
	}
}

// hidden is what crewjam keeps from visitors.
func hidden(err error) error {
	if secret, is := err.(*crewjam.InvalidResponseError); is {
		return secret.PrivateErr
	}
	return err
}
