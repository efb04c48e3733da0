package samltoken_test

import (
	"reflect"
	"strings"
	"testing"

	"woggle/internal/samltoken"
	"woggle/internal/signedxml"
)

// request is an AuthnRequest with more attributes and more in it.
func request(attributes, inner string) string {
	return `<samlp:AuthnRequest xmlns:samlp="` + samltoken.Protocol + `" ID="_1" Version="2.0" IssueInstant="2027-02-01T09:30:00Z" ` + attributes +
		`><Issuer xmlns="` + samltoken.AssertionSpace + `"> https://sp.example/ </Issuer>` + inner + `</samlp:AuthnRequest>`
}

func read(t *testing.T, text string) (samltoken.AuthnRequest, error) {
	t.Helper()
	doc, err := signedxml.Parse([]byte(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return samltoken.ReadAuthnRequest(doc.Root())
}

func TestReadingRequests(t *testing.T) {
	plain := samltoken.AuthnRequest{Message: samltoken.Message{ID: "_1", Issuer: "https://sp.example/", At: now}}
	two := 2
	classes := `<saml:AuthnContextClassRef xmlns:saml="` + samltoken.AssertionSpace + `">a</saml:AuthnContextClassRef><saml:AuthnContextClassRef xmlns:saml="` + samltoken.AssertionSpace + `">b</saml:AuthnContextClassRef>`
	for name, c := range map[string]struct {
		attributes, inner string
		want              func(q *samltoken.AuthnRequest)
	}{
		"Entra's minimal one": {"", `<samlp:NameIDPolicy Format="` + samltoken.Persistent + `"/>`, func(q *samltoken.AuthnRequest) { q.Format = samltoken.Persistent }},
		"all attributes": {`Destination="https://id.example/saml/sso" ForceAuthn="1" IsPassive="true" AssertionConsumerServiceURL="https://sp.example/acs" ProtocolBinding="p"`, "",
			func(q *samltoken.AuthnRequest) {
				q.Destination, q.Force, q.Passive, q.ACS, q.Binding = "https://id.example/saml/sso", true, true, "https://sp.example/acs", "p"
			}},
		"by number": {`AssertionConsumerServiceIndex="2"`, "", func(q *samltoken.AuthnRequest) { q.ACSIndex = &two }},
		"classes": {"", `<samlp:RequestedAuthnContext>` + classes + `</samlp:RequestedAuthnContext>`,
			func(q *samltoken.AuthnRequest) { q.Classes, q.Comparison = []string{"a", "b"}, samltoken.Exact }},
		"better": {"", `<samlp:RequestedAuthnContext Comparison="better">` + classes + `</samlp:RequestedAuthnContext>`,
			func(q *samltoken.AuthnRequest) { q.Classes, q.Comparison = []string{"a", "b"}, samltoken.Better }},
		"a subject": {"", `<saml:Subject xmlns:saml="` + samltoken.AssertionSpace + `"><saml:NameID>aisha</saml:NameID></saml:Subject>`,
			func(q *samltoken.AuthnRequest) {
				q.Subject = &samltoken.NameID{Format: samltoken.Unspecified, Value: "aisha"}
			}},
		"elements of others": {"", `<Issuer xmlns="urn:other">x</Issuer><samlp:Extensions><a xmlns="urn:a"/></samlp:Extensions>`, func(*samltoken.AuthnRequest) {}},
	} {
		want := plain
		c.want(&want)
		got, err := read(t, request(c.attributes, c.inner))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestRequestsThatAreNone(t *testing.T) {
	good := request("", "")
	change := func(old, new string) string {
		if !strings.Contains(good, old) {
			t.Fatal(old)
		}
		return strings.Replace(good, old, new, 1)
	}
	for name, text := range map[string]string{
		"another element":     strings.ReplaceAll(good, "AuthnRequest", "LogoutRequest"),
		"another namespace":   change(samltoken.Protocol, "urn:none"),
		"SAML 1.1":            change(`Version="2.0"`, `Version="1.1"`),
		"no version":          change(`Version="2.0"`, ``),
		"no id":               change(`ID="_1"`, ``),
		"an id of a digit":    change(`ID="_1"`, `ID="1"`),
		"an id of markup":     change(`ID="_1"`, `ID="_&lt;"`),
		"a long id":           change(`ID="_1"`, `ID="_`+strings.Repeat("x", 300)+`"`),
		"no time":             change(`IssueInstant="2027-02-01T09:30:00Z"`, ``),
		"a time of no zone":   change(`09:30:00Z`, `09:30:00`),
		"no issuer":           change(`xmlns="`+samltoken.AssertionSpace, `xmlns="urn:none`),
		"an empty issuer":     change(`https://sp.example/`, ``),
		"an issuer in parts":  change(`https://sp.example/`, `https://<b/>sp.example/`),
		"two issuers":         request("", `<Issuer xmlns="`+samltoken.AssertionSpace+`">https://evil.example/</Issuer>`),
		"two policies":        request("", `<samlp:NameIDPolicy/><samlp:NameIDPolicy/>`),
		"maybe":               request(`ForceAuthn="maybe"`, ""),
		"a number that is no": request(`AssertionConsumerServiceIndex="-1"`, ""),
		"number and address":  request(`AssertionConsumerServiceIndex="1" AssertionConsumerServiceURL="https://sp.example/acs"`, ""),
		"a comparison":        request("", `<samlp:RequestedAuthnContext Comparison="worse"/>`),
		"an encrypted name":   request("", `<saml:Subject xmlns:saml="`+samltoken.AssertionSpace+`"><saml:EncryptedID/></saml:Subject>`),
		"a long address":      request(`AssertionConsumerServiceURL="https://sp.example/`+strings.Repeat("x", 1024)+`"`, ""),
		"too many classes":    request("", `<samlp:RequestedAuthnContext>`+strings.Repeat(`<saml:AuthnContextClassRef xmlns:saml="`+samltoken.AssertionSpace+`">a</saml:AuthnContextClassRef>`, 21)+`</samlp:RequestedAuthnContext>`),
	} {
		if q, err := read(t, text); err == nil {
			t.Errorf("%s: %+v", name, q)
		}
	}
}
