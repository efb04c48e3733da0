package saml_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"woggle/internal/app"
	"woggle/internal/app/saml"
	"woggle/internal/keys/signing"
	"woggle/internal/samltoken"
	"woggle/internal/server"
	"woggle/internal/signedxml"
	"woggle/test/judge"
)

// S22: the metadata fits the schema, is signed, ends some day, and shows both keys while they change: whatever signs now
// was shown before.
func TestS22Metadata(t *testing.T) {
	s := newSite(t)
	p := newSP(s, "rota").registered(map[string]any{"own_issuer": true})
	newSP(s, "plain").registered(nil)
	v := s.signedIn(s.user)
	read := func(path, entity string, keys int) string {
		t.Helper()
		page := open(t, v, path)
		judge.Schema(t, page.Body, judge.MetadataSchema)
		if page.Header.Get("Content-Type") != "application/samlmetadata+xml" || !strings.Contains(page.Body, `entityID="`+entity+`"`) ||
			strings.Count(page.Body, "<md:KeyDescriptor ") != keys || !strings.Contains(page.Body, `validUntil="2028-`) {
			t.Errorf("%s: %s", path, page.Body)
		}
		return page.Body
	}
	before := s.certificate()
	text := read("/saml/metadata", s.web.URL+"/saml/metadata", 1)
	if err := judge.Signature(t, text, before, "/*/*[local-name()='Signature']", "ID", samltoken.MetadataSpace+":EntityDescriptor"); err != nil {
		t.Error(err)
	}
	read("/saml/metadata/rota", s.web.URL+"/saml/metadata/rota", 1)
	for _, path := range []string{"/saml/metadata/plain", "/saml/metadata/nobody", "/saml/metadata/../x"} {
		if page := open(t, v, path); page.Status != 404 {
			t.Errorf("%s: status %d", path, page.Status)
		}
	}
	store := signing.New(s.db, s.keys, "x")
	if err := store.Rotate(t.Context(), "system", signing.Federation, signing.RS256, s.clock.Now().Add(signing.Ahead)); err != nil {
		t.Fatal(err)
	}
	// Six days on it has changed, and no answer was ever signed with a key that the metadata had not shown three days before.
	shown := map[string]time.Time{}
	for range 24 * 7 {
		s.clock.Advance(time.Hour)
		for _, cert := range strings.Split(open(t, v, "/saml/metadata").Body, "<md:KeyDescriptor ")[1:] {
			if _, known := shown[cert[:400]]; !known {
				shown[cert[:400]] = s.clock.Now()
			}
		}
	}
	read("/saml/metadata", s.web.URL+"/saml/metadata", 1)
	if after := s.certificate(); after == before || len(shown) != 2 {
		t.Errorf("the key has not changed; %d were shown", len(shown))
	}
	a := s.answered(p.byRedirect(s.signedIn(s.user), p.asks("", ""), ""))
	if err := judge.Signature(t, a.text, s.certificate(), "/*/*[local-name()='Assertion']/*[local-name()='Signature']", "ID", samltoken.AssertionSpace+":Assertion"); err != nil {
		t.Errorf("after the change: %v", err)
	}
	if a.at("./Assertion/Issuer") != s.web.URL+"/saml/metadata/rota" || a.at("./Issuer") != s.web.URL+"/saml/metadata/rota" {
		t.Errorf("the issuer of its own: %s", a.text)
	}
}

const pastedHead = "\ufeff<?xml version=\"1.0\"?>\n<!-- made by hand -->\n" + `<EntityDescriptor xmlns="` + samltoken.MetadataSpace + `" entityID="https://rota.example/">`

func pasted(certs string) string {
	return pastedHead + `<SPSSODescriptor AuthnRequestsSigned="true" protocolSupportEnumeration="` + samltoken.Protocol + `">` + certs + `
  <SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:SOAP" Location="https://rota.example/soap"/>
  <SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://rota.example/slo" ResponseLocation="https://rota.example/slo/done"/>
  <NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:kerberos</NameIDFormat><NameIDFormat> ` + samltoken.Email + ` </NameIDFormat><NameIDFormat>` + samltoken.Transient + `</NameIDFormat>
  <AssertionConsumerService index="0" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact" Location="https://rota.example/artifact"/>
  <AssertionConsumerService index="1" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://rota.example/one"/>
  <AssertionConsumerService index="2" isDefault="true" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://rota.example/two"/>
</SPSSODescriptor></EntityDescriptor>`
}

// What stands in an app's metadata becomes its settings, and what cannot be used is left out.
func TestMetadataBecomesSettings(t *testing.T) {
	p := newSP(newSite(t), "rota")
	_, body, _ := strings.Cut(p.pem(), "-----\n")
	body, _, _ = strings.Cut(body, "-----END")
	text := pasted(`<KeyDescriptor><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>` + "\n" + body + `</X509Certificate></X509Data></KeyInfo></KeyDescriptor>`)
	got, err := saml.FromMetadata([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	one, two := 1, 2
	want := saml.Settings{EntityID: "https://rota.example/", WantSignedRequests: true, NameID: "email",
		ACS:          []saml.Endpoint{{URL: "https://rota.example/two", Index: &two}, {URL: "https://rota.example/one", Index: &one}},
		SLO:          []saml.Endpoint{{URL: "https://rota.example/slo", Response: "https://rota.example/slo/done", Binding: "post"}},
		Certificates: []string{p.pem()}, EncryptCertificate: p.pem()}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v\nwant %+v", got, want)
	}
	for name, change := range map[string][2]string{
		"of an identity provider": {"SPSSODescriptor", "IDPSSODescriptor"}, "of SAML 1.1": {samltoken.Protocol, "urn:oasis:names:tc:SAML:1.1:protocol"},
		"of many": {"EntityDescriptor", "EntitiesDescriptor"}, "no name": {`entityID="https://rota.example/"`, ""}, "no posted answers": {"HTTP-POST", "HTTP-Artifact"},
		"a bad index": {`index="1"`, `index="one"`}, "a bad certificate": {"<X509Certificate>", "<X509Certificate>*"}, "a document type": {"<!-- made by hand -->", "<!DOCTYPE a>"},
		"cut": {"</SPSSODescriptor>", ""},
	} {
		if s, err := saml.FromMetadata([]byte(strings.ReplaceAll(text, change[0], change[1]))); err == nil {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

// Settings that could not work, or would be unsafe, are refused with words for whoever wrote them. The guard of S22: an
// app's metadata is not exchanged for another's.
func TestSettingsThatAreRefused(t *testing.T) {
	p := newSP(newSite(t), "rota")
	for words, settings := range map[string]map[string]any{
		"entity_id is missing":   {"entity_id": ""},
		"acs is missing":         {"acs": []string{}},
		"there is no setting":    {"entityid": "x"},
		"begin with https://":    {"acs": "javascript:alert(1)"},
		"has to begin":           {"acs": "http://rota.example/acs"},
		"can be sent to":         {"acs": "https://a@rota.example/acs"},
		"no other binding":       {"acs": map[string]any{"url": "https://rota.example/acs", "binding": "redirect"}},
		"stands twice":           {"acs": []any{map[string]any{"url": "https://rota.example/acs", "index": 1}, map[string]any{"url": "https://rota.example/b", "index": 1}}},
		"write redirect or post": {"slo": map[string]any{"url": "https://rota.example/slo", "binding": "soap"}},
		"slo: ":                  {"slo": "ftp://rota.example/slo"},
		"no certificate":         {"certificates": "MIIrubbish"},
		"needs the app's":        {"want_signed_requests": true},
		"encrypt_certificate":    {"encrypt": true},
		"name_id: ":              {"name_id": "shoe_size"},
		"name_id_format: ":       {"name_id_format": "kerberos"},
		"that tell names":        {"attributes": map[string]any{"name": "size", "value": "shoe_size"}},
		"write basic or uri":     {"attributes": map[string]any{"name": "mail", "value": "email", "format": "x500"}},
		"or stands twice":        {"attributes": []any{map[string]any{"name": "mail", "value": "email"}, map[string]any{"name": "mail", "value": "name"}}},
		"the metadata is of":     {"metadata": strings.Replace(pasted(""), "https://rota.example/\"", "https://evil.example/\"", 1)},
		"the metadata: ":         {"metadata": "<a/>"},
	} {
		all := map[string]any{"entity_id": p.entity, "acs": p.acs}
		for name, value := range settings {
			all[name] = value
		}
		raw, err := json.Marshal(all)
		if err != nil {
			t.Fatal(err)
		}
		err = server.AppReaders()["saml"](&app.App{ID: "rota", Settings: raw})
		if err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%v: %v", settings, err)
		}
	}
	raw, err := json.Marshal(map[string]any{"metadata": pasted(""), "want_signed_requests": false, "certificates": p.pem(), "name_id": "username"})
	if err != nil {
		t.Fatal(err)
	}
	a := &app.App{ID: "rota", Protocol: "saml", Settings: raw}
	if err := server.AppReaders()["saml"](a); err != nil || a.Audience != "https://rota.example/" {
		t.Errorf("%v, %q", err, a.Audience)
	}
	facts := server.AppFacts("https://id.example", a)
	if len(facts) == 0 || facts[0].Value != "https://id.example/saml/metadata" {
		t.Errorf("facts: %v", facts)
	}
}

// FuzzFromMetadata: whatever is pasted, nothing panics, and what is taken can be stored.
func FuzzFromMetadata(f *testing.F) {
	f.Add([]byte(pasted("")))
	f.Add([]byte(pasted(`<KeyDescriptor use="signing"/>`)))
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := saml.FromMetadata(raw)
		if err == nil && (s.EntityID == "" || len(s.ACS) == 0) {
			t.Errorf("%+v", s)
		}
	})
}

// An encrypted assertion is for the app alone.
func TestAnEncryptedAnswer(t *testing.T) {
	p := newSP(newSite(t), "rota")
	p.registered(map[string]any{"encrypt": true, "encrypt_certificate": p.pem()})
	a := p.answered(p.byRedirect(p.signedIn(p.user), p.asks("", ""), ""))
	if a.status() != "Success" || strings.Contains(a.text, "northwold.example") || a.root.FindElement("./EncryptedAssertion") == nil || signedxml.Signed(a.root) {
		t.Errorf("%s", a.text)
	}
	judge.Schema(t, a.text, judge.ProtocolSchema)
}
