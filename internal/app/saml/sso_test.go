package saml_test

import (
	"encoding/pem"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"woggle/internal/app"
	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/samltoken"
	"woggle/internal/signedxml"
	"woggle/test/judge"
)

// certificate is the one that the site signs with, from its metadata.
func (s *site) certificate() string {
	s.t.Helper()
	page := open(s.t, s.signedIn(s.user), "/saml/metadata")
	match := regexp.MustCompile(`<ds:X509Certificate>([^<]+)<`).FindStringSubmatch(page.Body)
	if match == nil {
		s.t.Fatalf("no certificate in %s", page.Body)
	}
	der, err := signedxml.Decode(match[1])
	if err != nil {
		s.t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// S01 to S03: a request comes by redirect or by post; the relay state goes back as it came, and the id is answered.
func TestS01toS03BothBindings(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		p := newSP(siteOn(t, d, clock), "rota").registered(nil)
		v := p.signedIn(p.user)
		relay := strings.Repeat(`"<&>'+/= ü%41`+"\t", 80) // 1.2 KiB of what could be mangled
		for name, bring := range map[string]func(message string) answer{
			"redirect": func(m string) answer { return p.answered(p.byRedirect(v, m, relay)) },
			"post":     func(m string) answer { return p.answered(p.byPost(v, "/saml/sso", signedxml.Request, m, relay)) },
		} {
			message := p.asks(to(p.sso())+` AssertionConsumerServiceURL="`+p.acs+`"`, "")
			id := regexp.MustCompile(` ID="([^"]+)"`).FindStringSubmatch(message)[1]
			a := bring(message)
			if a.action != p.acs || a.relay != relay || a.status() != "Success" || a.attr(".", "InResponseTo") != id ||
				a.attr("//SubjectConfirmationData", "InResponseTo") != id {
				t.Errorf("%s: to %s, relay %q: %s", name, a.action, a.relay, a.text)
			}
		}
		refused(t, p.byRedirect(v, p.asks("", ""), strings.Repeat("x", 2049)), 400, "can’t use")
	})
}

// S04: Entra's minimal request, with no Destination and no address.
func TestS04EntrasMinimalRequest(t *testing.T) {
	p := newSP(newSite(t), "entra")
	p.entity, p.acs = "urn:federation:MicrosoftOnline", "https://login.microsoftonline.com/login.srf"
	p.registered(map[string]any{"name_id": "username", "name_id_format": "persistent", "own_issuer": true,
		"attributes": []map[string]string{{"name": "IDPEmail", "value": "email"}, {"name": "http://schemas.xmlsoap.org/claims/UPN", "value": "email"},
			{"name": "http://schemas.microsoft.com/LiveID/Federation/2008/05/ImmutableID", "value": "username"}}})
	inner := `<samlp:NameIDPolicy Format="` + samltoken.Persistent + `"/>`
	a := p.answered(p.byPost(p.signedIn(p.user), "/saml/sso", signedxml.Request, p.asks("", inner), "estsredirect=2&estsrequest=abc"))
	if a.action != p.acs || a.at("./Assertion/Subject/NameID") != "aisha" || a.attr("//NameID", "Format") != samltoken.Persistent ||
		a.at("./Assertion/Issuer") != p.web.URL+"/saml/metadata/entra" || a.attribute("IDPEmail")[0] != "aisha@northwold.example" {
		t.Errorf("%s: %s", a.action, a.text)
	}
	want := p.asks("", inner+`<samlp:RequestedAuthnContext><saml:AuthnContextClassRef>`+samltoken.MultipleAuthn+`</saml:AuthnContextClassRef></samlp:RequestedAuthnContext>`)
	if a := p.answered(p.byRedirect(p.signedIn(p.user), want, "")); a.at("//AuthnContextClassRef") != samltoken.MultipleAuthn {
		t.Errorf("its step-up gets %s", a.text)
	}
}

// S05, S06 and T71: the answer goes to an address on record, or nowhere.
func TestS05AndS06AddressesOfTheAnswer(t *testing.T) {
	p := newSP(newSite(t), "rota")
	p.registered(map[string]any{"acs": []any{p.acs, map[string]any{"url": "https://rota.example/two", "index": 2}, map[string]any{"url": "https://rota.example/seven", "index": 7}}})
	v := p.signedIn(p.user)
	for attributes, want := range map[string]string{
		"": p.acs, `AssertionConsumerServiceURL="` + p.acs + `"`: p.acs, `AssertionConsumerServiceURL="https://rota.example/two"`: "https://rota.example/two",
		`AssertionConsumerServiceIndex="7"`:                                    "https://rota.example/seven",
		`ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"`:     p.acs,
		`AssertionConsumerServiceIndex="0"`:                                    "",
		`AssertionConsumerServiceIndex="3"`:                                    "",
		`AssertionConsumerServiceURL="https://evil.example/acs"`:               "",
		`AssertionConsumerServiceURL="https://rota.example/acs/"`:              "",
		`AssertionConsumerServiceURL="https://rota.example/acs?x"`:             "",
		`AssertionConsumerServiceURL="https://ROTA.example/acs"`:               "",
		`AssertionConsumerServiceURL="javascript:alert(1)"`:                    "",
		`AssertionConsumerServiceURL="https://rota.example@evil.example/acs"`:  "",
		`ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact"`: "",
		`ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"`: "",
	} {
		page := p.byRedirect(v, p.asks(attributes, ""), "")
		if want == "" {
			refused(t, page, 400, "not on record")
		} else if a := p.answered(page); a.action != want || a.attr(".", "Destination") != want || a.attr("//SubjectConfirmationData", "Recipient") != want {
			t.Errorf("%s: to %s", attributes, a.action)
		}
	}
}

// T71: apps that are not here, closed, or somebody else's.
func TestAppsThatGetNothing(t *testing.T) {
	s := newSite(t)
	v := s.signedIn(s.user)
	refused(t, newSP(s, "unknown").byRedirect(v, newSP(s, "unknown").asks("", ""), ""), 400, "not known here")
	closed := newSP(s, "closed").registered(nil, func(a *app.App) { a.Disabled = true })
	refused(t, closed.byRedirect(v, closed.asks("", ""), ""), 403, "closed at the moment")
	refused(t, closed.byPost(v, "/saml/sso", signedxml.Request, closed.asks("", ""), ""), 403, "closed at the moment")
	for _, id := range []string{"closed", "nobody"} {
		refused(t, open(t, v, "/saml/start/"+id), 404, "")
	}
}

// S07 to S09: where requests have to be signed, nothing else is taken.
func TestS07toS09SignedRequests(t *testing.T) {
	s := newSite(t)
	p, stranger := newSP(s, "rota"), newSP(s, "stranger")
	p.registered(map[string]any{"want_signed_requests": true, "certificates": p.pem()})
	stranger.entity, stranger.acs = p.entity, p.acs
	v := s.signedIn(s.user)
	good := func() string { return p.asks(to(p.sso()), "") }
	by := func(who *sp, message string) string {
		return who.redirected("/saml/sso", signedxml.Request, message, "state", true)
	}
	p.answered(open(t, v, by(p, good())))
	p.answered(p.byPost(v, "/saml/sso", signedxml.Request, p.enveloped(good()), ""))
	path := by(p, good())
	for name, page := range map[string]string{
		"unsigned":           p.redirected("/saml/sso", signedxml.Request, good(), "", false),
		"another key":        by(stranger, good()),
		"SHA-1":              strings.Replace(path, url.QueryEscape("2001/04/xmldsig-more#rsa-sha256"), url.QueryEscape("2000/09/xmldsig#rsa-sha1"), 1),
		"another relay":      strings.Replace(path, "RelayState=state", "RelayState=other", 1),
		"encoded twice":      strings.Replace(path, "%", "%25", -1),
		"a second request":   path + "&SAMLRequest=" + url.QueryEscape(signedxml.Deflate([]byte(p.asks(`ForceAuthn="false"`, "")))),
		"no destination":     by(p, p.asks("", "")),
		"for another place":  by(p, p.asks(to("https://elsewhere.example/saml/sso"), "")),
		"for sign-out":       by(p, p.asks(to(p.web.URL+"/saml/slo"), "")),
		"an old one":         by(p, strings.Replace(good(), `IssueInstant="2027-02-01T09:30`, `IssueInstant="2027-02-01T09:20`, 1)),
		"an answer":          strings.Replace(path, "SAMLRequest", "SAMLResponse", 1),
		"within, by another": p.redirected("/saml/sso", signedxml.Request, stranger.enveloped(good()), "", false),
	} {
		if _, ok := s.hasAnswer(open(t, v, page)); ok {
			t.Errorf("%s is taken", name)
		}
	}
	for name, message := range map[string]string{
		"unsigned": good(), "another key": stranger.enveloped(good()), "changed": strings.Replace(p.enveloped(good()), "Version", `IsPassive="1" Version`, 1),
		"no destination": p.enveloped(p.asks("", "")), "a hundred kilobytes": p.enveloped(good()) + strings.Repeat(" ", 100<<10),
	} {
		if _, ok := s.hasAnswer(p.byPost(v, "/saml/sso", signedxml.Request, message, "")); ok {
			t.Errorf("%s is taken by post", name)
		}
	}
	// A bad signature is refused even where none is needed.
	p.registered(map[string]any{"certificates": p.pem()})
	p.answered(p.byRedirect(v, p.asks("", ""), ""))
	refused(t, open(t, v, by(stranger, good())), 400, "can’t use")
	refused(t, p.byPost(v, "/saml/sso", signedxml.Request, stranger.enveloped(good()), ""), 400, "can’t use")
}

// S10 to S12: ForceAuthn asks again, IsPassive never asks, and both together cannot be.
func TestS10toS12ForceAndPassive(t *testing.T) {
	p := newSP(newSite(t), "rota").registered(nil)
	nobody, v := p.signedOut(), p.signedIn(p.user)
	if a := p.answered(p.byRedirect(nobody, p.asks(`IsPassive="true"`, ""), "x")); a.status() != "NoPassive" || a.relay != "x" || a.root.FindElement("./Assertion") != nil {
		t.Errorf("nobody is signed in: %s", a.text)
	}
	if a := p.answered(p.byRedirect(v, p.asks(`IsPassive="true"`, ""), "")); a.status() != "Success" {
		t.Errorf("signed in: %s", a.text)
	}
	p.clock.Advance(time.Minute)
	if page := p.byRedirect(v, p.asks(`ForceAuthn="true"`, ""), ""); !strings.Contains(page.URL.Path, "/signin") {
		t.Errorf("nothing is asked: %s %s", page.URL, page.Text)
	}
	if page := p.byPost(v, "/saml/sso", signedxml.Request, p.asks(`ForceAuthn="1"`, ""), ""); !strings.Contains(page.URL.Path, "/signin") {
		t.Errorf("nothing is asked: %s %s", page.URL, page.Text)
	}
	if a := p.answered(p.byRedirect(v, p.asks(`ForceAuthn="true" IsPassive="true"`, ""), "")); a.status() != "NoPassive" {
		t.Errorf("both: %s", a.text)
	}
	if page := p.byRedirect(nobody, p.asks("", ""), ""); !strings.Contains(page.URL.Path, "/signin") {
		t.Errorf("nobody is signed in, and nothing is asked: %s", page.URL)
	}
}

// S13 and S14: names of each format, one and the same where they should be, and none where the app cannot have it.
func TestS13AndS14Names(t *testing.T) {
	s := newSite(t)
	other := s.member("bryn")
	policy := func(format string) string { return `<samlp:NameIDPolicy Format="` + format + `" AllowCreate="true"/>` }
	v := s.signedIn(s.user)
	name := func(p *sp, format string) (value, got string) {
		inner := ""
		if format != "" {
			inner = policy(format)
		}
		a := s.answered(p.byRedirect(v, p.asks("", inner), ""))
		if a.status() != "Success" {
			return a.status(), ""
		}
		return a.at("./Assertion/Subject/NameID"), a.attr("./Assertion/Subject/NameID", "Format")
	}
	one, two := newSP(s, "one").registered(nil), newSP(s, "two").registered(nil)
	first, format := name(one, "")
	again, _ := name(one, samltoken.Persistent)
	elsewhere, _ := name(two, "")
	if first == "" || format != samltoken.Persistent || again != first || elsewhere == first || strings.Contains(first, s.user.ID) {
		t.Errorf("persistent: %q, %q, at another %q", first, again, elsewhere)
	}
	if another := s.answered(one.byRedirect(s.signedIn(other), one.asks("", ""), "")).at("./Assertion/Subject/NameID"); another == first {
		t.Error("two people have one name")
	}
	passing, format := name(one, samltoken.Transient)
	if next, _ := name(one, samltoken.Transient); passing == next || format != samltoken.Transient {
		t.Errorf("transient: %q, %q, %s", passing, next, format)
	}
	for id, c := range map[string]struct{ kind, value, format string }{
		"mail": {"email", "aisha@northwold.example", samltoken.Email}, "user": {"username", "aisha", samltoken.Unspecified}, "passing": {"transient", "_", samltoken.Transient},
	} {
		p := newSP(s, id).registered(map[string]any{"name_id": c.kind})
		for _, asked := range []string{"", samltoken.Unspecified, c.format} {
			if value, format := name(p, asked); !strings.HasPrefix(value, c.value) || format != c.format {
				t.Errorf("%s asked for %q: %q, %s", c.kind, asked, value, format)
			}
		}
		if value, format := name(p, samltoken.Persistent); format != samltoken.Persistent || value == c.value {
			t.Errorf("%s asked for a persistent one: %q, %s", c.kind, value, format)
		}
	}
	for _, format := range []string{samltoken.Email, "urn:oasis:names:tc:SAML:2.0:nameid-format:encrypted", "urn:oasis:names:tc:SAML:2.0:nameid-format:kerberos"} {
		if got, _ := name(one, format); got != "InvalidNameIDPolicy" {
			t.Errorf("%s: %s", format, got)
		}
	}
	qualified := one.asks("", `<samlp:NameIDPolicy Format="`+samltoken.Persistent+`" SPNameQualifier="https://two.example/"/>`)
	if a := s.answered(one.byRedirect(v, qualified, "")); a.status() != "InvalidNameIDPolicy" {
		t.Errorf("the name at another app: %s", a.text)
	}
}

// S15 and S16: the class that is asked for, or none; the time is the real one.
func TestS15AndS16ClassesAndTheTime(t *testing.T) {
	p := newSP(newSite(t), "rota").registered(nil)
	v := p.signedIn(p.user)
	proved := p.clock.Now()
	p.clock.Advance(20 * time.Minute)
	asked := func(how string, classes ...string) string {
		inner := `<samlp:RequestedAuthnContext Comparison="` + how + `">`
		for _, class := range classes {
			inner += `<saml:AuthnContextClassRef>` + class + `</saml:AuthnContextClassRef>`
		}
		return p.asks("", inner+`</samlp:RequestedAuthnContext>`)
	}
	const certificate = "urn:oasis:names:tc:SAML:2.0:ac:classes:X509"
	for name, c := range map[string]struct{ message, want string }{
		"none":                    {p.asks("", ""), samltoken.RefedsMFA},
		"Microsoft's":             {asked("exact", samltoken.MultipleAuthn), samltoken.MultipleAuthn},
		"REFEDS":                  {asked("exact", samltoken.RefedsMFA), samltoken.RefedsMFA},
		"a password":              {asked("exact", samltoken.PasswordTransport), samltoken.PasswordTransport},
		"the first that is known": {asked("exact", certificate, samltoken.MultipleAuthn, samltoken.PasswordTransport), samltoken.MultipleAuthn},
		"at least a password":     {asked("minimum", samltoken.PasswordTransport), samltoken.RefedsMFA},
		"at least two factors":    {asked("minimum", samltoken.MultipleAuthn), samltoken.MultipleAuthn},
		"better than a password":  {asked("better", samltoken.PasswordTransport), samltoken.RefedsMFA},
		"at most a password":      {asked("maximum", samltoken.PasswordTransport), samltoken.PasswordTransport},
		"a certificate":           {asked("exact", certificate), ""},
		"at least a certificate":  {asked("minimum", certificate), ""},
		"better than two factors": {asked("better", samltoken.RefedsMFA), ""},
		"a declaration":           {p.asks("", `<samlp:RequestedAuthnContext><saml:AuthnContextDeclRef>urn:x</saml:AuthnContextDeclRef></samlp:RequestedAuthnContext>`), ""},
	} {
		a := p.answered(p.byRedirect(v, c.message, ""))
		if c.want == "" && a.status() != "NoAuthnContext" || a.at("//AuthnContextClassRef") != c.want {
			t.Errorf("%s: %s", name, a.text)
		}
		if c.want != "" && a.attr("//AuthnStatement", "AuthnInstant") != samltoken.Stamp(proved) {
			t.Errorf("%s: the time is %s", name, a.attr("//AuthnStatement", "AuthnInstant"))
		}
	}
}

// S17 to S21: what the answer says, and its signatures in the eyes of xmlsec1 and OASIS's schema.
func TestS17toS21TheAnswer(t *testing.T) {
	s := newSite(t)
	v, cert := s.signedIn(s.user), s.certificate()
	ids := map[string]bool{}
	for _, both := range []bool{false, true} {
		id := map[bool]string{false: "one", true: "both"}[both]
		p := newSP(s, id).registered(map[string]any{"sign_response": both})
		a := s.answered(p.byRedirect(v, p.asks("", ""), ""))
		now := s.clock.Now()
		for path, want := range map[string]string{
			"./Assertion/Conditions NotBefore": samltoken.Stamp(now.Add(-time.Minute)), "./Assertion/Conditions NotOnOrAfter": samltoken.Stamp(now.Add(5 * time.Minute)),
			"//SubjectConfirmationData NotOnOrAfter": samltoken.Stamp(now.Add(5 * time.Minute)), "//SubjectConfirmationData Recipient": p.acs, ". Destination": p.acs,
		} {
			where, name, _ := strings.Cut(path, " ")
			if got := a.attr(where, name); got != want {
				t.Errorf("%s is %s, want %s", path, got, want)
			}
		}
		if all := a.root.FindElements("//Audience"); len(all) != 1 || all[0].Text() != p.entity {
			t.Errorf("audiences: %v", all)
		}
		for _, id := range []string{a.attr(".", "ID"), a.attr("./Assertion", "ID"), a.attr("//AuthnStatement", "SessionIndex")} {
			if len(id) < 27 || ids[id] {
				t.Errorf("the id %q is short or stands twice", id)
			}
			ids[id] = true
		}
		if a.attribute("urn:oid:0.9.2342.19200300.100.1.3")[0] != "aisha@northwold.example" || a.attribute("urn:oid:2.5.4.4")[0] != "Khan" {
			t.Errorf("attributes: %s", a.text)
		}
		judge.Schema(t, a.text, judge.ProtocolSchema)
		elements := []string{samltoken.AssertionSpace + ":Assertion", samltoken.Protocol + ":Response"}
		if err := judge.Signature(t, a.text, cert, "/*/*[local-name()='Assertion']/*[local-name()='Signature']", "ID", elements...); err != nil {
			t.Error(err)
		}
		if err := judge.Signature(t, a.text, cert, "/*/*[local-name()='Signature']", "ID", elements...); (err == nil) != both {
			t.Errorf("the response's own signature: %v", err)
		}
		if strings.Count(a.text, "<ds:Reference ") != strings.Count(a.text, "<ds:Signature ") || strings.Contains(a.text, "sha1") {
			t.Errorf("references or algorithms: %s", a.text)
		}
	}
}
