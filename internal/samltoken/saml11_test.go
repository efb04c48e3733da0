package samltoken_test

import (
	"encoding/pem"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"

	"woggle/internal/samltoken"
	"woggle/internal/signedxml"
	"woggle/test/judge"
)

var (
	monday = time.Date(2027, time.February, 1, 9, 30, 0, 123_000_000, time.UTC)
	both   = samltoken.Authentication{At: monday.Add(-time.Minute), Multi: true, MultiAt: monday.Add(-20 * time.Second), Password: true}
	aisha  = samltoken.Identity{Issuer: "https://id.northwold.example/wsfed/northwold.example", UPN: "aisha.khan@northwold.example", ImmutableID: "k3v9q2m7"}
)

// The table of what Microsoft Entra reads: namespace and name of the attribute, and its values.
func TestClaimsOfMicrosoft365(t *testing.T) {
	const (
		password = "http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password"
		multi    = "http://schemas.microsoft.com/claims/multipleauthn"
		upn      = "http://schemas.xmlsoap.org/claims UPN"
		id       = "http://schemas.microsoft.com/LiveID/Federation/2008/05 ImmutableID"
		method   = "http://schemas.microsoft.com/ws/2008/06/identity/claims authenticationmethod"
		methods  = "http://schemas.microsoft.com/claims authnmethodsreferences"
		at       = "http://schemas.microsoft.com/ws/2008/06/identity/claims authenticationinstant"
		multiAt  = "http://schemas.microsoft.com/ws/2017/04/identity/claims multifactorauthenticationinstant"
		psso     = "http://schemas.microsoft.com/2014/03 psso"
		inside   = "http://schemas.microsoft.com/ws/2012/01 insidecorporatenetwork"
	)
	for _, c := range []struct {
		name     string
		was      samltoken.Authentication
		method11 string
		want     map[string]string // values with a blank between
	}{
		{"password and phone", both, multi, map[string]string{method: password + " " + multi, methods: password + " " + multi,
			at: "2027-02-01T09:29:00.123Z", multiAt: "2027-02-01T09:29:40.123Z"}},
		{"with: stay signed in", samltoken.Authentication{At: monday, Multi: true, MultiAt: monday, Password: true, Stay: true}, multi,
			map[string]string{method: password + " " + multi, methods: password + " " + multi, at: "2027-02-01T09:30:00.123Z",
				multiAt: "2027-02-01T09:30:00.123Z", psso: "true"}},
		{"two factors without a password", samltoken.Authentication{At: monday, Multi: true, MultiAt: monday}, multi,
			map[string]string{method: multi, methods: multi, at: "2027-02-01T09:30:00.123Z", multiAt: "2027-02-01T09:30:00.123Z"}},
		{"a password alone", samltoken.Authentication{At: monday, MultiAt: monday, Password: true}, "urn:oasis:names:tc:SAML:1.0:am:password",
			map[string]string{method: password, methods: password, at: "2027-02-01T09:30:00.123Z"}},
		{"one factor, no password", samltoken.Authentication{At: monday}, "urn:oasis:names:tc:SAML:1.0:am:unspecified",
			map[string]string{at: "2027-02-01T09:30:00.123Z"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			maps.Copy(c.want, map[string]string{upn: aisha.UPN, id: aisha.ImmutableID, inside: "false"})
			root := assertion(c.was)
			got := map[string]string{}
			for _, attribute := range root.FindElements("AttributeStatement/Attribute") {
				var values []string
				for _, value := range attribute.ChildElements() {
					values = append(values, value.Text())
				}
				got[attribute.SelectAttrValue("AttributeNamespace", "")+" "+attribute.SelectAttrValue("AttributeName", "")] = strings.Join(values, " ")
			}
			if !maps.Equal(got, c.want) {
				t.Errorf("claims are\n%q, want\n%q", got, c.want)
			}
			statement := root.SelectElement("AuthenticationStatement")
			if m := statement.SelectAttrValue("AuthenticationMethod", ""); m != c.method11 {
				t.Errorf("AuthenticationMethod is %s, want %s", m, c.method11)
			}
			if i := statement.SelectAttrValue("AuthenticationInstant", ""); i != c.want[at] {
				t.Errorf("AuthenticationInstant is %s, want %s", i, c.want[at])
			}
			if whole := write(t, root); strings.Contains(whole, "multi") != c.was.Multi {
				t.Errorf("multi-factor is claimed, or not, against the truth: %s", whole)
			}
		})
	}
}

// The order of the parts, their times, and the subject in each statement.
func TestAnAssertionOfSAML11(t *testing.T) {
	root := assertion(both)
	var order []string
	for _, child := range root.ChildElements() {
		order = append(order, child.Tag)
	}
	if want := []string{"Conditions", "AttributeStatement", "AuthenticationStatement"}; !slices.Equal(order, want) {
		t.Errorf("the parts are %v, want %v", order, want)
	}
	for name, want := range map[string]string{"MajorVersion": "1", "MinorVersion": "1", "AssertionID": "_id1", "Issuer": aisha.Issuer,
		"IssueInstant": "2027-02-01T09:30:00.123Z"} {
		if got := root.SelectAttrValue(name, ""); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	conditions := root.SelectElement("Conditions")
	if from, until := conditions.SelectAttrValue("NotBefore", ""), conditions.SelectAttrValue("NotOnOrAfter", ""); from != "2027-02-01T09:29:00.123Z" ||
		until != "2027-02-01T09:35:00.123Z" {
		t.Errorf("it may be handed in from %s until %s", from, until)
	}
	if audience := conditions.FindElement("AudienceRestrictionCondition/Audience"); audience == nil || audience.Text() != "urn:federation:MicrosoftOnline" {
		t.Error("the audience is missing, or another one")
	}
	subjects := root.FindElements("*/Subject")
	for _, subject := range subjects {
		name := subject.SelectElement("NameIdentifier")
		if name.Text() != aisha.ImmutableID || name.SelectAttrValue("Format", "") != "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified" ||
			subject.FindElement("SubjectConfirmation/ConfirmationMethod").Text() != "urn:oasis:names:tc:SAML:1.0:cm:bearer" {
			t.Errorf("the subject is %s", write(t, subject))
		}
	}
	if len(subjects) != 2 {
		t.Errorf("%d subjects, want one in each statement", len(subjects))
	}
}

// The schema of OASIS, and xmlsec1: neither has a line of ours in it.
func TestOthersTakeTheResponse(t *testing.T) {
	claims := []samltoken.Claim{{Type: "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name", Values: []string{"Zoë <O'Brien> & \"Sons\"\r\n\t你"}},
		{Type: "http://schemas.microsoft.com/ws/2008/06/identity/claims/role", Values: []string{"Leaders", "Fenwick & Marsh"}}}
	for name, token := range map[string]*etree.Element{
		"Microsoft 365":                 assertion(both),
		"letters of all kinds":          samltoken.Assertion11{ID: "_a", Issuer: `https://id.example/?a="<&'`, Audience: "urn:a&b", Subject: samltoken.NameID{Format: samltoken.Unspecified, Value: "Zoë"}, Claims: claims, Authentication: both, IssuedAt: monday}.Element(),
		"nothing is said but who it is": samltoken.Assertion11{ID: "_a", Issuer: "urn:us", Audience: "urn:them", Subject: samltoken.NameID{Format: samltoken.Unspecified, Value: "a"}, Authentication: both, IssuedAt: monday}.Element(),
	} {
		t.Run(name, func(t *testing.T) {
			if err := signedxml.Sign(token, "AssertionID", signedxml.Last, signer().Key, signer().Certificate); err != nil {
				t.Fatal(err)
			}
			text := write(t, samltoken.RSTR(token, samltoken.SAML11, "urn:federation:MicrosoftOnline", monday))
			if _, err := judge.Run(t, text, "xmllint", "--noout", "--nonet", "--schema", "testdata/rstr.xsd"); err != nil {
				t.Errorf("%v\n%s", err, text)
			}
			cert := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signer().Certificate.Raw}))
			takes := func(text string) error {
				return judge.Signature(t, text, cert, "//*[local-name()='Assertion']/*[last()]", "AssertionID", samltoken.SAML11+":Assertion")
			}
			if err := takes(text); err != nil {
				t.Errorf("%v\n%s", err, text)
			}
			if takes(strings.Replace(text, "2027-02-01T09:35:00", "2028-02-01T09:35:00", 2)) == nil {
				t.Error("a forgery is taken")
			}
		})
	}
}

func assertion(a samltoken.Authentication) *etree.Element {
	return samltoken.Assertion11{ID: "_id1", Issuer: aisha.Issuer, Audience: "urn:federation:MicrosoftOnline", Subject: samltoken.NameID{Format: samltoken.Unspecified, Value: aisha.ImmutableID},
		Claims: samltoken.EntraClaims(aisha, a), Authentication: a, IssuedAt: monday}.Element()
}

func write(t *testing.T, root *etree.Element) string {
	t.Helper()
	raw, err := signedxml.Bytes(root)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
