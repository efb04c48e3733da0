package sampleapps

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"woggle/internal/samltoken"
	"woggle/internal/signedxml"
)

// A token is believed if everything about it is right, and only in the browser that began.
func TestTheFilesBelieveNoOtherToken(t *testing.T) {
	s, stranger := newSite(t), newKey(t)
	s.answers["/FederationMetadata/2007-06/FederationMetadata.xml"] = func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `<EntityDescriptor xmlns="%s" entityID="urn:issuer"><RoleDescriptor><KeyDescriptor><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#">`+
			`<X509Data><X509Certificate>%s</X509Certificate></X509Data></KeyInfo></KeyDescriptor></RoleDescriptor></EntityDescriptor>`,
			metadataSpace, base64.StdEncoding.EncodeToString(s.key.Certificate.Raw))
	}
	for name, c := range map[string]struct {
		change func(a *samltoken.Assertion11)
		by     *Key
		action string
		other  bool // another browser comes for it
		in     bool
	}{
		"right":            {in: true},
		"another browser":  {other: true},
		"another action":   {action: "wsignout1.0"},
		"another audience": {change: func(a *samltoken.Assertion11) { a.Audience = "urn:other" }},
		"another issuer":   {change: func(a *samltoken.Assertion11) { a.Issuer = "urn:other" }},
		"of yesterday":     {change: func(a *samltoken.Assertion11) { a.IssuedAt = a.IssuedAt.Add(-24 * time.Hour) }},
		"a stranger's key": {by: &stranger},
	} {
		t.Run(name, func(t *testing.T) {
			begun := s.visit(s.apps, "GET", "/files/start", "", nil)
			browser := begun.Result().Cookies()[0].Value
			to, err := url.Parse(begun.Header().Get("Location"))
			if err != nil {
				t.Fatal(err)
			}
			a := samltoken.Assertion11{ID: samltoken.NewID(), Issuer: "urn:issuer", Audience: filesRealm, Subject: samltoken.NameID{Format: samltoken.Unspecified, Value: "1"},
				Authentication: samltoken.Authentication{At: time.Now(), Multi: true, MultiAt: time.Now(), Password: true}, IssuedAt: time.Now()}
			if c.change != nil {
				c.change(&a)
			}
			by, action := s.key, "wsignin1.0"
			if c.by != nil {
				by = *c.by
			}
			if c.action != "" {
				action = c.action
			}
			token := a.Element()
			if err := signedxml.Sign(token, "AssertionID", signedxml.Last, by.Private, by.Certificate); err != nil {
				t.Fatal(err)
			}
			raw, err := signedxml.Bytes(samltoken.RSTR(token, samltoken.SAML11, filesRealm, a.IssuedAt))
			if err != nil {
				t.Fatal(err)
			}
			form := url.Values{"wa": {action}, "wresult": {string(raw)}, "wctx": {to.Query().Get("wctx")}}
			took := s.visit(s.apps, "POST", "/files/token", "", form, "Sec-Fetch-Site", "cross-site", "Origin", s.SignIn)
			if c.other {
				browser = "another"
			}
			if next := took.Header().Get("Location"); next != "" {
				s.visit(s.apps, "GET", next, browser, nil)
			}
			if _, in := s.people.seat("files", browser); in != c.in {
				t.Errorf("let in: %t, want %t; the files say %d %s", in, c.in, took.Code, took.Body)
			}
			if again := s.visit(s.apps, "POST", "/files/token", "", form); again.Code != http.StatusForbidden {
				t.Errorf("the same token once more is answered with %d", again.Code)
			}
		})
	}
}
