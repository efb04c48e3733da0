package sampleapps

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"woggle/internal/samltoken"
)

// newKey makes a key with a certificate around it.
func newKey(t *testing.T) Key {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return Key{private, certificate}
}

// site is a sign-in that answers what the test says, and the apps that rely on it.
type site struct {
	*Apps
	*testing.T
	key     Key // of the sign-in
	answers map[string]http.HandlerFunc
	apps    http.Handler
	minibus http.Handler
}

func newSite(t *testing.T) *site {
	s := &site{T: t, key: newKey(t), answers: map[string]http.HandlerFunc{}}
	signIn := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if answer := s.answers[r.URL.Path]; answer != nil {
			answer(w, r)
			return
		}
		http.NotFound(w, r)
	}))
	t.Cleanup(signIn.Close)
	var err error
	s.Apps, err = New(Options{SignIn: signIn.URL, Base: "http://127.0.0.1:8081", Minibus: "http://127.0.0.1:8082", Organisation: "Test Scouts",
		Log: slog.New(slog.DiscardHandler)}, newKey(t))
	if err != nil {
		t.Fatal(err)
	}
	s.apps, s.minibus = s.Handler(), s.MinibusHandler()
	s.answers["/saml/metadata"] = func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `<EntityDescriptor xmlns="%s" entityID="%s/saml/metadata"><IDPSSODescriptor><KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#">`+
			`<X509Data><X509Certificate>%s</X509Certificate></X509Data></KeyInfo></KeyDescriptor>`+
			`<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="%s/saml/sso"/></IDPSSODescriptor></EntityDescriptor>`,
			metadataSpace, s.SignIn, base64.StdEncoding.EncodeToString(s.key.Certificate.Raw), s.SignIn)
	}
	return s
}

// visit asks an app as a browser with the cookie does.
func (s *site) visit(h http.Handler, method, target, browser string, form url.Values, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if browser != "" {
		r.AddCookie(&http.Cookie{Name: cookie, Value: browser})
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// An answer of the sign-in is believed if everything about it is right, and only in the browser that began.
func TestTheShopBelievesNoOtherAnswer(t *testing.T) {
	s, stranger := newSite(t), newKey(t)
	for name, c := range map[string]struct {
		change  func(r *samltoken.Response)
		by      *Key
		altered func(xml string) string
		other   bool // another browser comes for it
		in      bool
	}{
		"right":            {in: true},
		"another browser":  {other: true},
		"another audience": {change: func(r *samltoken.Response) { r.Assertion.Audience = "http://other.example" }},
		"another place":    {change: func(r *samltoken.Response) { r.Assertion.Recipient = "http://other.example/acs" }},
		"another request":  {change: func(r *samltoken.Response) { r.InResponseTo = "_other" }},
		"an assertion that answers another request": {change: func(r *samltoken.Response) { r.Assertion.InResponseTo = "_other" }},
		"another issuer":   {change: func(r *samltoken.Response) { r.Assertion.Issuer = "http://other.example" }},
		"of yesterday":     {change: func(r *samltoken.Response) { r.Assertion.At = r.Assertion.At.Add(-24 * time.Hour) }},
		"a stranger's key": {by: &stranger},
		"altered":          {altered: func(xml string) string { return strings.Replace(xml, "mallory", "trustee", 1) }},
		"not signed": {altered: func(xml string) string {
			begin, end := strings.Index(xml, "<ds:Signature"), strings.Index(xml, "</ds:Signature>")
			return xml[:begin] + xml[end+len("</ds:Signature>"):]
		}},
	} {
		t.Run(name, func(t *testing.T) {
			begun := s.visit(s.apps, "GET", "/kit/start", "", nil)
			browser := begun.Result().Cookies()[0].Value
			to, err := url.Parse(begun.Header().Get("Location"))
			if err != nil || !strings.HasPrefix(to.String(), s.SignIn+"/saml/sso?SAMLRequest=") {
				t.Fatalf("the shop sends to %s: %v", to, err)
			}
			relay := to.Query().Get("RelayState")
			a := &samltoken.Assertion{ID: samltoken.NewID(), Issuer: s.SignIn + "/saml/metadata", Subject: samltoken.NameID{Format: samltoken.Persistent, Value: "mallory"},
				Audience: s.kit.entity(), Recipient: s.Base + "/kit/acs", InResponseTo: s.request(relay), At: time.Now(), AuthAt: time.Now(), Session: "one",
				Class: samltoken.RefedsMFA}
			r := &samltoken.Response{Issuer: a.Issuer, Destination: a.Recipient, InResponseTo: a.InResponseTo, At: a.At, Status: samltoken.Success, Assertion: a}
			if c.change != nil {
				c.change(r)
			}
			by := s.key
			if c.by != nil {
				by = *c.by
			}
			raw, err := r.Bytes(samltoken.Signer{Key: by.Private, Certificate: by.Certificate})
			if err != nil {
				t.Fatal(err)
			}
			if c.altered != nil {
				before := string(raw)
				if raw = []byte(c.altered(before)); string(raw) == before {
					t.Fatal("nothing was altered")
				}
			}
			form := url.Values{"SAMLResponse": {base64.StdEncoding.EncodeToString(raw)}, "RelayState": {relay}}
			took := s.visit(s.apps, "POST", "/kit/acs", "", form, "Sec-Fetch-Site", "cross-site", "Origin", s.SignIn)
			comes := browser
			if c.other {
				comes = rand.Text()
			}
			if next := took.Header().Get("Location"); next != "" {
				s.visit(s.apps, "GET", next, comes, nil)
			}
			if _, in := s.people.seat("kit", comes); in != c.in {
				t.Errorf("let in: %t, want %t; the shop says %d %s", in, c.in, took.Code, took.Body)
			}
			if again := s.visit(s.apps, "POST", "/kit/acs", "", form); again.Code != http.StatusForbidden {
				t.Errorf("the same answer once more is answered with %d", again.Code)
			}
		})
	}
}

// request is the id of the shop's request, which the sign-in would repeat.
func (s *site) request(relay string) string {
	s.people.mu.Lock()
	defer s.people.mu.Unlock()
	return s.people.attempts[relay].keep.(kitAttempt).request
}

// Who the visitor is, the site behind the proxy believes the proxy only, and what the sign-in has signed.
func TestTheProxyHandsOnNoIdentityOfTheVisitors(t *testing.T) {
	s := newSite(t)
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s.answers["/forward/keys"] = func(w http.ResponseWriter, _ *http.Request) {
		json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: private.Public(), KeyID: "one", Algorithm: "ES256", Use: "sig"}}})
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: private, KeyID: "one"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	assertion, err := jwt.Signed(signer).Claims(map[string]any{"iss": s.SignIn, "aud": s.Minibus, "sub": "1", "preferred_username": "raj.patel",
		"exp": time.Now().Add(time.Minute).Unix(), "iat": time.Now().Unix(), "auth_time": time.Now().Unix(), "amr": []string{"pwd", "sms", "mfa"}}).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	var asked http.Header
	check := func(headers ...string) {
		s.answers["/forward/check/nginx"] = func(w http.ResponseWriter, r *http.Request) {
			asked = r.Header
			for i := 0; i < len(headers); i += 2 {
				w.Header().Set(headers[i], headers[i+1])
			}
		}
	}
	check("Remote-User", "raj.patel", "Remote-Name", "Raj Patel", "Woggle-Assertion", assertion)
	w := s.visit(s.minibus, "GET", "/", "", nil, "Remote-Name", "The Queen", "Remote-Groups", "Leaders", "X-Original-Url", "https://other.example/")
	if body := w.Body.String(); w.Code != http.StatusOK || !strings.Contains(body, "Hello, Raj Patel") || strings.Contains(body, "Queen") || strings.Contains(body, "Leaders") {
		t.Errorf("the site says %d %s", w.Code, body)
	}
	if got := asked.Values("X-Original-Url"); len(got) != 1 || got[0] != s.Minibus+"/" {
		t.Errorf("the proxy asks about %q", got)
	}
	check("Remote-User", "the.queen", "Woggle-Assertion", assertion)
	if w := s.visit(s.minibus, "GET", "/", "", nil); w.Code != http.StatusForbidden {
		t.Errorf("headers that differ from the assertion are answered with %d", w.Code)
	}
	check("Remote-User", "raj.patel")
	if w := s.visit(s.minibus, "GET", "/", "", nil, "Woggle-Assertion", assertion); w.Code != http.StatusForbidden {
		t.Errorf("an assertion that the visitor has brought is answered with %d", w.Code)
	}
}

// The proxy does as it is told, and lets nobody in when it is told nothing.
func TestTheProxyDoesAsItIsTold(t *testing.T) {
	s := newSite(t)
	answer := func(status int, to string) *httptest.ResponseRecorder {
		s.answers["/forward/check/nginx"] = func(w http.ResponseWriter, _ *http.Request) {
			if to != "" {
				w.Header().Set("Location", to)
				w.Header().Set("Set-Cookie", "woggle-app-start=word")
			}
			w.WriteHeader(status)
		}
		return s.visit(s.minibus, "GET", "/", "", nil)
	}
	if w := answer(http.StatusUnauthorized, s.SignIn+"/forward/start?q=1"); w.Code != http.StatusSeeOther || w.Header().Get("Location") != s.SignIn+"/forward/start?q=1" ||
		w.Header().Get("Set-Cookie") != "woggle-app-start=word" {
		t.Errorf("who is to sign in gets %d %v", w.Code, w.Header())
	}
	for status, want := range map[int]int{http.StatusUnauthorized: http.StatusUnauthorized, http.StatusForbidden: http.StatusForbidden,
		http.StatusServiceUnavailable: http.StatusForbidden, http.StatusFound: http.StatusForbidden} {
		if w := answer(status, ""); w.Code != want || strings.Contains(w.Body.String(), "Hello") {
			t.Errorf("after %d the visitor gets %d", status, w.Code)
		}
	}
	if w := s.visit(s.minibus, "GET", "/static/sample.css", "", nil); w.Code != http.StatusOK {
		t.Errorf("the style is answered with %d", w.Code)
	}
}

// Another site's form signs nobody out, and what it brings is refused where no protocol sends forms.
func TestOtherSitesSignNobodyOut(t *testing.T) {
	s, browser := newSite(t), rand.Text()
	for _, app := range []string{"rota", "kit", "files"} {
		s.people.sit(app, browser, seat{told: told{Username: "raj.patel"}})
		w := s.visit(s.apps, "POST", "/"+app+"/signout", browser, url.Values{"of": {"here"}}, "Sec-Fetch-Site", "cross-site", "Origin", "https://other.example")
		if _, in := s.people.seat(app, browser); !in || w.Code != http.StatusForbidden {
			t.Errorf("another site's form at the %s is answered with %d; still in: %t", app, w.Code, in)
		}
		s.visit(s.apps, "POST", "/"+app+"/signout", browser, url.Values{"of": {"here"}}, "Sec-Fetch-Site", "same-origin")
		if _, in := s.people.seat(app, browser); in {
			t.Errorf("the person's own press does not sign out of the %s", app)
		}
	}
}

// An attempt is used up by its answer, belongs to one app and one browser, and does not last.
func TestAttempts(t *testing.T) {
	p, mine, other := newPeople(), "mine", "other"
	word := p.begin(attempt{app: "rota", browser: mine})
	for _, wrong := range []struct{ word, app, browser string }{{"", "rota", mine}, {word, "kit", mine}, {word, "rota", other}, {word, "rota", ""}} {
		if _, found := p.take(wrong.word, wrong.app, &wrong.browser); found {
			t.Errorf("%+v finds the attempt", wrong)
		}
	}
	if _, found := p.take(word, "rota", &mine); !found {
		t.Error("the attempt is not found")
	}
	if _, found := p.take(word, "rota", &mine); found {
		t.Error("the attempt is found twice")
	}
	word = p.begin(attempt{app: "rota", browser: mine})
	old := p.attempts[word]
	old.at = old.at.Add(-attemptLife - time.Second)
	p.attempts[word] = old
	if _, found := p.take(word, "rota", &mine); found {
		t.Error("an old attempt is found")
	}
}

// What was said is put into words; what nobody knows stays as it came.
func TestWords(t *testing.T) {
	for _, c := range []struct{ said, how, level string }{
		{"pwd sms mfa https://refeds.org/profile/mfa", "a password, a code by text", "two steps"},
		{"pwd https://refeds.org/profile/sfa", "a password", "one step"},
		{"mfa https://refeds.org/profile/sfa", "", "two steps"},
		{"http://schemas.microsoft.com/claims/multipleauthn", "", "two steps"},
		{"iris", "iris", ""},
		{"", "", ""},
	} {
		if how, level := inWords(strings.Fields(c.said)); strings.Join(how, ", ") != c.how || level != c.level {
			t.Errorf("%q is said as %q in %q", c.said, how, level)
		}
	}
}
