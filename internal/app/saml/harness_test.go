package saml_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/beevik/etree"

	"woggle/internal/app"
	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/directory"
	"woggle/internal/keys"
	"woggle/internal/method/phone"
	"woggle/internal/page"
	"woggle/internal/samltoken"
	"woggle/internal/server"
	"woggle/internal/session"
	"woggle/internal/signedxml"
	"woggle/test/visitor"
)

// site is a whole Woggle on a true database, with an app beside it.
type site struct {
	t      *testing.T
	db     *db.DB
	clock  *dbtest.Clock
	keys   *keys.Ring
	server *server.Server
	web    *httptest.Server
	user   directory.User
}

func newSite(t *testing.T) *site {
	d, clock := dbtest.Open(t)
	return siteOn(t, d, clock)
}

func siteOn(t *testing.T, d *db.DB, clock *dbtest.Clock) *site {
	t.Helper()
	s := &site{t: t, db: d, clock: clock, keys: keys.Random()}
	s.web = httptest.NewUnstartedServer(nil)
	var err error
	s.server, err = server.New(server.Options{DB: d, Keys: s.keys, Base: &url.URL{Scheme: "http", Host: s.web.Listener.Addr().String()},
		Plan: phone.Plan{Default: "GB"}, Brand: page.Brand{Name: "Northwold County", Colour: "#0b5d57"}, Stay: 30 * 24 * time.Hour, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	s.web.Config.Handler = s.server.Handler()
	s.web.Start()
	t.Cleanup(s.web.Close)
	s.user = s.member("aisha")
	return s
}

func (s *site) tx(work func(tx *db.Tx) error) {
	s.t.Helper()
	if err := s.db.Tx(s.t.Context(), work); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) member(username string) (user directory.User) {
	s.t.Helper()
	s.tx(func(tx *db.Tx) (err error) {
		user, err = directory.Add(tx, directory.User{Username: username, Email: username + "@northwold.example", GivenName: "Aisha",
			FamilyName: "Khan", Role: directory.Member, Status: directory.Active})
		return err
	})
	return user
}

// proofs are those of a password and a text.
func proofs(at time.Time) []session.Proof {
	return []session.Proof{{Kind: "password", Factor: session.Knowledge, AMR: []string{"pwd"}, At: at},
		{Kind: "phone", Factor: session.Possession, AMR: []string{"sms"}, At: at}}
}

// signedIn is a browser in which the user is signed in.
func (s *site) signedIn(user directory.User) *visitor.Visitor {
	s.t.Helper()
	manager := &session.Manager{DB: s.db, Keys: s.keys}
	v := visitor.New(s.web.URL)
	s.tx(func(tx *db.Tx) error {
		token, _, err := manager.Start(tx, user, proofs(tx.Now), false, session.Origin{})
		if err != nil {
			return err
		}
		base, err := url.Parse(s.web.URL)
		v.Client.Jar.SetCookies(base, []*http.Cookie{{Name: manager.CookieName(), Value: token, Path: "/"}})
		return err
	})
	return v
}

// sp is an app: what it has registered, and its key.
type sp struct {
	*site
	id, entity, acs string
	key             *rsa.PrivateKey
	cert            *x509.Certificate
}

var keyPairs = sync.OnceValues(func() (all [2]*rsa.PrivateKey, err error) {
	for i := range all {
		if all[i], err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			break
		}
	}
	return all, err
})

func newSP(s *site, id string) *sp {
	s.t.Helper()
	pairs, err := keyPairs()
	if err != nil {
		s.t.Fatal(err)
	}
	app := &sp{site: s, id: id, entity: "https://" + id + ".example/", acs: "https://" + id + ".example/acs", key: pairs[0]}
	if id == "stranger" {
		app.key = pairs[1]
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: id}, NotBefore: s.clock.Now(), NotAfter: s.clock.Now().AddDate(3, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, app.key.Public(), app.key)
	if err == nil {
		app.cert, err = x509.ParseCertificate(der)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return app
}

func (p *sp) pem() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.cert.Raw}))
}

// registered registers the app, with more settings and changes.
func (p *sp) registered(settings map[string]any, change ...func(*app.App)) *sp {
	p.t.Helper()
	all := map[string]any{"entity_id": p.entity, "acs": p.acs}
	for name, value := range settings {
		all[name] = value
	}
	raw, err := json.Marshal(all)
	if err != nil {
		p.t.Fatal(err)
	}
	a := &app.App{ID: p.id, Name: "Rota of " + p.id, Protocol: "saml", Settings: raw}
	for _, c := range change {
		c(a)
	}
	if err := server.AppReaders()["saml"](a); err != nil {
		p.t.Fatal(err)
	}
	p.tx(func(tx *db.Tx) error { return app.Put(tx, "system", a) })
	p.server.Apps().Catalogue.Forget()
	return p
}

// asks is an AuthnRequest as text, with more attributes and elements.
func (p *sp) asks(attributes, inner string) string {
	return fmt.Sprintf(`<samlp:AuthnRequest xmlns:samlp="%s" xmlns:saml="%s" ID="%s" Version="2.0" IssueInstant="%s" %s><saml:Issuer>%s</saml:Issuer>%s</samlp:AuthnRequest>`,
		samltoken.Protocol, samltoken.AssertionSpace, samltoken.NewID(), samltoken.Stamp(p.clock.Now()), attributes, p.entity, inner)
}

func (p *sp) sso() string { return p.web.URL + "/saml/sso" }

// to is the attribute of a message that is for an address.
func to(address string) string { return `Destination="` + address + `"` }

// redirected is the path of a message by the Redirect binding.
func (p *sp) redirected(path, kind, message, relay string, signed bool) string {
	p.t.Helper()
	if signed {
		query, err := signedxml.SignedQuery(kind, []byte(message), relay, p.key)
		if err != nil {
			p.t.Fatal(err)
		}
		return path + "?" + query
	}
	values := url.Values{kind: {signedxml.Deflate([]byte(message))}}
	if relay != "" {
		values.Set("RelayState", relay)
	}
	return path + "?" + values.Encode()
}

// byRedirect brings a request by the Redirect binding, unsigned.
func (p *sp) byRedirect(v *visitor.Visitor, message, relay string) *visitor.Page {
	p.t.Helper()
	return open(p.t, v, p.redirected("/saml/sso", signedxml.Request, message, relay, false))
}

// byPost brings a message by another site's form.
func (p *sp) byPost(v *visitor.Visitor, path, kind, message, relay string) *visitor.Page {
	p.t.Helper()
	// Browsers leave the cookies out of it (SameSite=Lax), and bring them again when they follow the redirect.
	jar := v.Client.Jar
	v.Client.Jar = nil
	v.Client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	page, err := v.Post(path, url.Values{kind: {base64.StdEncoding.EncodeToString([]byte(message))}, "RelayState": {relay}})
	v.Client.Jar, v.Client.CheckRedirect = jar, nil
	if err != nil {
		p.t.Fatal(err)
	}
	if on := page.Header.Get("Location"); on != "" {
		return open(p.t, v, on)
	}
	return page
}

// enveloped signs a message in itself.
func (p *sp) enveloped(message string) string {
	p.t.Helper()
	doc, err := signedxml.Parse([]byte(message))
	if err != nil {
		p.t.Fatal(err)
	}
	if err := signedxml.Sign(doc.Root(), "ID", signedxml.AfterIssuer, p.key, p.cert); err != nil {
		p.t.Fatal(err)
	}
	raw, err := signedxml.Bytes(doc.Root())
	if err != nil {
		p.t.Fatal(err)
	}
	return string(raw)
}

func open(t *testing.T, v *visitor.Visitor, path string) *visitor.Page {
	t.Helper()
	page, err := v.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// answer is a Response as the app reads it.
type answer struct {
	text   string
	root   *etree.Element
	action string
	relay  string
}

// answered demands that the page brings an answer to an app.
func (s *site) answered(page *visitor.Page) answer {
	s.t.Helper()
	a, ok := s.hasAnswer(page)
	if !ok {
		s.t.Fatalf("no answer on %s (status %d): %s", page.URL, page.Status, page.Text)
	}
	return a
}

func (s *site) hasAnswer(page *visitor.Page) (a answer, ok bool) {
	s.t.Helper()
	form, err := page.Form(signedxml.Response)
	if err != nil {
		return a, false
	}
	raw, err := base64.StdEncoding.DecodeString(form.Values.Get(signedxml.Response))
	if err != nil {
		s.t.Fatal(err)
	}
	doc, err := signedxml.Parse(raw)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer{string(raw), doc.Root(), form.Action, form.Values.Get("RelayState")}, true
}

// refused demands a page that brings nothing to anybody, with a status and words.
func refused(t *testing.T, page *visitor.Page, status int, words string) {
	t.Helper()
	for _, form := range page.Forms {
		if !strings.HasPrefix(form.Action, "/") {
			t.Errorf("something is sent to %s", form.Action)
		}
	}
	if page.Status != status || !strings.Contains(page.Text, words) || strings.Contains(page.Body, "SAMLResponse") {
		t.Errorf("status %d, want %d with %q: %.300s", page.Status, status, words, page.Text)
	}
}

// at is the text of the element at a path, without prefixes.
func (a answer) at(path string) string {
	if el := a.root.FindElement(path); el != nil {
		return el.Text()
	}
	return ""
}

func (a answer) attr(path, name string) string {
	if el := a.root.FindElement(path); el != nil {
		return el.SelectAttrValue(name, "")
	}
	return ""
}

// status is the last part of the innermost status code.
func (a answer) status() string {
	value := a.attr("./Status/StatusCode", "Value")
	if inner := a.attr("./Status/StatusCode/StatusCode", "Value"); inner != "" {
		value = inner
	}
	return value[strings.LastIndex(value, ":")+1:]
}

func (a answer) attribute(name string) (values []string) {
	for _, el := range a.root.FindElements("./Assertion/AttributeStatement/Attribute") {
		if el.SelectAttrValue("Name", "") == name {
			for _, value := range el.ChildElements() {
				values = append(values, value.Text())
			}
		}
	}
	return values
}

// signedOut is a browser in which nobody is signed in.
func (s *site) signedOut() *visitor.Visitor { return visitor.New(s.web.URL) }

func certificatesOf(t *testing.T, text string) []*x509.Certificate {
	t.Helper()
	block, _ := pem.Decode([]byte(text))
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return []*x509.Certificate{cert}
}
