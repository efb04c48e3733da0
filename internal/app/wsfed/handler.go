// The routes, and a request's way to the desk.
package wsfed

import (
	"cmp"
	"embed"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"

	"woggle/internal/app"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/keys/signing"
	"woggle/internal/page"
	"woggle/internal/problem"
	"woggle/internal/samltoken"
	"woggle/internal/session"
)

//go:embed pages/*.html
var pages embed.FS

// Name is the protocol's.
const Name = "wsfed"

// The addresses that other parties are told.
const (
	passivePath  = "/wsfed"
	activePath   = "/wsfed/active"
	exchangePath = "/wsfed/mex"

	signedOutPath = "/wsfed/signed-out"
	metadataPath  = "/FederationMetadata/2007-06/FederationMetadata.xml"
)

// Identities finds the person as a connected Microsoft 365 tenant knows them; false where they are not known. The hint is the
// name or the domain that Microsoft asked for, or empty: somebody may have accounts in several tenants.
type Identities func(tx *db.Tx, user directory.User, hint string) (samltoken.Identity, bool, error)

// Deps is all that the provider works with.
type Deps struct {
	DB         *db.DB
	Pages      *page.Renderer
	Signing    *signing.Store
	Desk       *app.Desk
	Identities Identities                                         // nil where no tenant is connected
	Forget     func(w http.ResponseWriter, r *http.Request) error // ends the session, and the browser's cookies
	// Walk ends the session of the request and tells where apps of another protocol hear of it, one after the other; where there are
	// none it does nothing, and is empty.
	Walk  func(w http.ResponseWriter, r *http.Request) (to string, err error)
	Base  string // public address, without a slash at the end
	Brand string // the organisation's name
	Log   *slog.Logger
}

// Provider is the identity provider.
type Provider struct {
	Deps
	described atomic.Pointer[description]
}

// New makes the provider. Its errors are faults in its pages.
func New(d Deps) (*Provider, error) { return &Provider{Deps: d}, d.Pages.Add(Name, pages) }

// Mount adds the routes.
func (p *Provider) Mount(guarded, foreign func(pattern string, h page.Handler), bare func(pattern string, h http.HandlerFunc)) {
	guarded("GET "+passivePath, p.get)
	foreign("POST "+passivePath, p.post)
	guarded("GET "+signedOutPath, p.left)
	bare("GET "+metadataPath, p.metadata)
	bare("GET "+exchangePath, p.exchange)
	bare("GET "+activePath, p.refuse)
	bare("POST "+activePath, p.refuse)
}

// Name is what apps of the protocol carry.
func (p *Provider) Name() string { return Name }

// Read parses the settings of an app.
func (p *Provider) Read(a *app.App) error {
	s, err := parse(a.Settings)
	if err != nil {
		return err
	}
	if err := s.told(a); err != nil {
		return err
	}
	a.Audience, a.Parsed = s.Realm, s
	return nil
}

// get takes a request that came with the browser's cookies.
func (p *Provider) get(w http.ResponseWriter, r *http.Request) error {
	if r.URL.RawQuery == "" { // somebody typed the address, or kept it without its end
		return page.Redirect(w, r, "/")
	}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return malformed(err.Error())
	}
	a, err := read(values)
	if err != nil {
		return err
	}
	switch a.Action {
	case signIn:
		return p.signIn(w, r, a, p.Desk.Receive)
	case signOut:
		return p.signOut(w, r, a)
	case cleanUp:
		return p.cleanUp(w, r)
	}
	return malformed("its wa is no action")
}

// post takes a request that another site's form has brought, without the browser's cookies. What needs them comes back
// as a GET.
func (p *Provider) post(w http.ResponseWriter, r *http.Request) error {
	values := r.PostForm
	if values.Get("wa") == "" { // the form's address may carry the action
		values = r.Form
	}
	a, err := read(values)
	if err != nil {
		return err
	}
	switch a.Action {
	case signIn:
		return p.signIn(w, r, a, p.Desk.Keep)
	case signOut, cleanUp:
		again := url.Values{"wa": {a.Action}, "wtrealm": {a.Realm}, "wreply": {a.Reply}}
		return page.Redirect(w, r, passivePath+"?"+again.Encode())
	}
	return malformed("its wa is no action")
}

// kept is what of a request the answer needs.
type kept struct {
	Reply   string `json:"reply,omitempty"` // as it was asked for: what is registered is looked up when it is used
	Context string `json:"context,omitempty"`
	Asked   string `json:"asked,omitempty"`
	Hint    string `json:"hint,omitempty"` // or the home realm
}

type take func(w http.ResponseWriter, r *http.Request, q *app.Request) error

func (p *Provider) signIn(w http.ResponseWriter, r *http.Request, a ask, take take) error {
	apps, err := p.Desk.Catalogue.Current(r.Context())
	if err != nil {
		return err
	}
	client, known := apps.ByAudience(Name, a.Realm)
	if !known {
		p.Log.Info("a sign-in for an app that nobody registered", "wtrealm", a.Realm)
		return problem.New(problem.NotFound, "wsfed.unknown-app")
	}
	now := p.DB.Now()
	switch {
	case a.old(now):
		return p.showOld(w, r, client)
	case !a.met():
		return p.Refuse(w, r, &app.Request{App: client}, app.Unmet)
	}
	if a.Reply != "" && of(client).reply(a.Reply) != a.Reply {
		p.Log.Warn("an app asks for its answer at an address that is not registered", "app", client.ID, "wreply", a.Reply)
	}
	data, err := json.Marshal(kept{Reply: a.Reply, Context: a.Context, Asked: a.Asked, Hint: cmp.Or(a.Hint, a.Home)})
	if err != nil {
		return err
	}
	q := &app.Request{Protocol: Name, App: client, Data: data, Demand: a.demand(now), CreatedAt: now}
	if err := p.recognise(r, q); err != nil {
		return err
	}
	return take(w, r, q)
}

// recognise compares the name that Microsoft names with that of the person who is signed in. It is a name of Microsoft's,
// which may be nobody's or, worse, somebody else's here.
func (p *Provider) recognise(r *http.Request, q *app.Request) error {
	s := session.Of(r)
	if s == nil || q.Demand.Hint == "" || q.App.Audience != entra {
		return nil
	}
	return p.DB.View(r.Context(), func(tx *db.Tx) error {
		id, found, err := p.identity(tx, s.User, q.Demand.Hint, q.App)
		if err != nil {
			return err
		}
		mine := found && strings.EqualFold(id.UPN, q.Demand.Hint)
		q.Demand.Choose = !mine
		if mine {
			q.Demand.Hint = ""
		}
		return nil
	})
}

type appPage struct {
	App    string
	Launch string // or empty
	Why    string // locale key
}

// showOld is for a bookmark of an app's request: the app has forgotten what it was about, and would answer with an error.
func (p *Provider) showOld(w http.ResponseWriter, r *http.Request, client *app.App) error {
	return p.Pages.Show(w, r, "wsfed/old", appPage{App: client.Name, Launch: client.Launch}, page.Status(http.StatusGone))
}

// Refuse says on a page of ours why nobody comes: the protocol has no words for it.
func (p *Provider) Refuse(w http.ResponseWriter, r *http.Request, q *app.Request, why app.Reason) error {
	status := http.StatusForbidden
	if why == app.Left {
		status = http.StatusOK
	}
	return p.Pages.Show(w, r, "wsfed/refused", appPage{App: q.App.Name, Launch: q.App.Launch, Why: reasons[why]}, page.Status(status))
}

// reasons have a sentence each. What an app can only hear of when it asks that nobody be asked, which this protocol has no way
// to do, has that of Unmet.
var reasons = map[app.Reason]string{app.NotSignedIn: "wsfed.refused.unmet", app.MustAsk: "wsfed.refused.unmet",
	app.WrongPerson: "wsfed.refused.person", app.NotAllowed: "wsfed.refused.not-allowed", app.Unmet: "wsfed.refused.unmet",
	app.Left: "wsfed.refused.left"}
