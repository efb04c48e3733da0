package signedxml_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"strings"
	"testing"

	"woggle/internal/signedxml"
)

// Debian's xmlsec1 takes what we sign, and Verify takes it too; one changed letter, and neither does.
func TestOthersTakeWhatWeSign(t *testing.T) {
	_, cert := friend().files(t)
	for _, c := range []struct {
		name, text, id, node string
		place                signedxml.Place
		after                string // the signature stands after this
	}{
		{"a request", authnRequest, "ID", protocol + ":AuthnRequest", signedxml.AfterIssuer, "</saml:Issuer>"},
		{"a logout", logoutRequest, "ID", protocol + ":LogoutRequest", signedxml.AfterIssuer, "</saml:Issuer>"},
		{"metadata", entity, "ID", "urn:oasis:names:tc:SAML:2.0:metadata:EntityDescriptor", signedxml.AfterIssuer, `entityID="https://sp.example/">`},
		{"an assertion", anAssertion, "ID", assertion + ":Assertion", signedxml.AfterIssuer, "</saml:Issuer>"},
		{"an assertion of SAML 1.1", oldAssertion, "AssertionID", "urn:oasis:names:tc:SAML:1.0:assertion:Assertion", signedxml.Last, "</saml:AuthenticationStatement>"},
		{"letters of all kinds", strings.ReplaceAll(anAssertion, "aisha", "a&#13;&#9;&amp;&lt; ü \"'你"), "ID", assertion + ":Assertion", signedxml.AfterIssuer, "</saml:Issuer>"},
		{"a name that has line ends", strings.ReplaceAll(anAssertion, `Version="2.0"`, `Version="2&#10;&#13;&#9;.&quot;0'"`), "ID", assertion + ":Assertion", signedxml.AfterIssuer, "</saml:Issuer>"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := friend().signed(t, c.text, c.id, c.place)
			if !strings.Contains(text, c.after+"<ds:Signature ") {
				t.Errorf("the signature stands elsewhere: %s", text)
			}
			for _, want := range []string{`<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"`, "<ds:X509Certificate>",
				`<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"`, `"http://www.w3.org/2001/10/xml-exc-c14n#"`} {
				if strings.Count(text, want) == 0 || strings.Count(text, "<ds:Reference ") != 1 {
					t.Errorf("no %s, or more than one reference, in %s", want, text)
				}
			}
			args := []string{"--verify", "--pubkey-cert-pem", cert, "--id-attr:" + c.id, c.node}
			if out, err := xmlsec(t, text, args...); err != nil {
				t.Errorf("xmlsec1: %v\n%s", err, out)
			}
			verified, err := signedxml.Verify(parse(t, text), c.id, friend().certs())
			if err != nil || write(t, verified) == "" || signedxml.Signed(verified) {
				t.Errorf("Verify: %v", err)
			}
			forged := strings.Replace(text, "2027-02-01", "2028-02-01", 1)
			if c.name == "metadata" {
				forged = strings.Replace(text, "sp.example/acs", "sp.example/axs", 1)
			}
			if _, err := xmlsec(t, forged, args...); err == nil {
				t.Error("xmlsec1 takes a forgery")
			}
			if _, err := signedxml.Verify(parse(t, forged), c.id, friend().certs()); err == nil {
				t.Error("Verify takes a forgery")
			}
		})
	}
}

// Verify takes what xmlsec1 signs, with line breaks in its base64 and a KeyInfo of any kind.
func TestWhatOthersSignIsTaken(t *testing.T) {
	key, _ := friend().files(t)
	template := strings.Replace(logoutRequest, "</saml:Issuer>", `</saml:Issuer><Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo>
  <CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/><SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha512"/>
  <Reference URI="#_out1"><Transforms><Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>
  <Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"><InclusiveNamespaces xmlns="http://www.w3.org/2001/10/xml-exc-c14n#" PrefixList="samlp saml"/></Transform></Transforms>
  <DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha512"/><DigestValue/></Reference></SignedInfo><SignatureValue/><KeyInfo><KeyName>MicrosoftOnline</KeyName></KeyInfo></Signature>`, 1)
	out, err := xmlsec(t, template, "--sign", "--privkey-pem", key, "--id-attr:ID", protocol+":LogoutRequest")
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	_, text, _ := strings.Cut(out, "?>")
	verified, err := signedxml.Verify(parse(t, strings.TrimSpace(text)), "ID", append(attacker().certs(), friend().cert))
	if err != nil || verified.SelectElement("NameID").Text() != "aisha" {
		t.Errorf("%v, %v\n%s", verified, err, text)
	}
}

// Keys that others would refuse, or that are too short, sign nothing.
func TestOnlyRSASigns(t *testing.T) {
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	short := newSender(1024)
	for name, err := range map[string]error{
		"elliptic":                    signedxml.Sign(parse(t, anAssertion), "ID", signedxml.AfterIssuer, curve, friend().cert),
		"short":                       signedxml.Sign(parse(t, anAssertion), "ID", signedxml.AfterIssuer, short.key, short.cert),
		"the certificate of another":  signedxml.Sign(parse(t, anAssertion), "ID", signedxml.AfterIssuer, friend().key, attacker().cert),
		"no id, so any document fits": signedxml.Sign(parse(t, anAssertion), "Id", signedxml.AfterIssuer, friend().key, friend().cert),
	} {
		if err == nil {
			t.Errorf("%s: signed", name)
		}
	}
}
