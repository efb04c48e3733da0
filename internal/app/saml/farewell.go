// The person's way out: through every app of the session that wants to be told, one after the other.
//
// A page with hidden frames would be quicker, but browsers keep cookies from frames of other sites, so that apps there would
// not know whom to sign out. Here the browser itself goes to each. The session has ended before the first step, so that
// whoever closes the window is signed out here in any case.
package saml

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"

	"woggle/internal/app"
	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/page"
	"woggle/internal/problem"
	"woggle/internal/samltoken"
	"woggle/internal/session"
	"woggle/internal/signedxml"
)

// farewell is one way out.
type farewell struct {
	id      string
	version int64
	bound   bool // to a browser

	By       string           `json:"by,omitempty"` // id of the app that asked; empty: the person did, here
	Request  string           `json:"request,omitempty"`
	Relay    string           `json:"relay,omitempty"`
	Binding  string           `json:"binding,omitempty"`
	Name     samltoken.NameID `json:"name,omitzero"`
	Sessions []string         `json:"sessions,omitempty"`
	Signed   bool             `json:"signed,omitempty"`
	Issuer   string           `json:"issuer,omitempty"` // our name at the app that asked; empty: the usual one

	Begun bool   `json:"begun,omitempty"` // the session has ended
	Steps []step `json:"steps,omitempty"`
	Over  bool   `json:"over,omitempty"` // the app that asked was answered
	Then  string `json:"then,omitempty"` // where the way out ends, on our own site; empty: on a page that says how it went
}

// step is one app that is told.
type step struct {
	App    string           `json:"app"`
	Title  string           `json:"title"`
	Visit  string           `json:"visit"`
	Name   samltoken.NameID `json:"name"`
	Issuer string           `json:"issuer,omitempty"`
	State  state            `json:"state,omitempty"`
}

type state string

const (
	waiting state = ""
	sent    state = "sent"
	done    state = "done"
	failed  state = "failed"
)

func newFarewell() string { return db.NewToken()[:26] }

func (f *farewell) address() string { return "/saml/signout/" + f.id }

// Leave begins a way out for a session that is about to be ended, in the same transaction, and tells where the browser is to
// go; empty where no app wants to be told. The browser's cookie has to stay until then. Once all have been told the browser goes
// on to the page then of ours, unless that is empty.
func (p *Provider) Leave(tx *db.Tx, r *http.Request, apps *app.Apps, s *session.Session, then string) (to string, err error) {
	f := &farewell{id: newFarewell(), Begun: true, Then: then}
	if f.Steps, err = p.steps(tx, apps, s, ""); err != nil || len(f.Steps) == 0 {
		return "", err
	}
	return f.address(), insertFarewell(tx, f, p.browser(r)[0])
}

// steps are the apps that the session has visited and that want to be told, but for the one that knows.
func (p *Provider) steps(tx *db.Tx, apps *app.Apps, s *session.Session, but string) (all []step, err error) {
	visits, err := session.VisitsOf(tx, s.ID)
	if err != nil {
		return nil, err
	}
	for _, v := range visits {
		a, known := apps.ByID(v.App)
		var told stay
		if !known || a.Protocol != Name || a.ID == but || len(a.Parsed.(*party).SLO) == 0 || json.Unmarshal([]byte(v.Data), &told) != nil {
			continue
		}
		all = append(all, step{App: a.ID, Title: a.Name, Visit: v.ID, Name: told.Name, Issuer: told.Issuer})
	}
	return all, nil
}

// browser are the fingerprints of the visitor's browser, the newest key's first.
func (p *Provider) browser(r *http.Request) [][]byte {
	return p.Keys.Lookups("browser", page.VisitOf(r).Browser)
}

func oneOf(hash []byte, all [][]byte) bool {
	return slices.ContainsFunc(all, func(one []byte) bool { return string(one) == string(hash) })
}

// showFarewell takes the next step: it asks the person, ends the session, sends the browser to the next app, or tells how it
// went.
func (p *Provider) showFarewell(w http.ResponseWriter, r *http.Request) error {
	f, apps, err := p.farewell(r)
	if err != nil {
		return err
	}
	if f.Begun {
		return p.walk(w, r, f.id, apps)
	}
	by, known := apps.ByID(f.By)
	if !known || by.Protocol != Name {
		return problem.New(problem.Gone, "saml.farewell-gone")
	}
	s := session.Of(r)
	if s == nil { // signed out already
		return p.tell(w, r, f, apps, samltoken.Success)
	}
	var mine *stay
	err = p.DB.Ask(r.Context(), func(tx *db.Tx) (err error) {
		mine, err = f.stayOf(tx, s)
		return err
	})
	if err != nil {
		return err
	}
	switch {
	case mine == nil: // it is about somebody else, or a session of another browser
		return p.tell(w, r, f, apps, samltoken.UnknownPrincipal)
	case !p.believed(f, by):
		return p.Pages.Show(w, r, "saml/signout", farewellPage{ID: f.id, App: by.Name})
	}
	return p.begin(w, r, f.id, apps, s)
}

// answerFarewell takes what the person says to an app's request that nobody signed.
func (p *Provider) answerFarewell(w http.ResponseWriter, r *http.Request) error {
	f, apps, err := p.farewell(r)
	if err != nil {
		return err
	}
	s := session.Of(r)
	if f.Begun || s == nil {
		return page.Redirect(w, r, f.address())
	}
	if r.PostFormValue("go") != "out" {
		return p.tell(w, r, f, apps, samltoken.RequestDenied)
	}
	return p.begin(w, r, f.id, apps, s)
}

// farewell is the one that the address names, of this browser.
func (p *Provider) farewell(r *http.Request) (*farewell, *app.Apps, error) {
	apps, err := p.Desk.Catalogue.Current(r.Context())
	if err != nil {
		return nil, nil, err
	}
	f, err := p.change(r, r.PathValue("id"), p.browser(r), func(*db.Tx, *farewell) error { return nil })
	return f, apps, err
}

// change does work on a farewell that is not over, and binds it to the browser if it is nobody's yet. An answer of an app
// comes without the browser's cookies: then there are no browsers, and any farewell will do.
func (p *Provider) change(r *http.Request, id string, browsers [][]byte, work func(tx *db.Tx, f *farewell) error) (f *farewell, err error) {
	return f, p.DB.Tx(r.Context(), func(tx *db.Tx) (err error) {
		f, err = findFarewell(tx, id, browsers)
		switch {
		case err != nil:
			return err
		case f == nil || f.Over:
			return problem.New(problem.Gone, "saml.farewell-gone")
		}
		if err := work(tx, f); err != nil {
			return err
		}
		var browser []byte
		if len(browsers) > 0 {
			browser = browsers[0]
		}
		return updateFarewell(tx, f, browser)
	})
}

// stayOf is the stay that the app's request is about, among those of the session; nil if it is about none of them: the name has
// to be the person's there, and the visit among those that it names, if it names any.
func (f *farewell) stayOf(tx *db.Tx, s *session.Session) (*stay, error) {
	visits, err := session.VisitsOf(tx, s.ID)
	if err != nil {
		return nil, err
	}
	for _, v := range visits {
		var told stay
		if v.App == f.By && json.Unmarshal([]byte(v.Data), &told) == nil && sameName(f.Name, told.Name) &&
			(len(f.Sessions) == 0 || slices.Contains(f.Sessions, v.ID)) {
			return &told, nil
		}
	}
	return nil, nil
}

// begin ends the session. From then on it is only told.
func (p *Provider) begin(w http.ResponseWriter, r *http.Request, id string, apps *app.Apps, s *session.Session) error {
	pictures, err := p.Pictures(r)
	if err != nil {
		return err
	}
	_, err = p.change(r, id, p.browser(r), func(tx *db.Tx, f *farewell) (err error) {
		if f.Begun {
			return nil
		}
		f.Begun = true
		if at, err := f.stayOf(tx, s); err != nil {
			return err
		} else if at != nil {
			f.Issuer = at.Issuer
		}
		if f.Steps, err = p.steps(tx, apps, s, f.By); err != nil {
			return err
		}
		by, _ := apps.ByID(f.By)
		if err := audit.Record(tx, audit.Event{Type: audit.AppLeft, Actor: s.User.ID, User: s.User.ID, Agent: s.Agent,
			Detail: audit.Detail{"app": by.ID, "name": by.Name}}); err != nil {
			return err
		}
		return p.Sessions.SignOut(tx, s)
	})
	if err != nil {
		return err
	}
	p.Sessions.ClearCookie(w)
	if pictures != "" {
		return page.Redirect(w, r, pictures+"&next="+url.QueryEscape("/saml/signout/"+id))
	}
	return page.Redirect(w, r, "/saml/signout/"+id)
}

// walk goes to the next app. One that was asked and has not answered, when the person comes back, has failed.
func (p *Provider) walk(w http.ResponseWriter, r *http.Request, id string, apps *app.Apps) error {
	next := -1
	f, err := p.change(r, id, p.browser(r), func(_ *db.Tx, f *farewell) error {
		next = -1
		for i := range f.Steps {
			switch {
			case f.Steps[i].State == sent:
				f.Steps[i].State = failed
			case f.Steps[i].State == waiting && next < 0:
				f.Steps[i].State, next = sent, i
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if next < 0 {
		return p.finish(w, r, f, apps)
	}
	a, known := apps.ByID(f.Steps[next].App)
	if !known || a.Protocol != Name || len(a.Parsed.(*party).SLO) == 0 {
		return page.Redirect(w, r, f.address()) // gone since; it counts as failed
	}
	e := a.Parsed.(*party).sloFor(redirect)
	message := samltoken.LogoutRequest{ID: requestID(f.id, next), Issuer: cmp.Or(f.Steps[next].Issuer, p.issuer(a)), Destination: e.URL,
		At: p.DB.Now(), Subject: f.Steps[next].Name, Sessions: []string{f.Steps[next].Visit}}
	return p.send(w, r, a, *e, e.URL, signedxml.Request, message.Element(), "", f.id)
}

// finish answers the app that asked, or tells the person how it went.
func (p *Provider) finish(w http.ResponseWriter, r *http.Request, f *farewell, apps *app.Apps) error {
	failedAny := slices.ContainsFunc(f.Steps, func(s step) bool { return s.State != done })
	if f.By == "" && f.Then != "" && !failedAny {
		return page.Redirect(w, r, f.Then)
	}
	if f.By == "" {
		return p.Pages.Show(w, r, "saml/signed-out", farewellPage{ID: f.id, Steps: f.Steps, Failed: failedAny})
	}
	how := samltoken.Success
	if failedAny {
		how = samltoken.PartialLogout
	}
	return p.tell(w, r, f, apps, how)
}

// tell answers the app that asked. One that takes no answers leaves the person with our page.
func (p *Provider) tell(w http.ResponseWriter, r *http.Request, f *farewell, apps *app.Apps, how samltoken.Status) error {
	_, err := p.change(r, f.id, p.browser(r), func(_ *db.Tx, f *farewell) error {
		f.Over = true
		return nil
	})
	if err != nil {
		return err
	}
	a, known := apps.ByID(f.By)
	if !known || a.Protocol != Name || len(a.Parsed.(*party).SLO) == 0 {
		return p.Pages.Show(w, r, "saml/signed-out", farewellPage{ID: f.id, Steps: f.Steps, Failed: how == samltoken.PartialLogout, Stayed: session.Of(r) != nil})
	}
	e := a.Parsed.(*party).sloFor(f.Binding)
	to := e.URL
	if e.Response != "" {
		to = e.Response
	}
	message := samltoken.LogoutResponse{Issuer: cmp.Or(f.Issuer, p.issuer(a)), Destination: to, InResponseTo: f.Request, At: p.DB.Now(), Status: how}
	return p.send(w, r, a, *e, to, signedxml.Response, message.Element(), f.Relay, f.id)
}

type farewellPage struct {
	ID     string
	App    string // that asks
	Steps  []step
	Failed bool // one of them did not sign out
	Stayed bool // the person is signed in here still
}
