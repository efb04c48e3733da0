// The desk: where requests of apps come in, and go on.
package app

import (
	"embed"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/keys"
	"woggle/internal/page"
	"woggle/internal/problem"
	"woggle/internal/session"
	"woggle/internal/signin"
)

//go:embed pages/*.html
var pages embed.FS

// Protocol is one way in which apps ask for a sign-in, in a package of its own. It reads and answers; the desk decides.
type Protocol interface {
	// Name is what apps of the protocol carry in App.Protocol.
	Name() string
	// Read parses the app's Settings into Parsed, and sets the Audience. Its errors are for whoever wrote the settings: what
	// is wrong, and what to write. It works on the zero value of the protocol.
	Read(a *App) error
	// Enter answers the app: the person may use it, and has proved what it needs. It calls Entry.Arrive, or Spend, in the
	// transaction that makes the answer.
	Enter(w http.ResponseWriter, r *http.Request, e *Entry) error
	// Refuse tells the app that nobody comes, and why.
	Refuse(w http.ResponseWriter, r *http.Request, q *Request, why Reason) error
}

// Deps is all that the desk works with.
type Deps struct {
	DB       *db.DB
	Keys     *keys.Ring
	Pages    *page.Renderer
	Sessions *session.Manager
	Flow     *signin.Flow
	// Leave ends the session of the request, and tells where the browser has to go before it comes to the page then of ours, so that
	// apps hear of it; empty where there are none.
	Leave func(w http.ResponseWriter, r *http.Request, then string) (to string, err error)
	Log   *slog.Logger
}

// Desk receives the requests of apps.
type Desk struct {
	Deps
	Catalogue *Catalogue
	protocols map[string]Protocol
}

// New makes the desk. The protocols follow with Use. Its errors are faults in its pages.
func New(d Deps) (*Desk, error) {
	desk := &Desk{Deps: d, protocols: map[string]Protocol{}}
	desk.Catalogue = &Catalogue{db: d.DB, log: d.Log, read: func(a *App) error {
		if a.Protocol == Link {
			return nil
		}
		protocol, known := desk.protocols[a.Protocol]
		if !known {
			return fmt.Errorf("this version knows no protocol %q", a.Protocol)
		}
		return protocol.Read(a)
	}}
	return desk, d.Pages.Add("app", pages)
}

// Use adds protocols.
func (d *Desk) Use(protocols ...Protocol) {
	for _, p := range protocols {
		d.protocols[p.Name()] = p
	}
}

// Mount adds the routes of the desk.
func (d *Desk) Mount(handle func(pattern string, h page.Handler)) {
	handle("GET /app/continue/{id}", d.goOn)
	handle("POST /app/continue/{id}", d.answer)
	handle("GET /app/logo/{id}", d.logo)
}

// Receive takes a request that came with the browser's cookies: it is answered at once, or kept while the person is asked.
func (d *Desk) Receive(w http.ResponseWriter, r *http.Request, q *Request) error {
	decided, err := d.judge(r, q)
	if err != nil {
		return err
	}
	if decided.turn != enter && (decided.turn != refuse || !q.Demand.Passive && decided.reason == NotAllowed) {
		if err := d.keep(r, q, d.browser(r)[0]); err != nil {
			return err
		}
	}
	return d.turn(w, r, q, decided)
}

// Keep takes a request that another site's form has brought. Browsers send no cookies with it (SameSite=Lax), so that it
// cannot be known yet who is signed in: it is kept, and the browser is sent to come for it.
func (d *Desk) Keep(w http.ResponseWriter, r *http.Request, q *Request) error {
	if err := d.keep(r, q, nil); err != nil {
		return err
	}
	return page.Redirect(w, r, q.address())
}

// keep stores the request, unless too many have come from where the visitor is: anybody can make rows of these.
func (d *Desk) keep(r *http.Request, q *Request, browser []byte) error {
	var wait time.Duration
	err := d.DB.Tx(r.Context(), func(tx *db.Tx) (err error) {
		if wait, err = d.Flow.AdmitRequest(tx, r); err != nil || wait > 0 {
			return err
		}
		q.ID = db.NewToken()[:26] // 130 bits
		return insertRequest(tx, q, browser)
	})
	if err == nil && wait > 0 {
		err = signin.TooManyHere(wait)
	}
	return err
}

func (q *Request) address() string { return continues + q.ID }

// continues is where kept requests go on.
const continues = "/app/continue/"

// Waits names the app whose kept request goes on at a path of ours, or nothing.
func Waits(tx *db.Tx, path string) (name string, err error) {
	id, is := strings.CutPrefix(path, continues)
	if !is {
		return "", nil
	}
	return nameOfRequest(tx, id)
}

// goOn decides a kept request again, after something has happened.
func (d *Desk) goOn(w http.ResponseWriter, r *http.Request) error {
	q, err := d.find(r)
	if err != nil {
		return err
	}
	// It has no cookie that it could have been bound to before, where another site's form has brought it. The first browser
	// that comes is the one that sent the form: it was told the address, and nobody else.
	if !q.bound {
		if err := d.bind(r, q); err != nil {
			return err
		}
	}
	decided, err := d.judge(r, q)
	if err != nil {
		return err
	}
	return d.turn(w, r, q, decided)
}

func (d *Desk) bind(r *http.Request, q *Request) error {
	mine := false
	err := d.DB.Tx(r.Context(), func(tx *db.Tx) (err error) {
		mine, err = bindRequest(tx, q.ID, d.browser(r)[0])
		return err
	})
	if err == nil && !mine {
		return gone()
	}
	return err
}

// find is the kept request that the address names. Its errors are for the person: it is too old, used, or another browser's.
func (d *Desk) find(r *http.Request) (*Request, error) {
	apps, err := d.Catalogue.Current(r.Context())
	if err != nil {
		return nil, err
	}
	var q *Request
	var id string
	var old bool
	err = d.DB.Ask(r.Context(), func(tx *db.Tx) (err error) {
		q, id, err = findRequest(tx, r.PathValue("id"), d.browser(r))
		old = q != nil && tx.Now.Sub(q.CreatedAt) > life
		return err
	})
	if err != nil {
		return nil, err
	}
	if q == nil || old {
		return nil, gone()
	}
	a, known := apps.ByID(id)
	switch {
	case !known || a.Protocol != q.Protocol:
		return nil, gone()
	case q.used:
		return nil, problem.New(problem.Gone, "app.used")
	}
	q.App = a
	return q, nil
}

func gone() error { return problem.New(problem.Gone, "app.gone") }

// judge collects the facts and decides.
func (d *Desk) judge(r *http.Request, q *Request) (decision, error) {
	if q.App.Disabled {
		return decision{}, problem.New(problem.Forbidden, "app.disabled", problem.Args{"app": q.App.Name})
	}
	f := facts{session: session.Of(r), allowed: true, answered: q.answered, offer: d.Flow.Offer(), now: d.DB.Now()}
	if f.session != nil {
		f.named = named(q.Demand.Hint, f.session.User)
		f.anew = q.ID != "" && f.session.CreatedAt.After(q.CreatedAt)
	}
	if f.session != nil && len(q.App.Groups) > 0 {
		err := d.DB.Ask(r.Context(), func(tx *db.Tx) (err error) {
			f.allowed, err = Allowed(tx, f.session.User.ID, q.App)
			return err
		})
		if err != nil {
			return decision{}, err
		}
	}
	return decide(q.App, q.Demand, f), nil
}

// named tells whether the hint is another name than the person's own. Whether somebody has that name is not asked: the
// answer would tell (threat T06).
func named(hint string, me directory.User) bool {
	key := directory.Canonical(hint)
	return key != "" && key != directory.Canonical(me.Username) && key != directory.Canonical(me.Email)
}

// Allowed tells whether the user may use the app.
func Allowed(tx *db.Tx, user string, a *App) (bool, error) {
	if len(a.Groups) == 0 {
		return true, nil
	}
	groups, err := directory.GroupsAround(tx, user)
	return slices.ContainsFunc(groups, func(g directory.Group) bool { return slices.Contains(a.Groups, g.ID) }), err
}

// turn does what was decided.
func (d *Desk) turn(w http.ResponseWriter, r *http.Request, q *Request, decided decision) error {
	protocol := d.protocols[q.Protocol]
	switch decided.turn {
	case enter:
		return protocol.Enter(w, r, &Entry{Request: q, Session: session.Of(r), desk: d, from: personOf(r)})
	case signIn:
		return page.Redirect(w, r, "/signin?to="+url.QueryEscape(q.address())+"&name="+url.QueryEscape(q.Demand.Hint))
	case stepUp:
		return d.Flow.StepUp(w, r, decided.need, q.address())
	case choose:
		return d.Pages.Show(w, r, "app/choose", choosePage{ID: q.ID, App: q.App.Name, Name: session.Of(r).User.Name(),
			Username: session.Of(r).User.Username, Hint: q.Demand.Hint, Must: q.Demand.Subject != "" && q.Demand.Subject != session.Of(r).User.ID})
	}
	if decided.reason == NotAllowed && !q.Demand.Passive {
		// The app's own words for it would help nobody.
		return d.Pages.Show(w, r, "app/not-allowed", choosePage{ID: q.ID, App: q.App.Name, Name: session.Of(r).User.Name()}, page.Status(http.StatusForbidden))
	}
	return protocol.Refuse(w, r, q, decided.reason)
}

type choosePage struct {
	ID       string
	App      string
	Name     string // of who is signed in
	Username string
	Hint     string // whom the app named
	Must     bool   // it has to be another one
}

// answer takes what the person chose: to go on, to sign in as somebody else, or to turn back.
func (d *Desk) answer(w http.ResponseWriter, r *http.Request) error {
	q, err := d.find(r)
	if err != nil {
		return err
	}
	s := session.Of(r)
	if s == nil || !q.bound {
		return page.Redirect(w, r, q.address())
	}
	switch r.PostFormValue("go") {
	case "back":
		return d.leave(w, r, q)
	case "other":
		to, err := d.Leave(w, r, q.address())
		if err != nil {
			return err
		}
		if to != "" {
			return page.Redirect(w, r, to)
		}
	case "on":
		if err := d.DB.Tx(r.Context(), func(tx *db.Tx) error { return answerRequest(tx, q.ID, s.User.ID) }); err != nil {
			return err
		}
	}
	return page.Redirect(w, r, q.address())
}

// leave tells the app that the person turned back.
func (d *Desk) leave(w http.ResponseWriter, r *http.Request, q *Request) error {
	e := &Entry{Request: q, desk: d}
	err := d.DB.Tx(r.Context(), func(tx *db.Tx) error {
		if err := e.Spend(tx); err != nil {
			return err
		}
		event := personOf(r)
		event.Type, event.Detail = audit.AppRefused, audit.Detail{"app": q.App.ID, "name": q.App.Name}
		return audit.Record(tx, event)
	})
	if err != nil {
		return err
	}
	return d.protocols[q.Protocol].Refuse(w, r, q, Left)
}

// personOf is who is signed in, and where, for the audit trail.
func personOf(r *http.Request) audit.Event {
	visit, e := page.VisitOf(r), audit.Event{}
	if s := session.Of(r); s != nil {
		e.Actor, e.User, e.Agent = s.User.ID, s.User.ID, s.Agent
	}
	if visit.Address.IsValid() {
		e.Address = visit.Address.String()
	}
	return e
}

// browser are the fingerprints of the visitor's browser, the newest key's first.
func (d *Desk) browser(r *http.Request) [][]byte {
	return d.Keys.Lookups("browser", page.VisitOf(r).Browser)
}
