package samltoken_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/beevik/etree"

	"woggle/internal/samltoken"
	"woggle/internal/signedxml"
	"woggle/test/judge"
)

var now = time.Date(2027, 2, 1, 9, 30, 0, 0, time.UTC)

var signer = sync.OnceValue(func() samltoken.Signer {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "id.example"}, NotBefore: now, NotAfter: now.AddDate(3, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return samltoken.Signer{Key: key, Certificate: cert}
})

// microsoft is what Microsoft 365 is told (docs: How to use a SAML 2.0 identity provider for single sign-on).
func microsoft() *samltoken.Assertion {
	return &samltoken.Assertion{Issuer: "https://id.example/saml/metadata/northwold.example", Audience: "urn:federation:MicrosoftOnline",
		Recipient: "https://login.microsoftonline.com/login.srf", InResponseTo: "_7171b0b2", At: now, AuthAt: now.Add(-time.Hour),
		Subject: samltoken.NameID{Format: samltoken.Persistent, Value: "abcdefghijklmnopqrstuvwxy2"}, Session: "0199", SessionEnds: now.Add(time.Hour),
		Class: samltoken.MultipleAuthn, Attributes: []samltoken.Attribute{{Name: "IDPEmail", Values: []string{"aisha@northwold.example"}},
			{Name: "empty", Format: samltoken.Basic}, {Name: "groups", Format: samltoken.Basic, Friendly: "Groups", Values: []string{"Leaders & <helpers>", "Cubs\r\n"}}}}
}

func verified(t *testing.T, text, xpath string) {
	t.Helper()
	cert := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signer().Certificate.Raw}))
	if err := judge.Signature(t, text, cert, xpath, "ID", samltoken.AssertionSpace+":Assertion", samltoken.Protocol+":Response"); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
}

// S17 to S21: a response is what the schema wants, signed where it should be, in the eyes of xmllint and xmlsec1.
func TestAResponseIsWhatOthersExpect(t *testing.T) {
	const inAssertion, inResponse = "/*/*[local-name()='Assertion']/*[local-name()='Signature']", "/*/*[local-name()='Signature']"
	for name, both := range map[string]bool{"assertion signed": false, "both signed": true} {
		t.Run(name, func(t *testing.T) {
			raw, err := samltoken.Response{Issuer: "https://id.example/saml/metadata", Destination: "https://login.microsoftonline.com/login.srf",
				InResponseTo: "_7171b0b2", At: now, Status: samltoken.Success, Assertion: microsoft(), Sign: both}.Bytes(signer())
			if err != nil {
				t.Fatal(err)
			}
			text := string(raw)
			judge.Schema(t, text, judge.ProtocolSchema)
			verified(t, text, inAssertion)
			if both {
				verified(t, text, inResponse)
			}
			if n := strings.Count(text, "<ds:Signature "); n != 1 && !both || n != 2 && both {
				t.Errorf("%d signatures", n)
			}
			for _, want := range []string{`NotBefore="2027-02-01T09:29:00.000Z" NotOnOrAfter="2027-02-01T09:35:00.000Z"><saml:AudienceRestriction><saml:Audience>urn:federation:MicrosoftOnline<`,
				`<saml:SubjectConfirmationData NotOnOrAfter="2027-02-01T09:35:00.000Z" Recipient="https://login.microsoftonline.com/login.srf" InResponseTo="_7171b0b2">`,
				`AuthnInstant="2027-02-01T08:30:00.000Z" SessionIndex="0199" SessionNotOnOrAfter="2027-02-01T10:30:00.000Z"`,
				`<saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">abcdefghijklmnopqrstuvwxy2<`,
				`<saml:AuthnContextClassRef>http://schemas.microsoft.com/claims/multipleauthn<`,
				`<saml:Attribute Name="IDPEmail"><saml:AttributeValue>aisha@northwold.example<`, `Leaders &amp; &lt;helpers&gt;`} {
				if !strings.Contains(text, want) {
					t.Errorf("no %s in %s", want, text)
				}
			}
			if strings.Contains(text, `"empty"`) {
				t.Error("an attribute without values is sent")
			}
		})
	}
}

// No two ids are alike, and each has 128 bits or more (Core section 1.3.4).
func TestIDs(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		id := samltoken.NewID()
		if seen[id] || !regexp.MustCompile(`^_[a-z2-7]{26,}$`).MatchString(id) {
			t.Fatal(id)
		}
		seen[id] = true
	}
}

// xmlsec1 decrypts what is encrypted, and finds the signed assertion; who has another key reads nothing.
func TestAnEncryptedAssertion(t *testing.T) {
	raw, err := samltoken.Response{Issuer: "https://id.example/", Destination: "https://sp.example/acs", At: now, Status: samltoken.Success,
		Assertion: microsoft(), Encrypt: signer().Certificate, Sign: true}.Bytes(signer())
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	judge.Schema(t, text, judge.ProtocolSchema)
	verified(t, text, "/*/*[local-name()='Signature']")
	if strings.Contains(text, "aisha") || strings.Contains(text, "multipleauthn") {
		t.Error("it can be read")
	}
	der, err := x509.MarshalPKCS8PrivateKey(signer().Key)
	if err != nil {
		t.Fatal(err)
	}
	key := judge.File(t, "key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
	plain, err := judge.Run(t, text, "xmlsec1", "--decrypt", "--privkey-pem", key)
	if err != nil || !strings.Contains(plain, ">aisha@northwold.example<") {
		t.Fatalf("xmlsec1 reads %s: %v", plain, err)
	}
	// The signature of the assertion is still good.
	start, end := strings.Index(plain, "<saml:Assertion "), strings.Index(plain, "</saml:EncryptedAssertion>")
	verified(t, plain[start:end], "/*/*[local-name()='Signature']")
}

// What cannot be told is an error, not something else.
func TestWhatIsNotMade(t *testing.T) {
	for _, name := range []string{"", "user@corp.example<!---->.evil.example", "a&b", "a\nb", "a\x00b", `a"b`, strings.Repeat("x", 257)} {
		a := microsoft()
		a.Subject.Value = name
		if _, err := a.Signed(signer()); err == nil {
			t.Errorf("%q is told", name)
		}
	}
	for _, r := range []samltoken.Response{{Status: samltoken.Success}, {Status: samltoken.NoPassive, Assertion: microsoft()}} {
		if _, err := r.Bytes(signer()); err == nil {
			t.Errorf("made: %+v", r)
		}
	}
}

// A refusal is always signed; sign-out messages are what the schema wants, and are read as they were written.
func TestRefusalsAndSigningOut(t *testing.T) {
	raw, err := samltoken.Response{Issuer: "https://id.example/", Destination: "https://sp.example/acs", InResponseTo: "_1", At: now, Status: samltoken.NoPassive}.Bytes(signer())
	if err != nil {
		t.Fatal(err)
	}
	judge.Schema(t, string(raw), judge.ProtocolSchema)
	verified(t, string(raw), "/*/*[local-name()='Signature']")
	request := samltoken.LogoutRequest{ID: "_9", Issuer: "https://id.example/", Destination: "https://sp.example/slo", At: now, Subject: microsoft().Subject, Sessions: []string{"a", "b"}}
	order, err := samltoken.ReadLogoutOrder(again(t, request.Element()))
	if err != nil || order.Subject != request.Subject || len(order.Sessions) != 2 || order.ID != "_9" || !order.At.Equal(now) || order.Destination != request.Destination {
		t.Errorf("%+v, %v", order, err)
	}
	for s, success := range map[samltoken.Status]bool{samltoken.Success: true, samltoken.PartialLogout: false, samltoken.AuthnFailed: false} {
		answer, err := samltoken.ReadLogoutAnswer(again(t, samltoken.LogoutResponse{Issuer: "https://id.example/", InResponseTo: "_9", At: now, Status: s}.Element()))
		if err != nil || answer.Success != success || answer.InResponseTo != "_9" {
			t.Errorf("%+v, %v", answer, err)
		}
	}
}

// again writes an element, checks it against the schema, and reads it.
func again(t *testing.T, el *etree.Element) *etree.Element {
	t.Helper()
	raw, err := signedxml.Bytes(el)
	if err != nil {
		t.Fatal(err)
	}
	judge.Schema(t, string(raw), judge.ProtocolSchema)
	doc, err := signedxml.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return doc.Root()
}
