// The provider: what it works with, its routes, its answers to apps.
package saml

import (
	"context"
	"embed"
	"encoding/base64"
	"net/http"
	"strings"
	"time"

	"github.com/beevik/etree"

	"woggle/internal/app"
	"woggle/internal/db"
	"woggle/internal/keys"
	"woggle/internal/keys/signing"
	"woggle/internal/page"
	"woggle/internal/problem"
	"woggle/internal/samltoken"
	"woggle/internal/session"
	"woggle/internal/signedxml"
)

//go:embed pages/*.html
var pages embed.FS

// Deps is all that the provider works with.
type Deps struct {
	DB       *db.DB
	Keys     *keys.Ring
	Signing  *signing.Store
	Pages    *page.Renderer
	Sessions *session.Manager
	Desk     *app.Desk
	Base     string // public address of the site, without a slash at the end
	// Pictures is the page that tells apps of another protocol that the session of the request ends; empty where there are none.
	Pictures func(r *http.Request) (to string, err error)

	Identities Identities // nil where no tenant is connected
}

// Provider answers apps. Its zero value can Read.
type Provider struct{ Deps }

// New makes the provider. Its errors are faults in its pages.
func New(d Deps) (*Provider, error) { return &Provider{d}, d.Pages.Add("saml", pages) }

// Mount adds the routes. Guarded ones come with the browser's cookies, foreign ones are other sites' forms without them,
// and bare ones are for machines.
func (p *Provider) Mount(guarded, foreign func(string, page.Handler), bare func(string, http.HandlerFunc)) {
	bare("GET /saml/metadata", p.metadata)
	bare("GET /saml/metadata/{app}", p.metadata)
	guarded("GET /saml/sso", p.ssoByRedirect)
	foreign("POST /saml/sso", p.ssoByPost)
	guarded("GET /saml/start/{app}", p.start)
	guarded("GET /saml/slo", p.sloByRedirect)
	foreign("POST /saml/slo", p.sloByPost)
	guarded("GET /saml/signout/{id}", p.showFarewell)
	guarded("POST /saml/signout/{id}", p.answerFarewell)
}

// Entity is our name in SAML: the address of the metadata.
func (p *Provider) Entity() string { return p.Base + "/saml/metadata" }

// issuer is our name in what the app is told.
func (p *Provider) issuer(a *app.App) string {
	if a.Parsed.(*party).OwnIssuer {
		return p.Entity() + "/" + a.ID
	}
	return p.Entity()
}

// signer is whose word our messages are. It must not be asked for within a transaction.
func (p *Provider) signer(ctx context.Context) (samltoken.Signer, error) {
	key, err := p.Signing.Active(ctx, signing.Federation, signing.RS256)
	return samltoken.Signer{Key: key.Private, Certificate: key.Certificate}, err
}

// The windows of time. Requests are made a moment before they come; clocks differ by minutes.
const (
	skew      = 5 * time.Minute
	mostRelay = 2 << 10 // bytes; the standard says 80 (Bindings section 3.4.3), and hardly anybody keeps to it
)

// incoming is a message as it came, with what is known of its sender.
type incoming struct {
	app    *app.App
	party  *party
	root   *etree.Element // of what was verified, if anything was
	signed bool           // by the app
	relay  string
}

// byRedirect reads a message of the Redirect binding.
func (p *Provider) byRedirect(r *http.Request) (*incoming, *signedxml.Query, error) {
	q, err := signedxml.ReadQuery(r.URL.RawQuery)
	if err != nil {
		return nil, nil, unreadable(err)
	}
	raw, err := signedxml.Inflate(q.Message)
	if err != nil {
		return nil, nil, unreadable(err)
	}
	in, err := p.open(r, raw, q, q.Relay)
	return in, q, err
}

// byPost reads a message of the POST binding, in the field of the name.
func (p *Provider) byPost(r *http.Request, field string) (*incoming, error) {
	if len(r.PostForm[field]) != 1 || len(r.PostForm["RelayState"]) > 1 {
		return nil, unreadable(nil)
	}
	raw, err := signedxml.Decode(r.PostForm.Get(field))
	if err != nil {
		return nil, unreadable(err)
	}
	return p.open(r, raw, nil, r.PostForm.Get("RelayState"))
}

// open finds out whose message it is, and whether it is theirs. A signature that is there has to be good wherever the
// app's keys are known; where it has to be there, nothing goes without (threats T68, T73).
func (p *Provider) open(r *http.Request, raw []byte, q *signedxml.Query, relay string) (*incoming, error) {
	if len(relay) > mostRelay {
		return nil, unreadable(nil)
	}
	doc, err := signedxml.Parse(raw)
	if err != nil {
		return nil, unreadable(err)
	}
	root := doc.Root()
	claimed, err := samltoken.ReadMessage(root)
	if err != nil {
		return nil, unreadable(err)
	}
	apps, err := p.Desk.Catalogue.Current(r.Context())
	if err != nil {
		return nil, err
	}
	a, known := apps.ByAudience(Name, claimed.Issuer)
	if !known {
		return nil, problem.New(problem.Malformed, "saml.unknown-app")
	}
	in := &incoming{app: a, party: a.Parsed.(*party), root: root, relay: relay}
	if len(in.party.certs) > 0 && signedxml.Signed(root) {
		if in.root, err = signedxml.Verify(root, "ID", in.party.certs); err != nil {
			return nil, unreadable(err)
		}
		in.signed = true
	}
	if len(in.party.certs) > 0 && q != nil && q.Signed {
		if err := q.Verify(in.party.certs); err != nil {
			return nil, unreadable(err)
		}
		in.signed = true
	}
	return in, nil
}

// check looks at what every message says of itself: when it was made, and for whom (Bindings section 3.4.5.2, 3.5.5.2).
func (p *Provider) check(in *incoming, m samltoken.Message, address string) error {
	now := p.DB.Now()
	if m.At.Before(now.Add(-skew)) || m.At.After(now.Add(skew)) {
		return problem.New(problem.Gone, "saml.stale")
	}
	if m.Issuer != in.party.EntityID {
		return unreadable(nil) // unreachable while what is verified is what was sent
	}
	if m.Destination != p.Base+address && (m.Destination != "" || in.signed) {
		return unreadable(nil) // signed for another place, and brought here
	}
	return nil
}

// unreadable is the answer to whatever is no message of an honest app. The log keeps why; a visitor can do nothing with it.
func unreadable(err error) error {
	return problem.New(problem.Malformed, "saml.unreadable").Because(err)
}

// post sends a message to the app by the form that the person's browser posts.
func (p *Provider) post(w http.ResponseWriter, r *http.Request, a *app.App, to, kind string, message []byte, relay string) error {
	fields := []app.Field{{Name: kind, Value: base64.StdEncoding.EncodeToString(message)}}
	if relay != "" {
		fields = append(fields, app.Field{Name: "RelayState", Value: relay})
	}
	return p.Desk.Post(w, r, a.Name, to, fields)
}

// send sends a message of sign-out to the app, signed, by the binding. The id is that of the person's way out.
func (p *Provider) send(w http.ResponseWriter, r *http.Request, a *app.App, e Endpoint, to, kind string, message *etree.Element, relay, id string) error {
	by, err := p.signer(r.Context())
	if err != nil {
		return err
	}
	if e.Binding == post {
		if err := signedxml.Sign(message, "ID", signedxml.AfterIssuer, by.Key, by.Certificate); err != nil {
			return err
		}
	}
	raw, err := signedxml.Bytes(message)
	if err != nil {
		return err
	}
	if e.Binding == post {
		return p.post(w, r, a, to, kind, raw, relay)
	}
	query, err := signedxml.SignedQuery(kind, raw, relay, by.Key)
	if err != nil {
		return err
	}
	separator := "?"
	if strings.Contains(to, "?") {
		separator = "&"
	}
	return p.Desk.Onward(w, r, &app.Request{ID: id, App: a}, to+separator+query)
}
